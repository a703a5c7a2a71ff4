"""What a device complains of, for the log: said when it changes, and never more often than somebody can read.

A wrong setting can make every message wrong in its own words. All of them are counted by whoever counts; here it is
decided which of them are written.
"""

from dataclasses import dataclass

from drivers.codecs.notice import Notice

MOST = 5
"""Lines about one kind of complaint within PERIOD."""
PERIOD = 60.0
"""Seconds."""


@dataclass(slots=True)
class _Kind:
    """text: written last;  until: end of the period, s;  written: in it;  withheld: since the last line."""

    text: str = ""
    until: float = 0.0
    written: int = 0
    withheld: int = 0


class Complaints:
    """Of one device. Bounded: it keeps one line for each name that a notice can have."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def line(self, notice: Notice, time: float) -> str | None:
        """What is to be written at `time` (seconds of a clock that is never set); None if nothing."""
        kind = self._kinds.setdefault(notice.name, _Kind())
        if notice.text == kind.text:
            return None
        if time >= kind.until:
            kind.until, kind.written = time + PERIOD, 0
        if kind.written == MOST:
            kind.withheld += 1
            return None
        more = f" ({kind.withheld} more of this kind were not written)" if kind.withheld else ""
        kind.text, kind.withheld = notice.text, 0
        kind.written += 1
        return notice.text + more
