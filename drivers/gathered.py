"""What the callers of a port say, gathered for an interval: what all have said is understood in one go.

A thousand trackers speak a thousand times a second, each at another moment. Understanding each as it speaks costs more
than one after the other, while the processor has all that it needs for it at hand. Who speaks first after a silence is
understood at once.
"""

import asyncio
from collections.abc import Callable, Sequence

from drivers.callers import Connection, Sender
from drivers.streams import HAND_OVERS

ENOUGH = 1 << 20
"""Bytes that may wait to be understood before nothing is read any more."""

Said = tuple[Connection | Sender, bytes]


class Gathered:
    """size  bytes that wait"""

    def __init__(self, understand: Callable[[Sequence[Said]], None]) -> None:
        self.size = 0
        self._understand = understand
        self._loop = asyncio.get_running_loop()
        self._said: list[Said] = []
        self._next = 0.0

    def put(self, one: Connection | Sender, data: bytes) -> None:
        """Somebody said that."""
        if not self._said:
            self._loop.call_at(self._next, self.hand_over)
        self._said.append((one, data))
        self.size += len(data)

    def hand_over(self) -> None:
        """All that was said until now; the intervals end when those of all streams do."""
        if self._said:
            said, self._said, self.size = self._said, [], 0
            self._next = (int(self._loop.time() * HAND_OVERS) + 1) / HAND_OVERS
            self._understand(said)
