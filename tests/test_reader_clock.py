"""Reader clocks: drivers/codecs/reader_clock.py."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import SECOND
from drivers.codecs.reader_clock import WINDOW, ReaderClock

NOW = 1_760_000_000_000_000
HOUR = 3600 * SECOND
UNSET = 946_684_800_000_000
"""2000-01-01, where a clock begins that nobody has set."""


def utc(clock: ReaderClock, times: list[int], arrival: int) -> list[int]:
    return [int(time) for time in clock.utc(np.array(times, np.int64), arrival)]


def uptime(clock: ReaderClock, times: list[int], arrival: int) -> list[int]:
    return [int(time) for time in clock.uptime(np.array(times, np.int64), arrival)]


@pytest.mark.parametrize("lag", [-SECOND, 0, 3000, SECOND])
def test_a_clock_within_a_second_is_taken_as_it_is(lag: int) -> None:
    clock = ReaderClock()
    clock.connected(NOW - lag, NOW)
    assert clock.as_is
    assert utc(clock, [NOW - lag + 5], NOW + 5000) == [NOW - lag + 5]


@pytest.mark.parametrize(("lag", "behind"), [(-SECOND, 0), (3000, 3000), (SECOND, SECOND), (2 * SECOND, 0)])
def test_how_far_the_readers_present_is_behind(lag: int, behind: int) -> None:
    clock = ReaderClock()
    assert clock.behind == 0
    clock.connected(NOW - lag, NOW)
    assert clock.behind == behind


def test_a_backlog_is_not_shifted() -> None:
    clock = ReaderClock()
    clock.connected(NOW - 2000, NOW)
    held = [NOW - HOUR, NOW - HOUR + 7, NOW - 60 * SECOND]
    assert utc(clock, held, NOW + SECOND) == held


@pytest.mark.parametrize("offset", [-HOUR, HOUR, 2 * SECOND, NOW - UNSET])
def test_a_wrong_clock_is_mapped_at_the_connection_event(offset: int) -> None:
    clock = ReaderClock()
    clock.connected(NOW - offset, NOW)
    assert not clock.as_is
    held = [NOW - HOUR, NOW - 5]
    assert utc(clock, [time - offset for time in held], NOW + 900_000) == held


def test_a_quicker_message_improves_the_offset() -> None:
    clock = ReaderClock()
    clock.connected(NOW - HOUR - 30_000, NOW)  # it took 30 ms to come
    late, quick = NOW + SECOND, NOW + 2 * SECOND
    assert utc(clock, [late - HOUR - 50_000], late) == [late - 20_000]
    assert utc(clock, [quick - HOUR - 1000, quick - HOUR - 5000], quick) == [quick, quick - 4000]


def test_without_a_greeting_stamp_only_the_future_and_the_unset_are_wrong() -> None:
    for time, expected in (
        (NOW - HOUR, NOW - HOUR),
        (NOW + HOUR, NOW),
        (UNSET, NOW),
    ):
        clock = ReaderClock()
        assert not clock.as_is
        assert utc(clock, [time], NOW) == [expected]


def test_an_unsynchronised_gateway_believes_who_agrees_with_it() -> None:
    clock = ReaderClock(synchronised=False)
    clock.connected(NOW + 100, NOW)
    assert utc(clock, [NOW + 100], NOW + 5) == [NOW + 100]
    clock.shift(HOUR)
    assert not clock.as_is


def test_an_unsynchronised_gateway_knows_no_backlog_without_a_greeting_stamp() -> None:
    clock = ReaderClock(synchronised=False)
    assert utc(clock, [NOW - HOUR], NOW) == [NOW]
    clock.synchronised = True
    assert utc(clock, [NOW - HOUR], NOW) == [NOW - HOUR]


def test_a_clock_that_is_set_while_connected_is_believed_from_then_on() -> None:
    clock = ReaderClock()
    clock.connected(UNSET, NOW)
    assert utc(clock, [UNSET + SECOND], NOW + SECOND) == [NOW + SECOND]
    assert utc(clock, [NOW + 2 * SECOND - 7], NOW + 2 * SECOND) == [NOW + 2 * SECOND - 7]


def test_uptime_is_mapped_at_the_connection_event() -> None:
    clock = ReaderClock()
    clock.connected(500 * SECOND, NOW, uptime=True)
    assert uptime(clock, [100 * SECOND, 500 * SECOND], NOW + SECOND) == [NOW - 400 * SECOND, NOW]
    assert not clock.as_is


def test_a_drifting_oscillator_is_followed() -> None:
    clock = ReaderClock()
    clock.connected(0, NOW, uptime=True)
    drift = 100  # microseconds in a second: slow
    for minute in range(24 * 60):
        passed = minute * 60 * SECOND
        time = passed - passed * drift // SECOND
        (mapped,) = uptime(clock, [time], NOW + passed)
        assert 0 <= NOW + passed - mapped <= 2 * WINDOW * drift // SECOND


def test_the_gateways_own_step_changes_no_mapping() -> None:
    clock = ReaderClock()
    clock.connected(NOW - 2 * HOUR, NOW)
    clock.connected(77, NOW, uptime=True)
    clock.shift(2 * -HOUR)
    assert clock.as_is
    assert utc(clock, [NOW - 2 * HOUR], NOW - 2 * HOUR + 5) == [NOW - 2 * HOUR]
    assert uptime(clock, [77], NOW - 2 * HOUR + 5) == [NOW - 2 * HOUR]
    empty = ReaderClock()
    empty.shift(HOUR)
    assert not empty.as_is


def test_no_times_are_no_times() -> None:
    clock = ReaderClock()
    assert utc(clock, [], NOW) == []
    assert uptime(clock, [], NOW) == []


def test_the_error_is_bounded_by_the_shortest_round_trip() -> None:
    clock = ReaderClock()
    assert clock.error() is None
    clock.answered(8000)
    assert clock.error() is None
    clock.connected(NOW - 3000, NOW)
    clock.answered(20_000)
    assert clock.error() == 5000  # the offset is between 3 and -5 ms
    assert str(clock) == "its own UTC, wrong by at most 5 ms"
    ahead = ReaderClock()
    ahead.connected(NOW + HOUR, NOW)
    assert ahead.error() is None
    assert str(ahead) == "its times mapped"
    ahead.answered(8000)
    assert ahead.error() == 8000
    counting = ReaderClock()
    counting.connected(5, NOW, uptime=True)
    counting.answered(9)
    assert counting.error() == 9


@given(
    st.lists(st.tuples(st.integers(0, 60 * SECOND), st.integers(0, SECOND)), min_size=1, max_size=20),
    st.lists(st.integers(0, 20), max_size=4),
)
def test_any_split_maps_the_same_and_never_into_the_future(
    steps: list[tuple[int, int]], places: list[int]
) -> None:
    """Stamps that come at one moment, in one batch or several."""
    offset = 123 * HOUR
    times = [NOW - age - offset for age, _ in steps]
    whole = ReaderClock()
    whole.connected(NOW - offset - SECOND, NOW)
    split = ReaderClock()
    split.connected(NOW - offset - SECOND, NOW)
    edges = sorted({0, len(times), *(place % (len(times) + 1) for place in places)})
    pieces: list[int] = []
    for start, stop in pairwise(edges):
        pieces += utc(split, times[start:stop], NOW)
    assert pieces == utc(whole, times, NOW)
    assert all(time <= NOW for time in pieces)


@given(st.lists(st.integers(-60 * SECOND, 60 * SECOND), max_size=20), st.booleans(), st.integers(-2, 2))
def test_one_stamp_alone_is_mapped_as_in_a_batch(ages: list[int], told: bool, ahead: int) -> None:
    alone, batched = ReaderClock(), ReaderClock()
    for clock in (alone, batched):
        if told:
            clock.connected(NOW + ahead * SECOND, NOW)
    for age in ages:
        assert alone.moment(NOW - age, NOW) == utc(batched, [NOW - age], NOW)[0]
