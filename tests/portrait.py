"""All that a pipeline remembers, by the names of things instead of their numbers, in a form that can be compared."""

from dataclasses import fields
from operator import attrgetter

import numpy as np

from core.claims import Standing
from core.decider import Due
from core.doors import Judged
from core.pipeline import Pipeline
from core.sources import unpack
from core.state import State
from core.subjects import SUBJECT_COLUMNS
from core.tracks import TRACK_COLUMNS, Run

Portrait = dict[str, object]
_RUN = attrgetter(*(one.name for one in fields(Run) if one.name not in ("track", "cell", "position")))


def portrait(pipeline: Pipeline) -> Portrait:
    """Whatever the state refers to, but for what was counted, and for what is left behind and finds nothing."""
    return _Painter(pipeline.state).portrait()


class _Painter:
    def __init__(self, state: State) -> None:
        self._state = state

    def portrait(self) -> Portrait:
        state = self._state
        cell, time = state.seen.columns()
        seen = zip(map(self._cell, cell.tolist()), time.tolist(), strict=True)
        cells = [number for number in range(state.cells.size) if state.cells.track[number] >= 0]
        tracks = [number for number in range(state.tracks.size) if state.tracks.subject[number] >= 0]
        return {
            "cells": sorted(map(self._cell_row, cells), key=repr),
            "by tag": {
                tag: list(map(self._cell, state.cells.of_tag(tag))) for tag in state.cells.tags if tag
            },
            "tracks": sorted(map(self._track_row, tracks), key=repr),
            "subjects": {state.subjects.name(number): self._subject(number) for number in state.subjects},
            "undecided": list(map(state.subjects.name, state.undecided)),
            "said": [(when, who) for when, number in state.said if (who := self._name(number))],
            "items": {id: state.subjects.name(number) for id, number in state.of_item.items()},
            "seen": sorted(seen),
            "sources": [
                (source.newest, source.up, source.blind_since, self._timers(number))
                for number, source in enumerate(state.sources)
            ],
            "parked": [list(map(self._track, place.parked)) for place in state.places],
            "doors": [self._door(index) for index in state.doors],
        }

    def left(self) -> list[object]:
        """What stands in the columns where numbers are free."""
        state = self._state
        free = np.array([*state.cells.free, *state.cells.given_up], np.int64)
        found: list[object] = [state.cells.tags[number] for number in free.tolist()]
        for names, owner, numbers in (
            (("track", "watch", "side", "last", "next"), state.cells, free),
            (TRACK_COLUMNS, state.tracks, np.array(state.tracks.free, np.int64)),
            (SUBJECT_COLUMNS, state.subjects, np.array(state.subjects.free, np.int64)),
        ):
            for name in names:
                found += np.unique(getattr(owner, name)[numbers]).tolist()
        return found

    def _name(self, subject: int) -> str:
        return self._state.subjects.name(subject) if self._state.subjects.cell[subject] >= 0 else ""

    def _cell(self, cell: int) -> tuple[str, str, int]:
        return self._state.cells.name(cell)

    def _track(self, track: int) -> tuple[str, int]:
        tracks = self._state.tracks
        return ("", -2) if track < 0 else (self._name(tracks.subject[track]), tracks.place[track])

    def _cell_row(self, cell: int) -> object:
        cells = self._state.cells
        track, watch = self._track(int(cells.track[cell])), self._track(int(cells.watch[cell]))
        return self._cell(cell), track, watch, int(cells.side[cell]), int(cells.last[cell])

    def _track_row(self, track: int) -> object:
        tracks = self._state.tracks
        columns = ("first", "last", "count", "gap", "open", "rivals", "armed", "armed_by")
        runs = list(map(self._run, tracks.older.get(track, ())))
        return (
            self._track(track),
            int(tracks.kind[track]),
            [int(getattr(tracks, name)[track]) for name in columns],
            runs,
            self._run(tracks.newest(track)),
        )

    def _run(self, run: Run | None) -> object:
        if run is None:
            return None
        return self._track(run.track), self._cell(run.cell), self._heard(run), _RUN(run)

    def _heard(self, run: Run) -> object:
        """The reads of a pass, wherever they stand in the log."""
        if run.position < 0:
            return None
        heard = self._state.doorway.of(self._state.cells.track, run.track, run.position, run.first, run.last)
        return heard.time.tolist(), list(map(self._cell, heard.cell.tolist())), heard.rssi.tolist()

    def _subject(self, number: int) -> object:
        one = self._state.subjects[number]
        said = [
            (*each.fact, each.time, each.revision, each.detected, self._cell(each.cell)) for each in one.said
        ]
        passes = [(self._run(each.run), each.place.id, each.seen, each.verdict) for each in one.passes]
        tracks = list(map(self._track, one.tracks))
        standings = [self._standing(one.base), self._standing(one.now)]
        return tracks, one.settled, said, passes, one.revisions, one.waiting, standings

    def _standing(self, one: Standing) -> object:
        claims = [(claim.zone, claim.since, self._run(claim.run)) for claim in one.claims]
        waiting = [(self._run(run), zone) for run, zone in one.waiting]
        return claims, one.stays, waiting, one.last_place, one.missing

    def _timers(self, source: int) -> object:
        """Those that will find something when they ring."""
        tracks, found = self._state.tracks, []
        for threshold, kind, track in map(unpack, self._state.sources[source].timers):
            begins = kind == Due.BEGIN and tracks.subject[track] >= 0
            if begins or tracks.is_armed(track, source, threshold):
                found.append((threshold, kind, self._track(track)))
        return sorted(found)

    def _door(self, index: int) -> object:
        door = self._state.doors[index]
        ended = {self._track(track): list(map(self._judged, some)) for track, some in door.ended.items()}
        return (
            [self._run(run) for run in door.open],
            [self._run(run) for _, _, run in sorted(door.begun) if run in door.open],
            [self._judged(one) for _, _, one in sorted(door.waiting)],
            ended,
            (door.recheck, door.eyes, door.company.dump()),
        )

    def _judged(self, one: Judged) -> object:
        return self._run(one.run), one.seen, one.verdict


def left_behind(pipeline: Pipeline) -> set[object]:
    """The values in the columns where numbers are free."""
    return set(_Painter(pipeline.state).left())
