"""What was delivered before is recognised exactly, and forgotten only beyond the horizon or the limit."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from core.seen import Seen

Pair = tuple[int, int]


def add(seen: Seen, pairs: list[Pair]) -> None:
    """Remember pairs as columns."""
    ordered = sorted(pairs)
    seen.add(
        np.array([cell for cell, _ in ordered], np.int32), np.array([time for _, time in ordered], np.int64)
    )


def has(seen: Seen, pairs: list[Pair]) -> list[bool]:
    """Which pairs are remembered, asked as columns."""
    cell = np.array([cell for cell, _ in pairs], np.int32)
    found: list[bool] = seen.has(cell, np.array([time for _, time in pairs], np.int64)).tolist()
    return found


pair_lists = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), max_size=12)


@given(st.lists(pair_lists, max_size=5), pair_lists, pair_lists)
@settings(max_examples=100, deadline=None)
def test_exactly_what_was_added_is_remembered(
    batches: list[list[Pair]], singles: list[Pair], asked: list[Pair]
) -> None:
    seen = Seen()
    for batch in batches:
        add(seen, batch)
    for cell, time in singles:
        seen.add_pairs([(cell, time)])
    known = {*singles, *(pair for batch in batches for pair in batch)}
    expected = [pair in known for pair in asked]
    assert [seen.has_one(*pair) for pair in asked] == expected
    assert has(seen, asked) == expected
    assert [seen.has_one(*pair) for pair in asked] == expected


def test_many_small_batches_are_merged_and_nothing_is_lost() -> None:
    seen = Seen()
    for time in range(0, 400, 2):
        add(seen, [(time % 7, time)])
    asked = [(time % 7, time) for time in range(400)]
    assert has(seen, asked) == [time % 2 == 0 for time in range(400)]
    assert sorted(zip(*(column.tolist() for column in seen.columns()), strict=True)) == sorted(asked[::2])


def test_many_single_pairs_are_all_remembered() -> None:
    seen = Seen()
    for time in range(5_000):
        seen.add_pairs([(1, time)])
    assert [seen.has_one(1, time) for time in (0, 4_095, 4_096, 4_999, 5_000)] == [True] * 4 + [False]


def test_what_is_beyond_the_horizon_is_forgotten() -> None:
    seen = Seen(horizon=100)
    for time in range(0, 650, 10):
        add(seen, [(1, time)])
    assert not seen.has_one(1, 0)
    assert has(seen, [(1, 530), (1, 540), (1, 640)]) == [False, True, True]


def test_a_backlog_is_remembered_as_long_as_what_is_new() -> None:
    seen = Seen(horizon=100)
    for time in range(1_000, 1_330, 5):
        add(seen, [(1, time), (2, time - 900)])
    assert has(seen, [(1, 1_325), (2, 425), (2, 330)]) == [True, True, True]


WEEKS = 1 << 41


def test_weeks_may_lie_between_two_reads() -> None:
    seen = Seen()
    for pair in ((1, 5), (1, WEEKS + 7), (2, WEEKS + 5)):
        seen.add_pairs([pair])
    asked = [(1, 5), (1, 7), (1, WEEKS + 7), (2, 5), (2, WEEKS + 5), (3, 5)]
    expected = [True, False, True, False, True, False]
    assert has(seen, asked) == expected
    assert [seen.has_one(*pair) for pair in asked] == expected
    restored = Seen()
    restored.restore(*seen.columns())
    assert has(restored, asked) == expected


def test_chunks_that_are_weeks_apart_are_not_merged() -> None:
    seen = Seen(horizon=4 * WEEKS)
    for number in range(70):
        add(seen, [(1, (number % 2) * WEEKS + number)])
    assert has(seen, [(1, WEEKS + 1), (1, 1), (1, 68), (1, WEEKS + 69)]) == [True, False, True, True]


def test_pairs_move_with_the_clock() -> None:
    seen = Seen(horizon=100)
    add(seen, [(1, 500)])
    seen.add_pairs([(2, 510)])
    seen.shift(-400)
    assert has(seen, [(1, 100), (2, 110), (1, 500)]) == [True, True, False]
    for time in range(111, 180):
        add(seen, [(3, time)])
    assert has(seen, [(1, 100), (3, 111)]) == [True, True]


def test_the_oldest_pairs_beyond_the_limit_are_forgotten() -> None:
    seen = Seen(limit=20_000)
    for start in (0, 10_000, 20_000):
        add(seen, [(1, time) for time in range(start, start + 9_000)])
    assert has(seen, [(1, 0), (1, 8_999), (1, 10_000), (1, 28_999)]) == [False, False, True, True]


def test_the_memory_survives_as_columns() -> None:
    seen, restored, empty = Seen(), Seen(), Seen()
    add(seen, [(2, 10), (1, 30)])
    seen.add_pairs([(3, 20)])
    restored.restore(*seen.columns())
    assert has(restored, [(2, 10), (1, 30), (3, 20), (3, 21)]) == [True, True, True, False]
    empty.restore(*Seen().columns())
    assert has(empty, [(2, 10)]) == [False]
