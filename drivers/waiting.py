"""Records on their way from a connection to the daemon, so that it can listen while the daemon is busy."""

import asyncio
from collections import deque

from core.records import Body, Fixes, Reads
from drivers.base import Link

MAX_ROWS = 200_000
"""Rows that may wait for the daemon before nobody listens to the device any more."""


class Waiting:
    """Records on their way to the daemon, in order; one counts as one row at least, and `limit` rows are enough."""

    def __init__(self, limit: int = MAX_ROWS) -> None:
        self.limit = limit
        self.rows = 0
        self._bodies: deque[Body] = deque()
        self._some = asyncio.Event()
        self._changed = asyncio.Event()

    def put(self, body: Body) -> None:
        """Behind the others; it is for the caller to put nothing more when `limit` is reached."""
        self._bodies.append(body)
        self.rows += _rows(body)
        self._some.set()

    async def below(self, rows: int) -> None:
        """Returns when fewer than `rows` are waiting."""
        while self.rows >= rows:
            self._changed.clear()
            await self._changed.wait()

    async def hand_over(self, link: Link) -> None:
        """All that is waiting; what a cancellation interrupts stays."""
        while self._bodies:
            await link.emit(self._bodies[0])
            self.rows -= _rows(self._bodies.popleft())
            self._changed.set()

    async def hand_over_for_ever(self, link: Link) -> None:
        """All that comes."""
        while True:
            await self._some.wait()
            self._some.clear()
            await self.hand_over(link)


def _rows(body: Body) -> int:
    return max(1, len(body)) if isinstance(body, Reads | Fixes) else 1
