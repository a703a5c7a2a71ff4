"""A packed column comes back bit for bit, and is small where its rows have something in common."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gateway.columns import CONSTANT, DELTA, FEW, OFFSET, PLAIN, SCALES, pack, unpack

BITS = {"<i8": 64, "<i4": 32, "<u2": 16, "<f4": 32}
COUNTS = st.sampled_from([0, 1, 2, 5, FEW - 1, FEW, FEW + 1, 300, 1500])


def comes_back(column: NDArray[Any]) -> bytes:
    packed = pack(column)
    back, end = unpack(b"before" + packed + b"after", 6, len(column), column.dtype)
    assert end == 6 + len(packed)
    assert back.dtype == column.dtype
    assert back.tobytes() == column.tobytes()
    return packed


@given(st.sampled_from(sorted(BITS)), COUNTS, st.integers(0, 2**32), st.integers(0, 64), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bits_come_back(dtype: str, n: int, seed: int, narrow: int, ordered: bool) -> None:
    bits = np.random.default_rng(seed).integers(0, 2**64, n, np.uint64) >> np.uint64(narrow)
    column = bits.astype(f"<u{BITS[dtype] // 8}")
    comes_back((np.sort(column) if ordered else column).view(dtype))


@given(st.lists(st.floats(width=32), min_size=1), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_any_floats_come_back(values: list[float], times: int) -> None:
    comes_back(np.array(values * times, np.float32))


@given(st.sampled_from(range(len(SCALES))), st.lists(st.integers(-9000, 9000), min_size=2, max_size=20))
@settings(max_examples=40, deadline=None)
def test_steps_of_a_scale_are_stored_as_integers(index: int, steps: list[int]) -> None:
    scale = SCALES[index]
    whole = np.array([*steps, -steps[0] - 1] * 100, np.float32)
    column = whole / scale if scale >= 1 else whole * scale
    assert len(comes_back(column)) <= 2 * len(column) + 30


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, -0.0, 1e-40, 3e38])
def test_one_odd_float_among_whole_ones_comes_back(odd: float) -> None:
    column = np.full(2000, -60, np.float32)
    column[::2] = -61
    column[1999] = odd
    comes_back(column)


def test_what_all_rows_share_is_stored_once() -> None:
    assert len(comes_back(np.full(20_000, 1_760_000_000_000_000, np.int64))) == 9
    assert comes_back(np.full(3, np.nan, np.float32))[0] == CONSTANT


def test_times_are_stored_as_differences() -> None:
    spread = np.random.default_rng(1).integers(0, 200, 20_000)
    packed = comes_back(np.cumsum(spread) + 1_760_000_000_000_000)
    assert packed[0] == DELTA
    assert len(packed) < 20_100


@pytest.mark.parametrize(("span", "width"), [(255, 1), (256, 2), (65_536, 3), (1 << 24, 4)])
def test_codes_take_the_bytes_that_they_need(span: int, width: int) -> None:
    column = np.random.default_rng(1).integers(-5, span - 4, 1000).astype(np.int32)
    column[:2] = (-5, span - 5)
    packed = comes_back(column)
    assert packed[0] == (OFFSET if width < 4 else PLAIN)
    assert len(packed) <= width * 1000 + 10


def test_differences_that_wrap_come_back() -> None:
    column = np.tile(np.array([-(2**63), 2**63 - 1], np.int64), 100)
    comes_back(column)


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="9 is no form"):
        unpack(struct.pack("<B", 9), 0, 1, np.dtype(np.int32))
