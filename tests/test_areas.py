"""Areas: who stays is not told to have left, who goes is, in whatever order the fixes come."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from core.area_grid import AreaGrid
from core.areas import NOTHING, AreaRules, Areas, Crossing
from core.records import SECOND, Fix, Flag
from core.shapes import circle, metres_per_degree

BEGIN = 1_767_225_600 * SECOND
LAT, LON = 53.8, -1.55
EAST, NORTH = metres_per_degree(LAT)
YARD = AreaGrid([circle((LON, LAT), 50.0)])
LATER = BEGIN + 10**12


def fix(
    seconds: float, east: float, north: float = 0.0, speed: float = math.nan, accuracy: float = 4.0
) -> Fix:
    return Fix(
        "tracker:1",
        BEGIN + round(seconds * SECOND),
        LAT + north / NORTH,
        LON + east / EAST,
        speed=speed,
        accuracy=accuracy,
    )


def stay(since: float, until: float, east: float, north: float = 0.0, speed: float = math.nan) -> list[Fix]:
    """A fix each 10 s at one place, but for a step of a metre to and fro."""
    count = round((until - since) / 10.0)
    return [fix(since + 10.0 * n, east + n % 2, north, speed) for n in range(count)]


def go(since: float, start: float, end: float, pace: float, speed: float = math.nan) -> list[Fix]:
    """East, a fix each 10 s, from `start` to `end`, both excluded."""
    count = math.ceil((end - start) / (10.0 * pace)) - 1
    return [fix(since + 10.0 * n, start + 10.0 * pace * (n + 1), 0.0, speed) for n in range(count)]


def told(fixes: Iterable[Fix], areas: Areas | None = None) -> list[tuple[bool, float, float]]:
    """In or out, when it happened and when it was certain, s."""
    decider = areas or Areas(YARD)
    found = [one for each in fixes for one in decider.take(each, LATER).told]
    return [(one.inside, (one.time - BEGIN) / SECOND, (one.confirmed - BEGIN) / SECOND) for one in found]


ARRIVED = (True, 0.0, 20.0)
AT_REST = stay(0.0, 4000.0, 30.0)


@pytest.mark.parametrize("speed", [math.nan, 1.4])
def test_who_walks_out_has_left_since_the_first_fix_outside(speed: float) -> None:
    walk = go(4000.0, 30.0, 300.0, 1.4, speed)
    arrived, left = told([*AT_REST, *walk])
    assert arrived == ARRIVED
    assert left[0] is False
    first = next(one for one in walk if (one.lon - LON) * EAST > 50.0 + 4.0 + 10.0)
    assert left[1] == (first.time - BEGIN) / SECOND
    assert left[2] - left[1] == 20.0


def test_who_drives_out_is_told_after_two_fixes() -> None:
    arrived, left = told([*AT_REST, *go(4000.0, 30.0, 900.0, 12.0, 12.0)])
    assert arrived == ARRIVED
    assert left == (False, 4000.0, 4010.0)


def test_who_drives_out_without_telling_its_speed_has_left() -> None:
    arrived, left = told([*AT_REST, *go(4000.0, 30.0, 900.0, 12.0)])
    assert arrived == ARRIVED
    assert left == (False, 4000.0, 4020.0)


def test_who_walks_out_and_stops_has_left() -> None:
    for speed in (math.nan, 1.4):
        steps = [*go(4000.0, 30.0, 80.0, 1.3, speed), *stay(4030.0, 5000.0, 80.0)]
        arrived, left = told([*AT_REST, *steps])
        assert (arrived[0], left[0]) == (True, False)
        assert left[2] < 4070.0


@pytest.mark.parametrize("speed", [math.nan, 0.1])
@pytest.mark.parametrize("far", [60.0, 150.0])
def test_a_leap_is_no_way(far: float, speed: float) -> None:
    """However good its accuracy, for ten minutes; and a second one from there."""
    leaps = [*stay(4000.0, 4600.0, 30.0 + far, 0.0, speed), *stay(4600.0, 5000.0, 30.0, far, speed)]
    assert told([*AT_REST, *leaps, *stay(5000.0, 9000.0, 30.0)]) == [ARRIVED]


def test_a_spike_is_no_way() -> None:
    assert told([*AT_REST, fix(4000.0, 300.0, 0.0, 0.0, 2.0), *stay(4010.0, 5000.0, 30.0)]) == [ARRIVED]


def test_a_leap_that_lasts_is_believed_in_the_end() -> None:
    arrived, left = told([*AT_REST, *stay(4000.0, 14_000.0, 200.0)])
    assert arrived == ARRIVED
    assert left[:2] == (False, 4000.0)
    assert left[2] == pytest.approx(4000.0 + 7200.0, abs=10.0)


def test_a_leap_back_is_believed_at_once() -> None:
    """Who left after it, left from where it was before."""
    leap = stay(14_000.0 - 10_000.0, 14_000.0, 200.0)
    back = stay(14_000.0, 14_200.0, 30.0)
    assert [one[0] for one in told([*AT_REST, *leap, *back])] == [True, False, True]


def test_what_it_leapt_before_it_went_is_no_part_of_the_way() -> None:
    """From 30 m east it seems to leap to 60 m west, and walks 50 m east: it is outside, wherever it seems to be."""
    leap = stay(4000.0, 4300.0, -60.0, 0.0, 0.0)
    walk = [*go(4300.0, -60.0, -5.0, 1.4, 1.4), *stay(4330.0, 4700.0, -5.0, 0.0, 0.0)]
    home = stay(4700.0, 5600.0, 85.0, 0.0, 0.0)
    assert [one[0] for one in told([*AT_REST, *leap, *walk, *home])] == [True, False]


def test_the_leap_says_no_more_after_a_pause_or_a_long_way() -> None:
    leap = stay(4000.0, 4300.0, -60.0, 0.0, 0.0)
    far = go(4300.0, -60.0, 900.0, 10.0, 10.0)
    assert [one[0] for one in told([*AT_REST, *leap, *far])] == [True, False]
    walk = go(4300.0, -60.0, -20.0, 1.4, 1.4)
    after = stay(6000.0, 6300.0, 20.0)
    assert [one[0] for one in told([*AT_REST, *leap, *walk, *after])] == [True]


def test_who_was_away_unseen_is_believed_soon() -> None:
    arrived, left = told([*AT_REST, *stay(10_000.0, 10_200.0, 5000.0)])
    assert arrived == ARRIVED
    assert left == (False, 10_000.0, 10_060.0)


def test_where_it_was_first_seen_was_a_guess() -> None:
    """First seen far outside, for it erred: where it is then is an arrival. The other way round nobody leaves."""
    assert [one[0] for one in told([*stay(0.0, 300.0, 200.0), *stay(300.0, 900.0, 10.0)])] == [True]
    assert [one[0] for one in told([*stay(0.0, 300.0, 10.0), *stay(300.0, 900.0, 200.0)])] == [True]


def test_whom_noise_had_put_outside_is_found_inside() -> None:
    assert [one[0] for one in told([*stay(0.0, 100.0, 54.0), *stay(100.0, 900.0, 44.0)])] == [True]


def test_who_moves_while_it_does_not_know_where_it_is_has_gone() -> None:
    blurred = [replace(one, accuracy=60.0) for one in go(4000.0, 30.0, 90.0, 1.4, 1.4)]
    after = stay(4040.0, 4200.0, 95.0, 0.0, 0.0)
    assert [one[0] for one in told([*AT_REST, *blurred, *after])] == [True, False]


def test_a_few_steps_within_the_clamp_are_no_way() -> None:
    steps = [fix(4000.0 + 10.0 * n, 30.0 + 4.0 * n) for n in range(4)]
    assert told([*AT_REST, *steps, *stay(4040.0, 4400.0, 42.0)]) == [ARRIVED]


def test_who_comes_back_has_arrived_again() -> None:
    out = go(4000.0, 30.0, 300.0, 1.4)
    back = [replace(one, time=one.time + 300 * SECOND) for one in out]
    ways = [replace(one, lon=other.lon) for one, other in zip(back, reversed(out), strict=True)]
    assert [one[0] for one in told([*AT_REST, *out, *ways, *stay(4600.0, 4800.0, 30.0)])] == [
        True,
        False,
        True,
    ]


def test_what_says_nothing_is_counted() -> None:
    areas = Areas(YARD, limit=1)
    assert areas.take(replace(fix(0, 0), flags=0), LATER) is NOTHING
    assert areas.take(replace(fix(0, 0), flags=Flag.VALID | Flag.COARSE), LATER) is NOTHING
    assert areas.take(replace(fix(0, 0), lat=math.nan), LATER) is NOTHING
    assert areas.take(fix(400.0, 0), BEGIN) is NOTHING
    areas.take(replace(fix(7200.0, 0), satellites=2, accuracy=math.nan), LATER)
    areas.take(fix(7210.0, 0, accuracy=math.nan), LATER)
    assert areas.take(fix(7210.0, 0, accuracy=math.nan), LATER) is NOTHING
    areas.take(fix(3000.0, 0), LATER)
    areas.take(replace(fix(0.0, 0), tracker="tracker:2"), LATER)
    assert areas.counts == {
        "areas_fixes": 9,
        "areas_unusable": 3,
        "areas_future": 1,
        "areas_judged": 4,
        "areas_too_late": 1,
        "areas_trackers_forgotten": 1,
    }


def test_after_a_silence_it_is_not_known() -> None:
    areas = Areas(YARD)
    told(AT_REST, areas)
    end = AT_REST[-1].time
    assert areas.inside("tracker:1", 0, end) is True
    assert areas.inside("tracker:1", 0, end + 1801 * SECOND) is None
    assert areas.inside("tracker:2", 0, end) is None
    told(go(4000.0, 30.0, 900.0, 12.0, 12.0), areas)
    assert areas.inside("tracker:1", 0, end) is False


def standing(fixes: Sequence[Fix]) -> Counter[Crossing]:
    """What was told and not taken back."""
    areas, found = Areas(YARD), Counter[Crossing]()
    for one in fixes:
        crossed = areas.take(one, LATER)
        found.update(crossed.told)
        found.subtract(crossed.taken_back)
    assert min(found.values(), default=0) >= 0
    return +found


DAY = [
    *stay(0.0, 600.0, 30.0),
    *go(600.0, 30.0, 200.0, 1.4),
    *stay(720.0, 1200.0, 200.0),
    *stay(1200.0, 1500.0, 20.0),
]


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_order_within_the_horizon_leaves_the_same(chance: Random) -> None:
    shuffled = list(DAY)
    chance.shuffle(shuffled)
    assert standing(shuffled) == standing(DAY)
    assert [one.inside for one in standing(DAY).elements()] != []


def test_a_late_fix_takes_back_what_no_longer_holds() -> None:
    """An asset that is gone without having been seen; then its tracker tells that it had come back before."""
    areas = Areas(YARD)
    told([*AT_REST, *stay(6000.0, 6200.0, 300.0)], areas)
    taken = [one for each in stay(4000.0, 6000.0, 30.0) for one in areas.take(each, LATER).taken_back]
    assert [one.inside for one in taken] == [False]


def test_its_memory_has_a_bound() -> None:
    areas = Areas(YARD, AreaRules(horizon=1e9))
    for n in range(64 * 130):
        areas.take(fix(n, n % 2), LATER)
    areas.take(fix(0.5, 0.0), LATER)
    assert areas.counts["areas_too_late"] == 1
