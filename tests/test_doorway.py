"""The log of reads at doors: bounded, and what is left of a pass is found wherever it stands."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from core.doorway import Doorway

CELLS = np.array([7, 7, 9], np.int32)
"""The track of each cell."""


def add(log: Doorway, *reads: tuple[int, int]) -> int:
    """Reads (time, cell), as a batch; the strength is the time."""
    time = np.array([time for time, _ in reads], np.int64)
    return log.add(time, np.array([cell for _, cell in reads], np.int32), time.astype(np.float32))


def times(log: Doorway, track: int, since: int, first: int = 0, last: int = 1_000_000) -> list[int]:
    """When a track was heard."""
    heard = log.of(CELLS, track, since, first, last)
    assert heard.rssi.tolist() == heard.time.tolist()
    assert set(CELLS[heard.cell].tolist()) <= {track}
    return heard.time.tolist()  # type: ignore[no-any-return]


def test_the_reads_of_a_track_between_two_times() -> None:
    log = Doorway(room=2)
    assert add(log, (10, 0), (11, 2), (12, 1)) == 0
    assert log.add_one(13, 0, 13.0) == 3
    assert add(log, (14, 2), (9, 0)) == 4
    assert log.end == 6
    assert times(log, 7, 0) == [10, 12, 13, 9]
    assert times(log, 7, 0, 10, 12) == [10, 12]
    assert times(log, 7, 2) == [12, 13, 9]
    assert times(log, 9, 0) == [11, 14]


def test_it_is_bounded_and_positions_stay_right() -> None:
    log = Doorway(room=4, limit=16)
    where = [log.add_one(number, 0, number) for number in range(100)]
    assert where == list(range(100))
    assert log.size <= 16 == len(log.time) == len(log.cell) == len(log.rssi)
    assert times(log, 7, where[95]) == [95, 96, 97, 98, 99]
    assert times(log, 7, 0) == list(range(100 - log.size, 100))


def test_a_batch_that_is_larger_than_all_leaves_its_newest() -> None:
    log = Doorway(room=4, limit=16)
    log.add_one(1, 0, 1.0)
    assert add(log, *((number, 0) for number in range(2, 42))) == 1
    assert (log.end, log.size) == (41, 13)  # from 28 on, a multiple of a quarter
    assert times(log, 7, 30) == list(range(31, 42))
    assert log.add_one(42, 0, 42.0) == 41
    assert times(log, 7, 41) == [42]


@given(st.lists(st.integers(1, 40), max_size=12), st.integers(1, 4))
def test_what_is_kept_does_not_depend_on_how_the_reads_came(sizes: list[int], room: int) -> None:
    together, single, now = Doorway(room, limit=32), Doorway(limit=32), 0
    for size in sizes:
        add(together, *((now + step, now % 3) for step in range(size)))
        for step in range(size):
            single.add_one(now + step, now % 3, now + step)
        now += size
        assert together.dump() == single.dump()


def test_a_shift_moves_all_reads() -> None:
    log = Doorway()
    add(log, (10, 0), (11, 0))
    log.shift(5)
    assert log.of(CELLS, 7, 0, 15, 16).time.tolist() == [15, 16]


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(1, 4))
def test_from_a_snapshot_it_goes_on(sizes: list[int], room: int) -> None:
    log, now, pieces = Doorway(room, limit=32), 0, []
    for size in sizes:
        pieces.append((add(log, *((now + step, now % 3) for step in range(size))), now))
        now += size
    restored = Doorway(room, limit=32)
    restored.load(*log.dump())
    for one in (log, restored):
        assert add(one, (now, 0)) == now
    for position, begin in pieces:
        for track in (7, 9):
            assert times(restored, track, position) == times(log, track, position)
            assert all(time >= begin for time in times(log, track, position))
    assert restored.dump() == log.dump()
