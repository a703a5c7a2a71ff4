"""Who moves where and when: pallets through doors and into rooms, and what only looks like it.

Every move is a path along one axis: at a door x runs from the near side (negative) through the plane (0) to the
far side; in a room x is the distance from below the antenna. All numbers here are assumptions, chosen so that what
happened is beyond doubt: who crosses crosses at a steady 1.0 to 2.2 m/s, and who does not cross has a wall between
itself and the other side, or stands still for longer than any pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simulators.epc import sgtin96, sscc96
from simulators.layout import Door, Layout, Room, docks

Kind = Literal["in", "out", "one-sided", "parked", "turned-back", "visit"]
Knots = tuple[tuple[float, float], ...]

REACH = 6.0
"""Metres from a door or from a room's antenna at which a move begins and ends: out of earshot, or nearly."""

SETTLE = 4.0
"""Quiet seconds at the end, so that the last pass can be decided within the scenario."""

_COMPANY = 614141
_REST = 60.0  # s between two moves of one pallet
_STAY = (60.0, 600.0)  # s in a room


@dataclass(frozen=True, slots=True)
class Scenario:
    """What to simulate; the same settings give the same world to the last bit.

    start                microseconds UTC at which the world begins; `seconds` is how long it lasts
    crossings_per_hour   pallets through each door, in and out in equal shares
    one_sided_per_hour   per door: pallets put down 2 to 5 m from it, hidden from the other side by the wall
    parked_per_hour      per door: 1 to 12 tags that stand in it for 45 to 180 s and go out of sight there
    turned_back_per_hour per door: pallets that come into the door, wait and go back
    visits               share of the pallets brought into a room's zone that then go into the room
    tags                 least and most tags of a pallet
    registered           share of the pallets that are items with all their tags; of the others each tag is by itself
    stays_per_hour       per room: pallets that come into it by a way that nobody watches, and leave it so
    """

    seed: int = 1
    start: int = 1_767_225_600_000_000
    seconds: float = 3600.0
    layout: Layout = field(default_factory=docks)
    crossings_per_hour: float = 40.0
    one_sided_per_hour: float = 10.0
    parked_per_hour: float = 4.0
    turned_back_per_hour: float = 0.0
    visits: float = 0.5
    tags: tuple[int, int] = (6, 40)
    registered: float = 1.0
    stays_per_hour: float = 0.0


@dataclass(frozen=True, slots=True)
class Pallet:
    """Tags that move together: codes `first` to `last` - 1 of the world's tags. `item` is None if not registered."""

    number: int
    first: int
    last: int
    item: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """One pallet at one door or room; `knots` are (seconds since the start, x in m), `hidden` the side that hears nothing."""

    pallet: int
    place: str
    kind: Kind
    knots: Knots
    hidden: int = 0

    def reaches(self, x: float) -> float:
        """Seconds since the start at which the path first comes to `x`, which must lie on it."""
        for (t0, x0), (t1, x1) in zip(self.knots, self.knots[1:], strict=False):
            if x0 != x1 and min(x0, x1) <= x <= max(x0, x1):
                return t0 + (t1 - t0) * (x - x0) / (x1 - x0)
        raise ValueError(f"the {self.kind} move at {self.place} does not come to x = {x} m")


@dataclass(slots=True)
class Traffic:
    """The plan of a scenario: pallets, the EPC of every tag, and the moves in order of their beginning."""

    scenario: Scenario
    pallets: list[Pallet] = field(default_factory=list)
    epcs: list[bytes] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def pallet(self, rng: np.random.Generator, tags: tuple[int, int]) -> int:
        """A new pallet with a label (SSCC-96) and cartons (SGTIN-96); returns its number."""
        number, first = len(self.pallets), len(self.epcs)
        item = f"pallet-{number:04d}" if rng.random() < self.scenario.registered else None
        self.epcs.append(sscc96(_COMPANY, number))
        for _ in range(int(rng.integers(tags[0], tags[1], endpoint=True)) - 1):
            self.epcs.append(sgtin96(_COMPANY, 100_000 + int(rng.integers(20)), 7_000_000 + len(self.epcs)))
        self.pallets.append(Pallet(number, first, len(self.epcs), item))
        return number


@dataclass(slots=True)
class _Standing:
    """Where a pallet that has crossed stands, and from when on it may move again."""

    pallet: int
    zone: str
    free: float


def plan(scenario: Scenario) -> Traffic:
    """The traffic of `scenario`."""
    rng = np.random.default_rng([scenario.seed, 0])
    traffic = Traffic(scenario)
    _cross(traffic, rng)
    for door in scenario.layout.doors:
        _stray(traffic, door, rng)
    for number, room in enumerate(scenario.layout.rooms):
        _stay(traffic, room, np.random.default_rng([scenario.seed, 1, number]))
    traffic.moves.sort(key=lambda move: move.knots[0])
    return traffic


def _cross(traffic: Traffic, rng: np.random.Generator) -> None:
    scenario = traffic.scenario
    standing: list[_Standing] = []
    slots = [(time, door) for door in scenario.layout.doors for time in _times(scenario, rng)]
    for time, door in sorted(slots, key=lambda slot: (slot[0], slot[1].id)):
        inward = bool(rng.random() < 0.5)
        here, there = door.between if inward else door.between[::-1]
        ready = [one for one in standing if one.zone == here and one.free <= time - _REST]
        if ready and rng.random() < 0.7:
            one = ready[0]
        else:
            one = _Standing(traffic.pallet(rng, scenario.tags), here, 0.0)
            standing.append(one)
        way, half = (1.0 if inward else -1.0) * REACH, REACH / rng.uniform(1.0, 2.2)
        knots = ((time - half, -way), (time + half, way))
        traffic.moves.append(Move(one.pallet, door.id, "in" if inward else "out", knots))
        one.zone, one.free = there, time + half
        _visit(traffic, one, rng)


def _times(scenario: Scenario, rng: np.random.Generator) -> Iterator[float]:
    """When pallets cross a door: a Poisson process with a dead time of 12 s, or 0.6 of the mean where traffic is dense."""
    if not scenario.crossings_per_hour:
        return
    mean = 3600.0 / scenario.crossings_per_hour
    dead = min(12.0, 0.6 * mean)
    time = REACH + rng.uniform(0.0, 0.5 * mean)
    while time + REACH <= scenario.seconds - SETTLE:
        yield time
        time += dead + rng.exponential(mean - dead)


def _visit(traffic: Traffic, one: _Standing, rng: np.random.Generator) -> None:
    """Perhaps the pallet now goes into a room, stays for 1 to 10 minutes and leaves it again."""
    rooms = [room for room in traffic.scenario.layout.rooms if room.inside == one.zone]
    if not rooms or rng.random() >= traffic.scenario.visits:
        return
    room: Room = rooms[int(rng.integers(len(rooms)))]
    since = one.free + rng.uniform(20.0, 90.0)
    until = since + rng.uniform(*_STAY)
    if until > traffic.scenario.seconds - SETTLE:
        return
    traffic.moves.append(Move(one.pallet, room.id, "visit", _in_and_out(since, until, rng)))
    one.free = until


def _stay(traffic: Traffic, room: Room, rng: np.random.Generator) -> None:
    """Pallets that are in a room now and then; a stay that the end of the scenario would cut short is left out."""
    scenario = traffic.scenario
    if not scenario.stays_per_hour:
        return
    since = rng.uniform(1.0, 10.0)
    while since < scenario.seconds:
        until = since + rng.uniform(*_STAY)
        if until <= scenario.seconds - SETTLE:
            knots = _in_and_out(since, until, rng)
            traffic.moves.append(Move(traffic.pallet(rng, scenario.tags), room.id, "visit", knots))
        since += rng.exponential(3600.0 / scenario.stays_per_hour)


def _in_and_out(since: float, until: float, rng: np.random.Generator) -> Knots:
    """Into a room and out of it."""
    spot = rng.uniform(-1.0, 1.0)
    return ((since, REACH), (since + 4.0, spot), (until - 4.0, spot), (until, REACH))


def _stray(traffic: Traffic, door: Door, rng: np.random.Generator) -> None:
    scenario = traffic.scenario
    hours = scenario.seconds / 3600.0
    for _ in range(rng.poisson(scenario.one_sided_per_hour * hours)):
        side, spot = _side(rng), rng.uniform(2.0, 5.0)
        _add(
            traffic, door, "one-sided", _there_and_back(rng, side, spot, rng.uniform(10.0, 120.0)), -side, rng
        )
    for _ in range(rng.poisson(scenario.parked_per_hour * hours)):
        spot = rng.uniform(-0.3, 0.3)
        _add(traffic, door, "parked", ((0.0, spot), (rng.uniform(45.0, 180.0), spot)), 0, rng)
    for _ in range(rng.poisson(scenario.turned_back_per_hour * hours)):
        path = _there_and_back(rng, _side(rng), rng.uniform(-0.3, 1.0), rng.uniform(1.0, 4.0))
        _add(traffic, door, "turned-back", path, 0, rng)


def _side(rng: np.random.Generator) -> int:
    return -1 if rng.random() < 0.5 else 1


def _there_and_back(rng: np.random.Generator, side: int, spot: float, stay: float) -> Knots:
    walk = (REACH - spot) / rng.uniform(1.0, 2.2)
    far, near = side * REACH, side * spot
    return ((0.0, far), (walk, near), (walk + stay, near), (2.0 * walk + stay, far))


def _add(
    traffic: Traffic, door: Door, kind: Kind, path: Knots, hidden: int, rng: np.random.Generator
) -> None:
    """Put the stray's path somewhere into the scenario, if it fits."""
    room = traffic.scenario.seconds - SETTLE - path[-1][0]
    if room <= 0.0:
        return
    begin = rng.uniform(0.0, room)
    tags = (1, 12) if kind == "parked" else traffic.scenario.tags
    knots = tuple((begin + time, x) for time, x in path)
    traffic.moves.append(Move(traffic.pallet(rng, tags), door.id, kind, knots, hidden))
