"""What the antennas of doors heard in the last minutes, read by read.

A pass is judged by its reads and not by sums over them: what decides is how the strengths of its two sides change in
time, whatever unit a reader reports them in. The reads of a pass are found by their position: those that came in order
stand behind the position of its first one.

Policy: at most `LIMIT` reads of the whole site are remembered; room for new ones is made by forgetting the oldest.
`LIMIT` reads are ten minutes of 870 reads/s at doors, and 8 MB.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.growth import grown
from core.records import Floats, Times

LIMIT = 1 << 19
"""Reads of the whole site."""

Cell = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Heard:
    """The reads of one pass as they came: time int64[n] microseconds, cell int32[n], rssi float32[n] (NaN = none)."""

    time: Times
    cell: Cell
    rssi: Floats


class Doorway:
    """A log of reads: columns that grow at the end and are forgotten from the beginning.

    `end` counts all reads that were ever added: a position is such a number.
    """

    def __init__(self, room: int = 1 << 10, limit: int = LIMIT) -> None:
        self.limit = limit
        self.size = 0
        self.end = 0
        self.time: Times = np.zeros(room, np.int64)
        self.cell: Cell = np.zeros(room, np.int32)
        self.rssi: Floats = np.zeros(room, np.float32)
        self._views()

    def _views(self) -> None:
        self._m_time, self._m_cell = self.time.data, self.cell.data
        self._m_rssi = cast("memoryview[float]", self.rssi.data)

    def add(self, time: Times, cell: Cell, rssi: Floats) -> int:
        """Reads that were not delivered before; returns the position of the first of them."""
        first, new = self.end, len(time)
        skipped = self._make_room(new)
        rows = slice(self.size, self.size + new - skipped)
        self.time[rows], self.cell[rows], self.rssi[rows] = time[skipped:], cell[skipped:], rssi[skipped:]
        self.size += new - skipped
        self.end += new
        return first

    def add_one(self, time: int, cell: int, rssi: float) -> int:
        """One read; returns its position."""
        if self.size == len(self._m_time) or self.size == self.limit:
            self._make_room(1)
        at = self.size
        self._m_time[at], self._m_cell[at], self._m_rssi[at] = time, cell, rssi
        self.size += 1
        self.end += 1
        return self.end - 1

    def of(self, cells_of: Cell, track: int, since: int, first: int, last: int) -> Heard:
        """The reads of a track from position `since` on and between two times, both included.

        cells_of  int32[cells]  the track of each cell
        """
        rows = slice(self._row(since), self.size)
        time, cell = self.time[rows], self.cell[rows]
        chosen = np.flatnonzero(cells_of[cell] == track)
        at = time[chosen]
        chosen = chosen[(at >= first) & (at <= last)]
        return Heard(time[chosen], cell[chosen], self.rssi[rows][chosen])

    def _row(self, position: int) -> int:
        return max(0, position - (self.end - self.size))

    def _drop(self, rows: int) -> None:
        left = slice(rows, self.size)
        self.size -= rows
        for column in (self.time, self.cell, self.rssi):
            column[: self.size] = column[left].copy()

    def _make_room(self, new: int) -> int:
        """Room for new reads; returns how many of them are too many already.

        What is kept begins at a multiple of a quarter of the limit, so that it is not copied for every read, and so
        that it is the same however the reads came.
        """
        quarter, begin = max(1, self.limit // 4), self.end - self.size
        kept = -((self.limit - self.end - new) // quarter) * quarter
        if kept > begin:
            self._drop(min(self.size, kept - begin))
        skipped = max(0, kept - self.end)
        while self.size + new - skipped > len(self.time):
            self.time, self.cell, self.rssi = grown(self.time), grown(self.cell), grown(self.rssi)
            self._views()
        return skipped

    def shift(self, by: int) -> None:
        """The clock that dated the reads was wrong by `by` microseconds."""
        self.time[: self.size] += by

    def dump(self) -> tuple[int, list[bytes]]:
        """For the snapshot: `end` and the columns."""
        return self.end, [column[: self.size].tobytes() for column in (self.time, self.cell, self.rssi)]

    def load(self, end: int, columns: list[bytes]) -> None:
        """From a snapshot."""
        time, cell, rssi = columns
        self.add(
            np.frombuffer(time, np.int64), np.frombuffer(cell, np.int32), np.frombuffer(rssi, np.float32)
        )
        self.end = end
