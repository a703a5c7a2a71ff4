"""Tags that no item owns are remembered within a bound: the longest unheard make room.

Policy. After every `State.turn` reads of the whole site the unknown tags are counted. If they are more than the
site's limit, those that were not heard for the longest time have to go, until an eighth of the limit is free: `STEP` of
them at once, and `STEP` more after every `PACE` reads, so that nothing else waits for long. Who is heard meanwhile
stays. So there are at most the limit and two turns of them. Items are never forgotten. The moment is a function of the
reads alone, not of their batches.
"""

import numpy as np
from numpy.typing import NDArray

from core.claims import Cause
from core.decider import Decider, Due
from core.doors import Door
from core.forgetting import forget
from core.records import Times
from core.sources import Source
from core.state import State

STEP = 128
"""Unknown tags that are forgotten at once: twice as many as can come until the next ones are."""
PACE = STEP // 2
"""Reads of the whole site between two steps, while somebody has to go."""


class Eviction:
    """Looks after the bound, and says where those were who are forgotten."""

    def __init__(self, state: State, decider: Decider) -> None:
        self._state = state
        self._decider = decider

    @property
    def pause(self) -> int:
        """Reads until the next look."""
        state = self._state
        left = state.turn - state.heard
        return min(left, PACE - state.heard % PACE) if state.leaving else left

    def look(self, source: Source) -> list[str]:
        """After a pause, with the source that spoke last; the tags that were forgotten."""
        state = self._state
        if state.heard >= state.turn:
            state.heard = 0
            self._evict_listed()
            self._choose()
        gone = self._step(source)
        if not state.leaving and state.cells.given_up:
            state.seen.forget(state.cells.given_up)
            state.cells.release()
        return gone

    def _evict_listed(self) -> None:
        inbox = self._state.inbox
        for index in inbox.evict(_excess(inbox.size, self._state.site.tags.limit)):
            self._state.sources[index].counts["evicted"] += 1

    def _choose(self) -> None:
        """Who has to go."""
        state = self._state
        state.leaving.clear()
        excess = _excess(state.unowned, state.site.tags.limit)
        if excess:
            heard, unowned = _heard(state), state.subjects.unowned()
            gone = unowned[_least(heard[unowned], excess)]
            state.leaving.extend(zip(gone.tolist(), heard[gone].tolist(), strict=True))

    def _step(self, source: Source) -> list[str]:
        state, gone, released = self._state, list[str](), dict[int, Door]()
        while state.leaving and len(gone) < STEP:
            number, heard = state.leaving.popleft()
            cell, now = self._last(number)
            if now > heard:
                continue
            gone.append(state.subjects.name(number))
            self._take_leave(number, cell, heard)
            released |= {door.place.index: door for door in forget(state, number)}
        for door in released.values():
            self._decider.released(source, door)
        for one in state.sources:
            if 2 * one.idle_timers > len(one.timers):
                one.keep(state.tracks.is_armed, Due.BEGIN)
        return gone

    def _last(self, number: int) -> tuple[int, int]:
        """The cell where a tag was heard last, and when."""
        cells = self._state.cells
        found = cells.of_tag(self._state.subjects.name(number))
        time, cell = max((cells.m_last[one], one) for one in found)
        return cell, time

    def _take_leave(self, number: int, cell: int, heard: int) -> None:
        """Count it where it was heard last, and end its stays then."""
        state = self._state
        state.sources[state.cells.sources[cell]].counts["evicted"] += 1
        subject = state.subjects[number]
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


def _least(values: Times, many: int) -> NDArray[np.int64]:
    """Where the least values are, the least first; of equal ones the first."""
    bound = np.partition(values, many - 1)[many - 1]
    found = np.flatnonzero(values <= bound)
    return found[np.argsort(values[found], kind="stable")][:many]


def _heard(state: State) -> Times:
    """int64[subjects]: when each was heard last, microseconds; 0 for never."""
    tracks, cells = state.tracks, state.cells
    heard = np.zeros(state.subjects.size, np.int64)
    subject = np.array(tracks.subject, np.int64)
    taken = np.flatnonzero(subject >= 0)
    np.maximum.at(heard, subject[taken], tracks.last[taken])
    taken = np.flatnonzero(cells.track[: cells.size] >= 0)
    np.maximum.at(heard, subject[cells.track[taken]], cells.last[taken])
    return heard
