"""What really happened in a simulated world, told from its plan and never from its reads."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from core.events import rfc3339
from simulators.traffic import Move, Traffic

_COLUMNS = ("time", "until", "what", "item", "tag", "place", "kind")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A subject went through a portal; `time` (microseconds UTC) is when the middle of its pallet did.

    The subject is the item, and `tag` is None, or it is a tag that no item owns, in upper-case hex.
    """

    item: str | None
    tag: str | None
    portal: str
    direction: Literal["in", "out"]
    time: int


@dataclass(frozen=True, slots=True)
class Stray:
    """A subject was near or in a portal from `since` to `until` (microseconds UTC) and did not go through."""

    item: str | None
    tag: str | None
    portal: str
    kind: Literal["one-sided", "parked", "turned-back"]
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Visit:
    """A subject was in a room; from `since` to `until` (microseconds UTC) it was within 6 m of the antenna."""

    item: str | None
    tag: str | None
    zone: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Truth:
    """All facts of a world, each kind in order of time; `items` are the registered ones with their tags in hex."""

    site: str
    seed: int
    start: int
    end: int
    items: dict[str, tuple[str, ...]]
    crossings: tuple[Crossing, ...]
    strays: tuple[Stray, ...]
    visits: tuple[Visit, ...]

    def to_json(self) -> str:
        """One object; times are RFC 3339 with six decimals."""
        return json.dumps(_dated(asdict(self)), indent=1)

    def write_csv(self, path: Path) -> None:
        """One row per fact: time,until,what,item,tag,place,kind; `kind` is a direction or the class of a stray."""
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(_COLUMNS)
            for c in self.crossings:
                rows.writerow((rfc3339(c.time), "", "crossing", c.item, c.tag, c.portal, c.direction))
            for s in self.strays:
                rows.writerow((rfc3339(s.since), rfc3339(s.until), "stray", s.item, s.tag, s.portal, s.kind))
            for v in self.visits:
                rows.writerow((rfc3339(v.since), rfc3339(v.until), "visit", v.item, v.tag, v.zone, ""))


def truth(traffic: Traffic) -> Truth:
    """What happens in `traffic`."""
    scenario = traffic.scenario
    crossings, strays, visits = [], [], []
    for move in traffic.moves:
        since, until = (_at(traffic, knot[0]) for knot in (move.knots[0], move.knots[-1]))
        for item, tag in _subjects(traffic, move):
            if move.kind == "visit":
                visits.append(Visit(item, tag, move.place, since, until))
            elif move.kind == "in" or move.kind == "out":
                time = _at(traffic, move.reaches(0.0))
                crossings.append(Crossing(item, tag, move.place, move.kind, time))
            else:
                strays.append(Stray(item, tag, move.place, move.kind, since, until))
    return Truth(
        scenario.layout.site,
        scenario.seed,
        scenario.start,
        _at(traffic, scenario.seconds),
        items(traffic),
        tuple(sorted(crossings, key=lambda one: one.time)),
        tuple(strays),
        tuple(visits),
    )


def items(traffic: Traffic) -> dict[str, tuple[str, ...]]:
    """The registered items of `traffic` with their tags in upper-case hex."""
    return {
        pallet.item: tuple(epc.hex().upper() for epc in traffic.epcs[pallet.first : pallet.last])
        for pallet in traffic.pallets
        if pallet.item is not None
    }


def _at(traffic: Traffic, seconds: float) -> int:
    return traffic.scenario.start + round(seconds * 1_000_000)


def _subjects(traffic: Traffic, move: Move) -> Iterator[tuple[str | None, str | None]]:
    pallet = traffic.pallets[move.pallet]
    if pallet.item is not None:
        yield pallet.item, None
        return
    for epc in traffic.epcs[pallet.first : pallet.last]:
        yield None, epc.hex().upper()


_TIMES = frozenset(("start", "end", "time", "since", "until"))


def _dated(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {name: _dated(one, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_dated(one) for one in value]
    return rfc3339(value) if key in _TIMES and isinstance(value, int) else value
