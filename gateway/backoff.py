"""How long to wait before a device is tried again."""

import random
from collections.abc import Iterator

FIRST = 1.0
"""Seconds before the second attempt."""
LONGEST = 15.0
"""Seconds that no wait exceeds."""
FACTOR = 1.6
STEADY = 60.0
"""Seconds that a link has to stay up before the waits begin at FIRST again."""


def delays(chance: random.Random) -> Iterator[float]:
    """Seconds, for ever: growing by FACTOR up to LONGEST, each shortened by up to a quarter.

    The chance keeps the devices of a site from calling back all at once when the network returns.
    """
    delay = FIRST
    while True:
        yield delay * (1 - chance.random() / 4)
        delay = min(delay * FACTOR, LONGEST)
