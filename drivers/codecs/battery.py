"""The battery of something that people carry: said once when it is low, and again when it is nearly empty."""

from drivers.codecs.notice import Notice

LOW, EMPTY = 15, 5
"""Percent at which it is said."""
RECOVERED = 25
"""Percent from which on it counts as charged again: it does not swing about the limit."""


class Battery:
    """What was last said of one battery."""

    def __init__(self) -> None:
        self._said = 101

    def at(self, percent: int, charging: bool = False) -> Notice | None:
        """It has so much left; None if that need not be said."""
        if charging or percent >= RECOVERED:
            self._said = 101
            return None
        limit = EMPTY if percent <= EMPTY else LOW
        if percent > LOW or self._said <= limit:
            return None
        self._said = limit
        return Notice("battery_low", f"its battery is at {percent} %: charge it, or change the battery")
