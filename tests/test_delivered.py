"""Which keys were delivered before."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from core.delivered import MANY, Delivered

KEYS = st.lists(st.integers(0, 40) | st.integers(2**64 - 3, 2**64 - 1), max_size=60)


def again(known: Delivered, room: int) -> Delivered:
    """The same out of a snapshot."""
    restored = Delivered(room)
    restored.restore(list(known.generations()))
    return restored


@given(KEYS, st.integers(1, 9), st.booleans())
def test_the_newest_are_known(keys: list[int], room: int, snapshots: bool) -> None:
    known, taken = Delivered(room), list[int]()
    for key in keys:
        key = key or 1
        new = known.take(key)
        assert new or key in taken
        assert not (new and key in taken[-room:])
        if new:
            taken.append(key)
        if snapshots:
            known = again(known, room)


def test_nothing_is_new_twice() -> None:
    known = Delivered(3)
    assert [known.take(key) for key in (5, 5, 0, 1, 9, 0)] == [True, False, True, False, True, False]


def test_the_oldest_are_forgotten() -> None:
    known = Delivered(2)
    assert all(known.take(key) for key in (1, 2, 3, 4, 5))
    assert [known.take(key) for key in (5, 3, 4)] == [False, False, False]
    assert known.take(1)


@given(st.sets(st.integers(1, 2**64 - 1), max_size=64), st.integers(1, 64))
def test_a_snapshot_holds_what_was_known(keys: set[int], near: int) -> None:
    """Also of keys that want the same slots, at the end of the table too."""
    known = Delivered(64)
    for key in keys:
        known.take(key // (1 << 10) * (1 << 10) + near)
    copy = again(known, 64)
    for key in keys:
        assert not copy.take(key // (1 << 10) * (1 << 10) + near)


def test_a_large_one_holds_what_it_promises() -> None:
    known = Delivered()
    assert all(known.take(key) for key in range(1, 2_000))
    assert not any(known.take(key) for key in range(1, 2_000))


@given(
    st.integers(0, 1 << 32),
    st.lists(st.sampled_from([1, MANY - 1, MANY, 2 * MANY]), max_size=6),
    st.integers(MANY, 4 * MANY),
    st.sampled_from([1, 1 << 40]),
)
def test_many_at_once_are_taken_like_one_by_one(seed: int, sizes: list[int], room: int, apart: int) -> None:
    """Also keys that want the same slot, some twice in a batch, over more than one generation."""
    random = np.random.default_rng(seed)
    together, one_by_one = Delivered(room), Delivered(room)
    for size in sizes:
        keys = random.integers(0, 2 * room, size, np.uint64) * np.uint64(apart)
        rows = together.take_all(keys).tolist()
        assert rows == [at for at, key in enumerate(keys.tolist()) if one_by_one.take(key)]
    assert sets(together) == sets(one_by_one)


def sets(known: Delivered) -> list[set[int]]:
    """The keys of each generation."""
    return [set(np.frombuffer(data, np.uint64).tolist()) for data in known.generations()]
