"""Tags that no item owns are remembered within a bound: the longest unheard make room.

Policy. After every `State.turn` reads of the whole site the unknown tags are counted. If they are more than the
site's limit, those that were not heard for the longest time are forgotten, until an eighth of the limit is free: so
there are at most the limit and one turn of them, and each new one costs the same however many there are. Items are
never forgotten. The moment is a function of the reads alone, not of their batches.
"""

import numpy as np

from core.claims import Cause
from core.compaction import forget
from core.decider import Decider
from core.records import Times
from core.sources import Source
from core.state import State


class Eviction:
    """Looks after the bound, and says where those were who are forgotten."""

    def __init__(self, state: State, decider: Decider) -> None:
        self._state = state
        self._decider = decider

    def look(self, source: Source) -> bool:
        """At the end of a turn, with the source that spoke last. True when subjects or tags have other numbers now."""
        listed = self._evict_listed()
        return self._evict_subjects(source) or listed

    def _evict_listed(self) -> bool:
        inbox = self._state.inbox
        excess = _excess(inbox.size, self._state.site.tags.limit)
        for index in inbox.evict(excess):
            self._state.sources[index].counts["evicted"] += 1
        return excess > 0

    def _evict_subjects(self, source: Source) -> bool:
        state = self._state
        excess = _excess(state.unowned, state.site.tags.limit)
        if not excess:
            return False
        heard = _heard(state)
        unowned = np.array([number for number, one in enumerate(state.subjects) if one.item is None])
        gone: list[int] = unowned[np.argsort(heard[unowned], kind="stable")][:excess].tolist()
        for number in gone:
            self._take_leave(number, int(heard[number]))
        for door in forget(state, gone):
            self._decider.released(source, door)
        return True

    def _take_leave(self, number: int, heard: int) -> None:
        """Count it where it was heard last, and end its stays then."""
        state = self._state
        subject, cells = state.subjects[number], state.cells
        cell = max(cells.of_tag(subject.name), key=lambda one: (cells.m_last[one], one))
        state.sources[cells.sources[cell]].counts["evicted"] += 1
        if not subject.now.claims:
            return
        for claim in subject.now.claims:
            if claim.run is not None:
                state.tracks.newest(claim.run.track)  # as of its last read
        cause = Cause(heard, heard, cell, 0, {"reason": "evicted"})
        self._decider.say(subject, subject.now.nowhere(cause, self._decider.nesting))


def _excess(many: int, limit: int) -> int:
    """How many have to go."""
    return many - (limit - limit // 8) if many > limit else 0


def _heard(state: State) -> Times:
    """int64[subjects]: when each was heard last, microseconds; 0 for never."""
    tracks, cells = state.tracks, state.cells
    heard = np.zeros(len(state.subjects), np.int64)
    subject = np.array(tracks.subject, np.int64)
    np.maximum.at(heard, subject, tracks.last[: tracks.size])
    np.maximum.at(heard, subject[cells.track[: cells.size]], cells.last[: cells.size])
    return heard
