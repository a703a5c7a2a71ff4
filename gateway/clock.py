"""The gateway's time: an anchor in UTC plus the time since boot, so that stepping the wall clock changes nothing."""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path

Nanoseconds = Callable[[], int]

_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 208
_STATUS_OFFSET = 40
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")


def since_boot() -> int:
    """CLOCK_BOOTTIME in ns: goes on during suspend, is never stepped (clock_gettime(2))."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def synchronised() -> bool:
    """Does the kernel, or systemd-timesyncd, say that the system clock is disciplined?"""
    return _TIMESYNCD.exists() or _kernel_synchronised()


def _kernel_synchronised() -> bool:
    """adjtimex(2) with modes = 0 only asks. struct timex of 64-bit Linux has `status` at byte 40."""
    if ctypes.sizeof(ctypes.c_long) != 8:
        return False
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    state: int = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    status = int.from_bytes(timex.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
    return state >= 0 and not status & _STA_UNSYNC


class Clock:
    """Microseconds UTC; re-anchored once, when the system clock becomes synchronised in this run."""

    def __init__(
        self,
        wall: Nanoseconds = time.time_ns,
        boot: Nanoseconds = since_boot,
        is_synchronised: Callable[[], bool] = synchronised,
    ) -> None:
        self._wall = wall
        self._boot = boot
        self._is_synchronised = is_synchronised
        self.synchronised = is_synchronised()
        self._anchor = wall() - boot()

    def now(self) -> int:
        """Microseconds UTC since 1970."""
        return (self._anchor + self._boot()) // 1000

    def reanchor(self) -> int | None:
        """Ask whether the clock is synchronised by now; the step in microseconds if it has just become so."""
        if self.synchronised or not self._is_synchronised():
            return None
        before = self.now()
        self.synchronised = True
        self._anchor = self._wall() - self._boot()
        return self.now() - before
