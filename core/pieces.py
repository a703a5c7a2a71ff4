"""From a batch of reads to pieces: stretches of one cell's reads without a gap, duplicates removed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cells import Cell, Cells
from core.records import Counts, Times
from core.seen import Seen
from core.tracks import Tracks

Mask = NDArray[np.bool_]
Index = NDArray[np.int64]

ROWS = 1 << 15
"""Rows that `order` takes at once."""
SPAN = 1 << 27
"""Microseconds (134 s) that the times of one `order` may span."""
_CELL_BITS = 42
_TIME_BITS = 15


@dataclass(frozen=True, slots=True)
class Sorted:
    """Reads ordered by cell, then time, each (cell, time) once.

    row    int64[n]  their place among the given ones
    starts int64[m]  where each cell's reads begin
    """

    cell: Cell
    time: Times
    row: Index
    starts: Index


@dataclass(frozen=True, slots=True)
class Pieces:
    """Columns over the pieces of a batch.

    track, cell int32[n]; first, last int64[n] microseconds; count int64[n] sightings, opening int32[n] of the first read
    begin, length int64[n]  the rows of the `Sorted` that they are made of
    grows bool[n]  it lies in or after the newest run of its track, which it merely lengthens
    """

    track: NDArray[np.int32]
    cell: Cell
    first: Times
    last: Times
    count: Index
    opening: Counts
    begin: Index
    length: Index
    grows: Mask

    def where(self, chosen: Mask) -> "Pieces":
        """Some of them."""
        return Pieces(
            self.track[chosen],
            self.cell[chosen],
            self.first[chosen],
            self.last[chosen],
            self.count[chosen],
            self.opening[chosen],
            self.begin[chosen],
            self.length[chosen],
            self.grows[chosen],
        )


def order(cells: Cells, seen: Seen, cell: Cell, time: Times) -> Sorted:
    """Sort at most `ROWS` reads within `SPAN` and drop what was delivered before; remembers the rest.

    Cell, time and row share one int64, so that one plain sort does it and the first of equals stays the first.
    """
    origin = int(time.min())
    keys = (cell.astype(np.int64) << _CELL_BITS) | ((time - origin) << _TIME_BITS)
    keys |= np.arange(len(keys))
    keys.sort()
    row = keys & (ROWS - 1)
    keys >>= _TIME_BITS
    cell, time = (keys >> (_CELL_BITS - _TIME_BITS)).astype(np.int32), (keys & (SPAN - 1)) + origin
    keep = np.empty(len(row), np.bool_)
    keep[0] = True
    np.not_equal(keys[1:], keys[:-1], out=keep[1:])
    starts = _starts(cell)
    if (time[starts] <= cells.last[cell[starts]]).any():
        old = np.flatnonzero(time <= cells.last[cell])
        keep[old[seen.has(cell[old], time[old])]] = False
    if not keep.all():
        row, cell, time = row[keep], cell[keep], time[keep]
        starts = _starts(cell)
    seen.add(cell, time)
    return Sorted(cell, time, row, starts)


def _starts(cell: Cell) -> Index:
    new = np.ones(len(cell), np.bool_)
    np.not_equal(cell[1:], cell[:-1], out=new[1:])
    return np.flatnonzero(new)


def cut(tracks: Tracks, batch: Sorted, of: Cell, count: Counts) -> Pieces:
    """Cut sorted reads where the cell changes or a gap lies.

    of     int32[cells]  the track of each cell; reads of cells without one (-1) make no piece
    count  of each read, in the order of `batch`
    """
    begin = _cuts(tracks, batch, of)
    length = np.diff(begin, append=len(batch.cell))
    sightings = length if (count == 1).all() else np.add.reduceat(count, begin, dtype=np.int64)
    cell = batch.cell[begin]
    track, first, last = of[cell], batch.time[begin], batch.time[begin + length - 1]
    grows = (tracks.open[track] == 1) & (first > tracks.first[track])
    grows &= first - tracks.last[track] <= tracks.gap[track]
    pieces = Pieces(track, cell, first, last, sightings, count[begin], begin, length, grows)
    return pieces if int(track.min()) >= 0 else pieces.where(track >= 0)


def _cuts(tracks: Tracks, batch: Sorted, of: Cell) -> Index:
    """Where pieces begin; in a batch shorter than every gap, only where another cell does."""
    if int(batch.time.max()) - int(batch.time.min()) <= tracks.least_gap:
        return batch.starts
    new = batch.time[1:] - batch.time[:-1] > tracks.gap[of[batch.cell[1:]]]
    return np.union1d(batch.starts, np.flatnonzero(new) + 1)


def rows_of(pieces: Pieces) -> Index:
    """int64[n]: the rows of the `Sorted` that some pieces are made of."""
    rows = np.repeat(pieces.begin - np.cumsum(pieces.length) + pieces.length, pieces.length)
    rows += np.arange(len(rows))
    return rows
