"""Pieces in columns are what a plain loop makes of the same reads: ordered, each once, cut where a gap lies."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from core.cells import Cells
from core.pieces import Pieces, Sorted, cut, order
from core.seen import Seen
from core.tracks import Kind, Tracks

GAPS = (5, 20, 3)
"""Microseconds, of the track of each cell."""

Pair = tuple[int, int]
"""Cell, time."""
Piece = tuple[int, int, int, int]
"""Cell, first, last, sightings."""

batches = st.lists(
    st.lists(st.tuples(st.integers(0, len(GAPS) - 1), st.integers(1_000, 1_100)), min_size=1, max_size=30),
    min_size=1,
    max_size=4,
)


class Bench:
    """Three cells, each with a track of its own, and what of them was delivered."""

    def __init__(self, known: tuple[bool, ...] = (True, True, True)) -> None:
        self.tracks, self.cells, self.seen = Tracks(), Cells(["reader"]), Seen()
        for number, gap in enumerate(GAPS):
            track = self.tracks.add(Kind.VISIT, number, 0, gap) if known[number] else -1
            self.cells.add(f"E28{number}", 0, number + 1, track, -1, 0)

    def order(self, reads: list[Pair]) -> Sorted:
        """One batch, remembered as delivered."""
        cell = np.array([cell for cell, _ in reads], np.int32)
        batch = order(self.cells, self.seen, cell, np.array([time for _, time in reads], np.int64))
        for cell_of, time in zip(batch.cell.tolist(), batch.time.tolist(), strict=True):
            self.cells.last[cell_of] = max(self.cells.last[cell_of], time)
        return batch

    def cut(self, batch: Sorted) -> Pieces:
        """Pieces, every read counted once."""
        return cut(self.tracks, batch, self.cells.track, np.ones(len(batch.cell), np.int32))


def pairs(batch: Sorted) -> list[Pair]:
    """What is left of a batch."""
    return list(zip(batch.cell.tolist(), batch.time.tolist(), strict=True))


def pieces(found: Pieces) -> list[Piece]:
    """Pieces as plain values."""
    columns = (found.cell, found.first, found.last, found.count)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def looped(reads: list[Pair]) -> list[Piece]:
    """The same, one read after the other."""
    found: list[Piece] = []
    for cell, time in sorted(reads):
        if found and found[-1][0] == cell and time - found[-1][2] <= GAPS[cell]:
            found[-1] = (cell, found[-1][1], time, found[-1][3] + 1)
        else:
            found.append((cell, time, time, 1))
    return found


@given(batches)
@settings(max_examples=80, deadline=None)
def test_every_read_stays_once_and_gaps_cut(delivered: list[list[Pair]]) -> None:
    bench = Bench()
    before: set[Pair] = set()
    for reads in delivered:
        batch = bench.order(reads)
        assert pairs(batch) == sorted(set(reads) - before)
        assert [reads[row] for row in batch.row.tolist()] == pairs(batch)
        if len(batch.cell):
            assert pieces(bench.cut(batch)) == looped(pairs(batch))
        before |= set(reads)


def test_what_was_delivered_before_and_what_comes_twice_is_dropped() -> None:
    bench = Bench()
    assert pairs(bench.order([(0, 10), (1, 10)])) == [(0, 10), (1, 10)]
    batch = bench.order([(1, 30), (0, 10), (0, 20), (1, 30), (1, 10)])
    assert pairs(batch) == [(0, 20), (1, 30)]
    assert batch.row.tolist() == [2, 0]
    assert batch.starts.tolist() == [0, 1]
    assert not len(bench.order([(0, 20), (1, 30)]).cell)


def test_a_gap_cuts_and_a_batch_that_is_shorter_than_every_gap_is_not_looked_through() -> None:
    bench = Bench()
    assert pieces(bench.cut(bench.order([(0, 10), (0, 15), (0, 21), (1, 10), (1, 30)]))) == [
        (0, 10, 15, 2),
        (0, 21, 21, 1),
        (1, 10, 30, 2),
    ]
    assert pieces(bench.cut(bench.order([(0, 40), (0, 43), (2, 41)]))) == [(0, 40, 43, 2), (2, 41, 41, 1)]


def test_reads_of_a_cell_without_a_track_make_no_piece() -> None:
    bench = Bench((True, False, True))
    assert pieces(bench.cut(bench.order([(0, 10), (1, 10), (2, 11)]))) == [(0, 10, 10, 1), (2, 11, 11, 1)]
