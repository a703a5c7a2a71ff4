"""When things are decided: timers on the frontiers, and what happens when one is due.

Three things wait for a frontier: the beginning of a run (nothing earlier is on its way), its silence, and the end of
a pass. A timer is lazy: a track has one, and when it rings the run may have grown, so it is set again. Nothing here
looks at reads beyond the frontier, so it does not matter how many of them a batch has already brought.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from core.claims import Decision
from core.doors import Door
from core.events import Event, Evidence, Gap, Identity
from core.known import Known
from core.passing import Passing
from core.places import Nesting, Place
from core.records import SECOND
from core.silence import Silences
from core.sources import Source, unpack
from core.state import State
from core.telling import reconcile
from core.timeline import Said, Subject, decide
from core.tracks import Change, Kind, Run
from core.wording import Who, Wording

HORIZON = 600 * SECOND
"""A correction reaches back this far behind its source's newest record (10 min)."""

SAID_LIMIT = 20_000
"""Decisions of the whole site that a correction may reach back over; beyond, the oldest are settled early."""


class Due(IntEnum):
    """What a timer is for."""

    BEGIN = 0
    SILENCE = 1
    PASS = 2


@dataclass(slots=True)
class Decided:
    """What one step decided, in order.

    fresh  int64[k], of an input of fixes the rows that were not delivered before: the journal need not keep the others.
           None = all
    """

    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    fresh: NDArray[np.int64] | None = None


class Decider:
    """Places pieces into tracks, watches the frontiers, and collects what is decided."""

    def __init__(self, state: State, nesting: Nesting, identity: Identity) -> None:
        self.state = state
        self.nesting = nesting
        self.identity = identity
        self.decided = Decided()
        self._silences = Silences(state)
        self._known = Known(state, nesting, self._silences)
        self._words = Wording(identity, state.cells)
        self._passing = Passing(state, self, HORIZON)
        self._touched: dict[int, None] = {}
        self._now = 0

    # evidence

    def put(self, source: Source, piece: Run, late: bool) -> None:
        """Place a piece into its track and set the timers that it needs."""
        tracks = self.state.tracks
        if late:
            piece.late_to = piece.last
        if tracks.kind[piece.track] is not Kind.PASS:
            # what is the newest run by now may hold its claim when it is not any more
            self.state.subjects.wake(tracks.subject[piece.track])
        change, run = tracks.put(piece, self._silences.uptime(piece.track), self.state.cells.name)
        passes = tracks.kind[run.track] is Kind.PASS
        if not passes and not run.known and run.first == piece.first:
            threshold = run.first + self._silences.lateness(source, run.track)
            source.wake(threshold, Due.BEGIN, run.track)
        if passes:
            self._passing.placed(run, piece, change, late)
        if change is Change.GREW:
            run.late = run.late or (late and run.first == piece.first)
            return
        run.late = run.late or late
        if change is not Change.BEGAN and not passes:
            self._touched[tracks.subject[run.track]] = None
            self.state.subjects[tracks.subject[run.track]].trace = ()
        self._arm(source, run.track)

    def begins(self, track: int, first: int) -> bool:
        """Would a piece that does not lengthen the newest run begin one, or grow one that nobody knows of yet?"""
        return self.state.tracks.begins(track, first, self._silences.uptime(track))

    def is_rivalled(self, track: int) -> bool:
        """Is the subject of a visit's track being read in another zone as well?"""
        tracks = self.state.tracks
        others = self.state.subjects.tracks(tracks.subject[track])
        return any(one != track and tracks.kind[one] is Kind.VISIT and tracks.is_read(one) for one in others)

    def _arm(self, source: Source, track: int) -> None:
        """Set the timer of a track for its earliest run that has not ended."""
        run = next((run for run in self.state.tracks.runs(track) if not run.ended), None)
        if run is None:
            return
        if self.state.tracks.kind[track] is Kind.PASS:
            place = self.state.places[self.state.tracks.place[track]]
            due = run.last + place.gap
            if not run.static:
                due = min(due, run.first + place.max_pass + place.gap)
            self._set(source, due, Due.PASS, track)
        elif self._silences.blind(run) is None:
            self._set(source, self._silences.complete(run), Due.SILENCE, track)
        elif not self._silences.final(run):
            self._set(source, run.last + int(self.state.tracks.gap[track]), Due.SILENCE, track)
        else:
            self._park(run)

    def _park(self, run: Run) -> None:
        """Nobody can say when the run's silence is complete: it is timed anew when its place is watched again."""
        for place in self._silences.places(run.track, run.last):
            if place.blind.open:
                place.parked[run.track] = None
        self.state.tracks.disarm(run.track)

    def _set(self, source: Source, due: int, kind: Due, track: int) -> None:
        """Wake up when the source's frontier is beyond `due`."""
        threshold = due + self._silences.lateness(source, track)
        if self.state.tracks.arm(track, source.index, threshold):
            source.wake(threshold, kind, track)

    # time

    def advance(self, source: Source, peak: NDArray[np.int64] | None, newest: int) -> None:
        """Move a source's newest record on, through every timer on the way.

        `peak` int64[n] is the running maximum of the batch: a timer is due at the record that reached it.
        """
        while (threshold := source.due()) is not None and threshold <= newest:
            at = newest if peak is None else int(peak[np.searchsorted(peak, threshold)])
            source.newest = self._now = max(source.newest, at)
            self._ring(source)
        self.settle(source, newest)

    def settle(self, source: Source, newest: int) -> None:
        """Move a source's newest record on when no timer is on the way, and correct what late evidence touched."""
        source.newest = self._now = max(source.newest, newest)
        while self._touched:
            subject = next(iter(self._touched))
            del self._touched[subject]
            self.redecide(source, subject, late=True)

    def _ring(self, source: Source) -> None:
        threshold, kind, track = unpack(source.timers_pop())
        if kind == Due.BEGIN:
            self._begin(source, track)
            return
        if not self.state.tracks.is_armed(track, source.index, threshold):
            return
        if self._moved_on(source, threshold, Due(kind), track):
            return
        due = threshold - self._silences.lateness(source, track)
        behind = self._silences.behind(source, track, due)
        if behind is not None:
            self._set(behind, due, Due(kind), track)
            return
        self.state.tracks.disarm(track)
        if kind == Due.PASS:
            self._passing.due(source, track, due)
            self._arm(source, track)
            self._passing.settle(source, track)
        else:
            self._silence_due(source, track, due)

    def _moved_on(self, source: Source, threshold: int, kind: Due, track: int) -> bool:
        """Most rings find a run that was read since: it is timed anew from its columns, and that is all.

        Its silence can not be complete before its gap is over, so nothing is decided too late: blindness and other
        sources only make it later, and are asked for when it rings then.
        """
        tracks = self.state.tracks
        if not tracks.m_open[track] or track in tracks.older:
            return False
        due = tracks.m_last[track] + tracks.m_gap[track]
        if kind == Due.PASS and not tracks.current[track].static:
            place = self.state.places[self.state.tracks.place[track]]
            due = min(due, tracks.m_first[track] + place.max_pass + place.gap)
        later = due + self._silences.lateness(source, track)
        if later <= threshold:
            return False
        tracks.arm(track, source.index, later)
        source.wake(later, kind, track)
        return True

    def _begin(self, source: Source, track: int) -> None:
        """All that a subject's source knows of it by now is decided together: of one instant, in the fold's order."""
        number, news = self.state.tracks.subject[track], list[Run]()
        if number < 0:
            return  # it was forgotten
        for one in self.state.subjects.tracks(number):
            if self.state.tracks.kind[one] is not Kind.PASS:
                frontier = source.newest - self._silences.lateness(source, one)
                news += [
                    run for run in self.state.tracks.runs(one) if not run.known and run.first <= frontier
                ]
        news = [run for run in news if self.state.cells.sources[run.cell] == source.index]
        for run in news:
            run.known = True
        if news:
            self.redecide(source, number, late=any(run.late for run in news))

    def _silence_due(self, source: Source, track: int, frontier: int) -> None:
        late, new = False, False
        for run in list(self.state.tracks.runs(track)):
            due = None if run.ended else self._silences.due(run)
            if due is not None and due <= frontier:
                run.ended, run.due, new = True, due, True
                late = late or run.last <= run.late_to
                if run is self.state.tracks.current.get(track):
                    self.state.tracks.close(track)
        self._arm(source, track)
        if new:
            self.redecide(source, self.state.tracks.subject[track], late)
        else:
            self.retry(source, self.state.tracks.subject[track])

    def finish(self) -> None:
        """Advance all sources together until every beginning and pass is decided; silences stay open.

        A beginning that waits for a rival's silence need not wait any longer: that one will not be read again.
        """
        aside = []
        for source in self.state.sources:
            aside.append([timer for timer in source.timers if unpack(timer)[1] == Due.SILENCE])
            source.timers = sorted(timer for timer in source.timers if unpack(timer)[1] != Due.SILENCE)
        while waiting := [
            (due, source) for source in self.state.sources if (due := source.due()) is not None
        ]:
            due, first = min(waiting, key=lambda one: (one[0], one[1].index))
            for source in self.state.sources:
                source.newest = max(source.newest, due)
            self._now = first.newest
            self._ring(first)
        for source, timers in zip(self.state.sources, aside, strict=True):
            source.timers = sorted(timers)
        self._known.over = True
        for number in list(self.state.undecided):
            last = max(self.state.sources, key=lambda one: one.newest)
            self._now = last.newest
            self.redecide(last, number, late=False)
        self._known.over = False

    # decisions

    def retry(self, source: Source, number: int) -> None:
        """A subject that waits need not wait for something any more."""
        if number in self.state.undecided:
            self.redecide(source, number, late=False)

    def redecide(self, source: Source, number: int, late: bool, horizon: int | None = None) -> None:
        """Fold a subject's timeline again and say what is new; what is older than `horizon` is settled."""
        subject = self.state.subjects[number]
        if horizon is None:
            horizon = source.newest - HORIZON
        decisions = decide(subject, self._known, horizon)
        if subject.waiting:
            self.state.undecided[number] = None
        else:
            self.state.undecided.pop(number, None)
        if decisions or subject.said:
            corrected = False

            def retract(one: Said) -> Event:
                nonlocal corrected
                corrected = True
                return self._words.retraction(self._words.again(subject, one), self._now)

            def make(decision: Decision, revision: int) -> Event:
                return self._words.event(subject, decision, self._now, revision, late or corrected)

            events = reconcile(subject, decisions, make, retract)
            if events:
                self.decided.events += events
                self.state.said.append((self._now, number))
        for track in subject.tracks:
            self.state.tracks.forget(track, horizon)

    def rest(self, source: Source) -> None:
        """Settle the subjects whose last events lie beyond the horizon, or are too many to remember.

        Then those rest with which nothing is going on.
        """
        said = self.state.said
        while said and (said[0][0] < source.newest - HORIZON or len(said) > SAID_LIMIT):
            when, number = said.popleft()
            told = self.state.subjects.told(number)
            if told and told[-1].detected <= when:
                self.redecide(source, number, late=False, horizon=when)
        self.state.subjects.rest()

    def tell(self, name: str, decision: Decision, who: Who, evidence: Evidence) -> None:
        """Say what no timeline decides."""
        self.decided.events.append(self._words.told(name, decision, who, evidence, self._now))

    def say(self, subject: Subject, decisions: list[Decision]) -> None:
        """Say the last of a subject: it is forgotten, and none of it can be taken back."""
        for decision in decisions:
            revision = dict(subject.revisions).get(decision.fact, 0)
            event = self._words.event(subject, decision, self._now, revision, late=False)
            self.decided.events.append(event)

    def released(self, source: Source, door: Door) -> None:
        """A pass that others at the door may have waited for was forgotten."""
        self._passing.judge(source, door)

    def watched(self, source: Source, places: list[Place]) -> None:
        """Places are watched again: silences that could not be judged are timed anew."""
        for place in places:
            if place.parked:
                parked, place.parked = place.parked, {}
                for track in parked:
                    self._arm(source, track)

    def lost(self, source: Source) -> None:
        """A link is gone: what other readers of the same place can decide must not wait for its return."""
        if all(len(place.sources) == 1 for place in source.places):
            return
        for timer in list(source.timers):
            threshold, kind, track = unpack(timer)
            if kind != Due.BEGIN and self.state.tracks.is_armed(track, source.index, threshold):
                other = self._silences.speaking(track)
                if other is not None:
                    self._arm(other, track)

    def blinded(self, source: Source) -> None:
        """A place went blind: whoever waits for a silence there need not wait any longer."""
        self._now = source.newest
        for number in list(self.state.undecided):
            self.redecide(source, number, late=False)
