"""One port for any number of trackers: what they say goes to the daemon together, and each is answered when it is durable.

What all have said within an interval is one batch, so that a thousand trackers cost a few commits a second. Its answers
wait for its receipt, many batches at a time, and are written in the order in which the reports came. While the daemon
takes nothing, nothing is read.
"""

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.records import Alive, Dictionary, Up
from drivers.base import Link
from drivers.bound import UDP, bound
from drivers.callers import Caller, Connection, Datagrams, Sender
from drivers.codecs.errors import Farewell
from drivers.codecs.tracker_columns import fixes
from drivers.codecs.tracker_messages import rest_of
from drivers.codecs.tracker_session import Admits, Position, Report, TrackerSession
from drivers.complaints import Complaints
from drivers.gathered import ENOUGH, Gathered, Said
from drivers.streams import Address
from drivers.tracker_counts import KNOWN, TrackerCounts

log = logging.getLogger(__name__)

ROWS = 20_000
"""Positions that may wait for the daemon before nothing is read any more."""

IN_FLIGHT = 64
"""Batches whose receipts may be awaited at a time."""

LOGIN_SECONDS = 30.0
"""How long a connection may take to say who it is."""

HALF_SECONDS = 60.0
"""How long a message may take from its first byte to its last."""

ALIVE_SECONDS = 5.0
"""Between two signs of life of the port."""

CLOSING_SECONDS = 2.0
"""How long the daemon may take for what was heard before a stop."""

TOLD = 100
"""New trackers that the log names; more are only counted."""

_SWEEP = 1.0
_SPARE_FILES = 128
_BACKLOG = 128

Judge = Callable[[str, Sequence[Position], int], tuple[Sequence[Position], Sequence[str]]]
"""A tracker's positions, and its zone, to positions with the times that they have, and what was found wrong with these."""


@dataclass(frozen=True, slots=True)
class Limits:
    """connections  in all;  per_address: of one address;  idle: seconds without a byte."""

    connections: int
    per_address: int
    idle: float


@dataclass(frozen=True, slots=True)
class Port:
    """What is listened to, and how its callers are understood: `session` makes one for each connection, for udp:// only one."""

    to: Address
    session: Callable[[Admits], TrackerSession]
    limits: Limits
    admits: Admits


class Listener:
    """The port at work, until `run` is cancelled or the daemon's end fails."""

    def __init__(self, port: Port, link: Link, device: str, judge: Judge) -> None:
        self._port = port
        self._link = link
        self._device = device
        self._judge = judge
        self._loop = asyncio.get_running_loop()
        self._counts = TrackerCounts(link)
        self._complaints = Complaints()
        self._connections: set[Connection] = set()
        self._of_address: Counter[str] = Counter()
        self._datagrams: Datagrams | None = None
        self._trackers = Dictionary()
        self._gathered = Gathered(self._understand)
        self._waiting: list[tuple[Caller, Report]] = []
        self._rows = 0
        self._some = asyncio.Event()
        self._paused = False
        self._flying: asyncio.Queue[tuple[Awaitable[None] | None, list[tuple[Caller, Report]]]] = (
            asyncio.Queue(IN_FLIGHT)
        )
        self._named = 0
        self._files = port.limits.connections

    async def run(self) -> None:
        """Raises OSError if the port cannot be had, and whatever ends the daemon's end."""
        server = await self._open()
        try:
            await self._link.emit(Up(self._link.now()))
            self._link.up(f"listening at {self._port.to}")
            try:
                async with asyncio.TaskGroup() as tasks:
                    for one in (self._hand_over(), self._acknowledge(), self._watch(), self._refuse_orders()):
                        tasks.create_task(one)
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from None
        finally:
            await self._close(server)

    # The callers

    def called(self, one: Connection) -> bool:
        """A new connection, unless there is no room for it."""
        limits, address = self._port.limits, one.address
        if len(self._connections) >= min(limits.connections, self._files):
            self._link.count("refused_connections")
            return False
        if self._of_address[address] >= limits.per_address:
            self._link.count("refused_address")
            return False
        self._connections.add(one)
        self._of_address[address] += 1
        self._link.count("connected")
        if self._paused:
            one.pause(True)
        return True

    def gone(self, one: Connection) -> None:
        """It is over."""
        self._gathered.hand_over()
        self._take_rest(one)
        self._connections.discard(one)
        self._of_address[one.address] -= 1
        if not self._of_address[one.address]:
            del self._of_address[one.address]
        self._link.count("connected", -1)
        self._name(one, "")

    def heard(self, one: Connection, data: bytes) -> None:
        """Bytes of a connection."""
        one.heard_at = self._loop.time()
        self._gather(one, data)

    def told(self, one: Sender, data: bytes) -> None:
        """A datagram."""
        self._gather(one, data)

    def _gather(self, one: Connection | Sender, data: bytes) -> None:
        self._link.tap(data)
        self._gathered.put(one, data)
        if self._gathered.size >= ENOUGH:
            self._pause(True)

    def _understand(self, said: Sequence[Said]) -> None:
        """What was said meanwhile."""
        now, loop_now = self._link.now(), self._loop.time()
        for one, data in said:
            try:
                if isinstance(one, Connection):
                    self._converse(one, data, now, loop_now)
                else:
                    self._take_all(one, one.session.receive(data, now))
            except Exception:  # a bug, which is to cost nobody but this one
                log.exception("%s: what a caller said was not understood", self._device)
                self._link.count("bugs")
                if isinstance(one, Connection):
                    one.abort()
        if self._rows < ROWS:
            self._pause(False)

    def _converse(self, one: Connection, data: bytes, now: int, loop_now: float) -> None:
        if one.session.error is not None:
            return
        began = one.session.pending == 0
        reports = one.session.receive(data, now)
        if one.session.tracker and (reports or began):
            one.begun_at = loop_now
        if one.session.tracker != one.named:
            self._name(one, one.session.tracker)
        self._take_all(one, reports)
        if one.session.error is not None:
            if not isinstance(one.session.error, Farewell):
                log.info("%s: %s: %s", self._device, one.address, one.session.error)
            self._finish(one)

    def _name(self, one: Connection, tracker: str) -> None:
        """Whose connection it is from now on; "" = it is over."""
        if one.named:
            self._link.connected(one.named, -1)
        if tracker:
            self._link.connected(tracker)
        one.named = tracker

    def _take_rest(self, one: Connection) -> None:
        self._take_all(one, rest_of(one.session))

    def _take_all(self, one: Caller, reports: Sequence[Report]) -> None:
        for report in reports:
            self._take(one, report)

    def _take(self, one: Caller, report: Report) -> None:
        for name in report.counts:
            self._counts.count(report.tracker, name)
        if report.notice is not None:
            line = self._complaints.line(report.notice, self._loop.time())
            if line is not None:
                log.warning("%s: %s", self._device, line)
        if report.tracker and self._counts.heard(report.tracker):
            self._introduce(report.tracker, one)
        if not report.positions:
            if not isinstance(one, Connection) or not one.owed:
                self._answer(one, report)
                return
        else:
            report.positions, doubts = self._judge(report.tracker, report.positions, report.zone)
            for name in doubts:
                self._counts.count(report.tracker, name)
        if isinstance(one, Connection):
            one.owed += 1
        self._waiting.append((one, report))
        self._rows += _size([(one, report)])
        self._some.set()
        if self._rows >= ROWS:
            self._pause(True)

    def _answer(self, one: Caller, report: Report) -> None:
        if not one.answer(report.answer):
            self._counts.count(report.tracker, "untaken_answers")

    def _introduce(self, tracker: str, one: Caller) -> None:
        if self._named < TOLD and self._port.admits(tracker):
            self._named += 1
            where = one.address if isinstance(one, Connection) else "a datagram"
            log.info("%s: tracker:%s is heard, from %s", self._device, tracker, where)

    def _finish(self, one: Connection) -> None:
        """Hang up, when it has what it is owed."""
        if one.owed:
            one.pause(True)
        else:
            one.end()

    def _pause(self, pause: bool) -> None:
        if pause == self._paused:
            return
        self._paused = pause
        now = self._loop.time()
        for one in self._connections:
            one.pause(pause or one.session.error is not None)
            one.heard_at = one.begun_at = now  # nobody listened meanwhile
        if self._datagrams is not None:
            self._datagrams.pause(pause)

    # The daemon

    async def _hand_over(self) -> None:
        while True:
            await self._some.wait()
            await self._give()

    async def _give(self) -> None:
        """All that waits, as one batch."""
        taken, self._waiting, self._rows = self._waiting, [], 0
        self._some.clear()
        if len(self._trackers) > KNOWN:
            self._trackers = Dictionary()
        rows = [(report.tracker, report.positions) for _, report in taken if report.positions]
        try:
            receipt = await self._link.emit(fixes(self._trackers, rows)) if rows else None
        except BaseException:  # a stop, mostly: they are given once more
            self._waiting, self._rows = taken + self._waiting, self._rows + _size(taken)
            raise
        await self._flying.put((receipt, taken))
        if self._rows < ROWS and self._gathered.size < ENOUGH:
            self._pause(False)

    async def _acknowledge(self) -> None:
        while True:
            await self._acknowledge_one()

    async def _acknowledge_one(self) -> None:
        receipt, taken = await self._flying.get()
        if receipt is not None:
            await receipt
        for one, report in taken:
            self._answer(one, report)
            if isinstance(one, Connection):
                one.owed -= 1
                if not one.owed and one.session.error is not None:
                    one.end()

    # The port

    async def _watch(self) -> None:
        """Those that say nothing, or nothing whole, are hung up on; and the port shows that it is there."""
        alive_at = self._loop.time()
        while True:
            await asyncio.sleep(_SWEEP)
            now = self._loop.time()
            if not self._paused:
                for one in tuple(self._connections):
                    self._look_at(one, now)
            if now >= alive_at + ALIVE_SECONDS:
                alive_at = now
                await self._link.emit(Alive(self._link.now()))

    def _look_at(self, one: Connection, now: float) -> None:
        if not one.session.tracker and now >= one.begun_at + LOGIN_SECONDS:
            name = "silent_logins"
        elif one.session.pending and now >= one.begun_at + HALF_SECONDS:
            name = "half_messages"
        elif now >= one.heard_at + self._port.limits.idle:
            name = "idle"
        else:
            return
        self._counts.count(one.session.tracker, name)
        one.abort()

    async def _refuse_orders(self) -> None:
        async for order in self._link.orders:
            self._link.count("orders_refused")
            log.warning("%s: %s: trackers take no orders", self._device, type(order).__name__)

    async def _open(self) -> asyncio.Server | None:
        port, at = self._port, bound(self._port.to)
        if port.to.scheme == UDP:
            self._datagrams = Datagrams(self, port.session(port.admits), at)
            return None
        self._files = _files(port.limits.connections)
        return await self._loop.create_server(
            lambda: Connection(self, port.session(port.admits)), sock=at, backlog=_BACKLOG
        )

    async def _close(self, server: asyncio.Server | None) -> None:
        """What was heard goes to the daemon, if it takes it soon: of some trackers it comes only once."""
        self._pause(True)
        if server is not None:
            server.close()
        self._gathered.hand_over()
        for one in self._connections:
            self._take_rest(one)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._rest()
        if self._rows:
            self._link.count("left_behind", self._rows)
        for one in tuple(self._connections):
            one.abort()
        if self._datagrams is not None:
            self._datagrams.close()
        await asyncio.sleep(0)  # the connections learn that they are lost
        self._counts.close()

    async def _rest(self) -> None:
        try:
            while not self._flying.empty():
                await self._acknowledge_one()
            if self._waiting:
                await self._give()
                await self._acknowledge_one()
        except Exception as error:  # whatever ended the daemon's end has been told, or will be
            log.warning("%s: %d positions were left behind: %s", self._device, self._rows, error)


def _size(reports: Sequence[tuple[Caller, Report]]) -> int:
    """One counts as one position at least."""
    return sum(max(1, len(report.positions)) for _, report in reports)


def _files(wanted: int) -> int:
    """How many connections this process can have, after it has asked for enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + _SPARE_FILES
    if soft < need:
        soft = need if hard == resource.RLIM_INFINITY else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, soft - _SPARE_FILES)
