"""The pipeline's state as bytes and back: plain values and columns, no classes, so data and not a program."""

import io
import pickle
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core import plain
from core.cells import CELL_COLUMNS, Cells
from core.doors import Door, Eye, Judged
from core.inbox import Inbox
from core.places import Blind, Nesting, Place
from core.plain import Plain, Runs
from core.positions import Positions
from core.records import Fix
from core.site import Item, Site
from core.sources import Outage, Source
from core.state import State
from core.subjects import SUBJECT_COLUMNS, Subjects
from core.timeline import Said, Subject
from core.tracks import ENDLESS, TRACK_COLUMNS, Kind, Run, Tracks

SCHEMA = 8
"""Version of the snapshot; another version means that the state is rebuilt from the journal."""
PART = 1_024
"""Subjects that are written and read together."""

_FIX: Callable[[Fix], Plain] = attrgetter(*(field.name for field in fields(Fix)))

_UNREADABLE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
)
"""What unpickling damaged bytes raises."""


class IncompatibleSnapshot(Exception):
    """The snapshot is of another version or configuration: rebuild from the journal."""


class _Unpickler(pickle.Unpickler):
    """Loads plain values only."""

    def find_class(self, module: str, name: str) -> object:
        raise pickle.UnpicklingError(f"a snapshot holds no classes, but here is {module}.{name}")


def dump(state: State) -> bytes:
    """A snapshot of the state."""
    runs = Runs()
    parts = {
        "schema": SCHEMA,
        "site": repr(state.site),
        "places": [_place(place) for place in state.places],
        "sources": [_source(source) for source in state.sources],
        "doors": [(index, _door(door, runs)) for index, door in state.doors.items()],
        "cells": _cells(state.cells),
        "tracks": _tracks(state.tracks, runs),
        "doorway": state.doorway.dump(),
        "positions": _positions(state.positions),
        "seen": [column.tobytes() for column in state.seen.columns()],
        "subjects": _subjects(state.subjects),
        "awake": [_pickled(some, runs) for some in _parts(list(state.subjects.awake.items()))],
        "said": [
            plain.column([when for when, _ in state.said]),
            plain.column([who for _, who in state.said]),
        ],
        "undecided": list(state.undecided),
        "heard": state.heard,
        "leaving": list(state.leaving),
        "inbox": _inbox(state.inbox),
        "runs": runs.dump(),
    }
    return pickle.dumps(parts, protocol=5)


def _parts(subjects: list[tuple[int, Subject]]) -> Iterator[list[tuple[int, Subject]]]:
    """Pieces of which only one at a time is in memory as plain values too."""
    for start in range(0, len(subjects), PART):
        yield subjects[start : start + PART]


def _pickled(subjects: list[tuple[int, Subject]], runs: Runs) -> bytes:
    return pickle.dumps([(number, plain.subject(one, runs)) for number, one in subjects], protocol=5)


def _unpickled(data: bytes) -> object:
    """Raises IncompatibleSnapshot for what is no pickle of plain values."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except _UNREADABLE as error:
        raise IncompatibleSnapshot(f"the snapshot can not be read: {error}") from error


def load(site: Site, data: bytes) -> State:
    """The state of a snapshot; raises `IncompatibleSnapshot` for another schema or site."""
    parts = _parts_of(data)
    if parts["site"] != repr(site):
        raise IncompatibleSnapshot("the snapshot was taken with another configuration")
    return _load(State.fresh(site), parts)


def load_positions(data: bytes) -> Positions:
    """Where the trackers are, of a snapshot of any site; raises `IncompatibleSnapshot` for another schema."""
    positions = Positions()
    _load_positions(positions, _parts_of(data)["positions"])
    return positions


def _parts_of(data: bytes) -> dict[str, Plain]:
    parts = _unpickled(data)
    if not isinstance(parts, dict) or parts.get("schema") != SCHEMA:
        raise IncompatibleSnapshot(f"the snapshot is not of schema {SCHEMA}, which this version reads")
    return parts


def _load(state: State, parts: dict[str, Plain]) -> State:
    runs = plain.load_runs(parts["runs"])
    for place, data in zip(state.places, cast(list[Plain], parts["places"]), strict=True):
        _load_place(place, data)
    for source, data in zip(state.sources, cast(list[Plain], parts["sources"]), strict=True):
        _load_source(source, data)
    for index, data in cast(list[tuple[int, Plain]], parts["doors"]):
        _load_door(state.doors[index], data, runs)
    state.cells = _load_cells(parts["cells"], state.cells.source_ids)
    state.tracks = _load_tracks(parts["tracks"], runs)
    state.doorway.load(*cast(tuple[int, list[bytes]], parts["doorway"]))
    cell, time = cast(list[bytes], parts["seen"])
    state.seen.restore(np.frombuffer(cell, np.int32), np.frombuffer(time, np.int64))
    _load_positions(state.positions, parts["positions"])
    items = {item.id: item for item in state.site.items}
    _load_subjects(state, parts["subjects"], items)
    for part in cast(list[bytes], parts["awake"]):
        for number, data in cast(list[tuple[int, Plain]], _unpickled(part)):
            state.subjects.awake[number] = plain.load_subject(data, items, state.places, runs)
    when, who = (plain.numbers(one).tolist() for one in cast(list[Plain], parts["said"]))
    state.said.extend(zip(when, who, strict=True))
    state.undecided = dict.fromkeys(cast(list[int], parts["undecided"]))
    state.heard = cast(int, parts["heard"])
    state.leaving.extend(cast(list[tuple[int, int]], parts["leaving"]))
    _load_inbox(state.inbox, parts["inbox"])
    return state


def _inbox(inbox: Inbox) -> Plain:
    columns = [plain.column(getattr(inbox, name)[: inbox.size].tolist()) for name in inbox.COLUMNS]
    return [inbox.tags, columns]


def _load_inbox(inbox: Inbox, data: Plain) -> None:
    tags, columns = cast(tuple[list[str], list[bytes]], data)
    inbox.restore(tags, [plain.numbers(column) for column in columns])


def _positions(positions: Positions) -> Plain:
    return [list(map(_FIX, positions.last.values())), list(positions.delivered.generations())]


def _load_positions(positions: Positions, data: Plain) -> None:
    last, generations = cast(
        tuple[list[tuple[str, int, float, float, float, float, float, float, int, int, str]], list[bytes]],
        data,
    )
    positions.last.update((fix[0], Fix(*fix)) for fix in last)
    positions.delivered.restore(generations)


def _place(place: Place) -> Plain:
    blinds = [(blind.starts, blind.ends, blind.open) for blind in (place.blind, place.deaf)]
    return [blinds, list(place.parked)]


def _load_place(place: Place, data: Plain) -> None:
    blinds, parked = cast(tuple[list[tuple[list[int], list[int], dict[str, int]]], list[int]], data)
    place.blind, place.deaf = (Blind(*one) for one in blinds)
    place.parked = dict.fromkeys(parked)


def _source(source: Source) -> Plain:
    outage = source.outage
    written = None if outage is None else (outage.since, outage.reason, outage.to, outage.filled)
    return [
        source.newest,
        source.up,
        source.blind_since,
        source.turned,
        written,
        source.timers,
        dict(source.counts),
        source.holders,
    ]


def _load_source(source: Source, data: Plain) -> None:
    newest, up, blind_since, turned, outage, timers, counts, holders = cast(
        tuple[
            int,
            bool,
            int | None,
            int,
            tuple[int, str, int | None, int] | None,
            list[int],
            dict[str, int],
            list[tuple[int, str]],
        ],
        data,
    )
    source.newest, source.up, source.blind_since, source.turned = newest, up, blind_since, turned
    source.outage = None if outage is None else Outage(*outage)
    source.timers, source.counts, source.holders = timers, Counter(counts), holders


def _judged(one: Judged, runs: Runs) -> Plain:
    return [runs.number(one.run), plain.motion(one.seen), plain.verdict(one.verdict)]


def _door(door: Door, runs: Runs) -> Plain:
    ended = [one for passes in door.ended.values() for one in passes]
    numbers = {id(one): number for number, one in enumerate(ended)}
    return [
        [runs.number(run) for _, _, run in sorted(door.begun) if run in door.open],
        [_judged(one, runs) for one in ended],
        [numbers[id(one)] for _, _, one in sorted(door.waiting)],
        {str(movement): count for movement, count in door.counts.items()},
        [door.recheck, door.swept, door.eyes, door.company.dump()],
    ]


def _load_door(door: Door, data: Plain, runs: list[Run]) -> None:
    opened, ended, waiting, counts, rest = cast(
        tuple[list[int], list[tuple[int, Plain, Plain]], list[int], dict[str, int], Plain], data
    )
    for number in dict.fromkeys(opened):
        door.opened(runs[number])
    judged = [
        Judged(runs[run], plain.load_motion(seen), plain.load_verdict(said)) for run, seen, said in ended
    ]
    for one in judged:
        door.ended.setdefault(one.run.track, []).append(one)
    for number in waiting:
        door.wait(judged[number])
    door.counts = Counter(counts)
    recheck, swept, eyes, rows = cast(tuple[list[tuple[int, int]], int, list[Eye], bytes], rest)
    door.recheck, door.swept, door.eyes = recheck, swept, eyes
    door.company.load(rows)


def _cells(cells: Cells) -> Plain:
    columns = [getattr(cells, name)[: cells.size].tobytes() for name in CELL_COLUMNS]
    return [columns, cells.tags, cells.sources.tobytes(), cells.ports.tobytes(), cells.given_up]


def _load_cells(data: Plain, source_ids: Sequence[str]) -> Cells:
    columns, tags, sources, ports, given_up = cast(
        tuple[list[bytes], list[str], bytes, bytes, list[int]], data
    )
    cells = Cells(source_ids, max(256, len(tags)))
    _fill(cells, CELL_COLUMNS, columns, len(tags))
    cells.size = len(tags)
    cells.tags += tags
    cells.sources.frombytes(sources)
    cells.ports.frombytes(ports)
    cells.given_up = given_up
    cells.free = _free(cells.track[: cells.size] < 0, given_up)
    followed = set(cells.next[: cells.size].tolist())
    for cell, tag in enumerate(tags):
        if tag and cell not in followed:  # the newest of a tag need not have the highest number
            cells.by_tag.put(tag, cell)
    return cells


def _free(blank: NDArray[np.bool_], taken: Collection[int] = ()) -> list[int]:
    """The numbers that are blank and not taken, as a heap."""
    blank[list(taken)] = False
    free: list[int] = np.flatnonzero(blank).tolist()
    return free


def _fill(owner: Cells | Tracks | Subjects, names: tuple[str, ...], columns: list[bytes], size: int) -> None:
    for name, one in zip(names, columns, strict=True):
        column: NDArray[np.int64] = getattr(owner, name)
        column[:size] = np.frombuffer(one, column.dtype)


def _tracks(tracks: Tracks, runs: Runs) -> Plain:
    columns = [getattr(tracks, name)[: tracks.size].tobytes() for name in TRACK_COLUMNS]
    current = [(track, runs.number(tracks.newest(track))) for track in tracks.current]
    older = [(track, [runs.number(run) for run in some]) for track, some in tracks.older.items()]
    owners = [bytes(tracks.kind), tracks.subject.tobytes(), tracks.place.tobytes()]
    return [
        tracks.size,
        columns,
        owners,
        current,
        older,
    ]


def _load_tracks(data: Plain, runs: list[Run]) -> Tracks:
    size, columns, owners, current, older = cast(
        tuple[int, list[bytes], list[bytes], list[tuple[int, int]], list[tuple[int, list[int]]]],
        data,
    )
    tracks = Tracks(max(256, size))
    _fill(tracks, TRACK_COLUMNS, columns, size)
    tracks.size = size
    tracks.least_gap = int(tracks.gap[:size].min(initial=ENDLESS))
    kinds = list(Kind)
    tracks.kind = [kinds[kind] for kind in owners[0]]
    tracks.subject.frombytes(owners[1])
    tracks.place.frombytes(owners[2])
    subject = np.frombuffer(owners[1], np.int32)
    tracks.free = _free(subject < 0)
    tracks.current = {track: runs[number] for track, number in current}
    tracks.older = {track: [runs[number] for number in some] for track, some in older}
    return tracks


def _subjects(subjects: Subjects) -> Plain:
    columns = [getattr(subjects, name)[: subjects.size].tobytes() for name in SUBJECT_COLUMNS]
    owned = [(number, item.id) for number, item in subjects.items.items()]
    said = [(number, list(map(plain.SAID, some))) for number, some in subjects.said.items()]
    return [subjects.size, columns, owned, said]


def _load_subjects(state: State, data: Plain, items: dict[str, Item]) -> None:
    size, columns, owned, said = cast(
        tuple[int, list[bytes], list[tuple[int, str]], list[tuple[int, list[plain.SaidRow]]]], data
    )
    subjects = Subjects(state.places, Nesting(state.site.zones), state.tracks, state.cells, max(256, size))
    _fill(subjects, SUBJECT_COLUMNS, columns, size)
    subjects.size, subjects.free = size, _free(subjects.cell[:size] < 0)
    subjects.items = {number: items[id] for number, id in owned}
    subjects.said = {number: tuple(Said(*one) for one in some) for number, some in said}
    state.subjects, state.of_item = subjects, {id: number for number, id in owned}
