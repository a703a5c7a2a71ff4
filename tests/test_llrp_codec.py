"""The LLRP tables in both directions: drivers/codecs/llrp.py, llrp_fields.py, llrp_schema.py, llrp_tables.py."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.llrp import (
    MAX_DEPTH,
    Message,
    Parameter,
    Unknown,
    decode_message,
    decode_parameter,
    encode_message,
    encode_parameter,
    opaque,
)
from drivers.codecs.llrp_schema import Bits, Field, Spec, Value
from drivers.codecs.llrp_tables import MESSAGES, PARAMETERS

VECTORS = [
    tuple(line.split())
    for line in (Path(__file__).parent / "data" / "llrp_messages.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("name", "digits"), VECTORS)
def test_recorded_messages_both_ways(name: str, digits: str) -> None:
    data = bytes.fromhex(digits)
    message = decode_message(data)
    assert message.name == name
    assert list(opaque(message)) == []
    assert encode_message(message) == data


def test_fields_of_a_recorded_rospec() -> None:
    message = decode_message(bytes.fromhex(next(digits for name, digits in VECTORS if name == "ADD_ROSPEC")))
    spec = message.first("ROSpec")
    assert spec is not None
    assert (message.id, message.version, spec.number("rospec_id")) == (7, 1, 1)
    inventory = spec.first("AISpec")
    assert inventory is not None
    assert inventory.fields["antenna_ids"] == (1, 2, 3, 4)
    report = spec.first("ROReportSpec")
    assert report is not None
    selector = report.first("TagReportContentSelector")
    assert selector is not None
    assert [name for name, on in selector.fields.items() if on] == [
        "antenna_id", "channel_index", "peak_rssi", "first_seen", "last_seen", "tag_seen_count",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("digits", "name", "fields"),
    [
        (
            "0147 0007 fc 0002",
            "C1G2LLRPCapabilities",
            {"can_support_xpc": 1, "max_select_filters_per_query": 2},
        ),
        ("0151 0005 20", "C1G2TagInventoryStateAwareSingulationAction", {"i": 0, "s": 0, "s_all": 1}),
        ("015c 0005 20", "C1G2EPCMemorySelector", {"crc": 0, "pc_bits": 0, "xpc_bits": 1}),
        ("0163 0008 00000005", "LoopSpec", {"loop_count": 5}),
        ("0164 000c 00000001 00000002", "SpecLoopEvent", {"rospec_id": 1, "loop_count": 2}),
        ("0166 0011 0001 00000000 c0 0002 0001 8000", "C1G2BlockPermalock", {"block_mask": (0x8000,)}),
        ("016a 000b 00 0007 0001 8000", "C1G2GetBlockPermalockStatusOpSpecResult", {"status": (0x8000,)}),
        ("016b 0006 ffa6", "MaximumReceiveSensitivity", {"sensitivity": -90}),
        ("016d 000c 000d1b72 000e2736", "RFSurveyFrequencyCapabilities", {"minimum": 858_994}),
        ("93 1234", "C1G2_XPCW1", {"xpc_w1": 0x1234}),
    ],
)
def test_what_version_1_1_has_added(digits: str, name: str, fields: dict[str, Value]) -> None:
    data = bytes.fromhex(digits)
    (parameter,) = decode_parameter(data)
    assert isinstance(parameter, Parameter)
    assert parameter.name == name
    assert fields.items() <= parameter.fields.items()
    assert encode_parameter(parameter) == data


def values(field: Field) -> st.SearchStrategy[Value]:
    if field.bits:
        low = -(1 << field.bits - 1) if field.signed else 0
        return st.integers(low, low + (1 << field.bits) - 1)
    match field.wire:
        case "utf8v":
            return st.text(max_size=8)
        case "u16v":
            return st.lists(st.integers(0, 0xFFFF), max_size=4).map(tuple)
        case "u32v":
            return st.lists(st.integers(0, 0xFFFF_FFFF), max_size=4).map(tuple)
        case "u1v":
            return st.binary(max_size=8).flatmap(
                lambda data: st.integers(max(0, 8 * len(data) - 7), 8 * len(data)).map(
                    lambda bits: Bits(bits, data)
                )
            )
    return st.binary(min_size=field.size, max_size=field.size or 8)


@st.composite
def children(draw: st.DrawFn, spec: Spec, depth: int) -> tuple[Parameter | Unknown, ...]:
    found: list[Parameter | Unknown] = []
    for sub in spec.subs:
        most = sub.least if depth == 0 else 2 if sub.most is None else sub.most
        for _ in range(draw(st.integers(sub.least, max(most, sub.least)))):
            found.append(draw(parameters(draw(st.sampled_from(sub.names)), max(depth - 1, 0))))
    return tuple(found)


@st.composite
def parameters(draw: st.DrawFn, name: str, depth: int) -> Parameter:
    spec = PARAMETERS[name]
    fields = {field.name: draw(values(field)) for field in spec.fields}
    if name == "Custom":  # one that is not in the tables
        fields["vendor"] = 1
    return Parameter(name, fields, draw(children(spec, depth)))


@pytest.mark.parametrize("name", sorted(PARAMETERS))
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_every_parameter_comes_back(name: str, data: st.DataObject) -> None:
    parameter = data.draw(parameters(name, 1))
    assert decode_parameter(encode_parameter(parameter)) == (parameter,)


@pytest.mark.parametrize("name", sorted(MESSAGES))
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_every_message_comes_back(name: str, data: st.DataObject) -> None:
    spec = MESSAGES[name]
    fields = {field.name: data.draw(values(field)) for field in spec.fields}
    if name == "CUSTOM_MESSAGE":
        fields["vendor"] = 1
    message = Message(
        name, fields, data.draw(children(spec, 1)), data.draw(st.integers(0, 0xFFFF_FFFF)), version=2
    )
    assert decode_message(encode_message(message)) == message


@given(st.binary(max_size=200))
def test_any_body_decodes_and_encodes_to_itself_or_less(body: bytes) -> None:
    for type in (12, 36, 61, 63, 100, 777, 1023):
        frame = (1 << 10 | type).to_bytes(2) + (10 + len(body)).to_bytes(4) + bytes(4) + body
        message = decode_message(frame)
        sum(len(one.data) for one in opaque(message))
        if message.name == "UNKNOWN":
            assert encode_message(message) == frame


def test_what_is_not_given_is_zero_or_empty() -> None:
    assert encode_parameter(Parameter("EPC_96")) == b"\x8d" + bytes(12)
    assert encode_parameter(Parameter("EPCData")) == bytes.fromhex("00f100060000")
    assert encode_parameter(Parameter("FixedFrequencyTable")) == bytes.fromhex("009400060000")
    assert encode_parameter(Parameter("Custom")) == bytes.fromhex("03ff000c0000000000000000")
    assert encode_parameter(Parameter("Identification")) == bytes.fromhex("00da0007000000")
    assert encode_parameter(Parameter("ReaderExceptionEvent")) == bytes.fromhex("00fc00060000")


def test_text_that_is_no_utf8_is_readable() -> None:
    (exception,) = decode_parameter(bytes.fromhex("00fc000841ff"[:8] + "000241ff"))
    assert isinstance(exception, Parameter)
    assert exception.fields["message"] == "A�"


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("7fff", (Unknown(bytes.fromhex("7fff"), malformed=True),)),  # no room for a length
        ("00f00003", (Unknown(bytes.fromhex("00f00003"), malformed=True),)),  # shorter than its header
        ("00f00009aa", (Unknown(bytes.fromhex("00f00009aa"), malformed=True),)),  # longer than what is there
        ("01ff0006aabb", (Unknown(bytes.fromhex("01ff0006aabb")),)),  # unknown, of known length
        ("000d0006aabb", (Unknown(bytes.fromhex("000d0006aabb")),)),  # a TV type as TLV
        ("ffaabb", (Unknown(bytes.fromhex("ffaabb")),)),  # unknown TV: takes the rest
        ("8100", (Unknown(bytes.fromhex("8100"), malformed=True),)),  # TV cut short
        ("00db0004", (Unknown(bytes.fromhex("00db0004"), malformed=True),)),  # fields are missing
        ("00f100070010aa", (Unknown(bytes.fromhex("00f100070010aa"), malformed=True),)),  # bits are missing
        (
            "00940007000100",
            (Unknown(bytes.fromhex("00940007000100"), malformed=True),),
        ),  # elements are missing
        ("00fc00070005aa", (Unknown(bytes.fromhex("00fc00070005aa"), malformed=True),)),  # text is missing
        (
            "03ff00060000",
            (Unknown(bytes.fromhex("03ff00060000"), malformed=True),),
        ),  # custom without a vendor
    ],
)
def test_what_is_not_understood_keeps_its_bytes(digits: str, expected: tuple[Unknown]) -> None:
    assert decode_parameter(bytes.fromhex(digits)) == expected


def test_decoding_goes_on_behind_a_damaged_parameter() -> None:
    data = bytes.fromhex("00db0004" + "00e2000580")
    found = decode_parameter(data)
    assert found[0] == Unknown(bytes.fromhex("00db0004"), malformed=True)
    assert found[1:] == (Parameter("EventsAndReports", {"hold": 1}),)
    assert b"".join(encode_parameter(one) for one in found) == data


def test_nesting_is_bounded() -> None:
    data = b""
    for _ in range(MAX_DEPTH + 5):
        data = bytes.fromhex("0121") + (8 + len(data)).to_bytes(2) + bytes(4) + data
    depth, inside = 0, decode_parameter(data)
    while isinstance(inside[0], Parameter):
        depth, inside = depth + 1, inside[0].children
    assert depth == MAX_DEPTH
    assert inside[0].malformed


def test_opaque_lists_what_is_below() -> None:
    bad = Unknown(bytes.fromhex("00db0004"), malformed=True)
    inner = Parameter("ROReportSpec", {}, (bad,))
    assert list(opaque(Message("SET_READER_CONFIG", {}, (inner, bad)))) == [bad, bad]


@pytest.mark.parametrize(
    "message",
    [
        Message("NO_SUCH_MESSAGE"),
        Message("KEEPALIVE", {"strange": 1}),
        Message("DELETE_ROSPEC", {"rospec_id": 1 << 32}),
        Message("DELETE_ROSPEC", {"rospec_id": "one"}),
        Message("ADD_ROSPEC"),  # the ROSpec is missing
        Message("KEEPALIVE", {}, (Parameter("EPC_96"),)),
        Message("SET_READER_CONFIG", {}, (Parameter("KeepaliveSpec"), Parameter("KeepaliveSpec"))),
        Message("GET_ROSPECS_RESPONSE", {}, (Parameter("NoSuchParameter"),)),
        Message("GET_READER_CONFIG", {}, (Parameter("NoSuchParameter"),)),
        Message("GET_READER_CONFIG", {}, (Parameter("ImpinjRequestedData", {}, (Parameter("EPC_96"),)),)),
    ],
)
def test_messages_that_the_tables_forbid(message: Message) -> None:
    with pytest.raises(ValueError, match=r"\w+ (is no|has|cannot|\.|=)|is no "):
        encode_message(message)


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("NoSuchParameter"),
        Parameter("PeakRSSI", {"peak_rssi": 128}),
        Parameter("EPC_96", {"epc": b"short"}),
        Parameter("EPCData", {"epc": Bits(9, b"a")}),
        Parameter("EPCData", {"epc": b"bytes"}),
        Parameter("FixedFrequencyTable", {"frequencies": (1 << 32,)}),
        Parameter("FixedFrequencyTable", {"frequencies": (0,) * 65536}),
        Parameter("FixedFrequencyTable", {"frequencies": 7}),
        Parameter("ReaderExceptionEvent", {"message": b"bytes"}),
        Parameter("Identification", {"reader_id": "text"}),
        Parameter("FixedFrequencyTable", {"frequencies": (0,) * 20000}),
    ],
)
def test_parameters_that_the_tables_forbid(parameter: Parameter) -> None:
    with pytest.raises(ValueError, match=parameter.name):
        encode_parameter(parameter)


def test_custom_parameters_may_stand_for_custom() -> None:
    message = Message("GET_READER_CONFIG", {}, (Parameter("ImpinjRequestedData", {"requested_data": 2000}),))
    assert decode_message(encode_message(message)).children == message.children


def test_a_number_is_an_integer() -> None:
    with pytest.raises(TypeError, match=r"EPC_96\.epc is bytes"):
        Parameter("EPC_96", {"epc": bytes(12)}).number("epc")


@pytest.mark.parametrize("digits", ["0409000000120000000001020304abcdabcd"[:36], "04010000000a00000001"])
def test_unknown_and_damaged_messages_keep_their_bytes(digits: str) -> None:
    data = bytes.fromhex(digits)
    message = decode_message(data)
    assert message.name == "UNKNOWN"
    assert message.fields["body"] == data[10:]
    assert encode_message(message) == data


def test_custom_messages_of_others() -> None:
    data = bytes.fromhex("07ff00000011000000010000000005aabb")
    assert decode_message(data) == Message(
        "CUSTOM_MESSAGE", {"vendor": 0, "subtype": 5, "data": bytes.fromhex("aabb")}, id=1
    )
    assert decode_message(bytes.fromhex("07ff0000000c00000001aabb")).name == "UNKNOWN"
