"""Whether our ROSpec runs: a reader that waits for its trigger rests by design, and its silence means nothing.

The reader's ROSpec events tell it. One that sends none is known by its reads, and no run lasts longer than its stop
trigger allows: so a lost event costs one run at most. Times in microseconds UTC.
"""

from core.records import SECOND, Idle, Times
from drivers.codecs.llrp import Parameter

SLACK = 1 * SECOND
"""Reads that are newer by this than the end of a run are not its last ones, sent late, but those of another."""

OVERDUE = 2 * SECOND
"""A run that lasts longer than its stop trigger allows by this has ended without a word."""

_DURATION = 1  # ROSpecStopTriggerType


def longest_run(spec: Parameter) -> int | None:
    """How long the stop trigger of a ROSpec lets it run, microseconds; None = without end."""
    for boundary in spec.every("ROBoundarySpec"):
        for stop in boundary.every("ROSpecStopTrigger"):
            if stop.number("type") == _DURATION:
                return stop.number("duration") * SECOND // 1000
    return None


class Activity:
    """Of one connection and one ROSpec. Every change comes back as the record that tells it.

    `longest` is what a run may last. Until something is known nothing is said: that is taken for running.
    """

    def __init__(self, longest: int | None = None) -> None:
        self._longest = longest
        self._idle: bool | None = None
        self._since = 0

    def started(self, time: int) -> Idle | None:
        """The ROSpec runs from `time` on."""
        return self._become(False, time)

    def ended(self, time: int) -> Idle | None:
        """The ROSpec waits for its trigger from `time` on."""
        return self._become(True, time)

    def listed(self, time: int, active: bool) -> Idle | None:
        """The reader's list of ROSpecs said so; what was heard since is newer."""
        return self._become(not active, time) if self._idle is None else None

    def heard(self, times: Times) -> Idle | None:
        """Tags were read, int64[n] of at least one."""
        if not self._idle or times.max() <= self._since + SLACK:
            return None
        return self.started(int(times[times > self._since + SLACK].min()))

    def alive(self, time: int) -> Idle | None:
        """The reader is alive at `time`: a run that ought to be over by then is over."""
        if self._idle is not False or self._longest is None or time <= self._since + self._longest + OVERDUE:
            return None
        return self.ended(self._since + self._longest)

    def shift(self, by: int) -> None:
        """The gateway's clock was set forward by `by` microseconds."""
        self._since += by

    def _become(self, idle: bool, time: int) -> Idle | None:
        changed = idle != bool(self._idle)
        self._idle, self._since = idle, time
        return Idle(time, idle) if changed else None
