"""Weights of reads and their sums: powers of ten by hand, and the same sums in every order."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from core.records import SECOND
from core.weights import Sums, moments, weight, weights

NAN = float("nan")


@pytest.mark.parametrize(
    ("rssi", "expected"),
    [(-74, 1), (-95, 1), (-64, 100), (-54, 10_000), (-44, 1_000_000), (-34, 100_000_000), (0, 100_000_000)],
)
def test_ten_decibels_weigh_a_hundred_times_more_within_the_range(rssi: float, expected: int) -> None:
    assert weight(rssi, raw=False) == expected


@pytest.mark.parametrize(("rssi", "expected"), [(0, 1), (-5, 1), (9, 1_000), (255, 256**3), (900, 256**3)])
def test_raw_values_weigh_by_their_cube(rssi: float, expected: int) -> None:
    assert weight(rssi, raw=True) == expected


@pytest.mark.parametrize("raw", [False, True])
def test_an_unreported_strength_weighs_one(raw: bool) -> None:
    assert weight(NAN, raw) == 1


@pytest.mark.parametrize("raw", [False, True])
def test_an_unreported_strength_weighs_one_in_columns_too(raw: bool) -> None:
    assert weights(np.array([NAN], np.float32), raw).tolist() == [1]


@given(st.lists(st.floats(-120, 300, width=32) | st.just(NAN), max_size=20), st.booleans())
@settings(max_examples=100, deadline=None)
def test_columns_weigh_as_single_reads_do(rssi: list[float], raw: bool) -> None:
    assert weights(np.array(rssi, np.float32), raw).tolist() == [weight(one, raw) for one in rssi]


SECONDS = 1 << 20
"""About a second: 16 coarse and 1,024 fine units."""


def summed(origin: int, reads: list[tuple[int, int, int]]) -> Sums:
    """Sums of reads of (side, weight, time)."""
    sums = Sums(origin)
    for side, heavy, time in reads:
        sums.read(side, heavy, time, 1)
    return sums


def test_the_centroid_and_spread_of_two_reads() -> None:
    one = summed(0, [(0, 1, 0), (0, 3, SECONDS)]).sides[0]
    assert (one.reads, one.weight, one.first, one.rough, one.second) == (2, 4, 3_072, 48, 768)
    assert one.centroid(0) == pytest.approx(0.75 * SECONDS + 512)
    assert one.variance() == pytest.approx(0.75 * 0.25 * 1.048576**2)


def test_sightings_of_one_row_count_but_weigh_once() -> None:
    sums = Sums(0)
    sums.read(1, 5, 0, 7)
    assert (sums.sides[1].reads, sums.sides[1].weight, sums.sides[0].reads) == (7, 5, 0)


read_lists = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 1_000), st.integers(0, 60 * SECONDS)), max_size=8
)


@given(read_lists, read_lists, st.integers(0, 60 * SECONDS), st.integers(0, 60 * SECONDS))
@settings(max_examples=100, deadline=None)
def test_the_sums_of_two_passes_are_the_sums_of_their_reads(
    some: list[tuple[int, int, int]], others: list[tuple[int, int, int]], origin: int, elsewhere: int
) -> None:
    joined = summed(origin, some)
    joined.add(summed(elsewhere, others))
    assert list(joined) == list(summed(origin, [*others, *some]))


def test_moments_are_the_sums_of_single_reads() -> None:
    origin, time = np.array([0, 65_536], np.int64), np.array([SECONDS, 131_072], np.int64)
    found = moments(np.array([2, 3], np.int64), time, origin)
    assert [part.tolist() for part in found] == [[2, 3], [2_048, 192], [32, 3], [512, 3]]


def test_sums_survive_as_integers_and_in_a_column() -> None:
    sums = summed(131_072, [(0, 1, 200_000), (1, 9, 2 * SECONDS)])
    row = np.zeros(Sums.WIDTH, np.int64)
    sums.store(row)
    loaded = Sums(0)
    loaded.load(row)
    assert list(loaded) == list(Sums.of(list(sums))) == list(sums) == row.tolist()


def test_a_parked_tags_sums_are_clipped_in_a_column() -> None:
    sums, row = Sums(0), np.zeros(Sums.WIDTH, np.int64)
    sums.sides[0].second, sums.sides[1].first = 1 << 70, -(1 << 70)
    sums.store(row)
    assert (row[5], row[8]) == (1 << 62, -(1 << 62))


def test_the_origin_moves_with_the_clock_in_coarse_units() -> None:
    sums = Sums(100_000)
    sums.shift(200_000)
    assert sums.origin == 65_536 + 3 * 65_536


def test_the_sums_of_the_longest_pass_fit_an_integer_of_a_column() -> None:
    sums, row = Sums(0), np.zeros(Sums.WIDTH, np.int64)
    for _ in range(10_000):
        sums.read(0, weight(0.0, raw=False), 120 * SECOND, 1)
    sums.store(row)
    assert row.tolist() == list(sums)
