"""Passes at work: from the runs of tags at a door to what their timelines are told."""

from typing import Protocol

import numpy as np

from core.doors import Door, Judged, is_crossing
from core.motion import Motion, motion
from core.neighbours import Neighbours
from core.sources import Source
from core.state import State
from core.timeline import Pass
from core.tracks import Change, Run


class Timelines(Protocol):
    """Who folds the timelines."""

    def redecide(self, source: Source, number: int, late: bool) -> None:
        """A subject's evidence has changed."""

    def retry(self, source: Source, number: int) -> None:
        """A subject that waits need not wait for this any more."""


class Passing:
    """Opens, revises, ends and judges the passes of all doors."""

    def __init__(self, state: State, timelines: Timelines, horizon: int) -> None:
        self._state = state
        self._timelines = timelines
        self._horizon = horizon
        self._neighbours = Neighbours(state)

    def _door(self, track: int) -> Door:
        return self._state.doors[self._state.tracks.place[track]]

    def placed(self, run: Run, piece: Run, change: Change, late: bool) -> None:
        """A piece was put into a pass."""
        door = self._door(run.track)
        if change is Change.REWRITTEN:
            self._revise(door, run, late)
        elif change is Change.BEGAN or (run.first == piece.first and run in door.open):
            door.opened(run)  # perhaps earlier than was known

    def _revise(self, door: Door, run: Run, late: bool) -> None:
        """Evidence changed a pass, or joined some: it is open again, and its companions vote anew."""
        for gone in door.withdraw(run, list(self._state.tracks.runs(run.track))):
            door.recheck.append(gone.seen.span)
            late = True
            subject = self._state.subjects[self._state.tracks.subject[run.track]]
            subject.passes = self._told(subject.passes, self._rejudged(door, gone))
        run.ended = run.known = run.static = False
        run.late = run.late or late
        door.opened(run)

    def due(self, source: Source, track: int, frontier: int) -> None:
        """End what is silent at the frontier, and tell who stands in the door from who passes."""
        door, tracks = self._door(track), self._state.tracks
        gap, max_pass = door.place.gap, door.place.max_pass
        for run in [one for one in tracks.runs(track) if not one.ended]:
            if run.last + gap <= frontier:
                run.ended, run.due = True, run.last + gap
                if run is tracks.current.get(track):
                    tracks.close(track)
                door.closed(run, self._motion(door, run))
            elif not run.static and run.first + max_pass + gap <= frontier:
                door.became_static(run)
                self._timelines.retry(source, tracks.subject[track])

    def _motion(self, door: Door, run: Run) -> Motion:
        """The features of a pass, from what the door's antennas heard of it."""
        cells = self._state.cells
        heard = self._state.doorway.of(cells.track, run.track, run.position, run.first, run.last)
        unit = np.frombuffer(cells.sources, np.int32)[heard.cell]
        span, side = (run.first, run.last), cells.side[heard.cell]
        static = run.last - run.first > door.place.max_pass
        return motion(span, heard.time, side, heard.rssi, unit, static)

    def settle(self, source: Source, track: int) -> None:
        """Judge what is ready at the door of a track."""
        self.judge(source, self._door(track))

    def judge(self, source: Source, door: Door) -> None:
        """Judge every pass whose companions have ended, then those whose vote late evidence has changed."""
        before = source.newest - self._horizon
        for one in door.ready():
            if one.run.late:
                door.recheck.append(one.seen.span)
            self._judge(source, door, one, one.run.late)
        if door.recheck:
            changed, door.recheck = door.recheck, []
            for one in door.companions(changed):
                self._judge(source, door, one, True)
        for forgotten in door.forget(before):
            self._state.tracks.forget(forgotten, before)

    def _judge(self, source: Source, door: Door, one: Judged, late: bool) -> None:
        """Decide a pass; one that was decided before is told only if the verdict is new."""
        again, one.run.known = one.run.known, True
        new = door.judge(one, self._neighbours.is_echo(door, one))
        beside = self._rejudged(door, one)
        if not new and not beside and again:
            return
        number = self._state.tracks.subject[one.run.track]
        subject = self._state.subjects[number]
        before = subject.passes
        subject.passes = self._told(before, [(door, one), *beside])
        if before or subject.passes:
            self._timelines.redecide(source, number, late)
        else:
            self._timelines.retry(source, number)
            self._state.tracks.forget(one.run.track, source.newest - self._horizon)

    def _rejudged(self, door: Door, one: Judged) -> list[tuple[Door, Judged]]:
        """The passes at the doors beside whose verdicts are others now."""
        beside = list(self._neighbours.rivals(door, one))
        return [(near, two) for near, two in beside if near.judge(two, self._neighbours.is_echo(near, two))]

    def _told(self, passes: tuple[Pass, ...], judged: list[tuple[Door, Judged]]) -> tuple[Pass, ...]:
        """A subject's passes after some were judged."""
        for door, one in judged:
            passes = (*self._others(passes, one.run), *_crossing(door, one))
        return passes

    def _others(self, passes: tuple[Pass, ...], run: Run) -> list[Pass]:
        """The passes but that of this run, and those whose runs have become part of another one."""
        alive = list(self._state.tracks.runs(run.track))
        return [
            one
            for one in passes
            if one.run.track != run.track or (one.run is not run and (one.run.end_based or one.run in alive))
        ]


def _crossing(door: Door, one: Judged) -> list[Pass]:
    """The pass as its timeline takes it, dated and directed; nothing if it was no crossing."""
    if one.verdict is None or not is_crossing(one):
        return []
    direction, seen = door.by_eyes(one.run, one.seen)
    return [Pass(one.run, door.place, seen, one.verdict, direction or one.verdict.direction)]
