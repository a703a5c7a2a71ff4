"""Events and gaps in JSON and in rows."""

import math
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Event, Gap, rfc3339
from gateway.rows import (
    RowDamaged,
    event_json,
    event_row,
    gap_json,
    gap_row,
    microseconds,
    row_event,
    row_gap,
)
from tests.event_json import event_from_json

TIMES = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
TEXTS = st.none() | st.text(max_size=12)
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
EVENTS = st.builds(
    Event,
    id=st.text(max_size=12),
    time=TIMES,
    detected=TIMES,
    kind=st.sampled_from(["arrived", "passed"]),
    item=TEXTS,
    tag=TEXTS,
    place=TEXTS,
    from_place=TEXTS,
    direction=TEXTS,
    time_error=FLOATS,
    lat=FLOATS,
    lon=FLOATS,
    confidence=FLOATS,
    reads=st.integers(0, 2**40),
    late=st.booleans(),
    source=TEXTS,
    evidence=st.dictionaries(
        st.text(max_size=5),
        st.one_of(st.text(max_size=5), st.integers(-9, 9), st.booleans(), st.none(), st.lists(st.text(max_size=3)),
                  st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2)),
        max_size=3,
    ),
    retracts=TEXTS,
    of=TEXTS,
)  # fmt: skip
PASSED = Event(
    id="c1a5e3f0",
    time=1_760_018_707_300_000,
    detected=1_760_018_709_000_001,
    kind="passed",
    item="gen-7",
    tag="3034",
    place="dock-1",
    from_place="yard",
    direction="in",
    confidence=0.97,
    reads=42,
    source="door1",
    evidence={"yard": 20},
)


def test_an_event_in_json_has_the_fields_of_the_contract_in_its_order() -> None:
    assert event_json(PASSED) == {
        "id": "c1a5e3f0",
        "time": "2025-10-09T14:05:07.300000Z",
        "detected": "2025-10-09T14:05:09.000001Z",
        "time_error": None,
        "kind": "passed",
        "item": "gen-7",
        "tag": "3034",
        "place": "dock-1",
        "from_place": "yard",
        "direction": "in",
        "lat": None,
        "lon": None,
        "confidence": 0.97,
        "reads": 42,
        "late": False,
        "source": "door1",
        "evidence": {"yard": 20},
        "retracts": None,
        "of": None,
    }
    assert set(event_json(PASSED)) == {field.name for field in fields(Event)}


def test_a_gap_in_json_has_the_fields_of_the_contract() -> None:
    assert list(gap_json(Gap("door1", 0, 1_500_000, "unplugged", 3)).items()) == [
        ("source", "door1"),
        ("from", "1970-01-01T00:00:00.000000Z"),
        ("to", "1970-01-01T00:00:01.500000Z"),
        ("reason", "unplugged"),
        ("filled", 3),
    ]


@given(EVENTS)
@settings(max_examples=100, deadline=None)
def test_an_event_comes_back(event: Event) -> None:
    assert event_from_json(event_json(event)) == event
    assert row_event(event_row(5, event)) == (5, event)


@given(st.builds(Gap, st.text(), TIMES, TIMES, st.text(), st.integers(0, 9)))
@settings(max_examples=30, deadline=None)
def test_a_gap_comes_back(gap: Gap) -> None:
    assert row_gap(gap_row(5, gap)) == (5, gap)


@given(TIMES)
@settings(max_examples=100)
def test_times_are_those_of_the_standard_library(time: int) -> None:
    text = rfc3339(time)
    assert len(text) == 27
    assert datetime.fromisoformat(text) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    assert microseconds(text) == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01t00:00:00.5z", 500_000),
        ("1970-01-01 01:00:00.0000019+01:00", 1),
        ("1969-12-31T23:59:59.999999-00:00", -1),
    ],
)
def test_other_ways_to_write_a_time(text: str, time: int) -> None:
    assert microseconds(text) == time


@pytest.mark.parametrize(
    "text", ["", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1e9", "٢٠٢٥-01-01T00:00:00Z"]
)
def test_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|month"):
        microseconds(text)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        rfc3339(2**62)


def test_a_number_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        event_row(1, replace(PASSED, lat=math.nan))


@pytest.mark.parametrize("column", range(8))
def test_any_changed_column_of_an_event_is_noticed(column: int) -> None:
    row: list[object] = list(event_row(5, PASSED))
    row[column] = f"{row[column]}0" if isinstance(row[column], str) else 6
    with pytest.raises(RowDamaged, match="event"):
        row_event(tuple(row))  # type: ignore[arg-type]


@pytest.mark.parametrize("column", range(6))
def test_any_changed_column_of_a_gap_is_noticed(column: int) -> None:
    row: list[object] = list(gap_row(5, Gap("door1", 1, 2, "gone")))
    row[column] = f"{row[column]}0" if isinstance(row[column], str) else 6
    with pytest.raises(RowDamaged, match="gap"):
        row_gap(tuple(row))  # type: ignore[arg-type]
