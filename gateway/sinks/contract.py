"""What a sink is: the far end of a cursor on the journal, and nothing but that.

Order, batching, retries, quarantine and progress are `gateway.sinks.forwarder`'s, once for all sinks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, get_args

from core.records import Fixes, Reads
from gateway.rows import EventRow, GapRow

Stream = Literal["events", "fixes", "gaps", "reads"]
"""What is numbered from 1 without holes, per site and epoch."""
STREAMS: Mapping[str, Stream] = {one: one for one in get_args(Stream)}


@dataclass(frozen=True, slots=True)
class Line:
    """Whose numbers they are: within one line a number is given once."""

    site: str
    epoch: str
    stream: Stream


@dataclass(frozen=True, slots=True)
class Events:
    """Rows of events as the journal has them, their checksums verified, numbers without a hole."""

    rows: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Rows of gaps as the journal has them, their checksums verified, numbers without a hole."""

    rows: tuple[GapRow, ...]


B = TypeVar("B", Reads, Fixes)


@dataclass(frozen=True, slots=True)
class Readings:
    """Consecutive rows of reads, device by device; times as the site understands them (`offset` applied)."""

    parts: tuple[tuple[str, Reads], ...]


@dataclass(frozen=True, slots=True)
class Positions:
    """The same of fixes."""

    parts: tuple[tuple[str, Fixes], ...]


def _slice(parts: tuple[tuple[str, B], ...], start: int, stop: int) -> tuple[tuple[str, B], ...]:
    """Some of the rows, counted over all parts."""
    found, begin = list[tuple[str, B]](), 0
    for source, rows in parts:
        low, high = max(start - begin, 0), min(stop - begin, len(rows))
        if low < high:
            found.append((source, rows.slice(low, high)))
        begin += len(rows)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a line from number `first` to `last`, none missing; at most `feed.ROWS`."""

    line: Line
    first: int
    last: int
    rows: Events | Gaps | Readings | Positions

    def part(self, first: int, last: int) -> "Batch":
        """Some of it, by number."""
        start, stop = first - self.first, last - self.first + 1
        match self.rows:
            case Events(rows):
                return Batch(self.line, first, last, Events(rows[start:stop]))
            case Gaps(rows):
                return Batch(self.line, first, last, Gaps(rows[start:stop]))
            case Readings(parts):
                return Batch(self.line, first, last, Readings(_slice(parts, start, stop)))
            case Positions(fixes):
                return Batch(self.line, first, last, Positions(_slice(fixes, start, stop)))


Fate = Literal["quarantined", "dropped", "unreadable"]
"""Refused by the destination; deleted by a limit of the journal before it was sent; in a damaged part of a journal."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers of a line that will not come, and why: the destination's account has them nevertheless."""

    line: Line
    first: int
    last: int
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a destination that keeps an account has a line.

    last  the newest number that it has an account of
    mark  of the row with that number (`feed.mark`), None after a hole
    """

    last: int
    mark: str | None


class Lost(Exception):
    """The destination cannot be reached, or broke off: tried again, with back-off. Its text names it and says why."""


class Refused(Exception):
    """An operator must change something. Its text is the one line that says what, where, and what to do."""


class Poisoned(Exception):
    """The destination refuses one of the rows, nothing of the batch was written; the text is its reason."""


class Sink(Protocol):
    """A destination. Methods raise Lost and Refused; after either, `close` and then `open` are called again."""

    @property
    def name(self) -> str:
        """Of the table of the configuration: timescale, mqtt, webhook."""
        ...

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What it takes."""
        ...

    @property
    def begins(self) -> Literal["first", "now"]:
        """What a journal that was there before the sink is sent of: all that it has, or what comes from now on."""
        ...

    async def open(self) -> None:
        """Connect, and see that the destination can take rows."""
        ...

    async def position(self, line: Line) -> Position | None:
        """How far the destination has it; Position(0, None) for a line that it never saw.

        None from one that keeps no account: what the journal noted of it counts, and after a lost answer the same
        rows come again.
        """
        ...

    async def write(self, batch: Batch) -> None:
        """Returns when all of it is durable there. Rows that it has already change nothing. Raises Poisoned."""
        ...

    async def account(self, hole: Hole) -> None:
        """Note what will not come; in turn with the batches, or of what was quarantined that it is dropped.

        Those without an account do nothing.
        """
        ...

    async def redeem(self, batch: Batch) -> None:
        """Write one row that the account has as quarantined; Poisoned leaves it so. Without an account: as `write`."""
        ...

    async def tend(self) -> bool:
        """What the destination needs done now and then, a bounded step of it; returns whether there is more to do.

        Also a look whether it is still there, while there is nothing to send.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection; never raises."""
        ...
