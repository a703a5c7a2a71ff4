"""Two clients with one client id throw each other out for ever: how often did that happen lately?"""

from collections import deque

LATELY = 600.0
"""Seconds."""
MOST = 16


class Takeovers:
    """Times by a clock that only goes forward, seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MOST)

    def note(self, now: float) -> int:
        """Once more; returns how often lately."""
        self._times.append(now)
        return sum(now - time <= LATELY for time in self._times)
