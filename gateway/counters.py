"""What the journal tells about itself."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.retention import AGED, Drop

RECENT = 1000
"""Commits that the percentiles are taken from."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Since the journal was opened, but for `size`.

    commits, failures      transactions that are durable, and that failed
    p50, p99               seconds of the last 1000 commits; None before the first
    payload                bytes of inputs' bodies that were committed
    size                   bytes of the file and its write-ahead log
    checkpoints            how often the log was moved into the file, and how often that failed
    checkpoint_failures
    dropped, unsent        rows deleted because of a limit, by stream, and how many of them no sink had
    pressed                rows deleted for want of room: of `dropped`, those that were not simply old
    lost                   rows that were found damaged and stepped over
    trouble                the last error, None when the last commit was good
    """

    commits: int
    failures: int
    p50: float | None
    p99: float | None
    payload: int
    size: int
    checkpoints: int
    checkpoint_failures: int
    dropped: Mapping[str, int]
    unsent: Mapping[str, int]
    pressed: int
    lost: int
    trouble: str | None


class Counters:
    """Counts up; read from any thread."""

    def __init__(self) -> None:
        self.commits = 0
        self.failures = 0
        self.payload = 0
        self.checkpoints = 0
        self.checkpoint_failures = 0
        self.trouble: str | None = None
        self._seconds: list[float] = []
        self._dropped: Counter[str] = Counter()
        self._unsent: Counter[str] = Counter()
        self._pressed = 0

    def committed(self, seconds: float, payload: int, drops: list[Drop]) -> None:
        """One more, that took `seconds`."""
        if len(self._seconds) < RECENT:
            self._seconds.append(seconds)
        else:
            self._seconds[self.commits % RECENT] = seconds
        self.commits += 1
        self.payload += payload
        self.trouble = None
        for drop in drops:
            self._dropped[drop.stream] += drop.last - drop.first + 1
            self._unsent[drop.stream] += drop.unsent
            if drop.reason != AGED:
                self._pressed += drop.last - drop.first + 1

    def failed(self, error: Exception) -> None:
        """One that did not become durable."""
        self.failures += 1
        self.trouble = str(error)

    def checkpoint_failed(self, error: Exception) -> None:
        """The log could not be moved into the file."""
        self.checkpoint_failures += 1
        self.trouble = str(error)

    def counts(self, size: int, lost: int) -> Counts:
        """All of them now."""
        ordered = sorted(self._seconds)
        return Counts(
            self.commits,
            self.failures,
            percentile(ordered, 0.5),
            percentile(ordered, 0.99),
            self.payload,
            size,
            self.checkpoints,
            self.checkpoint_failures,
            dict(self._dropped),
            dict(self._unsent),
            self._pressed,
            lost,
            self.trouble,
        )


def percentile(ordered: list[float], part: float) -> float | None:
    """The nearest-rank percentile of what is in order; None of nothing."""
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else None
