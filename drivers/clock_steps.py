"""When the gateway's clock is set while a device is connected, the loop's clock shows by how much."""

from core.records import SECOND

STEP = SECOND // 10
"""A change of the gateway's time against the loop's clock from which on it was set, microseconds."""


class ClockSteps:
    """Begins with the gateway's time `now` (microseconds UTC) at the loop's time `at` (s)."""

    def __init__(self, now: int, at: float) -> None:
        self._anchor = now - _micros(at)

    def step(self, now: int, at: float) -> int:
        """How far the gateway's clock was set forward since the last call, microseconds."""
        step = now - _micros(at) - self._anchor
        if abs(step) <= STEP:
            return 0
        self._anchor += step
        return step


def _micros(at: float) -> int:
    return int(at * SECOND)
