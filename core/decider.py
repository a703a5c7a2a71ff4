"""When things are decided: timers on the frontiers, and what happens when one is due.

Three things wait for a frontier: the beginning of a run (nothing earlier is on its way), its silence, and the end of
a pass. A timer is lazy: a track has one, and when it rings the run may have grown, so it is set again. Nothing here
looks at reads beyond the frontier, so it does not matter how many of them a batch has already brought.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from core.claims import Decision
from core.doors import Door, Judged, is_crossing
from core.events import Event, Evidence, Gap, Identity
from core.places import Nesting, Place
from core.records import SECOND
from core.silence import Silences
from core.sources import Source, unpack
from core.state import State
from core.timeline import Pass, Subject, decide, reconcile
from core.tracks import Change, Kind, Run

HORIZON = 600 * SECOND
"""A correction reaches back this far behind its source's newest record (10 min)."""

SAID_LIMIT = 50_000
"""Decisions of the whole site that a correction may reach back over; beyond, the oldest are settled early."""


class Due(IntEnum):
    """What a timer is for."""

    BEGIN = 0
    SILENCE = 1
    PASS = 2


@dataclass(slots=True)
class Decided:
    """What one step decided, in order."""

    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


class Decider:
    """Places pieces into tracks, watches the frontiers, and collects what is decided."""

    def __init__(self, state: State, nesting: Nesting, identity: Identity) -> None:
        self.state = state
        self.nesting = nesting
        self.identity = identity
        self._silences = Silences(state)
        self.decided = Decided()
        self._touched: dict[int, None] = {}
        self._now = 0

    # what a timeline asks

    def runs(self, track: int) -> Iterator[Run]:
        """The remembered runs of a track, oldest first."""
        return self.state.tracks.runs(track)

    def track_kind(self, track: int) -> Kind:
        """What the track's runs mean."""
        return self.state.tracks.kind[track]

    def track_place(self, track: int) -> Place:
        """Where the track is."""
        return self.state.places[self.state.tracks.place[track]]

    def rank(self, track: int) -> tuple[int, str]:
        """Orders tracks in the same instant: visits by zone, then passes by portal, then the track of all evidence."""
        place = self.state.tracks.place[track]
        return self.state.tracks.kind[track], "" if place < 0 else self.state.places[place].id

    def final(self, run: Run) -> bool:
        """Can the run no longer grow by what is not late, or can nobody say?"""
        return self._silences.final(run)

    def doubt(self, run: Run) -> None:
        """Something is decided against a run that has not ended: its next read must be noticed."""
        self.state.tracks.doubt(run)

    def outlives(self, run: Run, time: int) -> bool:
        """Does the run's silence end after a time, as far as is known?"""
        due = self._silences.due(run)
        return due is None or due > time

    def not_after(self, run: Run) -> int | None:
        """The end of the newest blind interval in the silence that ended the run."""
        return self._silences.not_after(run)

    def awaited(self, run: Run) -> bool:
        """Will it be decided as soon as a source that is up says more?"""
        if self.track_kind(run.track) is Kind.PASS:
            return not run.static and self._silences.speaking(run.track) is not None
        return self.state.sources[self.state.cells.sources[run.cell]].up

    def overtaken(self, run: Run) -> None:
        """Count a run that was told of after newer evidence of its subject was settled."""
        self.state.sources[self.state.cells.sources[run.cell]].counts["overtaken"] += 1

    # evidence

    def put(self, source: Source, piece: Run, late: bool) -> None:
        """Place a piece into its track and set the timers that it needs."""
        tracks = self.state.tracks
        change, run = tracks.put(piece, self._silences.uptime(piece.track), self.state.cells.name)
        passes = tracks.kind[run.track] is Kind.PASS
        if not passes and not run.known and run.first == piece.first:
            threshold = run.first + self._silences.lateness(source, run.track)
            source.wake(threshold, Due.BEGIN, run.track)
        if change is Change.GREW:
            if run.first == piece.first and run in self._open_at(run):
                self._door(run.track).opened(run)  # it began earlier than was known
            return
        run.late = run.late or late
        if passes and change is Change.BEGAN:
            self._open(run)
        elif passes:
            self._revise(run, late)
        elif change is not Change.BEGAN:
            self._touched[tracks.subject[run.track]] = None
        self._arm(source, run.track)

    def begins(self, track: int, first: int) -> bool:
        """Would a piece that does not lengthen the newest run begin one, or grow one that nobody knows of yet?"""
        return self.state.tracks.begins(track, first, self._silences.uptime(track))

    def is_rivalled(self, track: int) -> bool:
        """Is the subject of a visit's track being read in another zone as well?"""
        tracks = self.state.tracks
        others = (one for one in self.state.subjects[tracks.subject[track]].tracks if one != track)
        return any(
            tracks.kind[one] is Kind.VISIT and (run := tracks.current[one]) is not None and not run.ended
            for one in others
        )

    def _arm(self, source: Source, track: int) -> None:
        """Set the timer of a track for its earliest run that has not ended."""
        run = next((run for run in self.runs(track) if not run.ended), None)
        if run is None:
            return
        if self.track_kind(track) is Kind.PASS:
            place = self.track_place(track)
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
                place.parked.append(run.track)
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
            self._pass_due(source, track, due)
        else:
            self._silence_due(source, track, due)

    def _moved_on(self, source: Source, threshold: int, kind: Due, track: int) -> bool:
        """Most rings find a run that was read since: it is timed anew from its columns, and that is all.

        Its silence can not be complete before its gap is over, so nothing is decided too late: blindness and other
        sources only make it later, and are asked for when it rings then.
        """
        tracks = self.state.tracks
        run = tracks.current[track]
        if run is None or not tracks.m_open[track] or track in tracks.older:
            return False
        due = tracks.m_last[track] + tracks.m_gap[track]
        if kind == Due.PASS and not run.static:
            place = self.track_place(track)
            due = min(due, run.first + place.max_pass + place.gap)
        later = due + self._silences.lateness(source, track)
        if later <= threshold:
            return False
        tracks.arm(track, source.index, later)
        source.wake(later, kind, track)
        return True

    def _begin(self, source: Source, track: int) -> None:
        """All that a subject's source knows of it by now is decided together: of one instant, in the fold's order."""
        number, news = self.state.tracks.subject[track], list[Run]()
        for one in self.state.subjects[number].tracks:
            if self.track_kind(one) is not Kind.PASS:
                frontier = source.newest - self._silences.lateness(source, one)
                news += [run for run in self.runs(one) if not run.known and run.first <= frontier]
        news = [run for run in news if self.state.cells.sources[run.cell] == source.index]
        for run in news:
            run.known = True
        if news:
            self.redecide(source, number, late=any(run.late for run in news))

    def _silence_due(self, source: Source, track: int, frontier: int) -> None:
        late, new = False, False
        for run in list(self.runs(track)):
            due = None if run.ended else self._silences.due(run)
            if due is not None and due <= frontier:
                run.ended, run.due, new = True, due, True
                late = late or run.late
                if run is self.state.tracks.current[track]:
                    self.state.tracks.close(track)
        self._arm(source, track)
        if new:
            self.redecide(source, self.state.tracks.subject[track], late)
        else:
            self._retry(source, self.state.tracks.subject[track])

    def finish(self) -> None:
        """Advance all sources together until every beginning and pass is decided; silences stay open."""
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

    # doors

    def _door(self, track: int) -> Door:
        return self.state.doors[self.state.tracks.place[track]]

    def _open_at(self, run: Run) -> Container[Run]:
        """The open passes of the door that the run is at; none for a visit."""
        return self._door(run.track).open if self.track_kind(run.track) is Kind.PASS else ()

    def _open(self, run: Run) -> None:
        self._door(run.track).opened(run)
        self.state.subjects[self.state.tracks.subject[run.track]].open_passes += 1

    def _revise(self, run: Run, late: bool) -> None:
        """Evidence changed a pass, or joined some: it is open again, and its companions vote anew."""
        door, subject = self._door(run.track), self.state.subjects[self.state.tracks.subject[run.track]]
        for gone in door.withdraw(run, list(self.runs(run.track))):
            door.recheck.append(gone.seen.middle)
            late = True
        run.ended = run.known = run.static = False
        run.late = run.late or late
        door.opened(run)
        passes = [one for one in subject.tracks if self.track_kind(one) is Kind.PASS]
        subject.open_passes = sum(
            not one.known and not one.static for track in passes for one in self.runs(track)
        )

    def _pass_due(self, source: Source, track: int, frontier: int) -> None:
        door, subject = self._door(track), self.state.subjects[self.state.tracks.subject[track]]
        place = door.place
        for run in list(self.runs(track)):
            if run.ended:
                continue
            if run.last + place.gap <= frontier:
                run.ended, run.due = True, run.last + place.gap
                if run is self.state.tracks.current[track]:
                    self.state.tracks.close(track)
                door.closed(run)
            elif not run.static and run.first + place.max_pass + place.gap <= frontier:
                door.became_static(run)
                subject.open_passes -= 1
                self._retry(source, self.state.tracks.subject[track])
        self._arm(source, track)
        self._settle(source, door)

    def _settle(self, source: Source, door: Door) -> None:
        """Judge every pass whose companions have ended, then those whose vote late evidence has changed."""
        for one in door.ready():
            if one.run.late:
                door.recheck.append(one.seen.middle)
            self._judge(source, door, one, one.run.late)
        if door.recheck:
            changed, door.recheck = door.recheck, []
            for one in door.companions(changed):
                self._judge(source, door, one, True)
        for track in door.forget(source.newest - HORIZON):
            self.state.tracks.forget(track, source.newest - HORIZON)

    def _judge(self, source: Source, door: Door, one: Judged, late: bool) -> None:
        run, number = one.run, self.state.tracks.subject[one.run.track]
        subject = self.state.subjects[number]
        if not run.known:
            run.known = True
            subject.open_passes -= not run.static
        elif not door.judge(one):
            return
        if one.verdict is None:
            door.judge(one)
        alive = list(self.runs(run.track))
        before = subject.passes
        subject.passes = tuple(
            old
            for old in before
            if old.run.track != run.track or (old.run is not run and (old.run.end_based or old.run in alive))
        )
        if is_crossing(one) and one.verdict is not None:
            direction, seen = door.by_eyes(run, one.seen)
            if door.place.sided:
                direction = one.verdict.direction
            made = Pass(run, door.place, seen, one.verdict, direction)
            subject.passes = (*subject.passes, made)
        if before or subject.passes:
            self.redecide(source, number, late)
        else:
            self._retry(source, number)
            self.state.tracks.forget(run.track, source.newest - HORIZON)

    # decisions

    def _retry(self, source: Source, number: int) -> None:
        if number in self.state.undecided:
            self.redecide(source, number, late=False)

    def redecide(self, source: Source, number: int, late: bool, horizon: int | None = None) -> None:
        """Fold a subject's timeline again and say what is new; what is older than `horizon` is settled."""
        subject = self.state.subjects[number]
        if horizon is None:
            horizon = source.newest - HORIZON
        decisions = decide(subject, self, horizon)
        if subject.waiting:
            self.state.undecided[number] = None
        else:
            self.state.undecided.pop(number, None)
        if decisions or subject.said:
            corrected = False

            def retract(event: Event) -> Event:
                nonlocal corrected
                corrected = True
                return self._retracted(event)

            def make(decision: Decision, revision: int) -> Event:
                return self._event(subject, decision, revision, late or corrected)

            events = reconcile(subject, decisions, make, retract)
            if events:
                self.decided.events += events
                self.state.said.append((self._now, number))
        for track in subject.tracks:
            self.state.tracks.forget(track, horizon)

    def rest(self, source: Source) -> None:
        """Settle the subjects whose last events lie beyond the horizon, or are too many to remember."""
        said = self.state.said
        while said and (said[0][0] < source.newest - HORIZON or len(said) > SAID_LIMIT):
            when, number = said.popleft()
            subject = self.state.subjects[number]
            if subject.said and subject.said[-1][1].detected <= when:
                self.redecide(source, number, late=False, horizon=when)

    def _event(self, subject: Subject, decision: Decision, revision: int, late: bool) -> Event:
        tag, source, port = self.state.cells.name(decision.cell)
        evidence = decision.evidence
        if decision.kind == "arrived" and not evidence:
            evidence = {"antenna": port}
        item = None if subject.item is None else subject.item.id
        return self.told(subject.name, decision, (item, tag, source), evidence, revision, late)

    def told(
        self,
        name: str,
        decision: Decision,
        who: tuple[str | None, str, str | None],
        evidence: Evidence,
        revision: int = 0,
        late: bool = False,
    ) -> Event:
        """A decision on subject `name` as an event with its identity; `who` is item, tag and source."""
        kind, place = decision.kind, decision.place
        item, tag, source = who
        return Event(
            self.identity.event(kind, name, place, decision.anchor, revision),
            decision.time,
            max(self._now, decision.time),
            kind,
            item,
            tag,
            place,
            decision.from_place,
            decision.direction,
            decision.time_error,
            None,
            None,
            decision.confidence,
            decision.reads,
            late,
            source,
            evidence,
        )

    def _retracted(self, event: Event) -> Event:
        return Event(
            id=self.identity.retraction(event.id),
            time=event.time,
            detected=self._now,
            kind="retracted",
            item=event.item,
            tag=event.tag,
            place=event.place,
            late=True,
            source=event.source,
            retracts=event.id,
            of=event.kind,
        )

    def watched(self, source: Source, places: list[Place]) -> None:
        """Places are watched again: silences that could not be judged are timed anew."""
        for place in places:
            if place.parked:
                parked, place.parked = dict.fromkeys(place.parked), []
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
