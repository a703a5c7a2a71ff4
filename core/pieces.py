"""From a batch of reads to pieces: stretches of one cell's reads without a gap, duplicates removed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cells import Cell, Cells
from core.records import Counts, Floats, Times
from core.seen import Seen
from core.tracks import Tracks
from core.weights import COARSE, moments, weights


@dataclass(frozen=True, slots=True)
class Pieces:
    """Columns over the pieces of a batch; `sums` int64[n, 6] holds origin, reads, weight and moments where the track is a pass.

    track, cell int32[n]; first, last int64[n] microseconds; count int64[n] sightings
    grows bool[n]  it lies in or after the newest run of its track, which it merely lengthens
    """

    track: NDArray[np.int32]
    cell: Cell
    first: Times
    last: Times
    count: NDArray[np.int64]
    grows: NDArray[np.bool_]
    sums: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Reads ordered by cell, then time, each (cell, time) once; `row` int64[n] is their place among the given ones."""

    cell: Cell
    time: Times
    rssi: Floats
    count: Counts
    row: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> "Sorted":
        """Some of them."""
        if chosen.all():
            return self
        return Sorted(
            self.cell[chosen], self.time[chosen], self.rssi[chosen], self.count[chosen], self.row[chosen]
        )


ROWS = 1 << 15
"""Rows that `order` takes at once."""
SPAN = 1 << 27
"""Microseconds (134 s) that the times of one `order` may span."""
_CELL_BITS = 42
_TIME_BITS = 15


def order(cells: Cells, seen: Seen, cell: Cell, time: Times, rssi: Floats, count: Counts) -> Sorted:
    """Sort at most `ROWS` reads within `SPAN` and drop what was delivered before; remembers the rest.

    Cell, time and row share one int64, so that one plain sort does it and the first of equals stays the first.
    """
    origin = int(time.min())
    keys = (cell.astype(np.int64) << _CELL_BITS) | ((time - origin) << _TIME_BITS)
    keys |= np.arange(len(keys))
    keys.sort()
    at = keys & (ROWS - 1)
    keys >>= _TIME_BITS
    cell, time = (keys >> (_CELL_BITS - _TIME_BITS)).astype(np.int32), (keys & (SPAN - 1)) + origin
    keep = np.empty(len(at), np.bool_)
    keep[0] = True
    np.not_equal(keys[1:], keys[:-1], out=keep[1:])
    stale = time <= cells.last[cell]
    if stale.any():
        old = np.flatnonzero(stale)
        keep[old[seen.has(cell[old], time[old])]] = False
    if not keep.all():
        at, cell, time = at[keep], cell[keep], time[keep]
    seen.add(cell, time)
    return Sorted(cell, time, rssi[at], count[at], at)


def cut(tracks: Tracks, batch: Sorted, track: NDArray[np.int32], passes: bool, raw: bool) -> Pieces:
    """Cut sorted reads where the cell changes or a gap lies; sums are made for `passes`."""
    starts = np.empty(len(track), np.bool_)
    starts[0] = True
    np.not_equal(batch.cell[1:], batch.cell[:-1], out=starts[1:])
    starts[1:] |= batch.time[1:] - batch.time[:-1] > tracks.gap[track[1:]]
    begin = np.flatnonzero(starts)
    end = np.append(begin[1:], len(track)) - 1
    count = np.add.reduceat(batch.count, begin, dtype=np.int64)
    pieces, first = track[begin], batch.time[begin]
    grows = (tracks.open[pieces] == 1) & (first > tracks.first[pieces])
    grows &= first - tracks.last[pieces] <= tracks.gap[pieces]
    if not passes:
        sums = np.zeros((len(begin), 0), np.int64)
    else:
        # moments about the origin of the pass that they lengthen, else about a new one
        origin = np.where(grows, tracks.sums[tracks.row[pieces], 0], first >> COARSE << COARSE)
        spread = np.repeat(origin, end - begin + 1)
        parts = moments(weights(batch.rssi, raw), batch.time, spread)
        sums = np.column_stack((origin, count, np.add.reduceat(parts, begin, axis=0)))
    return Pieces(pieces, batch.cell[begin], first, batch.time[end], count, grows, sums)
