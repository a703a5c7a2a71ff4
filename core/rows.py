"""Reads one by one: for trickles, for what comes late, and for what changes the past."""

from itertools import islice

from core.admission import Refusal
from core.cells import PORTS, Lookup
from core.decider import HORIZON, Decider
from core.records import Reads
from core.sources import Source
from core.state import State
from core.tracks import Run

FEW = 2
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


def refuse(source: Source, refusal: Refusal, rows: int) -> None:
    """Count reads that are not tracked."""
    for name in _REFUSED[refusal]:
        source.counts[name] += rows


class Rows:
    """Takes reads into the state, one after the other."""

    def __init__(self, state: State, decider: Decider) -> None:
        self._state = state
        self._decider = decider

    def take(self, source: Source, lookup: Lookup, reads: Reads) -> None:
        """Take reads of a source, and advance with each."""
        columns = (reads.tag, reads.antenna, reads.time, reads.count, reads.rssi)
        rows: list[Row] = list(zip(*[column.tolist() for column in columns], strict=True))
        at = 0
        while at < len(rows):
            plain = self._plain(source, lookup, rows, at) if len(rows) - at >= FEW else 0
            if not plain:
                self._row(source, lookup, rows[at])
            at += plain or 1

    def _plain(self, source: Source, lookup: Lookup, rows: list[Row], at: int) -> int:
        """Take the rows that are new, in time and lengthen a run, as nearly all do; returns how many.

        Until another one comes, or a timer is due: what is known of tracks and cells here may be wrong after it.
        """
        state = self._state
        cells, tracks, log = state.cells, state.tracks, state.doorway.add_one
        cell_last, track_of, watch_of = cells.m_last, cells.m_track, cells.m_watch
        first, last, gap, is_open = tracks.m_first, tracks.m_last, tracks.m_gap, tracks.m_open
        counts, passes, known = tracks.m_count, tracks.m_passes, lookup.known
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
                newest = time
            elif time < newest - late[min(port, PORTS - 1)]:
                break
            pairs.append((cell, time))
            cell_last[cell] = time
            if passes[track]:
                log(time, cell, rssi)
            if time > last[track]:
                last[track] = time
            counts[track] += count
            if watch >= 0:
                last[watch] = max(time, last[watch])
                counts[watch] += count
            if due is not None and newest >= due:
                break
        if pairs:
            state.seen.add_pairs(pairs)
            source.counts["accepted"] += len(pairs)
            self._decider.advance(source, None, newest)
        return len(pairs)

    def _row(self, source: Source, lookup: Lookup, row: Row) -> None:
        tag, port, time, count, rssi = row
        cell = lookup.one(tag, port)
        if cell < 0:
            refuse(source, Refusal(cell), 1)
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
        self.put(source, cells.m_track[cell], cell, time, count, rssi, late)
        if cells.m_watch[cell] >= 0:
            self.put(source, cells.m_watch[cell], cell, time, count, rssi, late)

    def put(
        self, source: Source, track: int, cell: int, time: int, count: int, rssi: float, late: bool
    ) -> None:
        """A read that was not delivered before, into a track."""
        tracks, position = self._state.tracks, -1
        last = tracks.m_last[track]
        grows = not late and tracks.m_open[track]
        grows = grows and tracks.m_first[track] < time <= last + tracks.m_gap[track]
        if tracks.m_passes[track]:
            position = self._state.doorway.add_one(time, cell, rssi)
        if grows:
            if time > last:
                tracks.m_last[track] = time
            tracks.m_count[track] += count
        else:
            self._decider.put(source, Run(track, time, time, count, cell, position, opening=count), late)
