"""Runs of reads: who was heard where from when to when.

A track belongs to one subject and one place. Its reads form runs: two reads belong to the same run when no silence
longer than the track's gap lies between them. A run is a sum over a set of reads, so the order of arrival cannot
matter; a late read may join two runs. The newest run of each track lives in columns, so that a batch extends thousands
of runs at once; it is an object too while something is to be decided about it. The runs before it are kept as objects
for as long as a late read may touch them.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from core.growth import grown

Column = NDArray[np.int64]

ENDLESS = 1 << 62
"""A gap that nothing is longer than."""


class Kind(IntEnum):
    """What a track's runs mean."""

    VISIT = 0
    PASS = 1
    WATCH = 2
    """All evidence of a subject that must not go missing."""
    TOLD = 3
    """What a person's device said: of its runs only the beginning means something."""


@dataclass(slots=True, eq=False)
class Run:
    """A stretch of reads: [first, last] in microseconds, `count` sightings, `cell` of its first read and its `opening` ones.

    `position`: of a pass, where its reads begin in the log of doors; -1 = no pass.

    `known`: its beginning is decided (nothing earlier is on its way). `ended`: its silence is decided, at `due`.
    `static`: a pass that lasted too long to be one. `applied`: its beginning is part of what was said. `start_based`, `end_based`: folded into the settled past.
    `late_to`: the newest record that came late, -1 for none; `late`: one of them changed when it begins, or joined runs.
    `doubted`: it was decided that it is silent although nobody could hear it; its next read must be noticed.
    """

    track: int
    first: int
    last: int
    count: int
    cell: int
    position: int = -1
    due: int = 0
    opening: int = 1
    late_to: int = -1
    known: bool = False
    ended: bool = False
    static: bool = False
    start_based: bool = False
    end_based: bool = False
    applied: bool = False
    late: bool = False
    doubted: bool = False

    def is_past(self, before: int) -> bool:
        """Is its end settled (of a pass: judged) and older than a time?"""
        settled = self.end_based or (self.position >= 0 and self.ended and self.known)
        return settled and self.due < before


Rank = Callable[[int], tuple[str, str, int]]
"""Orders the cells of reads of the same microsecond, whatever order they came in: (tag, source, antenna)."""


class Change(IntEnum):
    """What placing a piece did to the runs of its track."""

    GREW = 0
    """A run became longer or fuller; nothing decided can have changed."""
    BEGAN = 1
    """A new newest run."""
    WENT_ON = 2
    """The newest run went on after a silence that did not count."""
    REWRITTEN = 3
    """The past changed: an earlier beginning, a bridge, or a run where none was known."""


_BLANK = {
    **dict.fromkeys(
        ("first", "last", "count", "gap", "open", "rivals", "armed", "cell", "opening", "based", "passes"), 0
    ),
    **dict.fromkeys(("armed_by", "next"), -1),
}
"""The columns over all tracks, and what stands where there is none."""
TRACK_COLUMNS = tuple(_BLANK)


class Tracks:
    """All tracks, as growable columns.

    first, last, count  int64[n]  of the newest run;  gap int64[n] microseconds
    cell, opening       int32[n]  of the newest run while it rests;  based int8[n] its beginning is settled
    open                int8[n]   1 while the newest run is growing
    rivals              int8[n]   1 if the subject was ever heard in another zone too
    kind, subject, place  of each; the subject of a free number is -1
    passes              int8[n]   1 if its runs are passes of a door
    least_gap           the shortest of all gaps
    armed, armed_by     int64[n], int32[n]  threshold and source of the timer that is set; source -1 = none
    next                int32[n]  another track of the same subject, -1 for none

    A newest run rests when it is open and its beginning was told: then nothing but its columns is kept. Who asks for
    it gets an object, which is kept until `rest`.
    """

    def __init__(self, room: int = 256) -> None:
        self.size = 0
        self.first: Column = np.zeros(room, np.int64)
        self.last: Column = np.zeros(room, np.int64)
        self.count: Column = np.zeros(room, np.int64)
        self.gap: Column = np.zeros(room, np.int64)
        self.open: NDArray[np.int8] = np.zeros(room, np.int8)
        self.rivals: NDArray[np.int8] = np.zeros(room, np.int8)
        self.armed: Column = np.zeros(room, np.int64)
        self.armed_by: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.next: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.cell: NDArray[np.int32] = np.zeros(room, np.int32)
        self.opening: NDArray[np.int32] = np.zeros(room, np.int32)
        self.based: NDArray[np.int8] = np.zeros(room, np.int8)
        self.passes: NDArray[np.int8] = np.zeros(room, np.int8)
        self.least_gap = ENDLESS
        self._views()
        self.kind: list[Kind] = []
        self.subject = array("i")
        self.place = array("i")
        self.current: dict[int, Run] = {}
        """Newest runs that do not rest."""
        self.older: dict[int, list[Run]] = {}
        self.stirred: dict[int, None] = {}
        """Tracks whose newest run was made an object again."""
        self.free: list[int] = []
        """A heap of the numbers below `size` that are free: the least is taken first."""

    def add(self, kind: Kind, subject: int, place: int, gap: int) -> int:
        """A new track; returns its number."""
        if self.free:
            number = heappop(self.free)
            self.kind[number], self.subject[number], self.place[number] = kind, subject, place
        else:
            number = self.size
            if number == len(self.first):
                self._grow()
            self.size += 1
            self.kind.append(kind)
            self.subject.append(subject)
            self.place.append(place)
        self.gap[number] = gap
        self.least_gap = min(gap, self.least_gap)
        self.passes[number] = kind is Kind.PASS
        return number

    def remove(self, track: int) -> None:
        """Forget a track: its number becomes that of a new one."""
        for name, blank in _BLANK.items():
            getattr(self, name)[track] = blank
        self.subject[track] = -1
        for runs in (self.current, self.older, self.stirred):
            runs.pop(track, None)
        heappush(self.free, track)

    def _views(self) -> None:
        """The same columns for one row at a time: a memoryview's item costs a third of an array's."""
        self.m_first, self.m_last, self.m_count = self.first.data, self.last.data, self.count.data
        self.m_gap, self.m_open, self.m_passes = self.gap.data, self.open.data, self.passes.data
        self.m_armed, self.m_armed_by = self.armed.data, self.armed_by.data
        self.m_next, self.m_cell, self.m_opening = self.next.data, self.cell.data, self.opening.data

    def _grow(self) -> None:
        for name, blank in _BLANK.items():
            setattr(self, name, grown(getattr(self, name), blank))
        self._views()

    def arm(self, track: int, source: int, threshold: int) -> bool:
        """Set the timer of a track; False when that very timer is set."""
        if self.is_armed(track, source, threshold):
            return False
        self.m_armed_by[track], self.m_armed[track] = source, threshold
        return True

    def is_armed(self, track: int, source: int, threshold: int) -> bool:
        """Is this the timer that is set for the track?"""
        return bool(self.m_armed_by[track] == source and self.m_armed[track] == threshold)

    def disarm(self, track: int) -> None:
        """No timer is set for the track."""
        self.m_armed_by[track] = -1

    def newest(self, track: int) -> Run | None:
        """The newest run with its columns read back; None when the track has none."""
        run = self.current.get(track)
        if not self.m_open[track]:
            return run
        first, last, count = self.m_first[track], self.m_last[track], self.m_count[track]
        if run is None:
            run = Run(track, first, last, count, self.m_cell[track], opening=self.m_opening[track])
            run.known = run.applied = True
            run.start_based = bool(self.based[track])
            self.current[track] = run
            self.stirred[track] = None
        run.first, run.last, run.count = first, last, count
        return run

    def rest(self, track: int) -> None:
        """Let the newest run rest, if it may. Nobody else must know it as an object."""
        run = self.current.get(track)
        if run is None or not self.m_open[track] or run.position >= 0 or self.older.get(track):
            return
        told = run.known and run.applied and not run.end_based
        if told and run.late_to < self.m_last[track]:
            self.m_cell[track], self.m_opening[track] = run.cell, run.opening
            self.based[track] = run.start_based
            del self.current[track]

    def is_read(self, track: int) -> bool:
        """Is there a newest run that has not ended?"""
        run = self.current.get(track)
        return bool(self.m_open[track]) or (run is not None and not run.ended)

    def oldest(self, track: int) -> int | None:
        """When the oldest run that is still remembered began."""
        older = self.older.get(track)
        if older:
            return older[0].first
        return self.m_first[track] if self.m_open[track] or track in self.current else None

    def runs(self, track: int) -> Iterator[Run]:
        """Every run that is still remembered, oldest first."""
        yield from self.older.get(track, ())
        newest = self.newest(track)
        if newest is not None:
            yield newest

    def begins(self, track: int, first: int, uptime: Callable[[int, int], int]) -> bool:
        """Would `put` of a piece that begins at `first` leave what is known of the track as it is?"""
        newest, gap = self.newest(track), int(self.gap[track])
        if newest is None or (first > newest.last and uptime(newest.last, first) > gap):
            return True
        known = newest.known or newest.ended or newest.doubted or track in self.older
        return not known and newest.first - gap <= first <= newest.last + gap

    def put(self, piece: Run, uptime: Callable[[int, int], int], rank: Rank) -> tuple[Change, Run]:
        """Put a piece (a run of its own) where it belongs; `uptime(a, b)` is the watched time between a and b."""
        newest, gap = self.newest(piece.track), int(self.gap[piece.track])
        if newest is None:
            self._store(piece)
            return Change.BEGAN, piece
        if piece.first > newest.last and uptime(newest.last, piece.first) > gap:
            self.older.setdefault(piece.track, []).append(newest)
            self._store(piece)
            return Change.BEGAN, piece
        if piece.last < newest.first and uptime(piece.last, newest.first) > gap:
            return self._put_older(piece, uptime, rank)
        went_on = newest.doubted or piece.first > newest.last + gap
        changed, run = _merge(newest, piece, rank), newest
        older = self.older.get(piece.track)
        while older and not older[-1].end_based and uptime(older[-1].last, run.first) <= gap:
            before = older.pop()
            _merge(before, run, rank)
            run, changed = before, True
        self._store(run)
        if changed:
            return Change.REWRITTEN, run
        return (Change.WENT_ON if went_on else Change.GREW), run

    def _store(self, run: Run) -> None:
        track = run.track
        self.current[track] = run
        self.first[track], self.last[track], self.count[track] = run.first, run.last, run.count
        run.doubted = False
        self.open[track] = not run.ended

    def _put_older(self, piece: Run, uptime: Callable[[int, int], int], rank: Rank) -> tuple[Change, Run]:
        gap, older = int(self.gap[piece.track]), self.older.setdefault(piece.track, [])
        at = len(older)
        while at and older[at - 1].first > piece.first:
            at -= 1
        older.insert(at, piece)
        run, changed, joined = piece, True, False
        while at + 1 < len(older) and uptime(run.last, older[at + 1].first) <= gap:
            after = older.pop(at + 1)
            changed = _merge(after, run, rank) or joined
            older[at] = run = after
            joined = True
        while at and not older[at - 1].end_based and uptime(older[at - 1].last, run.first) <= gap:
            before = older[at - 1]
            del older[at]
            changed = _merge(before, run, rank) or joined
            run, joined, at = before, True, at - 1
        return (Change.REWRITTEN if changed else Change.GREW), run

    def forget(self, track: int, before: int) -> None:
        """Drop runs whose end is part of the settled past and older than `before`."""
        newest = self.current.get(track)
        if newest is not None and newest.is_past(before) and not self.open[track]:
            del self.current[track]
        if track not in self.older:
            return
        kept = [run for run in self.older[track] if not run.is_past(before)]
        if kept:
            self.older[track] = kept
        else:
            del self.older[track]

    def close(self, track: int) -> None:
        """The newest run has ended: further reads begin a new one, or lengthen this one if they are late."""
        self.newest(track)
        self.open[track] = 0

    def doubt(self, run: Run) -> None:
        """The next read of a run that has not ended must be noticed."""
        if run is self.current.get(run.track):
            self.close(run.track)
            run.doubted = True


def _merge(run: Run, other: Run, rank: Rank) -> bool:
    """Make `other` part of `run`, which keeps its identity; True when something that may be decided has changed."""
    changed = other.known
    if other.first < run.first or (other.first == run.first and rank(other.cell) < rank(run.cell)):
        run.first, run.cell, run.opening = other.first, other.cell, other.opening
        changed = changed or run.known
    if other.last > run.last:
        run.last = other.last
        if run.ended:
            run.ended, run.due, run.late, changed = other.ended, other.due, run.late or other.late, True
    run.count += other.count
    run.late_to = max(run.late_to, other.late_to)
    if run.position >= 0:
        run.position = min(run.position, other.position)
        changed = changed or run.ended
    run.known = run.known or other.known
    run.applied = run.applied or other.applied
    run.static = run.static or other.static
    return changed
