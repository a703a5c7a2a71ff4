"""A destination that keeps an account in memory as a database does, and breaks off where a test says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from gateway.sinks.contract import (
    Batch,
    Events,
    Gaps,
    Hole,
    Line,
    Lost,
    Poisoned,
    Position,
    Positions,
    Readings,
    Stream,
)
from gateway.sinks.feed import mark

Row = tuple[str, str, int, str]
"""Stream, epoch, number, what."""


@dataclass
class Account:
    """What the destination has: it outlives every connection, and every gateway."""

    rows: list[Row] = field(default_factory=list)
    fates: dict[tuple[Line, int], str] = field(default_factory=dict)
    last: dict[Line, Position] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    times: dict[str, tuple[int, int]] = field(default_factory=dict)
    doubled: int = 0

    def put(self, batch: Batch) -> None:
        """Take it, or raise as the database's function does."""
        at = self.last.get(batch.line, Position(0, None)).last
        if batch.first != at + 1:
            raise Lost(f"number {batch.first} of the {batch.line.stream} does not follow {at}")
        self.take(batch)

    def take(self, batch: Batch) -> None:
        """Take it, whatever its numbers."""
        self.times.update(times(batch))
        for number, what in enumerate(names(batch), batch.first):
            if what in self.ids:
                self.doubled += 1
                continue
            if batch.line.stream == "events":
                self.ids.add(what)
            self.rows.append((batch.line.stream, batch.line.epoch, number, what))
        self.last[batch.line] = Position(batch.last, mark(batch))

    def note(self, hole: Hole) -> None:
        """A range that will not come."""
        for number in range(hole.first, hole.last + 1):
            self.fates[hole.line, number] = hole.fate
        at = self.last.get(hole.line, Position(0, None)).last
        if hole.first == at + 1:
            self.last[hole.line] = Position(hole.last, None)

    def whats(self, stream: Stream) -> list[str]:
        """What came of a stream, in the order of its coming."""
        return [what for one, _, _, what in self.rows if one == stream]


def times(batch: Batch) -> Iterator[tuple[str, tuple[int, int]]]:
    """Of each row by its name: an event's time and when it was decided, a gap's two ends."""
    match batch.rows:
        case Events(rows):
            yield from ((row[1], (row[2], json.loads(row[7])["detected"])) for row in rows)
        case Gaps(gaps):
            yield from ((row[4], (row[2], row[3])) for row in gaps)


def names(batch: Batch) -> Iterator[str]:
    """What each row is known by: the event's id, the gap's reason, device and time of a read."""
    match batch.rows:
        case Events(rows):
            yield from (row[1] for row in rows)
        case Gaps(gaps):
            yield from (row[4] for row in gaps)
        case Positions(parts):
            for source, fixes in parts:
                yield from (f"{source} {time}" for time in fixes.time.tolist())
        case Readings(parts):
            for source, reads in parts:
                yield from (f"{source} {time}" for time in reads.time.tolist())


Fate = Literal["before", "after"] | None
Fault = Callable[[], Fate]
"""Does the connection break off at this call: before the destination has acted, or before its answer comes?"""


class Ledgered:
    """The sink before it. `poison` are rows that it refuses, by `names`."""

    name = "timescale"

    def __init__(
        self,
        account: Account,
        streams: tuple[Stream, ...] = ("events", "gaps"),
        fault: Fault = lambda: None,
        poison: frozenset[str] = frozenset(),
        keeps: bool = True,
        begins: Literal["first", "now"] = "first",
    ) -> None:
        self.account_of = account
        self.streams = streams
        self.begins: Literal["first", "now"] = begins
        self.poison = poison
        self.largest = 0
        self.tended = 0
        self._fault = fault
        self._keeps = keeps

    async def open(self) -> None:
        self._break("before")

    async def position(self, line: Line) -> Position | None:
        self._break("before", "after")
        return self.account_of.last.get(line, Position(0, None)) if self._keeps else None

    async def write(self, batch: Batch) -> None:
        self.largest = max(self.largest, batch.last - batch.first + 1)
        fate = self._fault()
        if fate == "before":
            raise Lost("the connection broke off")
        if self.poison & set(names(batch)):
            raise Poisoned(f"one of {batch.last - batch.first + 1} is not to its liking")
        if self._keeps:
            self.account_of.put(batch)
        else:
            self.account_of.take(batch)
        if fate == "after":
            raise Lost("no answer came")

    async def account(self, hole: Hole) -> None:
        self._break("before")
        self.account_of.note(hole)
        self._break("after")

    async def redeem(self, batch: Batch) -> None:
        self._break("before")
        if self.poison & set(names(batch)):
            raise Poisoned("still not to its liking")
        if self.account_of.fates.pop((batch.line, batch.first), None) is not None:
            for what in names(batch):
                self.account_of.rows.append((batch.line.stream, batch.line.epoch, batch.first, what))
        self._break("after")

    async def tend(self) -> bool:
        self._break("before")
        self.tended += 1
        return self.tended < 3

    async def close(self) -> None:
        return None

    def _break(self, *where: str) -> None:
        if self._fault() in where:
            raise Lost("the connection broke off")
