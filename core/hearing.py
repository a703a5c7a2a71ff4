"""From reads to tracks: who is it, was it delivered before, does it lengthen a run; in columns, or one by one.

Both paths do the same; hypothesis holds them together. Columns win from about sixty rows on.
"""

from functools import partial
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from core.admission import Admission, Refusal
from core.cells import PORTS, Lookup, Lookups
from core.decider import HORIZON, Decider
from core.eviction import Eviction
from core.pieces import ROWS, Pieces, Sorted, cut, order
from core.records import SECOND, Reads, Times
from core.sources import Source
from core.state import State
from core.tracks import Kind, Run
from core.weights import Sums, weight

VECTOR = 64
"""Rows from which columns are faster than a loop."""

FEW = 3
"""Rows that are sooner taken one by one than looked at together."""

Row = tuple[int, int, int, int, float]
"""Tag code, port, time, count and RSSI of a read."""

_REFUSED: dict[Refusal, tuple[str, ...]] = {
    Refusal.NOISE: ("noise",),
    Refusal.FILTERED: ("filtered",),
    Refusal.UNKNOWN: ("filtered", "unknown"),
    Refusal.UNPLACED: ("accepted", "unplaced"),
}
"""What is counted."""


class Hearing:
    """Takes the reads of every source into the state."""

    def __init__(self, state: State, decider: Decider, admission: Admission) -> None:
        self._state = state
        self._decider = decider
        self._lookups = [Lookups(partial(state.resolve, source, admission)) for source in state.sources]
        self._eviction = Eviction(state, decider)

    def hear(self, source: Source, reads: Reads) -> None:
        """Take a batch, cut where the unknown tags are counted: the rows alone say when, not their batches."""
        state = self._state
        while len(reads) >= (left := state.turn - state.heard):
            self._hear(source, reads.slice(0, left))
            reads, state.heard = reads.slice(left, len(reads)), 0
            if self._eviction.look(source):
                for lookups in self._lookups:
                    lookups.clear()
        state.heard += len(reads)
        self._hear(source, reads)

    def _hear(self, source: Source, reads: Reads) -> None:
        unknown = source.counts["unknown"]
        self._take_in(source, reads)
        if source.counts["unknown"] > unknown and self._state.site.tags.unknown == "inbox":
            cell = self._lookups[source.index].of(reads.tags).many(reads)
            self._state.inbox.hear(source.index, reads, np.flatnonzero(cell == Refusal.UNKNOWN))

    def _take_in(self, source: Source, reads: Reads) -> None:
        """Late rows one by one, the rest a second of record time at a time."""
        source.counts["received"] += len(reads)
        if not len(reads):
            return
        lookup = self._lookups[source.index].of(reads.tags)
        if len(reads) < VECTOR:
            self._rows(source, lookup, reads)
            return
        peak = np.maximum(np.maximum.accumulate(reads.time), source.newest)
        for start, stop in pairwise(_bounds(source, reads, peak)):
            part = reads.slice(start, stop)
            if stop - start < VECTOR:
                self._rows(source, lookup, part)
            else:
                self._columns(source, lookup, part, peak[start:stop])
                self._decider.advance(source, peak[start:stop], int(peak[stop - 1]))

    # one by one

    def _rows(self, source: Source, lookup: Lookup, reads: Reads) -> None:
        columns = (reads.tag, reads.antenna, reads.time, reads.count, reads.rssi)
        rows: list[Row] = list(zip(*[column.tolist() for column in columns], strict=True))
        at = 0
        while at < len(rows):
            if len(rows) - at >= FEW:
                at = self._plain(source, lookup, rows, at)
            if at < len(rows):
                self._row(source, lookup, rows[at])
                at += 1

    def _plain(self, source: Source, lookup: Lookup, rows: list[Row], at: int) -> int:
        """Take the rows that are new, in time and lengthen a run, as nearly all do; returns where another one stands."""
        state, raw = self._state, source.spec.rssi == "raw"
        cells, tracks = state.cells, state.tracks
        cell_last, track_of, watch_of, side_of = cells.m_last, cells.m_track, cells.m_watch, cells.m_side
        first, last, gap, is_open = tracks.m_first, tracks.m_last, tracks.m_gap, tracks.m_open
        counts, row_of, add_read, known = tracks.m_count, tracks.m_row, tracks.add_read, lookup.known
        late, newest, due, pairs = source.late_ports, source.newest, source.due(), list[tuple[int, int]]()
        for tag, port, time, count, rssi in islice(rows, at, None):
            cell = known(tag, port)
            if cell < 0 or time <= cell_last[cell]:
                break
            track, watch = track_of[cell], watch_of[cell]
            if not is_open[track] or not first[track] < time <= last[track] + gap[track]:
                break
            if watch >= 0 and (not is_open[watch] or not first[watch] < time <= last[watch] + gap[watch]):
                break
            if time > newest:
                if due is not None and time >= due:
                    break
                newest = time
            elif time < newest - late[min(port, PORTS - 1)]:
                break
            pairs.append((cell, time))
            cell_last[cell] = time
            if row_of[track] >= 0:
                add_read(track, side_of[cell], weight(rssi, raw), time, count)
            if time > last[track]:
                last[track] = time
            counts[track] += count
            if watch >= 0:
                last[watch] = max(time, last[watch])
                counts[watch] += count
        state.seen.add_pairs(pairs)
        source.counts["accepted"] += len(pairs)
        self._decider.settle(source, newest)
        return at + len(pairs)

    def _row(self, source: Source, lookup: Lookup, row: Row) -> None:
        tag, port, time, count, rssi = row
        cell = lookup.one(tag, port)
        if cell < 0:
            self._refuse(source, Refusal(cell), 1)
        else:
            late = time < source.newest - source.late_ports[min(port, PORTS - 1)]
            self._hear_one(source, cell, time, count, rssi, late)
        self._decider.advance(source, None, max(time, source.newest))

    def _hear_one(self, source: Source, cell: int, time: int, count: int, rssi: float, late: bool) -> None:
        cells, seen, counts = self._state.cells, self._state.seen, source.counts
        last = cells.m_last[cell]
        if time <= last and (time == last or seen.has_one(cell, time)):
            counts["duplicates"] += 1
            return
        seen.add_pairs([(cell, time)])
        counts["accepted"] += 1
        if late:
            counts["late"] += 1
            if time < source.newest - HORIZON:
                counts["too_late"] += 1
                return
        if time > last:
            cells.m_last[cell] = time
        self._put(source, cells.m_track[cell], cell, time, count, rssi, late)
        if cells.m_watch[cell] >= 0:
            self._put(source, cells.m_watch[cell], cell, time, count, rssi, late)

    def _put(
        self, source: Source, track: int, cell: int, time: int, count: int, rssi: float, late: bool
    ) -> None:
        tracks, sums = self._state.tracks, None
        last = tracks.m_last[track]
        grows = tracks.m_open[track] and tracks.m_first[track] < time <= last + tracks.m_gap[track]
        if tracks.kind[track] is Kind.PASS:
            side, heavy = self._state.cells.m_side[cell], weight(rssi, source.spec.rssi == "raw")
            if grows:
                tracks.add_read(track, side, heavy, time, count)
            else:
                sums = Sums(time)
                sums.read(side, heavy, time, count)
        if grows:
            if time > last:
                tracks.m_last[track] = time
            tracks.m_count[track] += count
        else:
            self._decider.put(source, Run(track, time, time, count, cell, sums), late)

    def _refuse(self, source: Source, refusal: Refusal, rows: int) -> None:
        for name in _REFUSED[refusal]:
            source.counts[name] += rows

    # in columns

    def _columns(self, source: Source, lookup: Lookup, reads: Reads, peak: Times) -> None:
        cells = self._state.cells
        cell, time, rssi, count = lookup.many(reads), reads.time, reads.rssi, reads.count
        kept = None
        if int(cell.min()) < 0:
            for refusal in Refusal:
                self._refuse(source, refusal, int(np.count_nonzero(cell == refusal)))
            kept = np.flatnonzero(cell >= 0)
            cell, time, rssi, count = cell[kept], time[kept], rssi[kept], count[kept]
            if not len(cell):
                return
        batch = order(cells, self._state.seen, cell, time, rssi, count)
        source.counts["duplicates"] += len(cell) - len(batch.cell)
        source.counts["accepted"] += len(batch.cell)
        if not len(batch.cell):
            return
        newest = np.append(np.flatnonzero(batch.cell[1:] != batch.cell[:-1]), len(batch.cell) - 1)
        heard = batch.cell[newest]
        cells.last[heard] = np.maximum(cells.last[heard], batch.time[newest])
        takes = self._takes(source, batch, bool((cells.watch[heard] >= 0).any()))
        if all(self._simple(source, pieces) for pieces in takes):
            for pieces in takes:
                self._take(source, pieces)
        else:
            self._in_turn(source, batch, batch.row if kept is None else kept[batch.row], peak)

    def _takes(self, source: Source, batch: Sorted, watched: bool) -> list[Pieces]:
        """The pieces of passes, of visits, and of all evidence of those that must not go missing."""
        track = self._state.cells.track[batch.cell]
        passes = self._state.tracks.row[track] >= 0
        chosen = [(track, passes, True), (track, ~passes, False)]
        if watched:
            watch = self._state.cells.watch[batch.cell]
            chosen.append((watch, watch >= 0, False))
        raw, tracks = source.spec.rssi == "raw", self._state.tracks
        return [
            cut(tracks, batch.where(some), of[some], sums, raw) for of, some, sums in chosen if some.any()
        ]

    def _simple(self, source: Source, pieces: Pieces) -> bool:
        """Do all pieces lengthen runs or begin new ones, so that it does not matter when in the batch they came?"""
        news = np.flatnonzero(~pieces.grows)
        tracks, firsts = pieces.track[news].tolist(), pieces.first[news].tolist()
        if not all(map(self._decider.begins, tracks, firsts)):
            return False
        track = pieces.track[pieces.grows & (self._state.tracks.rivals[pieces.track] > 0)]
        young = track[self._state.tracks.first[track] + source.lateness(None) >= source.newest]
        return not any(map(self._decider.is_rivalled, young.tolist()))

    def _in_turn(self, source: Source, batch: Sorted, rows: NDArray[np.int64], peak: Times) -> None:
        """One of the reads changes the past, as only another source or a blind place can bring about.

        `rows` int64[n] says where they stood among all that came, of which `peak` is the running maximum.
        """
        cells, done = self._state.cells, 0
        for at in np.argsort(rows).tolist():
            row = int(rows[at])
            if row > done:
                self._decider.advance(source, peak[done:row], int(peak[row - 1]))
            cell, time, count, rssi = (
                column[at].item() for column in (batch.cell, batch.time, batch.count, batch.rssi)
            )
            self._put(source, cells.m_track[cell], cell, time, count, rssi, late=False)
            if cells.m_watch[cell] >= 0:
                self._put(source, cells.m_watch[cell], cell, time, count, rssi, late=False)
            self._decider.advance(source, None, int(peak[row]))
            done = row + 1

    def _take(self, source: Source, pieces: Pieces) -> None:
        sums = pieces.sums.size > 0
        grows = pieces.grows
        if not grows.all():
            # a track with one piece that does more than lengthen its run goes the careful way with all of them
            grows = ~np.isin(pieces.track, pieces.track[~grows])
        self._grow(pieces, grows, sums)
        self._place(source, pieces, np.flatnonzero(~grows), sums)

    def _grow(self, pieces: Pieces, chosen: np.ndarray, sums: bool) -> None:
        tracks = self._state.tracks
        track = pieces.track[chosen]
        np.maximum.at(tracks.last, track, pieces.last[chosen])
        np.add.at(tracks.count, track, pieces.count[chosen])
        if sums:
            row = tracks.row[track]
            base = 1 + 5 * self._state.cells.side[pieces.cell[chosen]].astype(np.int64)
            for column in range(5):
                np.add.at(tracks.sums, (row, base + column), pieces.sums[chosen, 1 + column])

    def _place(self, source: Source, pieces: Pieces, chosen: np.ndarray, sums: bool) -> None:
        for at in sorted(chosen.tolist(), key=lambda at: int(pieces.first[at])):
            cell = int(pieces.cell[at])
            total = None
            if sums:
                origin, *side = pieces.sums[at].tolist()
                values = [origin, *([0] * 5), *([0] * 5)]
                base = 1 + 5 * int(self._state.cells.side[cell])
                values[base : base + 5] = side
                total = Sums.of(values)
            run = Run(
                int(pieces.track[at]),
                int(pieces.first[at]),
                int(pieces.last[at]),
                int(pieces.count[at]),
                cell,
                total,
            )
            self._decider.put(source, run, late=False)


def _bounds(source: Source, reads: Reads, peak: Times) -> list[int]:
    """Where to cut a batch: at `ROWS` rows, at whole seconds of record time, and around every row that would be late
    at any antenna of the source.

    `peak` int64[n] is the running maximum of the times, what came before the batch included.
    """
    cuts = [np.arange(0, len(reads), ROWS), np.array([len(reads)])]
    if peak[0] // SECOND != peak[-1] // SECOND:
        cuts.append(np.flatnonzero(peak[1:] // SECOND != peak[:-1] // SECOND) + 1)
    before = np.empty_like(peak)
    before[0], before[1:] = max(source.newest, int(reads.time[0])), peak[:-1]
    behind = before - reads.time
    alone = np.flatnonzero(behind > source.late.min())
    cuts += [alone, alone + 1]
    bounds: list[int] = np.unique(np.concatenate(cuts)).tolist()
    return bounds
