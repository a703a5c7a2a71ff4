"""How something truly moves: along one polyline, in pieces of constant acceleration. Its place at any time is exact."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.local_frame import Column

Point = tuple[float, float]
"""East and north, m."""

STRAIGHT = 15.0
"""Degrees of a bend for which nobody slows down; assumed."""


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """At some instants: east and north in m, their rates in m/s. Columns of one length."""

    east: Column
    north: Column
    east_rate: Column
    north_rate: Column


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """begins, along, speed, acceleration: of each piece (s, m on the path, m/s, m/s2); path: float64[n, 2], m.

    Before the first piece it stands at its beginning; the last one is a standstill.
    """

    begins: Column
    along: Column
    speed: Column
    acceleration: Column
    path: Column

    def at(self, seconds: Column) -> Moving:
        """Where it is so many seconds after the start."""
        piece = np.maximum(np.searchsorted(self.begins, seconds, side="right") - 1, 0)
        since = np.maximum(seconds - self.begins[piece], 0.0)
        pushed = self.acceleration[piece] * since
        along = self.along[piece] + (self.speed[piece] + pushed / 2) * since
        speed = np.where(seconds < self.begins[0], 0.0, self.speed[piece] + pushed)
        marks = self._marks()
        leg = np.clip(np.searchsorted(marks, along, side="right") - 1, 0, len(marks) - 2)
        unit = (self.path[1:] - self.path[:-1]) / np.diff(marks)[:, None]
        where = self.path[leg] + unit[leg] * (along - marks[leg])[:, None]
        rate = unit[leg] * speed[:, None]
        return Moving(where[:, 0], where[:, 1], rate[:, 0], rate[:, 1])

    def crossings(self, centre: Point, radius: float) -> tuple[bool, list[float]]:
        """Was it inside the circle at first, and when (s) did it come in or go out, in turns."""
        starts = self.path[:-1] - np.array(centre)
        legs = self.path[1:] - self.path[:-1]
        a = (legs**2).sum(axis=1)
        half_b = (starts * legs).sum(axis=1)
        c = (starts**2).sum(axis=1) - radius**2
        root = np.sqrt(np.maximum(half_b**2 - a * c, 0.0))
        marks, lengths = self._marks()[:-1], np.sqrt(a)
        found: list[float] = []
        for sign in (-1.0, 1.0):
            share = (-half_b + sign * root) / a
            on = (root > 0) & (share > 0) & (share <= 1)
            found += (marks[on] + share[on] * lengths[on]).tolist()
        times = (self._when(along) for along in sorted(found))
        return bool(c[0] <= 0), [time for time in times if math.isfinite(time)]

    def _when(self, along: float) -> float:
        """When it first comes to a mark beyond its beginning; inf if it never does."""
        piece = int(np.searchsorted(self.along, along, side="left")) - 1
        way, speed = along - float(self.along[piece]), float(self.speed[piece])
        square = speed**2 + 2 * float(self.acceleration[piece]) * way
        if speed + math.sqrt(max(square, 0.0)) == 0:
            return math.inf
        return float(self.begins[piece]) + 2 * way / (speed + math.sqrt(max(square, 0.0)))

    def _marks(self) -> Column:
        """The length of the path up to each of its points."""
        legs = np.hypot(*(self.path[1:] - self.path[:-1]).T)
        marks: NDArray[np.float64] = np.concatenate(([0.0], np.cumsum(legs)))
        return marks


@dataclass(frozen=True, slots=True)
class Style:
    """How somebody moves: m/s on a straight leg and around a corner, m/s2."""

    top: float
    corner: float
    acceleration: float


class Itinerary:
    """A motion in the making: it begins at `at`, and goes on from where it is."""

    def __init__(self, at: Point) -> None:
        self.seconds = 0.0
        self.at = at
        self._path = [at]
        self._length = 0.0
        self._pieces: list[tuple[float, float, float, float]] = []

    def stay(self, seconds: float) -> None:
        """Stand still."""
        self._piece(0.0, 0.0, seconds)

    def go(self, points: Sequence[Point], style: Style, waits: Sequence[float] = ()) -> None:
        """Along `points`, from a standstill to a standstill; at the n-th of them it waits `waits[n]` s."""
        before: list[Point] = [self.at]
        for number, point in enumerate(points):
            if math.dist(before[-1], point) > 0:
                before.append(point)
            wait = waits[number] if number < len(waits) else 0.0
            if wait > 0 and len(before) > 1:
                self._drive(before, style)
                self.stay(wait)
                before = [self.at]
        if len(before) > 1:
            self._drive(before, style)

    def motion(self) -> Motion:
        """All of it, and then it stands."""
        pieces = [*self._pieces, (self.seconds, self._length, 0.0, 0.0)]
        begins, along, speed, acceleration = (np.array(column) for column in zip(*pieces, strict=True))
        path = self._path if len(self._path) > 1 else [self.at, (self.at[0], self.at[1] + 1.0)]
        return Motion(begins, along, speed, acceleration, np.array(path))

    def _drive(self, points: list[Point], style: Style) -> None:
        """Without a stop on the way."""
        lengths = [math.dist(*ends) for ends in itertools.pairwise(points)]
        speeds = _reachable(lengths, _corners(points, style), style.acceleration)
        for length, begin, end in zip(lengths, speeds, speeds[1:], strict=False):
            self._leg(length, begin, end, style)
        self._path += points[1:]
        self.at = points[-1]

    def _leg(self, length: float, begin: float, end: float, style: Style) -> None:
        """Faster, steady, slower."""
        push = style.acceleration
        top = min(style.top, math.sqrt(push * length + (begin**2 + end**2) / 2))
        steady = length - (2 * top**2 - begin**2 - end**2) / (2 * push)
        before = self._length
        self._piece(begin, push, (top - begin) / push)
        self._piece(top, 0.0, max(steady, 0.0) / top)
        self._piece(top, -push, (top - end) / push)
        self._length = before + length  # without what rounding has made of it

    def _piece(self, speed: float, acceleration: float, seconds: float) -> None:
        if seconds <= 0:
            return
        self._pieces.append((self.seconds, self._length, speed, acceleration))
        self.seconds += seconds
        self._length += (speed + acceleration * seconds / 2) * seconds


def _corners(points: list[Point], style: Style) -> list[float]:
    """How fast each point may be passed; the ends are stops."""
    found = [0.0]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        bend = abs(_heading(here, after) - _heading(before, here))
        found.append(min(style.corner, style.top) if STRAIGHT < bend < 360 - STRAIGHT else style.top)
    return [*found, 0.0]


def _reachable(lengths: list[float], wanted: list[float], push: float) -> list[float]:
    """The same speeds where nobody can brake or speed up enough for them."""
    speeds = list(wanted)
    for at, length in enumerate(lengths):
        speeds[at + 1] = min(speeds[at + 1], math.sqrt(speeds[at] ** 2 + 2 * push * length))
    for at, length in reversed(list(enumerate(lengths))):
        speeds[at] = min(speeds[at], math.sqrt(speeds[at + 1] ** 2 + 2 * push * length))
    return speeds


def _heading(here: Point, there: Point) -> float:
    return math.degrees(math.atan2(there[0] - here[0], there[1] - here[1]))
