"""Capabilities, settings and refusals: llrp_capabilities.py, llrp_setup.py, llrp_status.py."""

from dataclasses import replace

import pytest

from drivers.codecs.errors import Unsupported
from drivers.codecs.llrp import Message, Parameter, decode_message, encode_message, encode_parameter
from drivers.codecs.llrp_capabilities import Capabilities, capabilities
from drivers.codecs.llrp_schema import Value
from drivers.codecs.llrp_setup import (
    GpiTrigger,
    PeriodicTrigger,
    Radio,
    Reading,
    SearchMode,
    reader_config,
    ro_spec,
)
from drivers.codecs.llrp_status import failure
from drivers.codecs.llrp_takeover import starts_at_once

IMPINJ = Capabilities(
    manufacturer=25882,
    model=2001002,
    firmware="5.12",
    antennas=4,
    has_utc_clock=True,
    holds=True,
    warns=True,
    inputs=4,
    powers={1: 10.0, 2: 20.25, 3: 30.0},
    hop_tables={7: (902_750, 903_250)},
    fixed=(),
    modes=frozenset({2, 3}),
)
OTHER = replace(IMPINJ, manufacturer=161, holds=False, hop_tables={}, fixed=(865_700, 866_300))


def inside(parameter: Parameter, *names: str) -> Parameter:
    """The first parameter at the end of a path of names."""
    for name in names:
        found = parameter.first(name)
        assert found is not None, name
        parameter = found
    return parameter


def answer(hopping: int, *frequencies: Parameter) -> Message:
    entry = Parameter("C1G2UHFRFModeTableEntry", {"mode_id": 3})
    band = (
        Parameter("TransmitPowerLevelTableEntry", {"index": 1, "power": 1000}),
        Parameter("TransmitPowerLevelTableEntry", {"index": 2, "power": 1025}),
        Parameter("FrequencyInformation", {"hopping": hopping}, frequencies),
        Parameter("C1G2UHFRFModeTable", {}, (entry,)),
    )
    general: dict[str, Value] = {
        "max_antennas": 4,
        "has_utc_clock": 1,
        "manufacturer": 25882,
        "model": 2001002,
        "firmware": "5.12",
    }
    return Message(
        "GET_READER_CAPABILITIES_RESPONSE",
        {},
        (
            Parameter("LLRPStatus"),
            Parameter("GeneralDeviceCapabilities", general, (Parameter("GPIOCapabilities", {"gpis": 4}),)),
            Parameter("LLRPCapabilities", {"supports_holding": 1, "can_report_buffer_fill_warning": 1}),
            Parameter("RegulatoryCapabilities", {}, (Parameter("UHFBandCapabilities", {}, band),)),
        ),
    )


def test_capabilities_of_a_reader_that_hops() -> None:
    table = Parameter("FrequencyHopTable", {"hop_table_id": 7, "frequencies": (902_750, 903_250)})
    message = answer(1, table)
    encode_message(message)  # the tables allow it
    reader = capabilities(message)
    assert reader == replace(IMPINJ, powers={1: 10.0, 2: 10.25}, modes=frozenset({3}))
    assert str(reader) == "Impinj model 2001002, firmware 5.12, 4 antennas"
    channels = reader.channels()
    assert channels is not None
    assert channels.tolist() == [0, 902_750, 903_250, 0]


def test_capabilities_of_a_reader_that_does_not_hop() -> None:
    reader = capabilities(answer(0, Parameter("FixedFrequencyTable", {"frequencies": (865_700, 866_300)})))
    channels = reader.channels()
    assert channels is not None
    assert channels.tolist() == [0, 865_700, 866_300, 0]
    assert reader.hop_tables == {}


def test_frequencies_that_are_none() -> None:
    reader = capabilities(answer(0, Parameter("FixedFrequencyTable", {"frequencies": (1 << 31,)})))
    assert reader.channels() is None


def test_a_reader_that_tells_nothing() -> None:
    reader = capabilities(Message("GET_READER_CAPABILITIES_RESPONSE"))
    assert str(reader) == "vendor 0 model 0, firmware unknown, 0 antennas"
    assert not reader.holds
    assert not reader.impinj
    assert reader.channels() is None
    with pytest.raises(Unsupported, match=r"power 20 dBm: the reader offers no dBm"):
        reader.power_index(20)
    with pytest.raises(Unsupported, match="rf_mode 2: the reader offers none"):
        reader.mode(2)


@pytest.mark.parametrize(("dbm", "index"), [(10.0, 1), (20.2, 1), (20.25, 2), (29.99, 2), (33.0, 3)])
def test_power_is_the_strongest_that_is_not_above(dbm: float, index: int) -> None:
    assert IMPINJ.power_index(dbm) == index


def test_power_below_the_weakest() -> None:
    with pytest.raises(Unsupported, match=r"power 9.5 dBm: the reader offers 10.0 to 30.0 dBm; raise it"):
        IMPINJ.power_index(9.5)


def test_modes() -> None:
    assert IMPINJ.mode(2) == 2
    assert IMPINJ.mode(1002) == 1002  # Impinj's automatic modes need not be listed
    for reader in (IMPINJ, OTHER):
        with pytest.raises(Unsupported, match="rf_mode 9: the reader offers 2, 3"):
            reader.mode(9)
    with pytest.raises(Unsupported, match="rf_mode 1002"):
        OTHER.mode(1002)


RECORDED = (
    "0414000000ac0000000800b100a200000001000000b2001200b300050000b60009000000000000b7003e00020001000200b80009"
    "000000000000ba002b00010100de00240000014a001e000150000b4000200000000003ff000e0000651a00000017000300ed0048"
    "02000100ee000b1f80015c00050003ff00360000651a0000003203ff000e0000651a00000034000103ff000e0000651a00000035"
    "000103ff000e0000651a000000430001"
)
"""The ADD_ROSPEC of another client: antennas 1 and 2, session 1, suppression, phase, RSSI and Doppler."""


def test_the_same_settings_as_in_a_recorded_rospec() -> None:
    spec = ro_spec(
        Reading(antennas=(1, 2), phase=True, doppler=True, search="focus"), IMPINJ, extensions=True
    )
    recorded = decode_message(bytes.fromhex(RECORDED)).first("ROSpec")
    assert recorded is not None
    assert encode_parameter(inside(spec, "AISpec")) == encode_parameter(inside(recorded, "AISpec"))
    ours, theirs = inside(spec, "ROReportSpec"), inside(recorded, "ROReportSpec")
    assert ours.fields == theirs.fields
    assert ours.children[1:] == theirs.children[1:]
    assert ours.first("TagReportContentSelector") == Parameter(
        "TagReportContentSelector",
        dict.fromkeys(
            ("antenna_id", "channel_index", "peak_rssi", "first_seen", "last_seen", "tag_seen_count"), 1
        ),
    )


def test_the_id_tells_the_settings() -> None:
    readings = [
        Reading(),
        Reading(session=2),
        Reading(antennas=(1,)),
        Reading(trigger=GpiTrigger(1, 10)),
        Reading(trigger=GpiTrigger(1, 10, high=False)),
        Reading(trigger=PeriodicTrigger(60, 5)),
        Reading(report_every=10),
        Reading(channel=False),
        Reading(radio={0: Radio(power=20.5)}),
        Reading(radio={0: Radio(rf_mode=2)}),
        Reading(radio={0: Radio(rf_mode=2)}, tari=20000),
    ]
    ids = [ro_spec(reading, IMPINJ, extensions=True).number("rospec_id") for reading in readings]
    assert len(set(ids)) == len(readings)
    assert all(0 < id < 1 << 31 for id in ids)
    assert ids == [ro_spec(reading, IMPINJ, extensions=True).number("rospec_id") for reading in readings]
    # What does not change the ROSpec does not make it another one.
    assert ro_spec(Reading(keepalive=1), IMPINJ, extensions=True).number("rospec_id") == ids[0]


def configurations(reading: Reading, reader: Capabilities = IMPINJ) -> dict[int, Parameter]:
    spec = ro_spec(reading, reader, extensions=reader.impinj)
    inventory = inside(spec, "AISpec", "InventoryParameterSpec")
    return {one.number("antenna_id"): one for one in inventory.every("AntennaConfiguration")}


def test_antennas_that_are_alike_share_a_configuration() -> None:
    for radio in ({}, {0: Radio(power=30)}, {0: Radio(power=30), 2: Radio(power=30)}):
        assert list(configurations(Reading(antennas=(1, 2), radio=radio))) == [0]


def test_every_antenna_its_own() -> None:
    reading = Reading(
        antennas=(1, 2, 3), radio={2: Radio(power=27.5), 0: Radio(power=12, rf_mode=3)}, tari=7140
    )
    found = configurations(reading)
    assert list(found) == [1, 2, 3]
    assert inside(found[2], "RFTransmitter").fields == {
        "hop_table_id": 7,
        "channel_index": 1,
        "transmit_power": 2,
    }
    assert inside(found[1], "RFTransmitter").number("transmit_power") == 1
    assert inside(found[3], "C1G2InventoryCommand", "C1G2RFControl").fields == {"mode_index": 3, "tari": 7140}
    assert inside(found[2], "C1G2InventoryCommand").first("C1G2RFControl") is None


def test_a_reader_that_does_not_hop_has_no_hop_table() -> None:
    (found,) = configurations(Reading(radio={0: Radio(power=30)}), OTHER).values()
    assert inside(found, "RFTransmitter").number("hop_table_id") == 0


def test_single_antennas_need_their_list() -> None:
    with pytest.raises(Unsupported, match="give their ports"):
        ro_spec(Reading(radio={2: Radio(power=20)}), IMPINJ, extensions=True)


@pytest.mark.parametrize(
    ("search", "mode"), [(None, 2), ("reader", 0), ("single", 1), ("dual", 2), ("focus", 3)]
)
def test_search_modes(search: SearchMode | None, mode: int) -> None:
    (found,) = configurations(Reading(search=search)).values()
    assert inside(found, "C1G2InventoryCommand", "ImpinjInventorySearchMode").number("mode") == mode


@pytest.mark.parametrize("reading", [Reading(search="dual"), Reading(phase=True), Reading(doppler=True)])
def test_extensions_that_others_do_not_have(reading: Reading) -> None:
    with pytest.raises(Unsupported, match="extension"):
        ro_spec(reading, OTHER, extensions=False)


def test_a_reader_of_others_is_sent_nothing_of_impinj() -> None:
    assert b"\x00\x00\x65\x1a" not in encode_parameter(ro_spec(Reading(), OTHER, extensions=False))


@pytest.mark.parametrize(
    ("trigger", "start", "stop"),
    [
        (None, "00b3000501", "00b600090000000000"),
        (GpiTrigger(2, 10), "00b300100300b5000b00028000000000", "00b600090100002710"),
        (GpiTrigger(2, 0.5, high=False), "00b300100300b5000b00020000000000", "00b6000901000001f4"),
        (PeriodicTrigger(60, 5), "00b300110200b4000c000000000000ea60", "00b600090100001388"),
    ],
)
def test_triggers(trigger: GpiTrigger | PeriodicTrigger | None, start: str, stop: str) -> None:
    spec = ro_spec(Reading(trigger=trigger), OTHER, extensions=False)
    boundary = inside(spec, "ROBoundarySpec")
    assert encode_parameter(inside(boundary, "ROSpecStartTrigger")).hex() == start
    assert encode_parameter(inside(boundary, "ROSpecStopTrigger")).hex() == stop
    assert starts_at_once(spec) == (trigger is None)


def test_configuration_of_the_reader() -> None:
    children = reader_config(Reading(keepalive=1.0, inputs=(1, 4)), IMPINJ)
    message = Message("SET_READER_CONFIG", {}, children, id=9)
    states = "".join(f"00f500070{type:03x}80" for type in (1, 2, 3, 4, 8))
    assert encode_message(message).hex() == (
        f"04030000005000000009 00 00f40027 {states} 00dc0009 01 000003e8"
        " 00e10008 0001 80 02 00e10008 0004 80 02 00e20005 80"
    ).replace(" ", "")
    assert all(one.name != "EventsAndReports" for one in reader_config(Reading(), OTHER))


@pytest.mark.parametrize(
    ("reading", "reader", "events"),
    [
        (Reading(), IMPINJ, [1, 2, 3, 4, 8]),
        (Reading(), replace(IMPINJ, warns=False, inputs=0), [2, 4, 8]),
        (Reading(inputs=(1,)), replace(IMPINJ, warns=False, inputs=0), [1, 2, 4, 8]),
    ],
)
def test_only_events_that_the_reader_has(reading: Reading, reader: Capabilities, events: list[int]) -> None:
    states = reader_config(reading, reader)[0].every("EventNotificationState")
    assert [state.number("event_type") for state in states] == events


def status(code: int, text: str = "", *details: Parameter) -> Message:
    return Message(
        "ADD_ROSPEC_RESPONSE",
        {},
        (Parameter("LLRPStatus", {"status_code": code, "error_description": text}, details),),
    )


def test_success_is_no_failure() -> None:
    assert failure(status(0)) is None
    assert failure(Message("ADD_ROSPEC_RESPONSE")) is None


def test_an_error_message_is_a_failure_always() -> None:
    assert failure(Message("ERROR_MESSAGE")) == "no LLRPStatus in the answer"
    message = replace(status(0), name="ERROR_MESSAGE")
    assert failure(message) == "M_Success (0)"


def test_failures_tell_the_whole_path() -> None:
    deepest = Parameter("FieldError", {"field_num": 2, "error_code": 301})
    inner = Parameter("ParameterError", {"parameter_type": 224, "error_code": 201}, (deepest,))
    outer = Parameter("ParameterError", {"parameter_type": 5000, "error_code": 999}, (inner,))
    field = Parameter("FieldError", {"field_num": 1, "error_code": 300})
    assert failure(status(101, "bad power", field, outer)) == (
        "M_FieldError (101) 'bad power'; field 1: A_Invalid (300); parameter 5000: unknown status (999); "
        "RFTransmitter: P_FieldError (201); field 2: A_OutOfRange (301)"
    )


def test_failures_are_of_bounded_depth() -> None:
    error = Parameter("ParameterError", {"parameter_type": 177, "error_code": 200})
    for _ in range(30):
        error = Parameter("ParameterError", {"parameter_type": 177, "error_code": 200}, (error,))
    found = failure(status(100, "", error))
    assert found is not None
    assert found.count("ROSpec") == 9
