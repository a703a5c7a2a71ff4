"""From the journal to an open sink: one batch after the other, the poisoned row alone in quarantine."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import TypeVar

from gateway.quarantine import quarantined
from gateway.refusals import Place
from gateway.sinks import volumes
from gateway.sinks.contract import (
    STREAMS,
    Batch,
    Events,
    Gaps,
    Hole,
    Poisoned,
    Positions,
    Readings,
    Sink,
    Stream,
)
from gateway.sinks.feed import ROWS, Feed
from gateway.sinks.health import Health
from gateway.sinks.origin import Origin
from gateway.sinks.redress import Redress
from gateway.sinks.refusing import Refusing

log = logging.getLogger(__name__)

PACE = 0.1
"""Seconds between two rounds while rows keep coming: a busy site's go together, an idle site's goes at once."""
POLL = 1.0
"""Seconds after which reads are looked for: nobody says that some were committed."""
TEND = 30.0
"""Seconds after which a destination is tended again."""
TURN = 4
"""Batches of one stream before another has its turn."""
HOLDING = "the clock is not synchronised yet: rows are held until it is, or site.clock_wait is over"
T = TypeVar("T")


class WentBack(Exception):
    """The destination has rows of this journal that the journal does not have (any more)."""


class Passage:
    """Sends what the journals of a site hold to one sink. Methods raise what the sink raises, and JournalError."""

    def __init__(self, sink: Sink, origin: Origin, health: Health, thread: Executor) -> None:
        self._sink = sink
        self._origin = origin
        self._health = health
        self._thread = thread
        self._wake = asyncio.Event()
        self._refusing = Refusing(sink, origin, health)
        self._tended = -TEND
        self._volume: int | None = None
        self._unreadable: set[Path] = set()
        self.redress = Redress(sink, origin)

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def follow(self) -> None:
        """Send everything, the oldest journal first, and then whatever comes; never returns."""
        while True:
            self._health.aside.clear()
            self._volume = None  # the numbers of what was put aside mean what they mean for ever
            for path in quarantined(self._origin.path):
                feed = await self._thread_do(partial(volumes.aside, path, self._origin.offsets))
                if feed is not None:
                    await self._closing(feed, self._send_rest(feed))
                else:
                    self._tell_unreadable(path)
            self._volume = self._origin.notebook.volume
            feed = await self._thread_do(lambda: volumes.live(self._origin.path, self._origin.offsets))
            try:
                await self._closing(feed, self._send_live(feed))
            except WentBack as error:
                await self._begin_epoch(str(error))

    def _tell_unreadable(self, path: Path) -> None:
        if path not in self._unreadable:
            self._unreadable.add(path)
            log.error(
                "%s: nothing can be read from %s: what it had not sent of it is lost, unless the disk gives it back "
                "at the next start; move the file away to be told no more",
                self._sink.name, path,
            )  # fmt: skip

    async def _closing(self, feed: Feed, sending: Awaitable[None]) -> None:
        try:
            await sending
        finally:
            await asyncio.shield(self._thread_do(feed.close))

    async def _send_rest(self, feed: Feed) -> None:
        """What a journal that was put aside still has to give."""
        refusals = await self._thread_do(lambda: feed.refusals(self._sink.name))
        await self._refusing.take_over(feed.epoch, refusals)
        for stream in self._sink.streams:
            key = f"{stream}/{feed.epoch}"
            at, before = await self._begin(feed, stream, key), -1
            head = await self._thread_do(partial(feed.head, stream))
            while at > before:
                self._health.aside[key] = max(head - at, 0)
                before, at = at, await self._batches(feed, stream, at, key)

    async def _send_live(self, feed: Feed) -> None:
        """Until the journal is another one, or of another epoch."""
        at = {stream: await self._begin(feed, stream, stream) for stream in self._sink.streams}
        self._refusing.look(await self._refused(feed), feed.epoch, at)
        while feed.epoch == self._origin.epoch() and self._volume == self._origin.notebook.volume:
            self._wake.clear()
            while self.redress:
                await self.redress.carry_out(await self._thread_do(lambda: feed.refusals(self._sink.name)))
                self._refusing.look(await self._refused(feed), feed.epoch, at)
            moved = 0
            for stream in self._sink.streams:
                before, at[stream] = at[stream], await self._batches(feed, stream, at[stream], stream)
                moved = max(moved, at[stream] - before)
                if at[stream] == before:
                    self._health.oldest.pop(stream, None)
            more = await self._tend(bool(moved))
            if not moved:
                self._health.even = self._origin.now()
                if not more:
                    await self._until_woken()
            elif moved < ROWS:
                await asyncio.sleep(PACE)

    async def _refused(self, feed: Feed) -> list[Place]:
        return await self._thread_do(lambda: feed.refused(self._sink.name))

    async def _tend(self, busy: bool) -> bool:
        """A step now and then; while there is nothing to send, one after the other for as long as there is more to do."""
        now = asyncio.get_running_loop().time()
        if now < self._tended + TEND:
            return False
        more = await self._sink.tend()
        if busy or not more:
            self._tended = now
        return more

    async def _until_woken(self) -> None:
        try:
            async with asyncio.timeout(POLL if "reads" in self._sink.streams else TEND):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _begin(self, feed: Feed, stream: Stream, key: str) -> int:
        """The number behind which to go on: by the destination's account, else by the journal's cursor."""
        line, notebook, name = feed.line(stream), self._origin.notebook, self._sink.name
        position = await self._sink.position(line)
        head = await self._thread_do(lambda: feed.head(stream))
        if position is None:
            begin = feed.before(stream) + (head if self._sink.begins == "now" else 0)
            if key != stream:  # what was put aside knows what it was told when it was in use
                begin = feed.cursor(name, stream, begin)
            return max(notebook.begin(name, key, begin, self._volume) - feed.before(stream), 0)
        if key == stream:
            await self._until_dated()  # an account is kept of rows that never change: neither may their times
            await self._compare(feed, stream, position.last, position.mark, head)
        notebook.advance(name, key, position.last + feed.before(stream), self._volume)
        return position.last

    async def _until_dated(self) -> None:
        waiting = asyncio.ensure_future(self._origin.dated())
        try:
            done, _ = await asyncio.wait({waiting}, timeout=0)
            if not done:
                log.info("%s: rows are held until the clock is synchronised", self._sink.name)
                self._health.turn("holding", self._origin.now(), HOLDING)
                await waiting
                self._health.turn("up", self._origin.now())
        finally:
            waiting.cancel()

    async def _compare(self, feed: Feed, stream: Stream, last: int, mark: str | None, head: int) -> None:
        """Raises WentBack where the destination's account is of rows that this journal never had."""
        if last > head:
            raise WentBack(
                f"{self._sink.name} has {stream} up to number {last} of this journal, which ends at {head}"
            )
        found = await self._thread_do(lambda: feed.mark(stream, last))
        if mark is not None and found is not None and mark != found:
            raise WentBack(
                f"number {last} of the {stream} is another one in {self._sink.name} than in this journal"
            )

    async def _begin_epoch(self, reason: str) -> None:
        """What a destination may not have goes under another epoch; ids keep what it has from being doubled."""
        log.error("the journal went back in time: %s; its rows have a new epoch from now on", reason)
        await self._origin.went_back(reason)
        cursors, streams = self._origin.notebook.cursors, self._sink.streams
        before = {
            one: min(
                (at for (_, stream), at in cursors.items() if stream == one and one in streams), default=0
            )
            for one in STREAMS
        }
        self._origin.notebook.renew(str(uuid.uuid4()), before)
        await self._origin.save()

    async def _batches(self, feed: Feed, stream: Stream, after: int, key: str) -> int:
        """Send a turn's batches, reading the next one meanwhile; returns how far it came."""
        found = await self._read(feed, stream, after)
        for turn in range(TURN):
            if found is None:
                break
            ahead = None if turn + 1 == TURN else asyncio.ensure_future(self._read(feed, stream, found.last))
            try:
                await self._pass_on(found, key, feed.before(stream))
            except BaseException:
                if ahead is not None:
                    ahead.cancel()
                    await asyncio.gather(ahead, return_exceptions=True)
                raise
            after = found.last
            found = None if ahead is None else await ahead
        return after

    async def _read(self, feed: Feed, stream: Stream, after: int) -> Batch | Hole | None:
        return await self._thread_do(lambda: feed.next(stream, after))

    async def _pass_on(self, found: Batch | Hole, key: str, before: int) -> None:
        name, stream = self._sink.name, found.line.stream

        def advance(last: int) -> None:
            self._origin.notebook.advance(name, key, last + before, self._volume)

        if isinstance(found, Hole):
            await self._sink.account(found)
            self._health.missing[stream] += found.last - found.first + 1
            log.warning(
                "%s: %s %d to %d can never be sent: %s",
                name, stream, found.first, found.last, f"{found.fate}, {found.reason}",
            )  # fmt: skip
            advance(found.last)
        else:
            self._health.oldest[stream] = _time(found)
            await self._write(found, advance)

    async def _write(self, batch: Batch, advance: Callable[[int], None]) -> None:
        """All rows but those that the destination refuses, which are found by halves."""
        parts = [batch]
        while parts:
            part = parts.pop()
            try:
                await self._sink.write(part)
            except Poisoned as error:
                if part.first < part.last:
                    middle = (part.first + part.last) // 2
                    parts += [batch.part(middle + 1, part.last), batch.part(part.first, middle)]
                    continue
                await self._refusing.refuse(part, str(error))
            else:
                self._refusing.over()
                self._health.sent[part.line.stream] += part.last - part.first + 1
            advance(part.last)

    async def _thread_do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _time(batch: Batch) -> int:
    """Microseconds UTC of the first row."""
    match batch.rows:
        case Events(rows):
            return rows[0][2]
        case Gaps(gaps):
            return gaps[0][3]
        case Readings(parts) | Positions(parts):
            return int(parts[0][1].time[0])
