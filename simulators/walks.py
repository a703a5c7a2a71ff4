"""The movements at a door, in two dimensions: paths of loads, and what each of them truly was.

Speeds, distances and waits are ranges of what is seen at docks; they are assumptions, drawn evenly from their range.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from simulators.air import Array

Movement = Literal["crossing", "near", "static", "turn-back", "next-lane"]
Kind = Literal[
    "walk",
    "forklift",
    "stop",
    "slow",
    "pause",
    "reverse",
    "set-down",
    "pick-up",
    "along",
    "approach",
    "work",
    "parked",
    "in-door",
    "turn-back",
    "next-lane",
    "two-pallets",
    "stray",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

FAR = 8.0
"""Metres from the door at which a path begins and ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Knots of a path: float64[n] s, x m, y m, and rad to where the load's front looks."""

    time: Array
    x: Array
    y: Array
    heading: Array

    def at(self, seconds: Array) -> tuple[Array, Array, Array]:
        """x, y and heading at those times; before its beginning and after its end the load stands there."""
        x, y, turn = (np.interp(seconds, self.time, knots) for knots in (self.x, self.y, self.heading))
        return x, y, turn


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A load's path and what it was. `direction` +1 is near to far; `time` (s) is when its middle was in the plane last."""

    path: Path
    movement: Movement
    forklift: bool
    direction: int = 0
    time: float | None = None


class _Feet:
    """Draws a path step by step."""

    def __init__(self, x: float, y: float, heading: float) -> None:
        self._knots = [(0.0, x, y, heading)]

    def to(self, x: float, y: float, speed: float) -> "_Feet":
        time, x0, y0, heading = self._knots[-1]
        self._knots.append((time + max(0.05, np.hypot(x - x0, y - y0) / speed), x, y, heading))
        return self

    def wait(self, seconds: float) -> "_Feet":
        time, *place = self._knots[-1]
        self._knots.append((time + seconds, place[0], place[1], place[2]))
        return self

    def turn(self, angle: float) -> "_Feet":
        """Turn round on the spot within a second."""
        time, x, y, heading = self._knots[-1]
        self._knots.append((time + 1.0, x, y, heading + angle))
        return self

    def path(self) -> Path:
        time, x, y, heading = (np.array(column) for column in zip(*self._knots, strict=True))
        return Path(time, x, y, heading)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a door's posts leave room: m to the neighbouring doors, and from the plane to the near and far posts.

    Nobody walks through a post, so who is near a door is before the posts of his side, and not between them.
    """

    lane: float = 4.0
    posts: tuple[float, float] = (0.8, 0.8)

    def before(self, side: int, metres: float) -> float:
        """x of a place that is so far before the posts of a side."""
        return side * (self.posts[side > 0] + metres)


def walks(kind: Kind, ground: Ground, rng: np.random.Generator) -> tuple[Walk, ...]:
    """Who moves how in an episode of that kind."""
    if kind == "two-pallets":
        gap = rng.uniform(0.45, 0.7)
        side = _side(rng)
        first, second = (_cross("walk", way * side, ground, rng, way * side * gap) for way in (1, -1))
        return first, _later(second, rng.uniform(0.0, 3.0))
    if kind == "stray":
        parked, kind = _parked(ground, rng), "walk" if rng.random() < 0.5 else "forklift"
        mover = _cross(kind, _side(rng), ground, rng)
        return parked, _later(mover, rng.uniform(5.0, 15.0))
    match kind:
        case "along":
            return (_along(ground, rng),)
        case "approach":
            return (_approach(ground, rng),)
        case "work":
            return (_work(ground, rng),)
        case "parked":
            return (_parked(ground, rng),)
        case "in-door":
            return (_in_door(rng),)
        case "turn-back":
            return (_turn_back(rng),)
        case "next-lane":
            return (_next_lane(ground, rng),)
        case _:
            return (_cross(kind, _side(rng), ground, rng),)


def _side(rng: np.random.Generator) -> int:
    return -1 if rng.random() < 0.5 else 1


def _later(walk: Walk, seconds: float) -> Walk:
    path = Path(walk.path.time + seconds, walk.path.x, walk.path.y, walk.path.heading)
    time = None if walk.time is None else walk.time + seconds
    return Walk(path, walk.movement, walk.forklift, walk.direction, time)


def _walked(movement: Movement, feet: _Feet, forklift: bool) -> Walk:
    return Walk(feet.path(), movement, forklift)


def _cross(kind: str, way: int, ground: Ground, rng: np.random.Generator, lane: float | None = None) -> Walk:
    """Through the door; `way` +1 is from near to far."""
    forklift = kind in ("forklift", "reverse") or (
        kind in ("stop", "pause", "set-down") and rng.random() < 0.5
    )
    speed = rng.uniform(1.0, 4.0) if forklift else rng.uniform(0.6, 1.6)
    y = rng.uniform(-0.6, 0.6) if lane is None else lane
    feet = _Feet(-way * FAR, y + rng.uniform(-1.0, 1.0), 0.0 if way > 0 else np.pi)
    if kind == "pick-up":
        feet = _Feet(
            ground.before(-way, rng.uniform(1.0, 5.0)), y + rng.uniform(-1.5, 1.5), 0.0 if way > 0 else np.pi
        )
        feet.wait(rng.uniform(10.0, 60.0))
    if kind == "pause":
        feet.to(ground.before(-way, rng.uniform(0.5, 4.0)), y, speed).wait(rng.uniform(2.0, 20.0))
    if kind == "stop":
        feet.to(way * rng.uniform(-0.6, 0.6), y, speed).wait(rng.uniform(1.0, 10.0))
    if kind == "slow":
        feet.to(-way * 2.0, y, speed).to(way * 2.0, y, speed * rng.uniform(0.2, 0.5))
    if kind == "reverse":
        feet.to(way * rng.uniform(-0.5, 1.5), y, speed).wait(rng.uniform(0.5, 4.0))
        feet.to(ground.before(-way, rng.uniform(0.5, 3.0)), y, speed * 0.6).wait(rng.uniform(0.5, 4.0))
    feet.to(way * 1.0, y, speed)
    if kind == "set-down":
        spot = ground.before(way, rng.uniform(1.0, 5.0))
        feet.to(spot, y + rng.uniform(-1.5, 1.5), speed).wait(rng.uniform(10.0, 60.0))
    else:
        feet.to(way * FAR, y + rng.uniform(-1.0, 1.0), speed)
    path = feet.path()
    return Walk(path, "crossing", forklift, way, _last_at_plane(path))


def _last_at_plane(path: Path) -> float:
    before, after = path.x[:-1], path.x[1:]
    n = int(np.flatnonzero((before * after <= 0.0) & (before != after))[-1])
    part = before[n] / (before[n] - after[n])
    return float(path.time[n] + part * (path.time[n + 1] - path.time[n]))


def _along(ground: Ground, rng: np.random.Generator) -> Walk:
    """Past the door along the wall, 0.5 to 4 m before the posts."""
    x, way, forklift = ground.before(_side(rng), rng.uniform(0.5, 4.0)), _side(rng), rng.random() < 0.3
    speed = rng.uniform(1.0, 4.0) if forklift else rng.uniform(0.6, 1.6)
    feet = _Feet(x + rng.uniform(-0.3, 0.3), -way * FAR, way * np.pi / 2.0)
    return _walked("near", feet.to(x, 0.0, speed).to(x, way * FAR, speed), forklift)


def _approach(ground: Ground, rng: np.random.Generator) -> Walk:
    """To 1 to 4 m before the posts, and away again."""
    side, spot, forklift = _side(rng), rng.uniform(1.0, 4.0), rng.random() < 0.5
    speed = rng.uniform(1.0, 3.0) if forklift else rng.uniform(0.6, 1.6)
    y = rng.uniform(-1.5, 1.5)
    feet = _Feet(side * FAR, y, np.pi if side > 0 else 0.0).to(ground.before(side, spot), y, speed)
    feet.wait(rng.uniform(0.5, 15.0))
    if not forklift and rng.random() < 0.7:
        feet.turn(np.pi)
    return _walked("near", feet.to(side * FAR, y + rng.uniform(-3.0, 3.0), speed), forklift)


def _work(ground: Ground, rng: np.random.Generator) -> Walk:
    """To and fro within a few metres of the door, on one side."""
    side = _side(rng)
    feet = _Feet(side * FAR, rng.uniform(-4.0, 4.0), rng.uniform(0.0, 2.0 * np.pi))
    for _ in range(int(rng.integers(3, 8))):
        feet.to(ground.before(side, rng.uniform(0.5, 4.0)), rng.uniform(-3.0, 3.0), rng.uniform(0.4, 1.4))
        feet.turn(rng.uniform(-np.pi, np.pi)).wait(rng.uniform(0.5, 8.0))
    return _walked("near", feet.to(side * FAR, rng.uniform(-4.0, 4.0), 1.2), False)


def _parked(ground: Ground, rng: np.random.Generator) -> Walk:
    """Left standing 1 to 5 m before the posts of one side, for a minute or two."""
    spot = ground.before(_side(rng), rng.uniform(1.0, 5.0))
    feet = _Feet(spot, rng.uniform(-3.0, 3.0), rng.uniform(0.0, 2.0 * np.pi))
    return _walked("static", feet.wait(rng.uniform(45.0, 120.0)), False)


def _in_door(rng: np.random.Generator) -> Walk:
    """Left standing in the door."""
    feet = _Feet(rng.uniform(-0.5, 0.5), rng.uniform(-1.0, 1.0), rng.uniform(0.0, 2.0 * np.pi))
    return _walked("static", feet.wait(rng.uniform(45.0, 120.0)), False)


def _turn_back(rng: np.random.Generator) -> Walk:
    """Into the door, from half a metre before the plane to 1.5 m beyond it, a wait, and back."""
    side, beyond, forklift = _side(rng), rng.uniform(-0.5, 1.5), rng.random() < 0.5
    speed = rng.uniform(1.0, 3.0) if forklift else rng.uniform(0.6, 1.6)
    y = rng.uniform(-0.6, 0.6)
    feet = _Feet(side * FAR, y + rng.uniform(-1.0, 1.0), np.pi if side > 0 else 0.0)
    feet.to(-side * beyond, y, speed).wait(rng.uniform(0.3, 6.0))
    if not forklift and rng.random() < 0.5:
        feet.turn(np.pi)
    return _walked("turn-back", feet.to(side * FAR, y + rng.uniform(-1.0, 1.0), speed * 0.8), forklift)


def _next_lane(ground: Ground, rng: np.random.Generator) -> Walk:
    """Through the neighbouring door."""
    kind = "forklift" if rng.random() < 0.5 else "walk"
    one = _cross(kind, _side(rng), ground, rng, _side(rng) * (ground.lane + rng.uniform(-0.5, 0.5)))
    return Walk(one.path, "next-lane", one.forklift)
