"""Meshtastic's JSON: packets to the stated values, the same packet by several gateways, what makes no sense."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.records import Fix, Fixes, Flag, rows_of
from drivers.catalog import Device
from drivers.codecs.catalog import CODECS
from drivers.codecs.meshtastic import _PACKETS, Session
from drivers.codecs.message_session import Message, Said
from drivers.codecs.notice import Notice
from drivers.meshtastic import Meshtastic

LINES = (Path(__file__).parent / "data" / "meshtastic" / "messages.jsonl").read_text().splitlines()
HERE, AGAIN, COARSE, TELEMETRY, NODE, TEXT = map(json.loads, LINES)
NOW = 1_774_682_420_000_000
TOPIC = "msh/EU_868/2/json/LongFast/!7efeb2c8"
BARE: dict[str, object] = {"latitude_i": 538_000_000, "longitude_i": -15_500_000, "time": NOW // 1_000_000}


def heard(value: object, one: Session | None = None, topic: str = TOPIC, arrival: int = NOW) -> list[Said]:
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list((one or Session()).receive([Message(topic, payload, False, arrival)]))


def fix(value: object, one: Session | None = None, arrival: int = NOW) -> Fix:
    (found,) = heard(value, one, arrival=arrival)
    assert isinstance(found, Fixes)
    (row,) = rows_of(found)
    return row


def packet(payload: Mapping[str, object], **more: object) -> dict[str, object]:
    return {
        "from": 1,
        "id": 7,
        "type": "position",
        "payload": payload,
        "timestamp": NOW // 1_000_000 + 5,
    } | more


def test_every_value_with_its_unit() -> None:
    row = fix(HERE)
    assert (row.tracker, row.time) == ("tracker:!7efeb2c8", NOW), "the time of the GPS solution"
    assert (row.lat, row.lon, row.alt, row.satellites) == (53.8, -1.55, 61, 9)
    assert row.speed == pytest.approx(10)
    assert row.course == 271.5
    assert row.accuracy == pytest.approx(1.65 * 15 / 2.45)
    assert row.flags == Flag.VALID
    assert json.loads(row.attributes) == {"pdop": 1.65, "precision_bits": 32}


def test_the_packet_that_another_gateway_has_heard_is_the_same_row() -> None:
    one = Session()
    assert repr(fix(HERE, one)) == repr(fix(AGAIN, one)) == repr(fix(AGAIN))


def test_a_packet_without_a_time_has_that_of_the_gateway_that_was_first() -> None:
    one, place = Session(), {"latitude_i": 1, "longitude_i": 1}
    first = fix(packet(place), one)
    assert first.time == NOW + 5_000_000
    assert fix(packet(place, timestamp=NOW // 1_000_000 + 8), one).time == first.time
    assert fix(packet(place, timestamp=0, id=8), one, NOW + 1).time == NOW + 1
    assert fix(packet(place, timestamp=NOW // 1_000_000 + 8, id=0), one).time == NOW + 8_000_000
    for number in range(9, _PACKETS + 9):
        heard(packet(place, id=number), one)
    assert fix(packet(place, timestamp=NOW // 1_000_000 + 9), one).time == NOW + 9_000_000, "it was forgotten"


@pytest.mark.parametrize(
    ("bits", "lat", "sigma"),
    [(16, 0, 210.6), (13, 0, 1684.9), (16, 60, 166.5), (10, 0, 13_479.0)],
)
def test_a_position_that_was_blurred_is_coarse(bits: int, lat: int, sigma: float) -> None:
    """A square whose side is that of 32 - bits bits, in which every place is as likely: side / sqrt(12) along each axis."""
    row = fix(packet({"latitude_i": lat * 10_000_000, "longitude_i": 1, "precision_bits": bits, "HDOP": 100}))
    assert row.flags == Flag.VALID | Flag.COARSE
    assert row.accuracy == pytest.approx(sigma, rel=1e-3)
    assert json.loads(row.attributes)["hdop"] == 1


def test_the_recorded_coarse_one() -> None:
    row = fix(COARSE)
    assert (row.tracker, row.lat, row.lon, row.satellites) == (
        "tracker:!bd4a417c",
        53.7919488,
        -1.5466496,
        -1,
    )
    assert Flag.COARSE in Flag(row.flags)


@pytest.mark.parametrize("bits", [None, 0, 32])
def test_what_was_not_blurred(bits: int | None) -> None:
    assert fix(packet(BARE | {"precision_bits": bits})).flags == Flag.VALID


@pytest.mark.parametrize(
    ("track", "course"), [(0, 0), (27_150, 271.5), (36_000, 0), (27_150_000, 271.5), (36_000_001, math.nan)]
)
def test_a_course_in_either_unit(track: int, course: float) -> None:
    assert fix(packet(BARE | {"ground_track": track})).course == pytest.approx(course, nan_ok=True)


def test_a_speed_that_can_not_be() -> None:
    assert fix(packet(BARE | {"ground_speed": 1200})).speed == pytest.approx(333.33, rel=1e-4)
    assert math.isnan(fix(packet(BARE | {"ground_speed": 1201})).speed)


def test_what_is_0_is_not_told() -> None:
    row = fix(packet({"latitude_i": 10_000_000, "time": NOW // 1_000_000}))
    assert (row.lat, row.lon, row.time, row.flags) == (1, 0, NOW, Flag.VALID)
    one = Session()
    assert heard(packet({"time": 1}), one) == []
    assert fix(packet({"latitude_i": 0, "longitude_i": 0}), one).flags == 0
    assert one.counts == {"other": 1, "zero_position": 1}


def test_all_else_is_a_sign_of_life() -> None:
    one = Session()
    for value in (TELEMETRY, NODE, TEXT, packet({}, type=7), packet({}) | {"payload": "text"}):
        assert heard(value, one) == []
    assert heard(b"\x0a\x24\xff", one, "msh/EU_868/2/e/LongFast/!7efeb2c8") == []
    assert one.counts == {"other": 6}
    assert heard(HERE, one, "2/json/LongFast/!7efeb2c8") != []


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (b"\x00", "malformed", "no JSON"),
        ([], "malformed", "[] stands where an object was expected"),
        ({"type": "position"}, "malformed", "it names no node"),
        (packet({}) | {"from": -1}, "malformed", "from -1 is no whole number"),
        (packet({"latitude_i": 900_000_001}), "out_of_range", "latitude_i 90.0000001 is no position"),
        (packet({"latitude_i": "x"}), "malformed", "latitude_i 'x' is no number"),
        (packet(BARE | {"time": "soon"}), "impossible_date", "time 'soon' is no time"),
    ],
)
def test_what_makes_no_sense(value: object, name: str, text: str) -> None:
    (notice,) = heard(value)
    assert isinstance(notice, Notice)
    assert notice.name == name
    assert text in notice.text


def test_a_list_of_who_may_deliver() -> None:
    table = {
        "id": "mesh",
        "kind": "meshtastic",
        "broker": "main",
        "topic": "msh/#",
        "trackers": ["!7efeb2c8"],
    }
    device: Device = TypeAdapter(Device).validate_python(table)
    assert isinstance(device, Meshtastic)
    one = device.session()
    assert fix(HERE, one).tracker == "tracker:!7efeb2c8"
    assert heard(COARSE, one) == []
    assert one.counts == {"refused": 1, "!bd4a417c: refused": 1}


def test_decode() -> None:
    told = list(CODECS["meshtastic"].decode("\n".join(f"{TOPIC} {line}" for line in LINES).encode()))
    assert [line.get("lat") for line in told] == [53.8, 53.8, 53.7919488, None, None, None]
    assert told[3] == {"message": "telemetry", "tracker": "tracker:!7efeb2c8"}


VALUES = (
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.lists(st.integers())
)


@given(
    st.dictionaries(st.sampled_from([*HERE["payload"], "HDOP"]), VALUES),
    st.dictionaries(st.sampled_from(list(HERE)), VALUES),
)
def test_whatever_comes_is_a_fix_or_a_reason(payload: dict[str, object], around: dict[str, object]) -> None:
    for value in (packet(BARE | payload), HERE | around):
        for found in heard(value):
            if isinstance(found, Fixes):
                (row,) = rows_of(found)
                assert abs(row.lat) <= 90
                assert abs(row.lon) <= 180
            else:
                assert isinstance(found, Notice)
