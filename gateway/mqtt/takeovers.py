"""Two clients with one client id throw each other out for ever: what an end of a connection means, after those lately."""

from collections import deque

from gateway.mqtt.reasons import CLOSED, TAKEN_OVER, Ended, Reasons
from gateway.sinks.contract import Lost, Refused

LATELY = 600.0
"""Seconds."""
MOST = 16


class Takeovers:
    """Times by a clock that only goes forward, seconds."""

    def __init__(self, reasons: Reasons) -> None:
        self._reasons = reasons
        self._times: deque[float] = deque(maxlen=MOST)
        self._counted: Ended | None = None

    def note(self, now: float) -> int:
        """Once more; returns how often lately."""
        self._times.append(now)
        return sum(now - time <= LATELY for time in self._times)

    def meant(self, ended: Ended, now: float) -> Lost | Refused:
        """Why a connection is over. An end is seen by all who wait for the connection, and counted once."""
        if ended.code in (TAKEN_OVER, CLOSED) and ended is not self._counted:
            self._counted = ended
            ended.error = self._reasons.taken_over(ended.code, self.note(now))
        return ended.error
