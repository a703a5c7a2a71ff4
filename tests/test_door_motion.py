"""What the reads of a pass say: features that were worked out by hand, and what they must not depend on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log, nan

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

from core.motion import Motion, motion
from core.records import SECOND

Read = tuple[int, int, float]
"""Time in milliseconds, side, strength."""


def moved(reads: Sequence[Read], units: Sequence[int] | None = None, static: bool = False) -> Motion:
    """The motion of reads, the first and last of which bound the pass."""
    time = np.array([1_000 * time for time, _, _ in reads], np.int64)
    side = np.array([side for _, side, _ in reads], np.int8)
    rssi = np.array([rssi for _, _, rssi in reads], np.float32)
    unit = np.array(units or [0] * len(reads), np.int32)
    span = int(time.min(initial=1 << 60)), int(time.max(initial=0))
    return motion(span if len(reads) else (10, 20), time, side, rssi, unit, static)


def test_from_side_0_to_side_1() -> None:
    seen = moved([(10_000, 0, -60), (10_200, 0, -60), (12_000, 1, -60), (12_200, 1, -60)])
    assert (seen.reads, seen.contrast, seen.order, seen.two_sided) == ((2, 2), 1.0, 1.0, True)
    assert (seen.span, seen.middle) == ((10 * SECOND, 12_200_000), 11_100_000)
    assert seen.error == pytest.approx(1.0)
    assert seen.power == pytest.approx(4e-6, rel=1e-6)
    assert not seen.static


def test_there_and_back() -> None:
    seen = moved([(0, 0, -60), (1_000, 1, -60), (2_000, 1, -60), (3_000, 0, -60)])
    assert (seen.contrast, seen.order, seen.middle, seen.error) == (0.0, 0.0, 1_500_000, 0.0)


def test_a_read_weighs_by_the_cube_of_its_rank() -> None:
    """Of four reads, the ranks are 7, 5, 3 and 1 eighths: cubes of 343, 125, 27 and 1."""
    seen = moved([(0, 0, -50), (1_000, 1, -60), (2_000, 0, -70), (3_000, 1, -80)])
    begin, end = (125 - 343) / 468, (1 - 27) / 28
    assert seen.contrast == pytest.approx((end - begin) / 2)
    pairs = 125 * 343 - 125 * 27 + 343 + 27
    assert seen.order == pytest.approx(pairs / (370 * 126))
    here, there = 2 * 27 / 370, (125 + 3) / 126
    assert seen.middle == round(1e6 * (here + there) / 2)
    assert seen.error == pytest.approx((there - here) / 2)


def test_a_thousand_reads_are_no_better_than_a_few_dozen() -> None:
    seen = [
        moved([(number, number % 2, -60) for number in range(reads)]).evidence for reads in (2, 20, 64, 1_000)
    ]
    assert seen == [0.0, log(10), log(32), log(32)]


def test_a_fifth_of_the_reads_is_the_beginning_and_the_end() -> None:
    """Of fifteen reads three each; what lies between does not matter to the contrast."""
    sides = [0, 1, 0, *[1, 0] * 4, 1, 1, 1, 0]
    seen = moved([(number, side, -60) for number, side in enumerate(sides)])
    assert seen.contrast == pytest.approx((1 / 3 + 1 / 3) / 2)


@pytest.mark.parametrize("side", [0, 1])
def test_on_one_side_only(side: int) -> None:
    seen = moved([(0, side, -60), (1_000, side, -60), (2_000, side, -60)])
    reads = (0, 3) if side else (3, 0)
    assert (seen.reads, seen.two_sided, seen.contrast, seen.order) == (reads, False, 0.0, 0.0)
    assert (seen.middle, seen.error, seen.evidence) == (1_000_000, 1.0, 0.0)


def test_a_pass_whose_reads_are_forgotten_is_dated_within_itself() -> None:
    seen = moved([], static=True)
    assert (seen.reads, seen.middle, seen.static, seen.power) == ((0, 0), 10, True, 0.0)


def test_whole_seconds_tell_no_order_within_them() -> None:
    seen = moved([(0, 0, -60), (0, 1, -60), (0, 0, -60), (0, 1, -60)])
    assert (seen.contrast, seen.order, seen.error) == (0.0, 0.0, 0.0)
    one = moved([(0, 0, -60)] * 3 + [(1_000, 0, -60), (1_000, 1, -60)] + [(2_000, 1, -60)] * 3)
    assert one.contrast == 1.0
    assert one.order == pytest.approx(15 / 16)


def test_two_reads_are_a_beginning_and_an_end_at_once() -> None:
    seen = moved([(0, 0, -60), (1_000, 1, -60)])
    assert (seen.contrast, seen.order) == (0.0, 1.0)


def test_strengths_that_were_not_told_are_the_weakest() -> None:
    told = moved([(0, 0, -50), (1_000, 1, nan), (2_000, 0, -70), (3_000, 1, nan)])
    weakest = moved([(0, 0, -50), (1_000, 1, -99), (2_000, 0, -70), (3_000, 1, -99)])
    assert replace(told, power=0.0) == replace(weakest, power=0.0)
    assert told.power == pytest.approx(1e-5 + 1e-7, rel=1e-5)


def test_readers_rank_their_own_reads() -> None:
    """The second reader tells raw values: 255 is its strongest."""
    reads = [(0, 0, -50.0), (1_000, 1, 255.0), (2_000, 0, -70.0), (3_000, 1, 3.0)]
    mixed = moved(reads, units=[0, 1, 0, 1])
    alike = moved([(0, 0, -50), (1_000, 1, -50), (2_000, 0, -70), (3_000, 1, -70)])
    assert replace(mixed, power=0.0) == replace(alike, power=0.0)


reads = st.tuples(
    st.integers(0, 9_000), st.integers(0, 1), st.sampled_from((-80.0, -75.5, -70.0, -60.0, -45.5, nan))
)
passes = st.lists(reads, min_size=1, max_size=60)


@given(passes, st.data())
def test_any_order_of_the_reads_gives_the_same(some: list[Read], data: st.DataObject) -> None:
    units = [side + (time % 2) for time, side, _ in some]
    order = data.draw(st.permutations(range(len(some))))
    again = moved([some[number] for number in order], [units[number] for number in order])
    assert repr(again) == repr(moved(some, units))


@given(passes, st.integers(0, 10**9))
def test_a_shift_of_all_times_moves_the_middle_and_the_span_alone(some: list[Read], by: int) -> None:
    seen, later = moved(some), moved([(time + by, side, rssi) for time, side, rssi in some])
    span = seen.span[0] + 1_000 * by, seen.span[1] + 1_000 * by
    assert later == replace(seen, middle=seen.middle + 1_000 * by, span=span)


def linear(rssi: float) -> float:
    """mW."""
    return 10 ** (rssi / 10)


def ranked(rssi: float) -> float:
    """A raw number."""
    return round(2 * rssi) + 200


@pytest.mark.parametrize("unit", [linear, ranked])
@given(some=passes)
def test_no_unit_matters_but_to_the_power(unit: Callable[[float], float], some: list[Read]) -> None:
    other = moved([(time, side, rssi if rssi != rssi else unit(rssi)) for time, side, rssi in some])
    assert replace(other, power=0.0) == replace(moved(some), power=0.0)


@given(passes)
def test_other_sides_turn_the_signs(some: list[Read]) -> None:
    seen, other = moved(some), moved([(time, 1 - side, rssi) for time, side, rssi in some])
    assert other.reads == seen.reads[::-1]
    assert other.contrast == pytest.approx(-seen.contrast, abs=1e-9)
    assert other.order == pytest.approx(-seen.order, abs=1e-9)
    assert abs(other.middle - seen.middle) <= 1
    assert other.error == pytest.approx(seen.error)


@given(passes)
def test_time_backwards_turns_the_signs(some: list[Read]) -> None:
    assume(len({side for _, side, _ in some}) == 2)
    seen, other = moved(some), moved([(9_000 - time, side, rssi) for time, side, rssi in some])
    assert other.contrast == pytest.approx(-seen.contrast, abs=1e-9)
    assert other.order == pytest.approx(-seen.order, abs=1e-9)


@given(passes)
def test_constant_strengths_are_as_none(some: list[Read]) -> None:
    same, none = (moved([(time, side, rssi) for time, side, _ in some]) for rssi in (-60.0, nan))
    assert replace(same, power=0.0) == replace(none, power=0.0)
    assert -1 <= same.contrast <= 1
    assert -1 - 1e-9 <= same.order <= 1 + 1e-9
