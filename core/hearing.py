"""From reads to tracks: who is it, was it delivered before, does it lengthen a run; in columns, or one by one.

Both paths do the same; hypothesis holds them together.
"""

from functools import partial
from itertools import pairwise

import numpy as np

from core.admission import Admission, Refusal
from core.cells import Lookups
from core.columns import Columns
from core.decider import Decider
from core.eviction import Eviction
from core.pieces import ROWS
from core.records import SECOND, Reads, Times
from core.rows import Rows
from core.sources import Source
from core.state import State

VECTOR = 192
"""Rows from which columns are faster than a loop, whether tags move or not."""


class Hearing:
    """Takes the reads of every source into the state."""

    def __init__(self, state: State, decider: Decider, admission: Admission) -> None:
        self._state = state
        self._rows = Rows(state, decider)
        self._columns = Columns(state, decider, self._rows)
        self._lookups = [Lookups(partial(state.resolve, source, admission)) for source in state.sources]
        self._eviction = Eviction(state, decider)

    def hear(self, source: Source, reads: Reads) -> None:
        """Take a batch, cut where the unknown tags are counted: the rows alone say when, not their batches."""
        state = self._state
        while len(reads) >= (left := self._eviction.pause):
            self._hear(source, reads.slice(0, left))
            reads, state.heard = reads.slice(left, len(reads)), state.heard + left
            for tag in self._eviction.look(source):
                for lookups in self._lookups:
                    lookups.forget(tag)
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
            self._rows.take(source, lookup, reads)
            return
        peak = np.maximum(np.maximum.accumulate(reads.time), source.newest)
        for start, stop in pairwise(_bounds(source, reads, peak)):
            part = reads.slice(start, stop)
            if stop - start < VECTOR:
                self._rows.take(source, lookup, part)
            else:
                self._columns.take(source, lookup, part, peak[start:stop])


def _bounds(source: Source, reads: Reads, peak: Times) -> list[int]:
    """Where to cut a batch: at `ROWS` rows, at whole seconds of record time, and around every row that would be late
    at any antenna of the source.

    `peak` int64[n] is the running maximum of the times, what came before the batch included.
    """
    cuts = {*range(0, len(reads), ROWS), len(reads)}
    if peak[0] // SECOND != peak[-1] // SECOND:
        cuts.update((np.flatnonzero(peak[1:] // SECOND != peak[:-1] // SECOND) + 1).tolist())
    before = np.empty_like(peak)
    before[0], before[1:] = max(source.newest, int(reads.time[0])), peak[:-1]
    behind = before - reads.time
    alone = np.flatnonzero(behind > source.late.min())
    cuts.update(alone.tolist(), (alone + 1).tolist())
    return sorted(cuts)
