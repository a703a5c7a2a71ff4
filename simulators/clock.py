"""Time inside the simulators: running, faster if wanted, or moved by hand."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

SECOND = 1_000_000


class Alarm(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call."""


class Clock(Protocol):
    """Microseconds UTC of the simulated world."""

    def now(self) -> int:
        """The time."""

    def call_at(self, time: int, call: Callable[[], None]) -> Alarm:
        """Call `call` once when it is `time` or later."""


class RunningClock:
    """Runs from `start` (default: the real time), `speed` times as fast as the running event loop's clock."""

    def __init__(self, start: int | None = None, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed {speed} must be positive; 1 is real time")
        self._start = time.time_ns() // 1000 if start is None else start
        self._speed = speed
        self._from = asyncio.get_running_loop().time()

    def now(self) -> int:
        return self._start + round((asyncio.get_running_loop().time() - self._from) * self._speed * SECOND)

    def call_at(self, time: int, call: Callable[[], None]) -> Alarm:
        delay = (time - self.now()) / SECOND / self._speed
        return asyncio.get_running_loop().call_later(max(delay, 0.0), call)


@dataclass(slots=True)
class _Due:
    call: Callable[[], None]
    cancelled: bool = field(default=False)

    def cancel(self) -> None:
        self.cancelled = True


class SteppedClock:
    """Stands still until `advance` moves it; what falls due on the way is called at its own time, in order."""

    def __init__(self, start: int = 1_767_225_600 * SECOND) -> None:
        self._now = start
        self._due: list[tuple[int, int, _Due]] = []
        self._order = itertools.count()

    def now(self) -> int:
        return self._now

    def call_at(self, time: int, call: Callable[[], None]) -> Alarm:
        due = _Due(call)
        heapq.heappush(self._due, (time, next(self._order), due))
        return due

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        end = self._now + round(seconds * SECOND)
        while self._due and self._due[0][0] <= end:
            time, _, due = heapq.heappop(self._due)
            self._now = max(self._now, time)
            if not due.cancelled:
                due.call()
        self._now = end


async def sleep_until(clock: Clock, time: int) -> None:
    """Wait until `clock` shows `time`; returns at once if it is past."""
    if clock.now() >= time:
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    alarm = clock.call_at(time, lambda: None if done.done() else done.set_result(None))
    try:
        await done
    finally:
        alarm.cancel()


@dataclass(frozen=True, slots=True)
class OwnClock:
    """What a reader's own clock says of a true time (microseconds UTC).

    utc   it has a UTC clock; otherwise it tells its uptime
    set   that clock was set; otherwise it began at 2000-01-01 when the reader was switched on
    skew  seconds that it is ahead, ppm how much too fast it runs
    """

    utc: bool = True
    set: bool = True
    skew: float = 0.0
    ppm: float = 0.0

    def reads(self, true: int, boot: int) -> int:
        """Microseconds on the reader's clock at the time `true`, when it was switched on at `boot`."""
        up = (true - boot) + round((true - boot) * self.ppm * 1e-6)
        if not self.utc:
            return up
        return up + (boot + round(self.skew * SECOND) if self.set else _YEAR_2000)


_YEAR_2000 = 946_684_800 * SECOND
