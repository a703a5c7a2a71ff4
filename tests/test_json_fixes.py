"""Positions in JSON whose places are declared, without a broker: drivers/codecs/json_fixes.py, drivers/json_mqtt.py."""

import json
import math
from collections.abc import Mapping

import hypothesis.strategies as st
import pytest
from hypothesis import given
from pydantic import ValidationError

from core.records import Fix, Fixes, Flag, rows_of
from drivers.codecs.json_fixes import FixPlaces, FixUnits, Session
from drivers.codecs.message_session import Message
from drivers.codecs.notice import Notice
from drivers.codecs.topics import TopicFilter
from drivers.json_mqtt import JsonFixes

NOW = 1_790_000_000_000_000
TOPIC = "trackers/{tracker}/up"
PLACES = FixPlaces(
    lat="gps.lat",
    lon="gps.lon",
    tracker="{tracker}",
    time="ts",
    alt="gps.alt",
    speed="gps.kmh",
    course="gps.course",
    accuracy="gps.acc",
    satellites="gps.sats",
    valid="gps.fix",
    attributes={"battery_mv": "bat", "ignition": "ign"},
)
UNITS = FixUnits("s", "kmh", "68")
FULL = {
    "ts": NOW // 1_000_000,
    "bat": 4012,
    "gps": {
        "lat": 53.8,
        "lon": -1.55,
        "alt": 61,
        "kmh": 36,
        "course": 271,
        "acc": 15.15,
        "sats": 9,
        "fix": "A",
    },
}


def heard(
    session: Session, value: object, topic: str = "trackers/7/up", retained: bool = False
) -> list[Fix | Notice]:
    """What a message says; batches row by row."""
    said: list[Fix | Notice] = []
    for one in session.receive([Message(topic, json.dumps(value).encode(), retained, NOW)]):
        if isinstance(one, Fixes):
            said += rows_of(one)
        elif isinstance(one, Notice):
            said.append(one)
    return said


def session(places: FixPlaces = PLACES, units: FixUnits = UNITS) -> Session:
    """A new device."""
    return Session(TopicFilter(TOPIC), places, units, "van-1")


def fix(value: object, **more: object) -> Fix:
    """The one fix that a message tells."""
    (found,) = heard(session(), value, **more)  # type: ignore[arg-type]
    assert isinstance(found, Fix)
    return found


def with_(**gps: object) -> dict[str, object]:
    """The full message with other values."""
    return FULL | {"gps": {**FULL["gps"], **gps}}  # type: ignore[dict-item]


def test_every_value_with_its_unit() -> None:
    found = fix(FULL)
    assert (found.tracker, found.time, found.lat, found.lon) == ("tracker:7", NOW, 53.8, -1.55)
    assert (found.alt, found.speed, found.course) == (61, 10, 271)
    assert found.accuracy == pytest.approx(10.0)
    assert (found.satellites, found.flags, found.attributes) == (9, Flag.VALID, '{"battery_mv":4012}')


@pytest.mark.parametrize(
    ("units", "speed", "accuracy"),
    [
        (FixUnits("s", "mps", "sigma"), 36.0, 15.15),
        (FixUnits("s", "kn", "95"), 18.52, 6.1837),
        (FixUnits("s", "mph", "95"), 16.0934, 6.1837),
    ],
)
def test_units(units: FixUnits, speed: float, accuracy: float) -> None:
    (found,) = heard(session(units=units), FULL)
    assert isinstance(found, Fix)
    assert (found.speed, found.accuracy) == pytest.approx((speed, accuracy), rel=1e-3)


def test_what_is_not_told_is_unknown() -> None:
    places = FixPlaces("lat", "lon")
    (found,) = heard(Session(TopicFilter("t"), places, FixUnits(), "van-1"), {"lat": "1.5", "lon": 2}, "t")
    assert isinstance(found, Fix)
    assert (found.tracker, found.time, found.lat, found.lon) == ("tracker:van-1", NOW, 1.5, 2.0)
    assert all(map(math.isnan, (found.alt, found.speed, found.course, found.accuracy)))
    assert (found.satellites, found.flags, found.attributes) == (-1, 1, "")


def test_what_says_unknown_by_being_below_nothing() -> None:
    found = fix(with_(kmh=-1, acc=-1, course=-1, sats=None))
    assert all(map(math.isnan, (found.speed, found.accuracy, found.course)))
    assert found.satellites == -1
    assert fix(with_(course=-90)).course == 270


@pytest.mark.parametrize(
    ("told", "valid"),
    [(True, 1), (False, 0), (1, 1), (0, 0), (None, 0), ("A", 1), ("V", 0), (" no fix ", 0), ("3D", 1)],
)
def test_whether_the_receiver_stands_by_it(told: object, valid: int) -> None:
    assert fix(with_(fix=told)).flags == valid


def test_nowhere_is_no_position() -> None:
    one = session()
    (found,) = heard(one, with_(lat=0, lon=0))
    assert isinstance(found, Fix)
    assert (found.flags, one.counts["zero_position"]) == (0, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (with_(lat=90.001), "lat 90.001 is no position from -90 to 90 degrees"),
        (with_(lon=-181), "lon -181 is no position"),
        (with_(lon=None), "lon None is no position"),
        (with_(lat="north"), "lat 'north' is no number"),
        (with_(kmh=1e7), "speed 10000000.0 is out of range"),
        (with_(sats=2.5), "satellites 2.5 is no whole number"),
        (FULL | {"ts": -1}, "time -1 is no time"),
    ],
)
def test_what_makes_no_sense_is_named(value: object, text: str) -> None:
    (found,) = heard(session(), value)
    assert isinstance(found, Notice)
    assert text in found.text


@pytest.mark.parametrize("tracker", [None, True, "", " ", "a\nb", "x" * 129, "\u00e9", [1]])
def test_a_tracker_has_a_name(tracker: object) -> None:
    places = FixPlaces("lat", "lon", "id")
    one = Session(TopicFilter("t"), places, FixUnits(), "van-1")
    (found,) = heard(one, {"lat": 1, "lon": 2, "id": tracker}, "t")
    assert isinstance(found, Notice)
    assert "is no name" in found.text
    (found,) = heard(one, {"lat": 1, "lon": 2, "id": 353201350112345}, "t")
    assert isinstance(found, Fix)
    assert found.tracker == "tracker:353201350112345"


def test_a_record_that_makes_no_sense_costs_no_other() -> None:
    places = FixPlaces("lat", "lon", items="data.fixes")
    one = Session(TopicFilter("t"), places, FixUnits(), "van-1")
    records = [
        {"lat": 1, "lon": 1},
        {"battery": 3},
        {"lat": 2, "lon": 2},
        {"lat": 99, "lon": 1},
        {"lat": 3, "lon": 3},
    ]
    *found, wrong = heard(one, {"data": {"fixes": records}}, "t")
    assert [told.lat for told in found if isinstance(told, Fix)] == [1, 2, 3]
    assert isinstance(wrong, Notice)
    assert "1 of its 4 records left out" in wrong.text
    assert (one.counts["other"], one.counts["malformed_records"]) == (1, 1)
    assert heard(one, {"data": {}}, "t") == []
    assert one.counts["other"] == 2


def test_a_retained_message_is_no_new_position() -> None:
    one = session()
    assert heard(one, FULL, retained=True) == []
    assert one.counts["retained"] == 1


def test_each_tracker_has_a_clock_of_its_own() -> None:
    one = session()

    def time(topic: str, seconds: int) -> int:
        (found,) = heard(one, FULL | {"ts": NOW // 1_000_000 + seconds}, topic)
        assert isinstance(found, Fix)
        return (found.time - NOW) // 1_000_000

    assert time("trackers/ahead/up", 3_600) == 0
    assert time("trackers/ahead/up", 3_590) == -10
    assert time("trackers/right/up", -60) == -60
    assert time("trackers/ahead/up", 0) == 0
    assert time("trackers/ahead/up", -5) == -5
    assert time("trackers/unset/up", 10 - NOW // 1_000_000) == 0
    assert (one.counts["clock_ahead"], one.counts["clock_unset"]) == (1, 1)


def test_many_trackers_need_bounded_memory() -> None:
    """Their names are told anew, and so is a clock that was ahead."""
    one, names = session(), set[int]()
    ahead = json.dumps(FULL | {"ts": NOW // 1_000_000 + 3_600}).encode()
    for number in [*range(10_002), 10_001, 0]:
        (found,) = one.receive([Message(f"trackers/{number}/up", ahead, False, NOW)])
        assert isinstance(found, Fixes)
        names.add(len(found.trackers.ids))
    assert max(names) < 10_002
    assert one.counts["clock_ahead"] == 10_003


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["gps", "lat", "lon", "ts", "alt", "fix", "sats"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(JSON | st.builds(with_, lat=JSON, lon=JSON, kmh=JSON, sats=JSON, fix=JSON))
def test_whatever_comes_is_a_fix_or_a_reason(value: object) -> None:
    for one in heard(session(), value):
        if isinstance(one, Fix):
            assert abs(one.lat) <= 90
            assert abs(one.lon) <= 180
            assert isinstance(json.loads(one.attributes or "{}"), Mapping)
        else:
            assert one.name == "malformed"


def test_its_settings() -> None:
    settings = {"id": "vans", "broker": "main", "topic": TOPIC}
    device = JsonFixes.model_validate(
        settings | {"places": {"lat": "lat", "lon": "lon", "tracker": "{tracker}"}}
    )
    (found,) = heard(device.session(), {"lat": 1, "lon": 2})
    assert isinstance(found, Fix)
    assert found.tracker == "tracker:7"
    own = JsonFixes.model_validate(settings | {"topic": "t", "places": {"lat": "lat", "lon": "lon"}})
    (found,) = heard(own.session(), {"lat": 1, "lon": 2}, "t")
    assert isinstance(found, Fix)
    assert found.tracker == "tracker:vans"
    for places, text in (
        ({"lat": "lat", "lon": "{lon}"}, "places.lon"),
        ({"lat": "lat", "lon": "lon", "attributes": {"x": "a..b"}}, "places.attributes.x"),
        ({"lat": "lat", "lon": "lon", "items": "{tracker}"}, "places.items"),
    ):
        with pytest.raises(ValidationError, match=text):
            JsonFixes.model_validate(settings | {"places": places})
