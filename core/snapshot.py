"""The pipeline's state as bytes and back: plain values and columns, no classes, so data and not a program."""

import io
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core import plain
from core.cells import Cells
from core.doors import Door, Judged
from core.inbox import Inbox
from core.places import Blind, Place
from core.plain import Plain, Runs
from core.site import Site
from core.sources import Outage, Source
from core.state import State
from core.timeline import Subject
from core.tracks import ENDLESS, Kind, Run, Tracks
from core.weights import Sums

SCHEMA = 4
"""Version of the snapshot; another version means that the state is rebuilt from the journal."""
PART = 1_024
"""Subjects that are written and read together."""

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
        "seen": [column.tobytes() for column in state.seen.columns()],
        "subjects": [_pickled(some, runs) for some in _parts(state.subjects)],
        "said": [
            plain.column([when for when, _ in state.said]),
            plain.column([who for _, who in state.said]),
        ],
        "undecided": list(state.undecided),
        "heard": state.heard,
        "inbox": _inbox(state.inbox),
        "runs": runs.dump(),
    }
    return pickle.dumps(parts, protocol=5)


def _parts(subjects: list[Subject]) -> Iterator[list[Subject]]:
    """Pieces of which only one at a time is in memory as plain values too."""
    for start in range(0, len(subjects), PART):
        yield subjects[start : start + PART]


def _pickled(subjects: list[Subject], runs: Runs) -> bytes:
    return pickle.dumps([plain.subject(subject, runs) for subject in subjects], protocol=5)


def _unpickled(data: bytes) -> object:
    """Raises IncompatibleSnapshot for what is no pickle of plain values."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except _UNREADABLE as error:
        raise IncompatibleSnapshot(f"the snapshot can not be read: {error}") from error


def load(site: Site, data: bytes) -> State:
    """The state of a snapshot; raises `IncompatibleSnapshot` for another schema or site."""
    parts = _unpickled(data)
    if not isinstance(parts, dict) or parts.get("schema") != SCHEMA:
        raise IncompatibleSnapshot(f"the snapshot is not of schema {SCHEMA}, which this version reads")
    if parts["site"] != repr(site):
        raise IncompatibleSnapshot("the snapshot was taken with another configuration")
    return _load(State.fresh(site), parts)


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
    cell, time = cast(list[bytes], parts["seen"])
    state.seen.restore(np.frombuffer(cell, np.int32), np.frombuffer(time, np.int64))
    items = {item.id: item for item in state.site.items}
    for part in cast(list[bytes], parts["subjects"]):
        for data in cast(list[Plain], _unpickled(part)):
            state.subjects.append(plain.load_subject(data, items, state.places, runs))
    state.of_item = {
        subject.name: number for number, subject in enumerate(state.subjects) if subject.item is not None
    }
    when, who = (plain.numbers(one).tolist() for one in cast(list[Plain], parts["said"]))
    state.said.extend(zip(when, who, strict=True))
    state.undecided = dict.fromkeys(cast(list[int], parts["undecided"]))
    state.heard = cast(int, parts["heard"])
    _load_inbox(state.inbox, parts["inbox"])
    return state


def _inbox(inbox: Inbox) -> Plain:
    columns = [plain.column(getattr(inbox, name)[: inbox.size].tolist()) for name in inbox.COLUMNS]
    return [inbox.tags, columns]


def _load_inbox(inbox: Inbox, data: Plain) -> None:
    tags, columns = cast(tuple[list[str], list[bytes]], data)
    inbox.restore(tags, [plain.numbers(column) for column in columns])


def _place(place: Place) -> Plain:
    blind = place.blind
    return [blind.starts, blind.ends, blind.open, place.parked]


def _load_place(place: Place, data: Plain) -> None:
    place.blind = Blind()
    starts, ends, causes, place.parked = cast(tuple[list[int], list[int], dict[str, int], list[int]], data)
    place.blind.starts, place.blind.ends, place.blind.open = starts, ends, causes


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
    ]


def _load_source(source: Source, data: Plain) -> None:
    newest, up, blind_since, turned, outage, timers, counts = cast(
        tuple[int, bool, int | None, int, tuple[int, str, int | None, int] | None, list[int], dict[str, int]],
        data,
    )
    source.newest, source.up, source.blind_since, source.turned = newest, up, blind_since, turned
    source.outage = None if outage is None else Outage(*outage)
    source.timers, source.counts = timers, Counter(counts)


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
        [door.recheck, door.swept, door.eyes, door.ballot.dump()],
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
    recheck, swept, eyes, bins = cast(tuple[list[int], int, list[tuple[int, int]], list[list[int]]], rest)
    door.recheck, door.swept, door.eyes = recheck, swept, eyes
    door.ballot.load(bins)


CELL_COLUMNS = ("track", "watch", "side", "last", "next")


def _cells(cells: Cells) -> Plain:
    columns = [getattr(cells, name)[: cells.size].tobytes() for name in CELL_COLUMNS]
    return [columns, cells.tags, plain.column(cells.sources), plain.column(cells.ports)]


def _load_cells(data: Plain, source_ids: Sequence[str]) -> Cells:
    columns, tags, sources, ports = cast(tuple[list[bytes], list[str], bytes, bytes], data)
    cells = Cells(source_ids, max(256, len(tags)))
    _fill(cells, CELL_COLUMNS, columns, len(tags))
    cells.size, cells.tags = len(tags), tags
    cells.sources, cells.ports = plain.numbers(sources).tolist(), plain.numbers(ports).tolist()
    cells.by_tag = {tag: cell for cell, tag in enumerate(tags)}
    return cells


def _fill(owner: Cells | Tracks, names: tuple[str, ...], columns: list[bytes], size: int) -> None:
    for name, one in zip(names, columns, strict=True):
        column: NDArray[np.int64] = getattr(owner, name)
        column[:size] = np.frombuffer(one, column.dtype)


TRACK_COLUMNS = ("first", "last", "count", "gap", "open", "rivals", "row", "armed", "armed_by")


def _tracks(tracks: Tracks, runs: Runs) -> Plain:
    columns = [getattr(tracks, name)[: tracks.size].tobytes() for name in TRACK_COLUMNS]
    current = [runs.number(tracks.newest(track)) for track in range(tracks.size)]
    older = [(track, [runs.number(run) for run in some]) for track, some in tracks.older.items()]
    owners = [
        plain.column(list(map(int, tracks.kind))),
        plain.column(tracks.subject),
        plain.column(tracks.place),
    ]
    return [
        tracks.size,
        tracks.rows,
        columns,
        tracks.sums[: tracks.rows].tobytes(),
        owners,
        plain.column(current),
        older,
    ]


def _load_tracks(data: Plain, runs: list[Run]) -> Tracks:
    size, rows, columns, sums, owners, current, older = cast(
        tuple[int, int, list[bytes], bytes, list[bytes], bytes, list[tuple[int, list[int]]]], data
    )
    tracks = Tracks(max(256, size), max(64, rows))
    _fill(tracks, TRACK_COLUMNS, columns, size)
    tracks.sums[:rows] = np.frombuffer(sums, np.int64).reshape(rows, Sums.WIDTH)
    tracks.size, tracks.rows = size, rows
    tracks.least_gap = int(tracks.gap[:size].min(initial=ENDLESS))
    kinds, tracks.subject, tracks.place = (plain.numbers(one).tolist() for one in owners)
    tracks.kind = [Kind(kind) for kind in kinds]
    tracks.current = [None if number < 0 else runs[number] for number in plain.numbers(current).tolist()]
    tracks.older = {track: [runs[number] for number in some] for track, some in older}
    return tracks
