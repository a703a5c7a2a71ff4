"""Trackers whose clocks are wrong: set right where that is certain, doubted where it is not, and never held fast."""

import json
from collections.abc import Iterable

import pytest

from core.records import SECOND, Flag
from drivers.codecs.fix_clock import QUARTER, FixClock, FixClocks
from drivers.codecs.gps_calendar import DAY, ERA
from drivers.codecs.tracker_session import LATE, VALID, Position

NOW = 1_774_682_420_000_000
"""2026-03-28."""


def at(time: int, flags: int = VALID, attributes: str = "") -> Position:
    return Position(time, 53.8, -1.55, 0.0, 0.0, 0.0, 1.0, 9, flags, attributes)


def settled(
    clock: FixClock, time: int, now: int = NOW, synchronised: bool = True
) -> tuple[int, int, list[str]]:
    (one,), doubts = clock.settle([at(time)], now, synchronised)
    return one.time, one.flags, doubts


@pytest.mark.parametrize("ago", [0, 60 * SECOND, 90 * DAY, 399 * DAY, -119 * SECOND])
def test_what_can_be_is_left_alone(ago: int) -> None:
    assert settled(FixClock(), NOW - ago) == (NOW - ago, VALID, [])


@pytest.mark.parametrize("eras", [-2, -1, 1])
@pytest.mark.parametrize("ago", [0, 50 * DAY])
def test_a_week_counter_that_has_run_over(eras: int, ago: int) -> None:
    assert settled(FixClock(), NOW - ago + eras * ERA) == (NOW - ago, VALID | Flag.CORRECTED, [])


@pytest.mark.parametrize(
    ("date", "doubt"),
    [
        (0, "unset_date"),  # 1970
        (315_964_800 * SECOND, "unset_date"),  # 1980-01-06
        (935_280_000 * SECOND, "unset_date"),  # 1999-08-22
        (946_684_800 * SECOND, "unset_date"),  # 2000-01-01
        (1_136_073_600 * SECOND, "unset_date"),  # 2006-01-01
        (1_577_836_800 * SECOND, "old_date"),  # 2020-01-01
        (NOW + 121 * SECOND, "future_date"),
        (NOW + 20 * DAY, "future_date"),
        (NOW + 3000 * DAY, "future_date"),
    ],
)
def test_what_is_doubted_stays_with_its_own_time(date: int, doubt: str) -> None:
    assert settled(FixClock(), date) == (date, 0, [doubt])
    (one,), _ = FixClock().settle([at(date, attributes='{"gsm":4}')], NOW, True)
    assert json.loads(one.attributes) == {"gsm": 4, "clock": doubt}


def test_a_default_date_that_happens_to_be_an_era_ago() -> None:
    """2006-01-01 and 1024 weeks are the 17th of August 2025."""
    default = 1_136_073_600 * SECOND
    assert settled(FixClock(), default, default + ERA + DAY) == (default, 0, ["unset_date"])


def test_a_gateway_without_the_time_judges_the_future_mildly() -> None:
    assert settled(FixClock(), NOW + 300 * DAY, synchronised=False)[2] == []
    assert settled(FixClock(), NOW + 401 * DAY, synchronised=False)[2] == ["future_date"]


def drive(clock: FixClock, ahead: int, seconds: Iterable[int], flags: int = VALID) -> list[tuple[int, int]]:
    """Live reports of a clock that is so far ahead: for each, how far its time is off then, and its flags."""
    found = []
    for second in seconds:
        now = NOW + second * SECOND
        (one,), _ = clock.settle([at(now - 2 * SECOND + ahead, flags)], now, True)
        found.append((one.time - (now - 2 * SECOND), one.flags))
    return found


@pytest.mark.parametrize("quarters", [1, 4, 22, 23, 56])
def test_local_time_in_the_east(quarters: int) -> None:
    clock = FixClock()
    found = drive(clock, quarters * QUARTER, range(0, 200, 10))
    assert found[:6] == [(quarters * QUARTER, 0)] * 6
    assert found[6:] == [(0, VALID | Flag.CORRECTED)] * 14


def test_local_time_in_the_west() -> None:
    """A backlog is behind as well, so it takes longer to be certain."""
    clock = FixClock()
    found = drive(clock, -5 * 4 * QUARTER, range(0, 900, 30))
    assert found[:20] == [(-5 * 4 * QUARTER, VALID)] * 20
    assert found[20:] == [(0, VALID | Flag.CORRECTED)] * 10


def zoned(
    clock: FixClock, off: int, zone: int, flags: int = VALID, synchronised: bool = True
) -> tuple[int, int, list[str]]:
    """A report of two seconds ago by a clock that is so far ahead, of a tracker that says its zone."""
    (one,), doubts = clock.settle([at(NOW - 2 * SECOND + off, flags)], NOW, synchronised, zone)
    return one.time - (NOW - 2 * SECOND), one.flags, doubts


ZONES = [8 * 4 * QUARTER, -5 * 4 * QUARTER, 23 * QUARTER]


@pytest.mark.parametrize("zone", ZONES)
def test_a_tracker_that_says_its_zone_is_known_by_its_first_live_report(zone: int) -> None:
    local, utc = FixClock(), FixClock()
    assert zoned(local, zone, zone) == (0, VALID | Flag.CORRECTED, [])
    assert zoned(utc, 0, zone) == (0, VALID, [])
    assert zoned(local, zone - DAY, zone, VALID | LATE) == (-DAY, VALID | LATE | Flag.CORRECTED, [])
    assert zoned(utc, -DAY, zone, VALID | LATE) == (-DAY, VALID | LATE, [])


def test_utc_is_believed_of_a_report_that_was_slow() -> None:
    clock = FixClock()
    assert zoned(clock, -30 * 60 * SECOND, 8 * 4 * QUARTER)[2] == ["unknown_zone"]
    assert zoned(clock, -10 * 60 * SECOND, 8 * 4 * QUARTER) == (-10 * 60 * SECOND, VALID, [])


@pytest.mark.parametrize("zone", ZONES)
def test_until_then_what_it_says_is_doubted(zone: int) -> None:
    """A backlog, of which nobody can tell whether it is in local time; and what the gateway has no time to tell by."""
    clock = FixClock()
    assert zoned(clock, -DAY, zone) == (-DAY, 0, ["unknown_zone"])
    assert zoned(clock, zone, zone, VALID | LATE)[2] in (["unknown_zone"], ["future_date"])
    assert zoned(clock, zone, zone, synchronised=False)[2] == ["unknown_zone"]
    assert zoned(clock, 30 * DAY, zone)[2] == ["future_date"]
    assert zoned(clock, zone, zone) == (0, VALID | Flag.CORRECTED, [])


def test_another_zone_is_looked_at_anew() -> None:
    clock = FixClock()
    summer, winter = 2 * 4 * QUARTER, 4 * QUARTER
    assert zoned(clock, summer, summer)[2] == []
    assert zoned(clock, winter - DAY, winter)[2] == ["unknown_zone"]
    assert zoned(clock, winter, winter) == (0, VALID | Flag.CORRECTED, [])
    assert zoned(clock, 0, 0)[2] == [], "without a zone it is not doubted"


def test_live_reports_are_believed_more_than_the_zone() -> None:
    """It says one, and its clock is set to another."""
    clock = FixClock()
    for second in range(0, 200, 10):
        now = NOW + second * SECOND
        (one,), _ = clock.settle([at(now + 8 * 4 * QUARTER)], now, True, 4 * QUARTER)
    assert (one.time, one.flags) == (now, VALID | Flag.CORRECTED)


def test_what_it_had_kept_is_set_right_as_well() -> None:
    clock = FixClock()
    drive(clock, 4 * QUARTER, range(0, 100, 10))
    (one,), _ = clock.settle([at(NOW - DAY + 4 * QUARTER, VALID | LATE)], NOW + 100 * SECOND, True)
    assert (one.time, one.flags) == (NOW - DAY, VALID | LATE | Flag.CORRECTED)


def test_a_clock_that_is_set_is_believed_again() -> None:
    clock = FixClock()
    drive(clock, 4 * QUARTER, range(0, 100, 10))
    assert drive(clock, 0, range(100, 400, 10))[-1] == (0, VALID)
    assert clock.offset == 0


@pytest.mark.parametrize("ahead", [7 * 60 * SECOND, 57 * QUARTER, 20 * DAY])
def test_other_offsets_are_never_taken_for_local_time(ahead: int) -> None:
    assert {flags for _, flags in drive(FixClock(), ahead, range(0, 2000, 10))} == {0}


def test_a_backlog_is_no_local_time() -> None:
    """Delivered as fast as it goes, on the whole quarter-hours and between them."""
    clock = FixClock()
    for number in range(2000):
        time, now = NOW - 6 * 3600 * SECOND + number * 10 * SECOND, NOW + number * SECOND // 5
        assert settled(clock, time, now) == (time, VALID, [])


def test_reports_that_say_they_were_kept_tell_nothing_of_the_clock() -> None:
    clock = FixClock()
    drive(clock, -4 * QUARTER, range(0, 2000, 10), VALID | LATE)
    assert clock.offset == 0


def test_the_same_report_again_and_again_tells_nothing_more() -> None:
    clock = FixClock()
    for second in range(30):
        settled(clock, NOW + 4 * QUARTER, NOW + second * SECOND)
    assert clock.offset == 0


def test_a_gateway_without_the_time_learns_nothing_of_clocks() -> None:
    clock = FixClock()
    for second in range(0, 200, 10):
        now = NOW + second * SECOND
        clock.settle([at(now + 4 * QUARTER)], now, False)
    assert clock.offset == 0


def test_one_bad_report_costs_itself() -> None:
    rows, doubts = FixClock().settle([at(NOW - SECOND), at(NOW + 400 * DAY), at(NOW)], NOW, True)
    assert [one.flags for one in rows] == [VALID, 0, VALID]
    assert doubts == ["future_date"]


def test_each_tracker_has_its_own_clock_and_they_are_bounded() -> None:
    clocks = FixClocks(limit=2)
    for second in range(0, 100, 10):
        now = NOW + second * SECOND
        clocks.settle("east", [at(now + 4 * QUARTER)], now, True)
        clocks.settle("right", [at(now)], now, True)
    now = NOW + 100 * SECOND
    ((east,), _), ((right,), _) = (
        clocks.settle("east", [at(now + 4 * QUARTER)], now, True),
        clocks.settle("right", [at(now)], now, True),
    )
    assert (east.time, right.time) == (now, now)
    clocks.settle("third", [at(now)], now, True)
    assert clocks.settle("east", [at(now + 4 * QUARTER)], now, True)[1] == ["future_date"]


def test_the_zone_of_each_tracker() -> None:
    clocks, zone = FixClocks(), 8 * 4 * QUARTER
    assert clocks.settle("local", [at(NOW + zone)], NOW, True, zone)[1] == []
    assert clocks.settle("other", [at(NOW - DAY)], NOW, True, zone)[1] == ["unknown_zone"]


def agreed(reports: int, apart: int, fast: int = 1) -> FixClocks:
    """A tracker reports to a gateway without the time, every so many seconds; `fast` times as fast as it happened."""
    clocks = FixClocks()
    for second in range(0, reports * apart, apart):
        assert (
            clocks.settle("right", [at(NOW + fast * second * SECOND)], NOW + second * SECOND, False)[1] == []
        )
    return clocks


def test_a_tracker_that_agreed_with_a_gateway_without_the_time_is_judged_by_it() -> None:
    clocks, now = agreed(7, 10), NOW + 70 * SECOND
    assert clocks.settle("right", [at(now + 30 * DAY)], now, False)[1] == ["future_date"]
    assert clocks.settle("right", [at(now)], now, False)[1] == []
    assert clocks.settle("other", [at(now + 30 * DAY)], now, False)[1] == []


@pytest.mark.parametrize(("reports", "apart", "fast"), [(4, 20, 1), (20, 2, 1), (20, 10, 4)])
def test_a_backlog_that_comes_by_the_gateways_time_does_not(reports: int, apart: int, fast: int) -> None:
    """Nor do few reports, or those of a moment."""
    clocks, now = agreed(reports, apart, fast), NOW + 200 * SECOND
    assert clocks.settle("right", [at(now + 30 * DAY)], now, False)[1] == []
