"""A gateway that is nothing but a loop around the sink, and what a database has of its line, by plain SQL."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.rows import TupleRow

from core.events import Event
from gateway.rows import EventRow, event_row
from gateway.sinks.contract import Batch, Events, Line, Lost
from gateway.sinks.timescale.settings import TimescaleSettings
from gateway.sinks.timescale.sink import TimescaleSink

START = 1_760_000_000_000_000
ZONES = (("yard", None), ("hall", None), ("cage", "hall"))
DEVICES = (("door-1", "llrp"), ("recorded-1", "recorded"))

Steps = Callable[[TimescaleSink], Awaitable[None]]


def sink_to(
    monkeypatch: pytest.MonkeyPatch, dsn: str, timeout: float = 30.0, timezone: str | None = None
) -> TimescaleSink:
    """Of a site that takes everything; `timeout` may be shorter than an operator could set it."""
    name = f"DSN_{uuid.uuid4().hex}"
    monkeypatch.setenv(name, dsn)
    settings = TimescaleSettings(dsn=f"env:{name}", streams=("events", "gaps", "reads"))
    settings = settings.model_copy(update={"timeout": timeout})
    return TimescaleSink(settings, "leeds", DEVICES, "1.2.3", ZONES, timezone)


def opened(sink: TimescaleSink, steps: Steps | None = None) -> None:
    """Open the sink, take the steps, close it."""

    async def main() -> None:
        try:
            await sink.open()
            if steps is not None:
                await steps(sink)
        finally:
            await sink.close()

    asyncio.run(main())


def line() -> Line:
    """Of a journal that nobody has seen before."""
    return Line("leeds", str(uuid.uuid4()), "events")


def events(of: Line, count: int) -> list[EventRow]:
    """Numbers 1 to `count` of a line, the same each time."""
    return [_event(of, number) for number in range(1, count + 1)]


def _event(of: Line, number: int) -> EventRow:
    id = str(uuid.uuid5(uuid.UUID(of.epoch), str(number)))
    return event_row(number, Event(id, START + number, START + number + 5, "arrived", "gen-7", "E2", "yard"))


def batch(of: Line, rows: Sequence[EventRow]) -> Batch:
    """Of consecutive rows."""
    return Batch(of, rows[0][0], rows[-1][0], Events(tuple(rows)))


def nothing() -> None:
    """What happens before a write, if nothing else does."""


async def send_all(
    sink: TimescaleSink, of: Line, rows: Sequence[EventRow], size: int, before: Callable[[], None] = nothing
) -> int:
    """Numbers 1 to the last one in batches of `size`, as often as it takes; returns how often the sink was lost.

    before  is called before each write
    """
    losses = 0
    while not await _attempt(sink, of, rows, size, before):
        losses += 1
    return losses


async def _attempt(
    sink: TimescaleSink, of: Line, rows: Sequence[EventRow], size: int, before: Callable[[], None]
) -> bool:
    with suppress(Lost):
        try:
            await sink.open()
            at = (await sink.position(of)).last
            while at < len(rows):
                before()
                await sink.write(batch(of, rows[at : at + size]))
                at = min(at + size, len(rows))
            return True
        finally:
            await sink.close()
    return False


@dataclass(frozen=True, slots=True)
class Held:
    """What the database has of a line of events.

    numbers  of the rows of its table, in order
    ranges   of the ledger: first, last, rows, refused, state
    """

    numbers: list[int]
    ranges: list[TupleRow]

    @property
    def once(self) -> int:
        """How many rows there are: 1 to this number, none missing, none twice, and all of them in the ledger."""
        assert self.numbers == list(range(1, len(self.numbers) + 1))
        assert [one[0] for one in self.ranges] == [1, *(one[1] + 1 for one in self.ranges)][
            : len(self.ranges)
        ]
        assert {one[4] for one in self.ranges} <= {"written"}
        assert sum(one[2] for one in self.ranges) == len(self.numbers)
        assert (self.ranges[-1][1] if self.ranges else 0) == len(self.numbers)
        return len(self.numbers)


def held(dsn: str, of: Line) -> Held:
    """As the owner of the database sees it."""
    with psycopg.connect(dsn) as db:
        key = (of.site, of.epoch)
        rows = db.execute("SELECT seq FROM waypost.event WHERE (site, epoch) = (%s, %s) ORDER BY seq", key)
        ranges = db.execute(
            "SELECT first, last, rows, refused, state FROM waypost.ledger "
            "WHERE (site, epoch, stream) = (%s, %s, %s) ORDER BY first",
            (*key, of.stream),
        )
        return Held([seq for (seq,) in rows], list(ranges))
