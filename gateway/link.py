"""The daemon's end of a running driver: what it hands over, and how the device is."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.records import Body, Dropped, Fixes, Input, Reads, Scan
from drivers.base import Order
from gateway.intake import Intake, Receipt
from gateway.signs import NEVER, Sign, after, shifted
from gateway.trackers_heard import TrackersHeard

log = logging.getLogger(__name__)

State = Literal["connecting", "up", "down", "failed", "stopped"]

ORDERS = 16
"""Orders that may wait for a device; more are refused."""

NAMED = 10
"""Devices that one log line names."""

Watcher = Callable[[str, Reads], None]
Tap = Callable[[bytes], None]
Listener = Callable[[str], None]
"""Told the id of a device that is another way."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a device is. `since` in microseconds UTC; `error` is why it is not up, None if it is."""

    state: State
    since: int
    error: str | None
    info: str | None


class OrdersFull(Exception):
    """The device has not taken its last orders; the new one is refused."""


class DeviceLink:
    """Implements `drivers.base.Link` for one device, for as long as the daemon runs.

    awaited      since when the device should have been heard: the daemon's start, microseconds UTC
    reads_total  rows and scans handed over since the daemon's start, last_read the newest of their times
    fixes_total  the same of fixes
    trackers     those that it hears
    """

    def __init__(
        self, device: str, intake: Intake, now: Callable[[], int], is_synchronised: Callable[[], bool]
    ) -> None:
        self.device = device
        self.now = now
        self.sign: Sign = NEVER
        self.awaited = now()
        self.health = Health("connecting", self.awaited, None, None)
        self.restarts = 0
        self.bugs = 0
        self.reads_total = 0
        self.last_read: int | None = None
        self.fixes_total = 0
        self.trackers = TrackersHeard()
        self.counters: Counter[str] = Counter()
        self.listeners: list[Listener] = []
        self.watchers: set[Watcher] = set()
        self.taps: set[Tap] = set()
        self._up_at: float | None = None
        self._intake = intake
        self._is_synchronised = is_synchronised
        self._orders: asyncio.Queue[Order] = asyncio.Queue(ORDERS)

    @property
    def synchronised(self) -> bool:
        """The gateway's clock is disciplined, so that a device's clock can be judged by it."""
        return self._is_synchronised()

    async def emit(self, body: Body) -> Receipt:
        """Into the intake; blocks while that is full."""
        arrival = self.now()
        self.sign = after(self.sign, arrival, body)
        if isinstance(body, Reads):
            self._note_reads(body)
        elif isinstance(body, Scan):
            self._note_scan(body)
        elif isinstance(body, Fixes):
            self.fixes_total += len(body)
            self.trackers.deliver(body, arrival)
        elif isinstance(body, Dropped):
            self.counters["dropped"] += 1
        return await self._intake.put(Input(self.device, arrival, body))

    def up(self, info: str) -> None:
        """One log line when the device is back."""
        tell_up([self.device] if self.came(info) else [], info)

    def came(self, info: str) -> bool:
        """The device is there; True = that is news, which whoever says so writes down."""
        news = self.health.state != "up"
        if self._up_at is None:
            self._up_at = asyncio.get_running_loop().time()
        self._become("up", None, info)
        return news

    def shift(self, by: int) -> None:
        """The clock was anchored anew: what was noted before is that much later, microseconds."""
        self.sign = shifted(self.sign, by)
        self.awaited += by
        self.trackers.shift(by)

    def begin(self) -> None:
        """A new attempt."""
        self._up_at = None

    def seconds_up(self) -> float:
        """How long the present connection has been up, by the loop's clock; 0 if it never was."""
        return 0.0 if self._up_at is None else asyncio.get_running_loop().time() - self._up_at

    def lost(self, reason: str) -> bool:
        """The device is not there; True = that is news, and no attempt after it, which whoever says so writes down."""
        if self.health.state in ("up", "connecting"):
            self._become("down", reason, self.health.info)
            return True
        if self.health.error != reason:
            self._turn(Health("down", self.health.since, reason, self.health.info))
        return False

    def failed(self, reason: str) -> None:
        """An operator must change something; the device stays off until then."""
        log.error("%s: stopped: %s", self.device, reason)
        self._become("failed", reason, self.health.info)

    def stopped(self) -> None:
        """The daemon ends."""
        self._become("stopped", None, self.health.info)

    def tap(self, data: bytes) -> None:
        """To whoever captures this device."""
        for tap in tuple(self.taps):
            tap(data)

    def count(self, name: str, n: int = 1) -> None:
        """Add to a counter of this device."""
        self.counters[name] += n

    def connected(self, tracker: str, n: int = 1) -> None:
        """A tracker has called, and said who it is; -1 = it is gone."""
        self.trackers.connect(tracker, n, self.now())

    def order(self, order: Order) -> None:
        """Ask the device to do something. Raises OrdersFull."""
        try:
            self._orders.put_nowait(order)
        except asyncio.QueueFull:
            self.counters["orders_refused"] += 1
            raise OrdersFull(f"{self.device} has not taken its last {ORDERS} orders") from None

    @property
    def orders(self) -> AsyncIterator[Order]:
        """What the device is asked to do; orders that nobody took are still there after a reconnect."""
        return self._next_orders()

    async def _next_orders(self) -> AsyncIterator[Order]:
        while True:
            yield await self._orders.get()

    def _note_scan(self, scan: Scan) -> None:
        self.reads_total += 1
        self.last_read = scan.time if self.last_read is None else max(scan.time, self.last_read)

    def _note_reads(self, reads: Reads) -> None:
        self.reads_total += len(reads)
        if len(reads):
            newest = int(reads.time.max())
            self.last_read = newest if self.last_read is None else max(newest, self.last_read)
        for watcher in tuple(self.watchers):
            watcher(self.device, reads)

    def _become(self, state: State, error: str | None, info: str | None) -> None:
        since = self.health.since if state == self.health.state else self.now()
        self._turn(Health(state, since, error, info))

    def _turn(self, health: Health) -> None:
        self.health = health
        for listener in self.listeners:
            listener(self.device)


def tell_up(devices: Sequence[str], info: str) -> None:
    """One log line for devices that came together."""
    if devices:
        log.info("%s: up: %s", _named(devices), info)


def tell_lost(devices: Sequence[str], reason: str) -> None:
    """One log line for devices that were lost together."""
    if devices:
        log.warning("%s: down: %s; trying again", _named(devices), reason)


def _named(devices: Sequence[str]) -> str:
    more = f" and {len(devices) - NAMED} more" if len(devices) > NAMED else ""
    return ", ".join(devices[:NAMED]) + more
