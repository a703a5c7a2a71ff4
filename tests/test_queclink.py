"""Queclink's @Track: published lines, damage, any split; what is written is read again."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Flag
from drivers.codecs import queclink
from drivers.codecs.catalog import CODECS
from drivers.codecs.queclink import Point
from drivers.codecs.queclink_session import LONGEST, Session
from drivers.codecs.tracker_datagrams import Datagrams
from drivers.codecs.tracker_session import Position, Report

LINES = (Path(__file__).parent / "data/queclink/lines.log").read_bytes().splitlines()
(
    REAL, NOT_FIXED, FOUR, WIFI, NO_FIX, KEPT, EXTENDED, SOS, TOW, OFF, OFF_TOO, VIRTUAL, RESTS, OLD, POWER, CAN, INFO,
    BEAT, OBEYED, LOST, VIN, TWO, ON, STANDS, BARE,
) = LINES  # fmt: skip
IMEI = "135790246811220"
TIME = 1_718_192_096_000_000


def one(data: bytes) -> Report:
    (report,) = Session(tracker=IMEI).receive(data, 0)
    return report


def place(data: bytes) -> Position:
    (position,) = one(data).positions
    return position


def said(position: Position) -> dict[str, object]:
    found: dict[str, object] = json.loads(position.attributes)
    return found


def test_a_position() -> None:
    """The one of the document: 2023-12-27 16:29:16, HDOP 1, 2957.9 m."""
    report = one(REAL)
    (found,) = report.positions
    assert (report.tracker, report.answer, report.counts) == ("866314060272661", b"+SACK:0117$", [])
    assert found[:6] == (1_703_694_556_000_000, -0.951205, -78.691727, 2957.9, 0.0, 0.0)
    assert (found.accuracy, found.satellites, found.flags) == pytest.approx((15 / 2.45, -1, 1))
    assert said(found) == {
        "hdop": 1, "odometer_m": 0, "battery_percent": 100, "ignition": True, "movement": False,
    }  # fmt: skip


def test_hdop_0_is_no_fix() -> None:
    for line in (NOT_FIXED, OFF, VIRTUAL, POWER, CAN):
        found = place(line)
        assert (found.flags, math.isnan(found.accuracy)) == (0, True)
    assert said(place(NOT_FIXED)) == {
        "external_mv": 14051, "cell": "460,1,9720,102399234", "odometer_m": 0,
    }  # fmt: skip


def test_several_positions_in_one_report() -> None:
    report = one(FOUR)
    assert [position.time for position in report.positions] == [
        1_544_795_163_000_000 + after * 1_000_000 for after in (0, 16, 30, 45)
    ]
    assert [(position.lat, position.lon) for position in report.positions] == [
        (47.681639, 8.611466), (47.681846, 8.611600), (47.681983, 8.611893), (47.682040, 8.612236),
    ]  # fmt: skip
    assert [position.course for position in report.positions] == [0, 34, 62, 78]
    assert report.positions[1].speed == pytest.approx(5.7 / 3.6)
    first, *_, last = (said(position) for position in report.positions)
    assert first == {"hdop": 1, "cell": "228,1,1919,18450", "odometer_m": 25200}
    assert last == first | {"battery_percent": 83}, "which is said of the report"
    assert (report.answer, report.counts) == (b"+SACK:0654$", [])


def test_what_was_kept_back_is_late() -> None:
    found = place(KEPT)
    assert found.flags == Flag.VALID | Flag.LATE
    assert said(found) == {
        "external_mv": 12194, "battery_percent": 0, "movement": True, "hdop": 3, "cell": "730,1,30506,86713662",
        "odometer_m": 0,
    }  # fmt: skip


def test_fields_that_are_appended_to_a_position() -> None:
    found = place(EXTENDED)
    assert found.satellites == 7
    assert said(found)["odometer_m"] == 0
    assert said(found)["external_mv"] == 12390
    strange = EXTENDED.replace(b",03,7,", b",03,many,")
    assert place(strange).satellites == -1
    assert place(WIFI).accuracy == pytest.approx(12 * 15 / 2.45)
    assert said(place(WIFI)) == {"hdop": 12, "battery_percent": 93}


@pytest.mark.parametrize(
    ("line", "attributes"),
    [
        (SOS, {"event": "sos", "alarm": "sos"}),
        (TOW, {"event": "tow", "alarm": "tow", "odometer_m": 2_000_000, "cell": "460,0,6360,24897"}),
        (OFF, {"event": "igf", "ignition": False, "odometer_m": 243_100}),
        (OFF_TOO, {"event": "igl", "ignition": False, "odometer_m": 243_100}),
        (OFF_TOO.replace(b",01,1,1,", b",00,1,1,"), {"event": "igl", "ignition": True}),
        (VIRTUAL, {"event": "vgn", "ignition": True, "odometer_m": 0}),
        (RESTS, {"event": "nmr", "movement": False, "battery_percent": 74}),
        (RESTS.replace(b",0,0,0,1,", b",0,1,0,1,"), {"event": "nmr", "movement": True}),
        (OLD, {"event": "tri"}),
        (CAN, {"event": "can"}),
        (ON, {"event": "ign", "ignition": True, "odometer_m": 0}),
        (STANDS, {"event": "stt", "ignition": True, "movement": False}),
        (STANDS.replace(b",21,0,", b",99,0,"), {"event": "stt"}),
        (VIN, {"external_mv": 12802, "battery_percent": 100, "odometer_m": 20_460_900}),
    ],
)
def test_events(line: bytes, attributes: dict[str, object]) -> None:
    found = said(place(line))
    assert {name: found[name] for name in attributes} == attributes


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        (b",01,1,1,0.0", b",,1,1,0.0", "ignition"),
        (b"+RESP:GTIGL", b"+RESP:GTGEO", "ignition"),
        (b"0334,0020,2B24", b"0334,0020,xyz", "cell"),
        (b"00,243.1", b"00,2431", "odometer_m"),
        (b",00,243.1", b"", "odometer_m"),
        (b",52CC3DE,00,243.1", b"", "cell"),
        (b"0334,0020,2B24,52CC3DE,00,243.1,", b"", "cell"),
    ],
)
def test_what_is_not_said(old: bytes, new: bytes, missing: str) -> None:
    assert missing in said(place(OFF_TOO))
    assert missing not in said(place(OFF_TOO.replace(old, new)))


def test_what_models_with_a_vin_say() -> None:
    earlier, last = one(TWO).positions
    assert (earlier.time, earlier.flags) == (1_234_575_174_000_000, Flag.VALID)
    assert (last.time, last.flags) == (1_230_768_000_000_000, 0)
    assert said(last) == {
        "battery_percent": 80, "ignition": True, "movement": False, "cell": "460,0,6360,24897", "odometer_m": 2_000_000,
    }  # fmt: skip
    assert place(ON).satellites == 11


def test_a_report_that_begins_with_its_position() -> None:
    """Nothing stands where the power or the report's type would."""
    line = b"+RESP:GT%b,135790246811220,1,0.0,0,1.0,-76.661456,39.832588,20160507132235,,,,,,,,,,0233$"
    assert said(place(line % b"FRI")) == {"hdop": 1}
    assert said(place(line % b"IGL")) == {"event": "igl", "hdop": 1}


def test_a_position_of_which_little_is_said() -> None:
    found = place(BARE)
    assert (found.lat, found.lon, found.flags) == (40.391669, 49.903915, Flag.VALID | Flag.LATE)
    assert said(found) == {"hdop": 1, "ignition": True, "movement": False}


def test_a_status_that_nobody_knows() -> None:
    assert said(place(REAL.replace(b",100,210100", b",,FF0100"))).keys() == {"hdop", "odometer_m"}
    assert said(place(REAL.replace(b",100,210100", b",500,210100"))).keys() == {"hdop", "odometer_m"}


def test_without_an_hdop() -> None:
    found = place(REAL.replace(b",50,1,1,0.0,0,2957.9,", b",50,1,,,,,"))
    assert found.flags == Flag.VALID
    assert math.isnan(found.alt + found.speed)
    assert math.isnan(found.course)
    backwards = place(REAL.replace(b",1,1,0.0,0,", b",1,1,-1,-1,"))
    assert (math.isnan(backwards.speed), math.isnan(backwards.course)) == (True, True)
    assert math.isnan(place(REAL.replace(b",1,1,0.0,0,", b",1,1,0.0,361,")).course)
    assert place(REAL.replace(b",1,1,0.0,0,", b",1,1,0.0,360,")).course == 0


# What is answered


def test_heartbeats_and_answers() -> None:
    assert one(BEAT) == Report(IMEI, answer=b"+SACK:GTHBD,1A0102,11F0$")
    assert one(OBEYED) == Report(IMEI, answer=b"+SACK:11F0$")


def test_what_says_no_position() -> None:
    assert one(NO_FIX) == Report("354524044925825", [], b"+SACK:0002$", ["no_fix"])
    assert one(LOST) == Report("867963063190000", [], b"+SACK:22D0$", ["no_fix"])
    assert one(INFO) == Report("869653060997976", [], b"+SACK:06D6$", ["other"])


def test_an_id_where_models_of_old_have_it() -> None:
    report = Session().receive(OLD, 0)[0]
    assert (report.tracker, report.answer) == ("862370030005908", b"+SACK:3E7D$")
    meid = Session().receive(BEAT.replace(IMEI.encode(), b"A1000043D20139"), 0)
    assert meid[0].tracker == "A1000043D20139"


def test_who_is_not_on_the_list_is_hung_up_on() -> None:
    talk = Session(frozenset((IMEI,)).__contains__)
    assert talk.receive(TOW + REAL + TOW, 0)[1:] == [Report("866314060272661", counts=("refused",))]
    assert "add it" in str(talk.error)


# What can not be


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (b"-78.691727", b"-180.691727", "out_of_range"),
        (b"-0.951205", b"-90.951205", "out_of_range"),
        (b"20231227162916,,,,,00", b"20231327162916,,,,,00", "impossible_date"),
        (b"20231227162916,,,,,00", b"00001227162916,,,,,00", "impossible_date"),
        (b"20231227162916,,,,,00", b"20231227162960,,,,,00", "impossible_date"),
    ],
)
def test_every_field_is_looked_at(old: bytes, new: bytes, name: str) -> None:
    """It would be no other if it came again, so it is answered."""
    assert one(REAL.replace(old, new)) == Report("866314060272661", [], b"+SACK:0117$", [name])


def test_one_bad_position_costs_itself() -> None:
    report = one(FOUR.replace(b"47.681846", b"97.681846"))
    assert ([position.course for position in report.positions], report.counts) == (
        [0, 62, 78],
        ["out_of_range"],
    )


def test_zero_is_no_position() -> None:
    report = one(REAL.replace(b"-78.691727,-0.951205", b"0.000000,-0.000000"))
    assert (report.positions[0].flags, report.counts) == (0, ["zero_position"])


@pytest.mark.parametrize(
    "line",
    [
        REAL.replace(b",0117$", b"$"),
        REAL.replace(b"0117", b"01"),
        REAL.replace(b"866314060272661", b"866314"),
        REAL.replace(b"GTFRI", b"FRI"),
        b"+RESP:GTFRI$",
        b"+RESP:\xff$",
        BEAT.replace(b"1A0102", b"1A\xff102"),
        b"+SACK:0117$",
    ],
)
def test_a_line_that_has_lost_something_is_never_data(line: bytes) -> None:
    assert one(line) == Report(IMEI, counts=("malformed",))


# Damage


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1", b"+RSP\1\2", b"\x78\x78", b"*HQ,"])
def test_what_no_tracker_says_ends_the_connection(data: bytes) -> None:
    talk = Session()
    assert talk.receive(data, 0) == [Report("", counts=("malformed",))]
    assert "set it to ASCII" in str(talk.error)


@pytest.mark.parametrize("start", [b"+RESP:", b"x"])
def test_what_never_ends_ends_the_connection(start: bytes) -> None:
    talk = Session(tracker=IMEI)
    assert talk.receive(start.ljust(LONGEST, b"1"), 0) == []
    assert talk.receive(b"1", 0) == [Report(IMEI, counts=("malformed",))]
    assert str(LONGEST) in str(talk.error)
    again = Session(tracker=IMEI)
    assert again.receive(start.ljust(LONGEST, b"1") + b"$" + REAL, 0) == [Report(IMEI, counts=("malformed",))]


@pytest.mark.parametrize("noise", [TOW[:60], b"noise", b"noise$", b"+RESP:$", b"\x00\x01", REAL[:1]])
def test_noise_costs_itself(noise: bytes) -> None:
    talk = Session()
    first, middle, last = talk.receive(b"\r\n" + TOW + noise + REAL, 0)
    assert (first.tracker, last.tracker) == (IMEI, "866314060272661")
    assert middle.counts == ("malformed",)
    assert talk.pending == 0


@given(cuts=st.lists(st.integers(0, 6000), max_size=12))
def test_any_split_is_the_same(cuts: list[int]) -> None:
    stream = b"\r\n".join([*LINES, b"noise", REAL[:40], TOW, b"x$"])
    whole, split = Session(), Session()
    edges = [0, *sorted(cuts), len(stream)]
    apart = [report for a, b in pairwise(edges) for report in split.receive(stream[a:b], 0)]
    assert repr(apart) == repr(whole.receive(stream, 0))


def test_datagrams() -> None:
    port = Datagrams(Session)
    assert [report.answer for report in port.receive(REAL + TOW, 0)] == [b"+SACK:0117$", b"+SACK:11F0$"]
    assert port.receive(REAL[:-1], 0) == [Report("", counts=("malformed",))]
    cut, *_ = port.receive(TOW + REAL[:-1], 0)[1:]
    assert cut == Report(IMEI, counts=("malformed",))


# What is written

POINT = Point(TIME, 53.8, -1.55, 42.0, 271, 60.0, 1.0, 12_300)


def test_what_is_written_is_read_again() -> None:
    points = [POINT, Point(TIME + 5_000_000, -33.5, 151.25, 0.0, 0, -3.5, 0.0)]
    report = one(queclink.located(IMEI, points, TIME, 0xAB, kept=True))
    first, last = report.positions
    assert first[:6] == pytest.approx((TIME, 53.8, -1.55, 60.0, 42 / 3.6, 271), rel=1e-12)
    assert (first.flags, last.flags) == (Flag.VALID | Flag.LATE, Flag.LATE)
    assert said(first) == {"hdop": 1, "cell": "234,15,10365,8120", "odometer_m": 12_300}
    assert said(last) == {
        "external_mv": 14_100, "battery_percent": 100, "ignition": True, "movement": True, "cell": "234,15,10365,8120",
        "odometer_m": 0,
    }  # fmt: skip
    assert (report.answer, report.counts) == (b"+SACK:00AB$", [])
    assert one(queclink.heartbeat(IMEI, TIME, 7)).answer == b"+SACK:GTHBD,060228,0007$"
    assert place(queclink.located(IMEI, [POINT], TIME, 1)).flags == Flag.VALID


def test_decode() -> None:
    lines = list(CODECS["queclink"].decode(b"\n".join(LINES)))
    assert sum("lat" in line for line in lines) == 24
    assert lines[0]["tracker"] == "tracker:866314060272661"
    assert "ASCII" in str(list(CODECS["queclink"].decode(b"GET /"))[-1]["error"])
