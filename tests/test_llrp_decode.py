"""What LLRP bytes say, in lines: drivers/codecs/llrp_decode.py."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.llrp import Parameter, encode_parameter
from drivers.codecs.llrp_decode import decode_lines
from tests.llrp_bytes import epc, impinj, message, report, tag, tlv

VECTORS = [
    line.split()
    for line in (Path(__file__).parent / "data" / "llrp_messages.txt").read_text().splitlines()
    if not line.startswith("#")
]
FULL = {
    "time": "2025-10-09T08:53:20.000500Z",
    "tag": "300000000000000000000001",
    "antenna": 1,
    "rssi": -55,
    "channel_index": 1,
    "first_seen": "2025-10-09T08:53:20.000000Z",
    "last_seen": "2025-10-09T08:53:20.000500Z",
    "count": 1,
}


def test_one_line_per_tag() -> None:
    assert list(decode_lines(report(tag(epc(1)), tag(epc(1))))) == [FULL, FULL]


def test_impinjs_values() -> None:
    more = impinj(56, 2048) + impinj(57, -5512) + impinj(68, -12)
    tid = encode_parameter(Parameter("ImpinjSerializedTID", {"tid": (0xE280, 0x1105)}))
    (line,) = decode_lines(report(tag(epc(1), more=more + tid)))
    assert line == {**FULL, "phase": 3.141593, "rssi": -55.12, "doppler": -0.75, "tid": "E2801105"}


def test_fine_rssi_is_taken_in_any_order() -> None:
    (line,) = decode_lines(report(tag(epc(1), rssi=None, more=impinj(57, -5512) + b"\x86\xc9")))
    assert line["rssi"] == -55.12


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (tag(b"\xff\xff", 15), {"tag": "FFFE/15"}),
        (tag(epc(1), last=None), {"time": "2025-10-09T08:53:20.000000Z"}),
        (tag(epc(1), first=None, last=None), {"time": None}),
        (tag(epc(1), first=5, last=7, uptime=True), {"time": None, "uptime": 7, "first_seen_uptime": 5}),
        (tag(epc(1), first=5, last=None, uptime=True), {"uptime": 5}),
        (tag(epc(1), last=(1 << 64) - 1), {"time": f"{(1 << 64) - 1} us, which is no time"}),
    ],
)
def test_tags(one: bytes, expected: dict[str, object]) -> None:
    (line,) = decode_lines(report(one))
    assert {name: line[name] for name in expected} == expected


def test_what_else_a_tag_carries() -> None:
    more = b"\x89\x00\x00\x00\x05" + tlv(700, b"a") + tlv(345, b"") + b"\xff\x01"
    (line,) = decode_lines(report(tag(epc(1), more=more)))
    assert line["parameters"] == [
        {"parameter": "ROSpecID", "rospec_id": 5},
        {"unknown": "02bc000561"},
        {"error": "01590004"},
        {"unknown": "ff01"},
    ]


def test_a_line_that_is_cut_short_costs_itself() -> None:
    one, two = report(tag(epc(1))).hex(), report(tag(epc(2))).hex()
    lines = list(decode_lines("\n".join([two, one[:30], two, one[:24], one[24:]]).encode()))
    assert [line.get("tag", "error") for line in lines] == [
        epc(2).hex().upper(),
        "error",
        epc(2).hex().upper(),
        epc(1).hex().upper(),
    ]
    assert lines[1] == {"error": "the message has 15 bytes only", "offset": 56, "skipped": 15}


def test_a_text_that_begins_with_other_words() -> None:
    lines = list(decode_lines(f"Grüße\n{message(62, id=5).hex()}\n".encode()))
    assert lines == [
        {"error": "line 1 is no hex: 'Grüße'"},
        {"message": "KEEPALIVE", "id": 5, "version": 1},
    ]


def test_behind_a_damaged_tag_it_goes_on() -> None:
    whole = tag(epc(1))
    assert list(decode_lines(report(whole, b"\x00\xf0\x00\x03", whole, whole))) == [
        FULL,
        {"error": "00f00003"},
        FULL,
        FULL,
    ]


def test_reports_of_other_things() -> None:
    lines = list(decode_lines(report() + report(tlv(242, b"\x89\x00\x00\x00\x05"), b"\x00")))
    assert lines == [
        {"message": "RO_ACCESS_REPORT", "id": 0, "version": 1},
        {"parameter": "RFSurveyReportData", "parameters": [{"parameter": "ROSpecID", "rospec_id": 5}]},
        {"error": "00"},
    ]


def test_other_messages() -> None:
    data = message(12, tlv(218, b"\x00\x00\x01\xab") + tlv(148, b"\x00\x01\x00\x00\x00\x07"), 3)
    data += message(61, tlv(1023, bytes(8) + b"x")) + message(777, b"ab", version=2)
    mask = encode_parameter(Parameter("C1G2TagInventoryMask", {"memory_bank": 1}))
    assert list(decode_lines(data + message(3, b"\x00" + mask))) == [
        {
            "message": "GET_READER_CONFIG_RESPONSE",
            "id": 3,
            "version": 1,
            "parameters": [
                {"parameter": "Identification", "type": 0, "reader_id": "ab"},
                {"parameter": "FixedFrequencyTable", "frequencies": [7]},
            ],
        },
        {"parameter": "Custom", "vendor": 0, "subtype": 0, "data": "78"},
        {"message": "UNKNOWN", "id": 0, "version": 2, "type": 777, "body": "6162"},
        {
            "message": "SET_READER_CONFIG",
            "id": 0,
            "version": 1,
            "reset_to_factory_default": 0,
            "parameters": [
                {
                    "parameter": "C1G2TagInventoryMask",
                    "memory_bank": 1,
                    "pointer": 0,
                    "tag_mask": {"bits": 0, "data": ""},
                }
            ],
        },
    ]


def test_recorded_messages_are_json() -> None:
    data = "\n".join(digits for _, digits in VECTORS).encode()
    lines = list(decode_lines(data))
    assert json.loads(json.dumps(lines)) == lines
    assert [line["message"] for line in lines if "message" in line] == [
        name for name, digits in VECTORS if name != "RO_ACCESS_REPORT" or len(digits) == 20
    ]
    assert lines == list(decode_lines(b"".join(bytes.fromhex(digits) for _, digits in VECTORS)))


def test_hex_as_people_write_it() -> None:
    data = message(62, id=1).hex()
    for text in (
        data,
        data.upper(),
        f"  0x{data}\n",
        f"# from the wire\n{data[:7]} {data[7:]}  # keepalive\n",
        ":".join(data[at : at + 2] for at in range(0, 20, 2)),
        f"{data[:10]}\r\n\r\n{data[10:]}",
    ):
        assert list(decode_lines(text.encode())) == [{"message": "KEEPALIVE", "id": 1, "version": 1}]


def test_a_line_that_is_no_hex() -> None:
    good = message(62, id=1).hex()
    lines = list(decode_lines(f"{good}\nhello\n{good}\n{good[:6]}".encode()))
    assert [line.get("message", line.get("error")) for line in lines] == [
        "KEEPALIVE",
        "line 2 is no hex: 'hello'",
        "KEEPALIVE",
        "the message has 3 bytes only",
    ]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (b"\x0c" + message(62)[1:], "LLRP header 0c3e0000000a00000000: version 3"),
        (b"garbage", "LLRP header 67617262616765043e00: version 25"),
        (message(62)[:2] + b"\x00\x00\x00\x05\x00\x00\x00\x00", "length 5 is not 10"),
        (message(21, bytes(4))[:5] + b"\x40" + message(21, bytes(4))[6:], "the message has 34 bytes only"),
    ],
)
def test_it_goes_on_behind_what_is_broken(bad: bytes, error: str) -> None:
    good = message(62, id=7)
    first, broken, *rest = decode_lines(good + bad + good + message(72, id=7))
    assert first["message"] == "KEEPALIVE"
    assert error in str(broken["error"])
    assert broken["offset"] == 10
    assert broken["skipped"] == len(bad)
    assert [line["message"] for line in rest] == ["KEEPALIVE", "KEEPALIVE_ACK"]


def test_nothing_says_nothing() -> None:
    assert list(decode_lines(b"")) == []
    assert list(decode_lines(b" \n# comment\n")) == []


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=80))
def test_any_bytes_give_lines(data: bytes) -> None:
    json.dumps(list(decode_lines(data)))
    json.dumps(list(decode_lines(message(62) + data + message(61, data))))
