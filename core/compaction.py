"""Forgetting subjects: what is left of the state is numbered anew, in the same order.

Everything in the state refers to subjects, tracks and cells by number. New numbers ascend with the old ones, so
whatever was sorted by them still is, and what is left goes on as if the others had never been heard; only the votes
that their passes have cast stay. It takes time in proportion to the whole state, so many have to go at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from core.cells import Cells
from core.claims import Decision, Standing
from core.doors import Door
from core.snapshot import CELL_COLUMNS, TRACK_COLUMNS
from core.sources import INDEX_BITS, Source
from core.state import State
from core.timeline import Subject
from core.tracks import Run, Tracks

Kept = NDArray[np.bool_]
Numbers = Sequence[int]
"""The new number of each old one, -1 for what is gone."""
_FIELDS = attrgetter(*(field.name for field in fields(Decision)))


def forget(state: State, gone: Sequence[int]) -> list[Door]:
    """Forget these subjects with all their evidence; returns the doors where passes of theirs were going on."""
    tracks, cells = state.tracks, state.cells
    subjects = np.ones(len(state.subjects), np.bool_)
    subjects[gone] = False
    kept = subjects[np.array(tracks.subject, np.int64)]
    heard = kept[cells.track[: cells.size]]
    subject, track, cell = _numbers(subjects), _numbers(kept), _numbers(heard)
    released = [door for door in state.doors.values() if _renumber_door(door, track)]
    _renumber_tracks(tracks, kept, track, subject)
    state.subjects = [one for number, one in enumerate(state.subjects) if subject[number] >= 0]
    for run in {id(run): run for run in _runs(state)}.values():
        run.track, run.cell = track[run.track], cell[run.cell]
    for one in state.subjects:
        _renumber_subject(one, track, cell)
    _renumber_cells(cells, heard, track, cell)
    state.seen.renumber(np.array(cell, np.int32))
    for source in state.sources:
        _renumber_timers(source, track)
    for place in state.places:
        place.parked = [track[one] for one in place.parked if track[one] >= 0]
    state.of_item = {item: subject[number] for item, number in state.of_item.items()}
    said = [(when, subject[number]) for when, number in state.said if subject[number] >= 0]
    state.said.clear()
    state.said.extend(said)
    state.undecided = {subject[number]: None for number in state.undecided if subject[number] >= 0}
    return released


def _numbers(kept: Kept) -> list[int]:
    numbers: list[int] = np.where(kept, np.cumsum(kept) - 1, -1).tolist()
    return numbers


def _compress(owner: Cells | Tracks, names: tuple[str, ...], kept: Kept) -> None:
    """In place, so that views of the columns stay what they are; behind the last row they are as new."""
    left = int(np.count_nonzero(kept))
    for name in names:
        column: NDArray[np.int64] = getattr(owner, name)
        blank = -1 if name in ("row", "armed_by") else 0
        column[:left] = column[: len(kept)][kept]
        column[left : len(kept)] = blank


def _renumber_tracks(tracks: Tracks, kept: Kept, track: Numbers, subject: Numbers) -> None:
    _compress(tracks, TRACK_COLUMNS, kept)
    stay = np.flatnonzero(kept).tolist()
    tracks.size, before = len(stay), tracks.rows
    passes = np.flatnonzero(tracks.row[: tracks.size] >= 0)
    tracks.rows = len(passes)
    tracks.sums[: tracks.rows] = tracks.sums[tracks.row[passes]]
    tracks.sums[tracks.rows : before] = 0
    tracks.row[passes] = np.arange(tracks.rows)
    tracks.kind = [tracks.kind[one] for one in stay]
    tracks.subject = [subject[tracks.subject[one]] for one in stay]
    tracks.place = [tracks.place[one] for one in stay]
    tracks.current = [tracks.current[one] for one in stay]
    tracks.older = {track[one]: runs for one, runs in tracks.older.items() if track[one] >= 0}


def _renumber_cells(cells: Cells, kept: Kept, track: Numbers, cell: Numbers) -> None:
    _compress(cells, CELL_COLUMNS, kept)
    stay = np.flatnonzero(kept).tolist()
    cells.size = len(stay)
    # a number of -1, for none, finds the -1 at the end
    for column, numbers in ((cells.track, track), (cells.watch, track), (cells.next, cell)):
        column[: cells.size] = np.array([*numbers, -1], np.int32)[column[: cells.size]]
    cells.tags = [cells.tags[one] for one in stay]
    cells.sources = [cells.sources[one] for one in stay]
    cells.ports = [cells.ports[one] for one in stay]
    cells.by_tag = {tag: number for number, tag in enumerate(cells.tags)}


def _renumber_door(door: Door, track: Numbers) -> bool:
    """True when a pass that others may wait for is gone. Runs still have their old numbers here."""
    running = len(door.open)
    door.open = {run: None for run in door.open if track[run.track] >= 0}
    door.begun = sorted(entry for entry in door.begun if entry[2] in door.open)
    door.waiting = sorted(entry for entry in door.waiting if track[entry[2].run.track] >= 0)
    door.ended = {track[one]: passes for one, passes in door.ended.items() if track[one] >= 0}
    return len(door.open) < running


def _renumber_subject(subject: Subject, track: Numbers, cell: Numbers) -> None:
    subject.tracks = tuple(map(track.__getitem__, subject.tracks))
    if subject.said:
        subject.said = tuple((_renumber_decision(one, cell), event) for one, event in subject.said)


def _renumber_decision(one: Decision, cell: Numbers) -> Decision:
    """As dataclasses.replace does, in a quarter of the time: there are many of them."""
    kind, place, time, anchor, number, *rest = _FIELDS(one)
    return Decision(kind, place, time, anchor, cell[number], *rest)


def _renumber_timers(source: Source, track: Numbers) -> None:
    """They stay in order: it is the order of thresholds and kinds, then of tracks."""
    mask = (1 << INDEX_BITS) - 1
    timers = sorted(source.timers)
    source.timers[:] = [timer & ~mask | track[timer & mask] for timer in timers if track[timer & mask] >= 0]


def _runs(state: State) -> Iterator[Run]:
    """Every run that something in the state refers to, some of them more than once."""
    yield from (run for run in state.tracks.current if run is not None)
    for older in state.tracks.older.values():
        yield from older
    for subject in state.subjects:
        for standing in (subject.base, subject.now):
            if standing.claims or standing.waiting:
                yield from _held(standing)
        if subject.passes:
            yield from (one.run for one in subject.passes)
    for door in state.doors.values():
        yield from door.open
        for passes in door.ended.values():
            yield from (one.run for one in passes)
        yield from (one.run for _, _, one in door.waiting)


def _held(standing: Standing) -> Iterator[Run]:
    yield from (claim.run for claim in standing.claims if claim.run is not None)
    yield from (run for run, _ in standing.waiting)
