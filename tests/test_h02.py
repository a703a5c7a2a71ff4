"""H02: published lines and bytes, damage, any split; every field is looked at, and what is written is read again."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Flag
from drivers.codecs import h02
from drivers.codecs.catalog import CODECS
from drivers.codecs.h02_session import LONGEST, Session
from drivers.codecs.tracker_datagrams import Datagrams
from drivers.codecs.tracker_session import Position, Report

DATA = Path(__file__).parent / "data/h02"
LINES = (DATA / "lines.log").read_bytes().splitlines()
LONG, LONG_FIXED, LONG_OLD, SHORT, NEXT = [
    bytes.fromhex(line) for line in (DATA / "binary.txt").read_text().splitlines() if line[0] != "#"
]
ID = "4970105243"
NOW = 1_774_682_420_000_000
"""2026-03-28 07:20:20"""
TIME = 1_718_192_096_000_000


def one(data: bytes) -> Report:
    (report,) = Session(tracker=ID).receive(data, NOW)
    return report


def place(data: bytes) -> Position:
    (position,) = one(data).positions
    return position


def said(position: Position) -> dict[str, object]:
    found: dict[str, object] = json.loads(position.attributes)
    return found


@pytest.mark.parametrize(
    ("line", "id", "time", "lat", "lon", "knots", "course", "valid"),
    [
        (0, ID, "2021-07-13 10:40:00", 22.586295, 113.964855, 0.27, 235, True),
        (1, "4210051415", "2015-12-22 16:45:49", 9.93978, -84.11178, 0, 0, True),
        (2, "1451316409", "2015-03-07 03:01:49", -23.48349, -46.85975, 2.4, 65, True),
        (3, "355488020119695", "2015-10-03 05:04:18", 28.46021, 77.06414, 0, 0, False),
        (4, "4210209006", "2018-09-08 05:40:48", 28.470495, 77.55722, 0.5, 47, True),
        (5, "4209951296", "2017-04-20 21:44:52", 52.016963, 18.508382, 0, 0, True),
        (6, "353588020068342", "2013-10-23 06:28:40", 52.685415, 9.915817, 0, 0, True),
        (7, "2020916012", "2002-09-22 05:03:16", 22.214575, 113.777623, 14.28, 28, True),
        (10, "8168000008", "2015-07-10 04:36:02", 22.58212, 113.90664, 0.06, 0, True),
        (11, "3800008786", "2013-04-25 06:25:07", 30.804062, 30.976028, 0, 0, False),
    ],
)
def test_positions(
    line: int, id: str, time: str, lat: float, lon: float, knots: float, course: int, valid: bool
) -> None:
    report = one(LINES[line])
    (found,) = report.positions
    assert report.tracker == id
    assert CODECS["h02"].decode(LINES[line]).__next__()["time"] == time.replace(" ", "T") + ".000000Z"
    assert (found.lat, found.lon) == pytest.approx((lat, lon), abs=1e-5)
    assert found.speed == pytest.approx(knots * 0.514444, rel=1e-5)
    assert (found.course, found.flags) == (course, Flag.VALID if valid else 0)
    assert math.isnan(found.alt)
    assert (math.isnan(found.accuracy), found.satellites) == (True, -1)


@pytest.mark.parametrize(
    ("lat", "lon", "where"),
    [
        ("1935.5128,N", "9733.2842,W", (19.591880, -97.554737)),
        ("37573392,S", "144581234,W", (-37.955653, -144.968723)),
        ("5237.1234,N", "38.6508,W", (52.618723, -0.644180)),
        ("-23-3.3408,S", "-48-2.8926,W", (-23.05568, -48.04821)),
        ("701.8915,S", "03450.3399,W", (-7.031525, -34.838998)),
    ],
)
def test_broken_ways_to_write_a_coordinate(lat: str, lon: str, where: tuple[float, float]) -> None:
    found = place(f"*HQ,{ID},V1,104000,A,{lat},{lon},0.00,0,130721,FFFFFFFF#".encode())
    assert (found.lat, found.lon) == pytest.approx(where, abs=1e-6)


def test_what_the_bits_say() -> None:
    assert said(place(LINES[0])) == {"ignition": False, "status": "FFFFFBFF"}
    assert said(place(LINES[2])) == {"ignition": True, "status": "FFFFFFFF"}
    assert said(place(LINES[5])) == {"ignition": False, "status": "BFFFFBFF"}
    assert said(place(LINES[10]))["alarm"] == "sos"
    assert said(place(LINES[0].replace(b"FFFFFBFF", b"fffffffb"))) == {
        "ignition": True, "status": "FFFFFFFB", "alarm": "overspeed",
    }  # fmt: skip
    assert place(LINES[0].partition(b",FFFF")[0] + b"#").attributes == ""


# What is answered


def test_lines_that_are_answered() -> None:
    assert one(LINES[0]).answer == b"*HQ,4970105243,V4,V1,20260328072020#"
    assert one(LINES[14]) == Report("4109179024", answer=b"*HQ,4109179024,V4,NBR,20260328072020#")
    assert one(LINES[16]) == Report("135790246811220", answer=b"*HQ,135790246811220,HTBT#")
    assert one(LINES[5]).answer == b""
    assert one(LINES[7]).answer == b""


def test_what_says_no_position() -> None:
    assert one(LINES[12]).counts == ("no_fix",)
    assert one(LINES[17]).counts == ("other",)
    assert Session().receive(LINES[13] + LINES[15] + b"\r\n \0", NOW) == []


def test_a_line_without_an_id_is_of_who_spoke_before() -> None:
    assert Session().receive(LINES[8], NOW) == [Report("", counts=("no_id",))]
    report = one(LINES[8])
    assert (report.tracker, report.positions[0].flags) == (ID, Flag.VALID)
    assert report.answer == b"*HQ,4970105243,V4,V1,20260328072020#"


def test_several_trackers_through_one_connection() -> None:
    talk = Session(frozenset((ID, "4210051415")).__contains__)
    assert [report.tracker for report in talk.receive(LINES[0] + LINES[1] + LINES[0], NOW)] == [
        ID, "4210051415", ID,
    ]  # fmt: skip
    assert talk.receive(LINES[2] + LINES[0], NOW) == [Report("1451316409", counts=("refused",))]
    assert "add it" in str(talk.error)


def test_bytes_of_who_is_not_on_the_list() -> None:
    talk = Session(frozenset((ID,)).__contains__)
    assert talk.receive(LONG, NOW) == [Report("4106000826", counts=("refused",))]


# What can not be


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("104000", "160169", "impossible_date"),
        ("104000", "240000", "impossible_date"),
        ("130721", "310221", "impossible_date"),
        ("130721", "131321", "impossible_date"),
        ("130721", "", "no_time"),
        ("104000", "", "no_time"),
        ("2235.1777", "9935.1777", "out_of_range"),
        ("2235.1777", "2260.0000", "out_of_range"),
        ("11357.8913", "18157.8913", "out_of_range"),
        ("11357.8913", "11360.0000", "out_of_range"),
    ],
)
def test_every_field_is_looked_at(old: str, new: str, name: str) -> None:
    report = one(LINES[0].replace(old.encode(), new.encode()))
    assert (report.positions, report.counts) == ((), (name,))
    assert report.answer != b"", "it would be no other if it came again"


def test_a_position_without_a_time_of_day() -> None:
    assert one(LINES[9]) == Report("356327080425330", counts=("no_time",))


def test_a_position_at_the_very_beginning_has_no_time() -> None:
    assert one(b"*HQ,4970105243,V9,2235.1777,N,11357.8913,E#").counts == ("no_time",)


@pytest.mark.parametrize("validity", ["V", "B", "", "0"])
def test_what_is_not_said_to_be_valid_is_not(validity: str) -> None:
    assert place(LINES[0].replace(b",A,", f",{validity},".encode())).flags == 0


def test_zero_is_no_position() -> None:
    report = one(LINES[0].replace(b"2235.1777", b"0000.0000").replace(b"11357.8913", b"00000.0000"))
    assert (report.positions[0].flags, report.counts) == (0, ("zero_position",))


@pytest.mark.parametrize(("speed", "course"), [("x", "400"), ("", "-1"), ("1.2.3", "north")])
def test_motion_that_is_none(speed: str, course: str) -> None:
    found = place(LINES[0].replace(b"000.27,235", f"{speed},{course}".encode()))
    assert math.isnan(found.speed)
    assert math.isnan(found.course)


@pytest.mark.parametrize("text", ["2235,N", "223.5.1,N", "2235.1777,X", "N,2235.1777"])
def test_what_has_not_the_shape_of_a_position(text: str) -> None:
    assert one(LINES[0].replace(b"2235.1777,N", text.encode())).counts == ("no_fix",)


# Bytes


def test_binary_messages() -> None:
    """The first is published with its values: 2015-08-31 21:53:21, 4.69898 N, 74.06971 W; MCC 732 is Colombia."""
    (report,) = Session().receive(LONG, NOW)
    (found,) = report.positions
    assert (report.tracker, report.answer, report.counts) == ("4106000826", b"", ())
    assert (found.time, found.flags) == (1_441_058_001_000_000, Flag.VALID)
    assert (found.lat, found.lon) == pytest.approx((4.69898, -74.06971), abs=1e-5)
    assert said(found) == {"ignition": False, "status": "FFFFFBFD", "alarm": "sos", "cell": "732,12,0,0"}
    assert said(place(LONG_FIXED))["cell"] == "460,0,9771,3863"
    old = place(LONG_OLD)
    assert (old.flags, said(old)["cell"]) == (0, "374,13,1250,51603")
    assert (old.lat, old.lon) == pytest.approx((10.209137, -61.449173), abs=1e-6)


def test_speed_and_course_of_binary_messages() -> None:
    found = place(LONG[:22] + bytes.fromhex("024138") + LONG[25:])
    assert (found.speed, found.course) == pytest.approx((24 * 0.514444, 138), rel=1e-5)
    assert "cell" not in said(place(LONG[:37] + bytes(7) + LONG[44:]))


def test_a_short_one_is_known_by_what_follows() -> None:
    talk = Session()
    assert talk.receive(SHORT, NOW) == []
    assert (talk.pending, talk.tracker) == (0, "2705171109"), "nothing of it is missing"
    first = talk.receive(NEXT, NOW)
    assert [report.positions[0].time for report in first] == [1_371_245_619_000_000, 1_371_245_649_000_000]
    assert talk.rest() == []
    assert len(talk.receive(SHORT, NOW)) == 1, "from then on all are"


def test_a_short_one_before_a_line() -> None:
    short, line = Session().receive(SHORT + LINES[0], NOW)
    assert (short.tracker, line.tracker) == ("2705171109", ID)


def test_the_last_short_one_of_a_connection() -> None:
    talk = Session()
    assert talk.receive(SHORT, NOW) == []
    (report,) = talk.rest()
    assert (report.tracker, talk.rest()) == ("2705171109", [])
    talk.receive(SHORT[:20], NOW)
    assert (talk.pending, talk.rest()) == (20, [])


@pytest.mark.parametrize(
    ("at", "value", "name"),
    [
        (1, 0xA1, "malformed"),
        (6, 0x24, "impossible_date"),
        (7, 0x60, "impossible_date"),
        (7, 0x6A, "malformed"),
        (10, 0x13, "impossible_date"),
        (12, 0x95, "out_of_range"),
        (12, 0xF5, "malformed"),
        (13, 0x60, "out_of_range"),
        (17, 0x99, "out_of_range"),
        (17, 0xF0, "malformed"),
        (19, 0xFF, "malformed"),
        (24, 0x0A, "malformed"),
    ],
)
def test_every_digit_is_looked_at(at: int, value: int, name: str) -> None:
    assert one(LONG[:at] + bytes((value,)) + LONG[at + 1 :]).counts == (name,)


def test_zero_in_digits() -> None:
    report = one(LONG[:12] + bytes(4) + LONG[16:17] + bytes(4) + b"\x0e" + LONG[22:])
    assert (report.positions[0].flags, report.counts) == (0, ("zero_position",))


# Damage


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1", b"\x78\x78", b"+RESP:"])
def test_what_no_tracker_says_ends_the_connection(data: bytes) -> None:
    talk = Session()
    assert talk.receive(data, NOW) == [Report("", counts=("malformed",))]
    assert "neither * nor $" in str(talk.error)


@pytest.mark.parametrize("start", [b"*HQ,", b"x"])
def test_what_never_ends_ends_the_connection(start: bytes) -> None:
    talk = Session(tracker=ID)
    assert talk.receive(start.ljust(LONGEST, b"1"), NOW) == []
    assert talk.receive(b"1", NOW) == [Report(ID, counts=("malformed",))]
    assert str(LONGEST) in str(talk.error)
    again = Session(tracker=ID)
    assert again.receive(start.ljust(LONGEST + 1, b"1") + LINES[0], NOW) == [
        Report(ID, counts=("malformed",))
    ]


@pytest.mark.parametrize(
    "noise", [b"*HQ,4970105243,V1,1040", b"noise", b"*X#", b"*HQ#", b"*HQ,abc,V1#", b"*HQ,49701,#x"]
)
def test_noise_costs_itself(noise: bytes) -> None:
    first, *between, last = Session().receive(LINES[0] + noise + LINES[1], NOW)
    assert (first.tracker, last.tracker) == (ID, "4210051415")
    assert {name for report in between for name in report.counts} <= {"malformed", "other"}
    assert between


@given(cuts=st.lists(st.integers(0, 2400), max_size=12))
def test_any_split_is_the_same(cuts: list[int]) -> None:
    stream = b"\r\n".join([*LINES, b"noise", LONG, LINES[0][:30], *LINES, SHORT, NEXT, SHORT])
    whole, split = Session(), Session()
    edges = [0, *sorted(cuts), len(stream)]
    apart = [report for a, b in pairwise(edges) for report in split.receive(stream[a:b], NOW)]
    assert repr(apart) == repr(whole.receive(stream, NOW))
    assert repr(split.rest()) == repr(whole.rest())


@pytest.mark.parametrize("short", [SHORT, b"$\xff" + SHORT[2:]])
def test_a_short_one_of_nobody_who_may_deliver(short: bytes) -> None:
    talk = Session(frozenset((ID,)).__contains__)
    assert talk.receive(short, NOW) == []
    assert talk.tracker == ""
    (report,) = talk.rest()
    assert report.counts == (("refused",) if short is SHORT else ("malformed",))


# Datagrams


def test_datagrams() -> None:
    port = Datagrams(Session)
    (report,) = port.receive(LINES[0] + b"\r\n", NOW)
    assert (report.tracker, report.answer) == (ID, b"*HQ,4970105243,V4,V1,20260328072020#")
    for message in (SHORT, LONG, SHORT + NEXT):
        assert all(report.positions for report in port.receive(message, NOW))
    assert port.receive(LINES[13], NOW) == [Report("1700086468")]
    assert port.rest() == []


@pytest.mark.parametrize("data", [b"", b"nonsense", LONG[:40], b"*HQ,4970105243,V1"])
def test_a_datagram_that_is_none(data: bytes) -> None:
    assert Datagrams(Session).receive(data, NOW) == [Report("", counts=("malformed",))]


def test_a_datagram_of_who_is_not_on_the_list() -> None:
    assert Datagrams(Session, frozenset(("1",)).__contains__).receive(LINES[0], NOW) == [
        Report(ID, counts=("refused",))
    ]


# What is written


@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    knots=st.floats(0, 500),
    course=st.integers(0, 359),
    second=st.integers(0, 10**8),
)
def test_what_is_written_is_read_again(
    lat: float, lon: float, knots: float, course: int, second: int
) -> None:
    time = TIME + second * 1_000_000
    found = place(h02.located(ID, time, lat, lon, knots, course))
    assert (found.time, found.course) == (time, course)
    assert (found.lat, found.lon) == pytest.approx((lat, lon), abs=1e-6)
    assert found.speed == pytest.approx(knots * h02.KNOT, abs=0.01)


def test_what_is_written_without_a_fix() -> None:
    assert place(h02.located(ID, TIME, 1.0, 2.0, 0, 0, fixed=False)).flags == 0


def test_decode() -> None:
    lines = list(CODECS["h02"].decode(b"\n".join(LINES)))
    assert sum("lat" in line for line in lines) == 11
    assert lines[0]["tracker"] == f"tracker:{ID}"
    (binary,) = CODECS["h02"].decode(LONG.hex(" ").encode())
    assert (binary["tracker"], binary["valid"]) == ("tracker:4106000826", True)
    (short,) = CODECS["h02"].decode(SHORT.hex().encode())
    assert short["tracker"] == "tracker:2705171109"
    assert "H02" in str(list(CODECS["h02"].decode(b"GET /"))[-1]["error"])
    assert list(CODECS["h02"].decode(b"\n \n")) == []
