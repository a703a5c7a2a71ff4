"""Zebra's handhelds without a broker: drivers/codecs/rfd.py, drivers/rfd.py."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.records import SECOND, Alive, Dropped, Reads, Scan
from drivers.catalog import Device
from drivers.codecs import rfd
from drivers.codecs.json_values import rfc3339
from drivers.codecs.message_decode import decode_lines
from drivers.codecs.message_session import Heartbeat, Message, Said, State
from drivers.codecs.notice import Notice
from drivers.rfd import Rfd

DATA = Path(__file__).parent / "data" / "rfd"
GOOD = (DATA / "messages.jsonl").read_bytes().splitlines()
BAD = (DATA / "bad.jsonl").read_bytes().splitlines()
TIME = "2026-06-16T06:03:36.894Z"
NOW = rfc3339(TIME, "now")
EPC = "E28011B0A506007D3DD07C0F"

Row = tuple[str, int, int, float, int]


def message(payload: bytes | Mapping[str, object], arrival: int = NOW) -> Message:
    data = json.dumps(payload).encode() if isinstance(payload, Mapping) else payload
    return Message("zebra/DATA/clients/data1event/RFD40-1", data, False, arrival)


def said(
    *payloads: bytes | Mapping[str, object], session: rfd.Session | None = None, arrival: int = NOW
) -> list[Said]:
    return list((session or rfd.Session()).receive([message(one, arrival) for one in payloads]))


def event(*tags: Mapping[str, object], time: str = TIME, codes: tuple[str, ...] = ()) -> dict[str, object]:
    barcodes = [{"symbology": "CODE_39", "decodedBarcode": code} for code in codes]
    return {"timestamp": time, "data": {"tagData": list(tags), "barcodeData": barcodes}}


def rows(found: list[Said]) -> list[Row]:
    """Tag, time, antenna, RSSI, count."""
    return [
        (one.tags.ids[tag], time, antenna, rssi, count)
        for one in found
        if isinstance(one, Reads)
        for tag, time, antenna, rssi, count in zip(
            *(column.tolist() for column in (one.tag, one.time, one.antenna, one.rssi, one.count)),
            strict=True,
        )
    ]


def notices(found: list[Said]) -> list[str]:
    return [one.text for one in found if isinstance(one, Notice)]


def test_tags_of_one_message_share_its_time() -> None:
    """One that is told twice there counts twice, and 256 stands for 1."""
    found = said(GOOD[0])
    long = "1111FB63AC1F3841DADA00000000CAFEDADACAFEDADACAFE00001111"
    assert rows(found) == [
        (EPC, NOW, 1, -73.0, 1),
        ("311100000000000000000000", NOW, 1, -50.0, 1),
        ("11113333333344445555AAAA", NOW, 1, -32.0, 2),
        (long, NOW, 1, -57.0, 1),
        ("A1B22222BBBB", NOW, 1, -65.0, 1),
    ]
    assert found[-1] == Alive(NOW + 1)


def test_all_the_messages_that_are_printed() -> None:
    session = rfd.Session()
    found = said(*GOOD, session=session, arrival=NOW + 3600 * SECOND)
    assert [row[0] for row in rows(found)][-4:] == [
        "AAAABBBB11112222CCCCDDDD",
        "CCCCCCCCA5050077AB3800CC",
        "11115555222233334444A9B6",
        "BEDD11112222333344445555",
    ]
    first, last = (one for one in found if isinstance(one, Reads))
    assert first.phase is not None
    assert math.isclose(first.phase[-2], math.radians(360 - 171), rel_tol=1e-6)
    assert first.channel is None
    assert last.channel is not None
    assert last.channel.tolist() == [911_750]
    assert [one for one in found if isinstance(one, Scan)] == [
        Scan(rfc3339("2026-06-16T06:19:22Z", "x"), "barcode:ABC-12345", "ABC-12345", "code-39")
    ]
    assert Heartbeat() in found
    assert [one.online for one in found if isinstance(one, State)] == [True, False]
    assert notices(found) == [
        "the handheld reports 'BATTERY_CRITICAL_SET': 'battery level is critically low'"
    ]
    assert not session.counts
    assert not [one for one in found if isinstance(one, Dropped | Alive)]  # 6 after 48 is a restart


@pytest.mark.parametrize("line", BAD)
def test_what_is_wrong_is_named_and_what_follows_is_read(line: bytes) -> None:
    found = said(line, GOOD[0])
    (notice,) = [one for one in found if isinstance(one, Notice)]
    assert notice.name == "malformed"
    assert "RFD40-1" in notice.text
    assert rows(found)[-5][0] == EPC


def test_a_record_without_an_epc_costs_no_other() -> None:
    """Its number is all that a record must have; the operating mode says what else."""
    session = rfd.Session()
    unnamed = {"eventNum": 7, "TID": "E2003412012DFA00", "peakRssi": -40}
    found = said(event(unnamed, {"eventNum": 8, "EPCid": EPC}), event({"eventNum": 9}), session=session)
    (notice,) = [one for one in found if isinstance(one, Notice)]
    assert notice.name == "no_epc"
    assert "tagMetaDataToEnable" in notice.text
    assert [row[0] for row in rows(found)] == [EPC]
    assert session.counts == {"no_epc": 2}
    told = list(rfd.describe(event(unnamed, {"EPCid": EPC})))
    assert [line.get("tag") for line in told] == [None, EPC]
    assert told[0]["message"] == "a tag without EPC"


def test_a_record_that_makes_no_sense_costs_no_other() -> None:
    """Nor is its number taken for lost."""
    session = rfd.Session()
    tags = [{"eventNum": 7, "EPCid": "red"}, {"eventNum": 8, "EPCid": EPC}, {"eventNum": "x"}, 9]
    codes = {"barcodeData": [{"symbology": "CODE_39"}, {"decodedBarcode": "x"}]}
    several = [7, {"timestamp": TIME, "data": {"tagData": tags, **codes}}, {"eventName": "heartbeat"}]
    found = said(event({"EPCid": EPC, "eventNum": 6}), json.dumps(several).encode(), session=session)
    assert [row[0] for row in rows(found)] == [EPC, EPC]
    assert [one.code for one in found if isinstance(one, Scan)] == ["x"]
    assert Heartbeat() in found
    assert [text.partition(";")[2] for text in notices(found)] == [
        " 1 of its 2 records left out",
        " 3 of its 4 records left out",
        " 1 of its 3 records left out",
    ]
    assert session.counts == {"malformed_records": 5}


@pytest.mark.parametrize(
    ("tag", "epc"),
    [
        ({"EPCid": EPC, "EPC": "1111"}, EPC),
        ({"idHex": EPC}, EPC),
        ({"EPC": EPC}, EPC),
        ({"EPC": "D98A3000AAAABBBB11112222CCCCDDDD"}, "AAAABBBB11112222CCCCDDDD"),
        ({"EPC": "D98A3000AAAABBBB11112222CCCCDDDD0000"}, "AAAABBBB11112222CCCCDDDD"),
        ({"EPC": "D98B3000AAAABBBB11112222CCCCDDDD"}, "D98B3000AAAABBBB11112222CCCCDDDD"),
        ({"EPC": "D98A3000AAAABBBB"}, "D98A3000AAAABBBB"),
        ({"EPC": "3034"}, "3034"),
    ],
)
def test_where_the_epc_stands(tag: dict[str, object], epc: str) -> None:
    assert rows(said(event(tag)))[0][0] == epc


@pytest.mark.parametrize(
    ("told", "count"),
    [({"seenCount": 1}, 1), ({"reads": 7}, 7), ({"seenCount": 256}, 1), ({"seenCount": 257}, 257), ({}, 1)],
)
def test_how_often_it_was_seen(told: dict[str, object], count: int) -> None:
    assert rows(said(event({"EPCid": EPC, **told})))[0][4] == count


@pytest.mark.parametrize(("told", "channel"), [(926_750, 926_750), (866.3, 866_300), (9472, None), (5, None)])
def test_channels(told: float, channel: int | None) -> None:
    (reads, _) = said(event({"EPCid": EPC, "channel": told}))
    assert isinstance(reads, Reads)
    assert (None if reads.channel is None else reads.channel.tolist()[0]) == channel


def test_the_strongest_of_several_counts() -> None:
    for signals, best in (((-50, None, -40), -40.0), ((None, -60), -60.0), ((-40, -70), -40.0)):
        tags = [{"EPCid": EPC, **({} if rssi is None else {"peakRssi": rssi})} for rssi in signals]
        assert rows(said(event(*tags)))[0][3:] == (best, len(signals))


def test_an_aggregated_report_is_its_first_and_its_last_read() -> None:
    first, last = NOW // 1000 - 1500, NOW // 1000 - 500
    tag = {"EPCid": EPC, "peakRssi": -50, "seenCount": 9, "firstSeenTime": first, "lastSeenTime": last}
    found = said(event(tag))
    assert [(time, count) for _, time, _, _, count in rows(found)] == [(first * 1000, 8), (last * 1000, 1)]
    assert found[-1] == Alive(NOW + 1)
    lone = {**tag, "seenCount": 1}
    assert [(time, count) for _, time, _, _, count in rows(said(event(lone)))] == [(last * 1000, 1)]
    later = {**lone, "lastSeenTime": NOW // 1000 + 300}
    assert said(event(later))[-1] == Alive((NOW // 1000 + 300) * 1000 + 1)


def test_a_message_without_a_time_has_that_of_its_arrival_and_a_backlog_is_no_sign_of_life() -> None:
    untimed = {"data": {"tagData": {"EPCid": EPC}}}
    assert rows(said(untimed))[0][1] == NOW
    found = said(event({"EPCid": EPC}), arrival=NOW + 60 * SECOND)
    assert [type(one) for one in found] == [Reads]


def test_numbers_that_are_missing_are_a_gap() -> None:
    session = rfd.Session()
    before = event({"EPCid": EPC, "eventNum": 5}, {"EPCid": EPC, "eventNum": 6})
    after = event({"EPCid": EPC, "eventNum": 9}, {"EPCid": EPC}, time="2026-06-16T06:03:37Z")
    gap = next(one for one in said(before, after, session=session) if isinstance(one, Dropped))
    assert (gap.since, gap.time) == (NOW, rfc3339("2026-06-16T06:03:37Z", "x"))
    assert "skip 2" in gap.reason
    assert session.counts == {"events_lost": 2}


def test_badges_say_who_has_it() -> None:
    session = rfd.Session(badge="EMP-")
    found = said(
        event(codes=("4006381333931", "EMP-17")), event({"EPCid": EPC}, codes=("x",)), session=session
    )
    scans = [one for one in found if isinstance(one, Scan)]
    assert [(one.tag, one.operator) for one in scans] == [
        ("barcode:/01/04006381333931", None),
        ("badge:EMP-17", "badge:EMP-17"),
        ("barcode:x", "badge:EMP-17"),
    ]
    assert found.index(scans[2]) < next(at for at, one in enumerate(found) if isinstance(one, Reads))
    aim = {"decodedBarcode": "]C1010400638133393121x", "symbology": "CODE_128"}
    (scan, _) = said({"timestamp": TIME, "data": {"barcodeData": [aim]}})
    assert isinstance(scan, Scan)
    assert (scan.symbology, scan.tag) == ("gs1-128", "barcode:/01/04006381333931/21/x")
    (plain, _) = said({"timestamp": TIME, "data": {"barcodeData": {"decodedBarcode": "x"}}})
    assert isinstance(plain, Scan)
    assert plain.symbology == ""
    (refused, _) = said(event(codes=("]E04006381333932",)))
    assert isinstance(refused, Notice)
    assert refused.name == "wrong_check_digits"


def test_an_empty_battery_is_told_once() -> None:
    def beat(**battery: object) -> dict[str, object]:
        return {"eventName": "heartbeat", "eventNumber": 1, "data": {"batteryAlert": battery}}

    session = rfd.Session()
    found = said(
        beat(status="LOW", chargePercentage=14),
        beat(status="LOW", chargePercentage=13),
        {"type": "ALERT", "id": "BATTERY", "alertDetails": {"batteryAlert": {"chargePercentage": 5}}},
        beat(status="CHARGING", chargePercentage=6),
        {"eventName": "heartbeat", "data": {"batteryStatus": {"level": 3}}},
        beat(status="LOW"),
        {"eventName": "heartbeat"},
        session=session,
    )
    assert [text.partition(":")[0] for text in notices(found)] == [
        "its battery is at 14 %",
        "its battery is at 5 %",
        "its battery is at 3 %",
    ]
    assert found.count(Heartbeat()) == 6


def test_alerts_exceptions_responses_and_the_rest() -> None:
    session = rfd.Session()
    radio = {"code": 51, "message": "radio is not responsive"}
    scanner = {"code": 0, "message": "scanner is connected"}
    found = said(
        {"type": "ALERT", "id": "TEMPERATURE", "state": "SET", "alertDetails": {"temperature": {"pa": 90}}},
        {"eventName": "exception", "details": {"exceptions": {"radio": radio, "scanner": scanner, "x": 1}}},
        {"eventName": "exception", "details": 1},
        {"command": "control_operation", "response": {"code": 6, "description": "Region is not configured"}},
        {"command": "control_operation", "response": {"code": 2, "description": "Invalid payload"}},
        *({"command": "control_operation", "response": {"code": code}} for code in (0, 1, 11, 12)),
        session=session,
    )
    assert notices(found) == [
        "the handheld reports 'TEMPERATURE': {'temperature': {'pa': 90}}",
        "its radio reports: 'radio is not responsive'",
        "the handheld refuses 'control_operation': 'Region is not configured' (code 6); set its region with 123RFID"
        " Desktop; without one it may not read",
        "the handheld refuses 'control_operation': 'Invalid payload' (code 2); look at it with 123RFID Desktop",
    ]
    power = {"type": "ALERT", "id": "POWER", "state": "ONESHOT", "alertDetails": {"powerEvent": {}}}
    assert said(power, {"response": "success"}, {"id": "X_SET"}, b"", session=session) == []
    assert session.counts == {"other": 3}


def test_orders_become_commands_and_a_connection_starts_nothing() -> None:
    session = rfd.Session(commands="zebra/CTRL/clients/cmnd/RFD40-1")
    assert session.begin() == ()
    (start,), (stop,) = session.start(), session.stop()
    assert start.topic == "zebra/CTRL/clients/cmnd/RFD40-1"
    assert json.loads(start.payload) == {
        "command": "control_operation",
        "requestId": "waypost-start",
        "ctrlOprPayload": {"controlType": "RFID", "operation": "START"},
    }
    assert json.loads(stop.payload)["ctrlOprPayload"]["operation"] == "STOP"
    assert (rfd.Session().start(), rfd.Session().stop()) == ((), ())


def test_its_settings() -> None:
    topics = {"topic": "a", "events": "b", "responses": "c", "commands": "d"}
    device: Device = TypeAdapter(Device).validate_python(
        {"id": "wand", "kind": "rfd", "broker": "main", "badge": "EMP-", **topics}
    )
    assert isinstance(device, Rfd)
    assert (device.filters, device.handheld, device.lateness) == (("a", "b", "c"), True, 0.0)
    assert device.session().start()[0].topic == "d"


def test_what_decode_says() -> None:
    told = list(decode_lines(b"\n".join(GOOD), rfd.describe))
    assert told[0] == {
        "time": TIME, "tag": EPC, "eventNum": 41, "peakRssi": -73, "seenCount": 256,
    }  # fmt: skip
    tags = [line["tag"] for line in told if "tag" in line]
    assert tags[-2:] == ["BEDD11112222333344445555", "barcode:ABC-12345"]
    assert next(line["message"] for line in told if "message" in line) == "heartbeat"
    assert not [line for line in told if "error" in line]
    (refused,) = decode_lines(json.dumps(event(codes=("]E04006381333932",))).encode(), rfd.describe)
    assert "check digit" in str(refused["error"])
    (empty,) = decode_lines(b'{"data": {"barcodeData": [{}]}}', rfd.describe)
    assert "error" in empty


@given(st.lists(st.binary(max_size=40) | st.sampled_from(GOOD + BAD), max_size=6), st.integers(0, 6))
@settings(max_examples=40)
def test_any_bytes_survive_and_batching_is_unobservable(payloads: list[bytes], split: int) -> None:
    whole, pieces = rfd.Session(), rfd.Session()
    at_once = said(*payloads, session=whole)
    in_two = said(*payloads[:split], session=pieces) + said(*payloads[split:], session=pieces)
    assert str(rows(at_once)) == str(rows(in_two))
    rest = [[one for one in found if not isinstance(one, Reads)] for found in (at_once, in_two)]
    assert rest[0] == rest[1]
    assert whole.counts == pieces.counts
