"""GT06: published frames, damage, any split; every field is looked at."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Flag
from drivers.codecs import gt06
from drivers.codecs.catalog import CODECS
from drivers.codecs.crc16 import x25
from drivers.codecs.gt06_session import Session
from drivers.codecs.tracker_session import Position, Report

IMEI = "123456789012345"
LINES = [
    bytes.fromhex(line.partition("#")[0])
    for line in (Path(__file__).parent / "data/gt06/frames.txt").read_text().splitlines()
    if not line.startswith("#")
]
HELLO, CHINA, EUROPE, SOUTH, ALARM, MOVING, ALIVE = LINES
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


def test_a_login_is_answered_with_its_serial_number() -> None:
    talk = Session()
    assert talk.receive(HELLO[:5], 0) == []
    assert talk.pending == 5
    assert talk.receive(HELLO[5:], 0) == [Report(IMEI, answer=bytes.fromhex("787805010001D9DC0D0A"))]
    assert talk.tracker == IMEI
    assert gt06.login(IMEI, 1) == HELLO


@pytest.mark.parametrize(
    ("line", "time", "lat", "lon", "kmh", "course", "satellites"),
    [
        (CHINA, 1_314_639_976, 23.111668, 114.409285, 0, 143, 15),
        (EUROPE, 1_445_350_871, 54.945347, 24.017622, 0, 0, 5),
        (SOUTH, 1_649_954_674, -5.292939, -44.491859, 0, 346, 15),
        (ALARM, 1_321_367_789, 23.111755, 114.40923, 0, 2, 15),
        (MOVING, 1_718_192_096, 52.520007, 13.404954, 42, 271, 9),
    ],
)
def test_locations(
    line: bytes, time: int, lat: float, lon: float, kmh: int, course: int, satellites: int
) -> None:
    found = place(line)
    assert found.time == time * 1_000_000
    assert found.lat == pytest.approx(lat, abs=1e-6)
    assert found.lon == pytest.approx(lon, abs=1e-6)
    assert found.speed == pytest.approx(kmh / 3.6)
    assert (found.course, found.satellites, found.flags) == (course, satellites, Flag.VALID)


def test_an_alarm_is_answered() -> None:
    report = one(ALARM)
    assert report.answer == gt06.sealed(gt06.ALARM, b"", 0x36)
    assert said(report.positions[0]) == {
        "cell": "460,0,10365,8050", "ignition": False, "charging": True, "battery_level": 6, "gsm": 4, "alarm": "sos",
    }  # fmt: skip


def test_a_heartbeat() -> None:
    assert one(ALIVE) == Report(IMEI, answer=bytes.fromhex("787805130011F9700D0A"))


def test_what_else_it_says_is_counted_and_answered() -> None:
    for long in (False, True):
        frame = gt06.sealed(0x94, b"\0" * 40, 7, long)
        assert one(frame) == Report(IMEI, answer=gt06.sealed(0x94, b"", 7), counts=("other",))


# Damage


def test_a_wrong_checksum_is_never_data() -> None:
    assert one(bytes.fromhex("78780A134B040300010011061F0D0A")) == Report(IMEI, counts=("bad_crc",))
    for line in LINES:
        assert one(line[:6] + bytes((line[6] ^ 1,)) + line[7:]) == Report(IMEI, counts=("bad_crc",))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1", "neither 78 78 nor 79 79"),
        (b"x", ""),
        (b"\x78\x78", ""),
        (b"xz", "neither"),
        (b"\x78\x78\x04" + bytes(9), "a frame of 4 bytes"),
        (b"\x79\x79\xff\xff" + bytes(9), "a frame of 65535 bytes"),
        (MOVING[:-1] + b"\0", "does not end where it should"),
    ],
)
def test_what_no_tracker_says_ends_the_connection(data: bytes, reason: str) -> None:
    talk = Session(tracker=IMEI)
    found = talk.receive(data, 0)
    assert (reason in str(talk.error)) if reason else talk.error is None
    assert found == ([Report(IMEI, counts=("malformed",))] if reason else [])


def test_before_a_login_nothing_is_anybodys() -> None:
    assert Session().receive(MOVING, 0) == [Report("", counts=("no_login",))]


@pytest.mark.parametrize("content", [b"", bytes.fromhex("0123456789ABCDEF")])
def test_a_login_of_nobody(content: bytes) -> None:
    assert Session().receive(gt06.sealed(gt06.LOGIN, content, 1), 0) == [Report("", counts=("malformed",))]


def test_a_login_of_16_digits() -> None:
    talk = Session()
    talk.receive(gt06.sealed(gt06.LOGIN, bytes.fromhex("3520930864036551"), 1), 0)
    assert talk.tracker == "3520930864036551"


WITH_ZONE = bytes.fromhex("78781101075253367890024270003201000512790D0A")
"""The example of the maker's document: UTC+8."""


def zoned(told: int) -> bytes:
    return gt06.sealed(gt06.LOGIN, WITH_ZONE[4:14] + told.to_bytes(2), 5)


@pytest.mark.parametrize(
    ("hello", "minutes"),
    [
        (HELLO, 0),
        (WITH_ZONE, 8 * 60),
        (zoned(530 << 4), 5 * 60 + 30),
        (zoned(530 << 4 | 8), -5 * 60 - 30),
        (zoned(1400 << 4), 14 * 60),
        (zoned(1500 << 4), 0),
        (zoned(560 << 4), 0),
        (gt06.login(IMEI, 1, 0), 0),
        (gt06.login(IMEI, 1, -(3 * 60 + 30) * 60 * 1_000_000), -3 * 60 - 30),
        (gt06.login(IMEI, 1, 45 * 60 * 1_000_000), 45),
    ],
)
def test_the_time_zone_of_a_login_goes_with_each_position(hello: bytes, minutes: int) -> None:
    talk = Session()
    first, located = talk.receive(hello + MOVING, 0)
    assert (first.answer[:4], talk.error) == (b"\x78\x78\5\1", None)
    assert located.zone == minutes * 60 * 1_000_000


def test_who_is_not_on_the_list_is_hung_up_on() -> None:
    talk = Session(frozenset(("1",)).__contains__)
    assert talk.receive(HELLO + MOVING, 0) == [Report(IMEI, counts=("refused",))]
    assert "add it" in str(talk.error)


def changed(at: int, value: int) -> bytes:
    """The moving one with another byte in its content, and a right checksum."""
    content = bytearray(MOVING[4:-6])
    content[at] = value
    return gt06.sealed(gt06.LOCATION, bytes(content), 7)


@pytest.mark.parametrize(
    ("at", "value", "name"),
    [
        (1, 0, "impossible_date"),
        (1, 13, "impossible_date"),
        (2, 87, "impossible_date"),
        (3, 24, "impossible_date"),
        (4, 60, "impossible_date"),
        (5, 60, "impossible_date"),
        (7, 0x0A, "out_of_range"),
        (11, 0x20, "out_of_range"),
    ],
)
def test_every_field_is_looked_at(at: int, value: int, name: str) -> None:
    assert one(changed(at, value)) == Report(IMEI, answer=gt06.sealed(0x12, b"", 7), counts=(name,))


def test_a_location_that_is_too_short() -> None:
    assert one(gt06.sealed(gt06.LOCATION, MOVING[4:12], 7)).counts == ("malformed",)


# What stands in a frame


def located(
    lat: float = 52.5, lon: float = 13.4, tail: bytes = b"", protocol: int = 0x22, **more: int
) -> Report:
    content = gt06.located(
        TIME, lat, lon, 10, more.get("course", 90), 8, bool(more.get("fixed", 1)), more.get("bits", 0)
    )
    return one(gt06.sealed(protocol, content + tail, 1))


def test_without_a_fix_and_at_zero() -> None:
    assert located(fixed=0).positions[0].flags == 0
    nowhere = located(0.0, 0.0)
    assert (nowhere.positions[0].flags, nowhere.counts) == (0, ("zero_position",))


def test_courses() -> None:
    assert located(course=360).positions[0].course == 0
    assert math.isnan(located(course=361).positions[0].course)


@pytest.mark.parametrize(
    ("tail", "attributes", "flags"),
    [
        (b"", None, Flag.VALID),
        (bytes(8), None, Flag.VALID),
        (gt06.CELL, {"cell": "234,15,10365,8120"}, Flag.VALID),
        (bytes(8) + b"\1\0\0", {"ignition": True}, Flag.VALID),
        (bytes(8) + b"\0\0\1", {"ignition": False}, Flag.VALID | Flag.LATE),
        (bytes(8) + b"\0\0\0\0\1\0\0", {"ignition": False, "odometer_m": 65536}, Flag.VALID),
    ],
)
def test_what_stands_behind_the_position(tail: bytes, attributes: object, flags: int) -> None:
    (position,) = located(tail=tail).positions
    assert (json.loads(position.attributes) if position.attributes else None) == attributes
    assert position.flags == flags


def test_the_ignition_in_the_flags() -> None:
    for bits, on in ((1 << 14, False), (3 << 14, True)):
        assert said(located(protocol=0x12, bits=bits).positions[0]) == {"ignition": on}


@pytest.mark.parametrize(("code", "alarm"), [(0, None), (2, "power_cut"), (99, 99)])
def test_alarms(code: int, alarm: object) -> None:
    tail = b"\x09" + bytes(8) + bytes((2, 5, 3, code, 1))
    assert said(located(protocol=0x26, tail=tail).positions[0]).get("alarm") == alarm
    assert located(protocol=0x26, tail=b"\x09").positions[0].attributes == ""


@given(cuts=st.lists(st.integers(0, 300), max_size=12))
def test_any_split_is_the_same(cuts: list[int]) -> None:
    stream = b"".join(LINES)
    whole, split = Session(), Session()
    edges = [0, *sorted(cuts), len(stream)]
    apart = [report for a, b in pairwise(edges) for report in split.receive(stream[a:b], 0)]
    assert repr(apart) == repr(whole.receive(stream, 0))


def test_the_checksums_published_check_value() -> None:
    assert x25(b"123456789") == 0x906E


def test_decode() -> None:
    lines = list(CODECS["gt06"].decode(b"".join(LINES)))
    assert [line.get("tracker") for line in lines] == [f"tracker:{IMEI}"] * 7
    (line,) = CODECS["gt06"].decode(MOVING)
    assert list(CODECS["gt06"].decode(b"\n" + MOVING.hex(" ").encode())) == [line]
    assert (line["tracker"], line["valid"]) == (None, True)
    assert "79 79" in str(list(CODECS["gt06"].decode(b"GET /"))[-1]["error"])
