"""When was that, says a tracker whose clock may be wrong: set right where a rule is certain, doubted where none is.

Certain are a week counter that has run over, if what comes out is of these weeks, and a clock that was set to local
time: live reports then are always the same whole number of quarter-hours off. Where a tracker says its time zone, one live
report tells whether its clock is set to that or to UTC. What is doubted stays in the journal with its own time and
without `Flag.VALID`, so that a date of next year can not hold the tracker fast there.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from core.records import SECOND, Flag
from drivers.codecs.gps_calendar import DAY, ERA, UNSET, eras
from drivers.codecs.tracker_columns import stamps
from drivers.codecs.tracker_session import LATE, VALID, Position

CLOCKS = 10_000
"""Trackers whose clocks are remembered; the one that was heard least recently makes room."""

AHEAD = 120 * SECOND
"""A time so far behind the present of a gateway whose own clock is right is one of the future."""

UNSURE_AHEAD = 400 * DAY
"""The same where the gateway's clock is not known to be right: it may have stood still for as long as it was off."""

OLDEST = 400 * DAY
"""No tracker keeps a report for longer."""

RECENT = 60 * DAY
"""A date that is moved by whole eras has to come that near to the present."""

QUARTER = 900 * SECOND
_FARTHEST = 14 * 4
"""Quarter-hours of the farthest time zone."""

_EARLY, _LIVE = 5 * SECOND, 60 * SECOND
"""How far a live report may be from a whole number of quarter-hours: before it, and behind it."""

_CORRECTED = int(Flag.CORRECTED)


@dataclass(frozen=True, slots=True)
class _Certainty:
    """So many live reports, over so long, whose lags are so near to each other."""

    reports: int
    lasting: int
    within: int


_IN_ADVANCE = _Certainty(5, 60 * SECOND, 30 * SECOND)
"""Nothing but a wrong clock is in the future."""

_BEHIND = _Certainty(20, 600 * SECOND, 10 * SECOND)
"""A backlog is behind as well, but it catches up."""


class FixClock:
    """That of one tracker.

    offset  microseconds that its times have to be put forward by, 0 as long as its clock is believed
    """

    def __init__(self) -> None:
        self.offset = 0
        self._quarters = 0
        self._lag = self._since = self._last = 0
        self._seen = 0
        self._zone = 0
        self._known = True
        self._agrees = False

    def settle(
        self, positions: Sequence[Position], now: int, synchronised: bool, zone: int = 0
    ) -> tuple[Sequence[Position], list[str]]:
        """The same positions, with the times and flags that they should have, and a name for each that is doubted.

        `now` is the gateway's time, microseconds UTC; `zone` is how far the tracker says that its local time is ahead of it.
        """
        if zone != self._zone:
            self._zone, self._known = zone, not zone
        synchronised = synchronised or self._agrees
        told = stamps(positions)
        live = [time for time, flags in told if not flags & LATE]
        if live and synchronised:
            self._compare(max(live), now)
        if live:
            self._watch(max(live), now, synchronised)
        first, last = min(told, default=(now, 0))[0], max(told, default=(now, 0))[0]
        if self._known and not self.offset and first >= now - OLDEST and last <= _latest(now, synchronised):
            return positions, []  # all of these weeks, as most are
        found: list[Position] = []
        doubts: list[str] = []
        for one in positions:
            time, corrected, doubt = self._time(one.time, now, synchronised)
            if doubt:
                doubts.append(doubt)
                one = one._replace(flags=one.flags & ~VALID, attributes=_doubted(one.attributes, doubt))
            elif corrected:
                one = one._replace(time=time, flags=one.flags | _CORRECTED)
            found.append(one)
        return found, doubts

    def _time(self, time: int, now: int, synchronised: bool) -> tuple[int, bool, str]:
        """The right time, whether it is another one, and why it is doubted."""
        moved = eras(now - time)
        time += ERA * moved
        corrected = moved != 0
        if corrected and (abs(now - time) > RECENT or (time - ERA * moved) // DAY in UNSET):
            return time, False, "unset_date"
        if self.offset and not corrected:
            time += self.offset
            corrected = True
        if time > _latest(now, synchronised):
            return time, False, "future_date"
        if time < now - OLDEST:
            return time, False, "old_date"
        if not self._known:
            return time, False, "unknown_zone"
        return time, corrected, ""

    def _compare(self, time: int, now: int) -> None:
        """A live report of a tracker that says its time zone: is its clock set to UTC, which most are, or to that?"""
        lag = now - time
        if self._known:
            return
        if -_EARLY <= lag <= QUARTER:
            self.offset, self._known = 0, True
        elif -_EARLY <= lag + self._zone <= _LIVE:
            self.offset, self._known = -self._zone, True

    def _watch(self, time: int, now: int, synchronised: bool) -> None:
        """A live report: how many quarter-hours off is it, and is it always as many?

        If it is none, for that long, a gateway whose clock is not known to be right has the same time as the satellites:
        from then on what this tracker tells is judged by it.
        """
        lag = now - time
        quarters = (lag + _EARLY) // QUARTER
        if abs(quarters) > _FARTHEST or lag - quarters * QUARTER > _LIVE:
            self._seen = 0
            return
        certain = _BEHIND if quarters > 0 else _IN_ADVANCE
        if self._seen and quarters == self._quarters and abs(lag - self._lag) <= certain.within:
            if time > self._last:
                self._last = time
                self._seen += 1
        else:
            self._seen, self._quarters, self._lag, self._since, self._last = 1, quarters, lag, now, time
        if self._seen >= certain.reports and now - self._since >= certain.lasting:
            if synchronised:
                self.offset, self._known = self._quarters * QUARTER, True
            elif not quarters:
                self._agrees = True


class FixClocks:
    """Those of all trackers of a port."""

    def __init__(self, limit: int = CLOCKS) -> None:
        self._clocks: OrderedDict[str, FixClock] = OrderedDict()
        self._limit = limit

    def settle(
        self, tracker: str, positions: Sequence[Position], now: int, synchronised: bool, zone: int = 0
    ) -> tuple[Sequence[Position], list[str]]:
        """As a `FixClock` does."""
        clock = self._clocks.get(tracker)
        if clock is None:
            clock = self._clocks[tracker] = FixClock()
        self._clocks.move_to_end(tracker)
        if len(self._clocks) > self._limit:
            self._clocks.popitem(last=False)
        return clock.settle(positions, now, synchronised, zone)


def _latest(now: int, synchronised: bool) -> int:
    """What lies behind it is the future."""
    return now + (AHEAD if synchronised else UNSURE_AHEAD)


def _doubted(attributes: str, doubt: str) -> str:
    """The attributes, with what is wrong with the time."""
    said: dict[str, object] = json.loads(attributes) if attributes else {}
    return json.dumps({**said, "clock": doubt}, separators=(",", ":"))
