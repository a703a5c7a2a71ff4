"""Objects of the state as plain lists and columns, and back.

Runs are shared between tracks, claims, passes and doors: they are written once, as columns, and referred to by number.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.claims import Claim, Standing, Stay, left
from core.motion import Motion
from core.places import Place
from core.portal import Movement, Verdict
from core.site import Item
from core.timeline import Pass, Said, Subject
from core.tracks import Run

Plain = object
"""int, float, str, bytes, bool, None, and lists of them: what a snapshot is made of."""

SaidRow = tuple[str, str | None, int, int, int, str | None, str | None, int, int]
"""The fields of a `Said`."""

_FLAGS = ("known", "ended", "static", "applied", "start_based", "end_based", "late", "doubted")
_NUMBERS = ("track", "first", "last", "count", "cell", "due", "opening", "late_to", "position")
_MOTION: Callable[[Motion], tuple[Plain, ...]] = attrgetter(*(field.name for field in fields(Motion)))
SAID: Callable[[Said], Plain] = attrgetter(*(field.name for field in fields(Said)))


def column(values: list[int]) -> bytes:
    """int64 values as bytes."""
    return np.array(values, np.int64).tobytes()


def numbers(data: Plain) -> NDArray[np.int64]:
    """The values of `column`."""
    return np.frombuffer(cast(bytes, data), np.int64)


class Runs:
    """Numbers runs as they are met."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._numbers: dict[int, int] = {}

    def number(self, run: Run | None) -> int:
        """The number of a run, -1 for none."""
        if run is None:
            return -1
        known = self._numbers.get(id(run))
        if known is None:
            known = self._numbers[id(run)] = len(self._runs)
            self._runs.append(run)
        return known

    def dump(self) -> Plain:
        """Columns of numbers, and bits of flags."""
        columns = [column([getattr(run, name) for run in self._runs]) for name in _NUMBERS]
        flags = bytes(sum(getattr(run, name) << bit for bit, name in enumerate(_FLAGS)) for run in self._runs)
        return [columns, flags]


def load_runs(data: Plain) -> list[Run]:
    """The runs of `Runs.dump`, by number."""
    columns, flags = cast(tuple[list[bytes], bytes], data)
    rows = zip(*(numbers(one).tolist() for one in columns), strict=True)
    runs = [
        Run(track, first, last, count, cell, position, due, opening, late_to)
        for track, first, last, count, cell, due, opening, late_to, position in rows
    ]
    for run, bits in zip(runs, flags, strict=True):
        for bit, name in enumerate(_FLAGS):
            if bits >> bit & 1:
                setattr(run, name, True)
    return runs


def standing(one: Standing, runs: Runs) -> Plain:
    """A standing's claims, stays and waiting runs."""
    return [
        [(claim.zone, claim.since, runs.number(claim.run)) for claim in one.claims],
        [(stay.zone, stay.since, stay.anchor, stay.heard, stay.reads) for stay in one.stays],
        [(runs.number(run), zone) for run, zone in one.waiting],
        one.last_place,
        one.missing,
    ]


def load_standing(data: Plain, runs: list[Run]) -> Standing:
    """The standing that `standing` wrote."""
    claims, stays, waiting, last_place, missing = cast(
        tuple[
            list[tuple[str, int, int]],
            list[tuple[str, int, int, int, int]],
            list[tuple[int, str]],
            str | None,
            bool,
        ],
        data,
    )
    if last_place is not None and not (claims or stays or waiting or missing):
        return left(last_place)
    return Standing(
        tuple(Claim(zone, since, None if run < 0 else runs[run]) for zone, since, run in claims),
        tuple(Stay(*stay) for stay in stays),
        tuple((runs[run], zone) for run, zone in waiting),
        last_place,
        missing,
    )


def motion(one: Motion) -> Plain:
    """A motion's features."""
    return list(_MOTION(one))


def load_motion(data: Plain) -> Motion:
    """The motion that `motion` wrote."""
    fields_of = tuple[tuple[int, int], float, float, tuple[int, int], int, float, bool, float]
    return Motion(*cast(fields_of, data))


def verdict(one: Verdict | None) -> Plain:
    """A verdict, or None."""
    return None if one is None else [str(one.movement), one.direction, one.confidence, one.company]


def load_verdict(data: Plain) -> Verdict | None:
    """The verdict that `verdict` wrote."""
    if data is None:
        return None
    movement, direction, confidence, company = cast(tuple[str, int, float | None, int], data)
    return Verdict(Movement(movement), direction, confidence, company)


def subject(one: Subject, runs: Runs) -> Plain:
    """A subject with everything that it refers to."""
    base = standing(one.base, runs)
    now = None if one.now is one.base else standing(one.now, runs)
    passes = [
        [runs.number(each.run), each.place.index, motion(each.seen), verdict(each.verdict), each.direction]
        for each in one.passes
    ]
    said = list(map(SAID, one.said))
    revisions = [(*fact, count) for fact, count in one.revisions]
    item = None if one.item is None else one.item.id
    rest = [one.settled, said, revisions, passes, one.waiting]
    return [one.name, item, one.tracks, base, now, rest]


def load_subject(data: Plain, items: dict[str, Item], places: list[Place], runs: list[Run]) -> Subject:
    """The subject that `subject` wrote."""
    name, item, tracks, base, now, rest = cast(
        tuple[str, str | None, tuple[int, ...], Plain, Plain, Plain], data
    )
    settled, said, revisions, passes, waiting = cast(
        tuple[
            int,
            list[SaidRow],
            list[tuple[str, str | None, int, int]],
            list[tuple[int, int, Plain, Plain, int]],
            bool,
        ],
        rest,
    )
    before = load_standing(base, runs)
    made = Subject(name, None if item is None else items[item], tracks, before, settled)
    made.now = before if now is None else load_standing(now, runs)
    made.said = tuple(Said(*each) for each in said)
    made.revisions = tuple(((kind, place, anchor), count) for kind, place, anchor, count in revisions)
    for run, place, seen, judged, direction in passes:
        decided = load_verdict(judged)
        assert decided is not None, "only judged passes are part of a timeline"
        one = Pass(runs[run], places[place], load_motion(seen), decided, direction)
        made.passes = (*made.passes, one)
    made.waiting = waiting
    return made
