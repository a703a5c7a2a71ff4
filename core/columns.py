"""Reads in columns: many at once, as long as they lengthen runs or begin new ones."""

import numpy as np

from core.admission import Refusal
from core.cells import Lookup
from core.decider import Decider
from core.pieces import Index, Pieces, Sorted, cut, order, rows_of
from core.records import Counts, Floats, Reads, Times
from core.rows import Rows, refuse
from core.sources import Source
from core.state import State
from core.tracks import Run


class Columns:
    """Takes reads into the state, many at a time."""

    def __init__(self, state: State, decider: Decider, rows: Rows) -> None:
        self._state = state
        self._decider = decider
        self._rows = rows

    def take(self, source: Source, lookup: Lookup, reads: Reads, peak: Times) -> None:
        """Take at most `core.pieces.ROWS` reads of a second, none of them late, and advance to the newest.

        `peak` int64[n] is the running maximum of the times, what came before the batch included.
        """
        cell, time, rssi, count = lookup.many(reads), reads.time, reads.rssi, reads.count
        kept = None
        if int(cell.min()) < 0:
            for refusal in Refusal:
                refuse(source, refusal, int(np.count_nonzero(cell == refusal)))
            kept = np.flatnonzero(cell >= 0)
            cell, time, rssi, count = cell[kept], time[kept], rssi[kept], count[kept]
        if len(cell):
            batch = order(self._state.cells, self._state.seen, cell, time)
            source.counts["duplicates"] += len(cell) - len(batch.cell)
            source.counts["accepted"] += len(batch.cell)
            if len(batch.cell):
                self._hear(batch)
                if not self._together(source, batch, rssi, count):
                    rows = batch.row if kept is None else kept[batch.row]
                    self._in_turn(source, batch, rows, rssi, count, peak)
        self._decider.advance(source, peak, int(peak[-1]))

    def _hear(self, batch: Sorted) -> None:
        cells, ends = self._state.cells, np.append(batch.starts[1:], len(batch.cell)) - 1
        heard = batch.cell[ends]
        cells.last[heard] = np.maximum(cells.last[heard], batch.time[ends])

    def _together(self, source: Source, batch: Sorted, rssi: Floats, count: Counts) -> bool:
        """Take all of them, or none, if one of the reads changes the past."""
        cells, tracks = self._state.cells, self._state.tracks
        heard, sightings = batch.cell[batch.starts], count[batch.row]
        takes = [cut(tracks, batch, cells.track, sightings)]
        if (cells.watch[heard] >= 0).any():
            takes.append(cut(tracks, batch, cells.watch, sightings))
        if not all(self._simple(source, pieces) for pieces in takes):
            return False
        for pieces in takes:
            passes = tracks.passes[pieces.track] > 0
            if passes.any():
                crossing = pieces.where(passes)
                rows = rows_of(crossing)
                at = batch.row[rows]
                position = self._state.doorway.add(batch.time[rows], batch.cell[rows], rssi[at])
                self._take(source, crossing, position)
            if not passes.all():
                self._take(source, pieces.where(~passes), -1)
        return True

    def _simple(self, source: Source, pieces: Pieces) -> bool:
        """Do all pieces lengthen runs or begin new ones, so that it does not matter when in the batch they came?"""
        news = np.flatnonzero(~pieces.grows)
        tracks, firsts = pieces.track[news].tolist(), pieces.first[news].tolist()
        if not all(map(self._decider.begins, tracks, firsts)):
            return False
        track = pieces.track[pieces.grows & (self._state.tracks.rivals[pieces.track] > 0)]
        young = track[self._state.tracks.first[track] + source.lateness(None) >= source.newest]
        return not any(map(self._decider.is_rivalled, young.tolist()))

    def _in_turn(
        self, source: Source, batch: Sorted, rows: Index, rssi: Floats, count: Counts, peak: Times
    ) -> None:
        """One of the reads changes the past, as only another source or a blind place can bring about.

        `rows` int64[n] says where they stood among all that came, of which `peak` is the running maximum.
        """
        cells, done = self._state.cells, 0
        for at in np.argsort(rows).tolist():
            row, cell, of = int(rows[at]), int(batch.cell[at]), int(batch.row[at])
            if row > done:
                self._decider.advance(source, peak[done:row], int(peak[row - 1]))
            read = (cell, int(batch.time[at]), int(count[of]), float(rssi[of]))
            self._rows.put(source, cells.m_track[cell], *read, late=False)
            if cells.m_watch[cell] >= 0:
                self._rows.put(source, cells.m_watch[cell], *read, late=False)
            self._decider.advance(source, None, int(peak[row]))
            done = row + 1

    def _take(self, source: Source, pieces: Pieces, position: int) -> None:
        grows = pieces.grows
        if grows.all():
            self._grow(pieces)
            return
        # a track with one piece that does more than lengthen its run goes the careful way with all of them
        grows = ~np.isin(pieces.track, pieces.track[~grows])
        self._grow(pieces.where(grows))
        self._place(source, pieces, np.flatnonzero(~grows), position)

    def _grow(self, pieces: Pieces) -> None:
        tracks = self._state.tracks
        np.maximum.at(tracks.last, pieces.track, pieces.last)
        np.add.at(tracks.count, pieces.track, pieces.count)

    def _place(self, source: Source, pieces: Pieces, chosen: Index, position: int) -> None:
        columns = (pieces.track, pieces.first, pieces.last, pieces.count, pieces.cell, pieces.opening)
        for at in chosen[np.argsort(pieces.first[chosen], kind="stable")].tolist():
            track, first, last, count, cell, opening = (int(column[at]) for column in columns)
            run = Run(track, first, last, count, cell, position, opening=opening)
            self._decider.put(source, run, late=False)
