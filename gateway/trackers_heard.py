"""The trackers that a device hears, as `waypost status` lists them: since the daemon's start, and bounded."""

import re
from collections import Counter, OrderedDict
from collections.abc import Mapping

import numpy as np

from core.events import rfc3339
from core.records import Fixes, Flag
from gateway.toml_text import inline

KEPT = 10_000
"""Trackers of a device that are remembered; the one that was heard least recently makes room."""

SCHEME = "tracker:"
REFUSED = "refused"
"""The counter of a tracker that is not among those that may deliver."""

_SIGNS = re.compile(r"[^A-Za-z0-9._-]+")
"""Those that no id may have."""
_LONGEST_ID = 64

_VALID = int(Flag.VALID)

Row = dict[str, object]


class Tracker:
    """One of them; times in microseconds UTC.

    first, last  when it was heard, by the gateway's clock
    fixes        handed over, each time that they came
    newest       time, latitude and longitude of its newest valid fix
    connections  that it has now, None if nobody says so
    """

    __slots__ = ("connections", "first", "fixes", "last", "newest")

    def __init__(self, now: int) -> None:
        self.first = self.last = now
        self.fixes = 0
        self.newest: tuple[int, float, float] | None = None
        self.connections: int | None = None


class TrackersHeard:
    """Those of one device, by their tags; the one that was heard last is at the end."""

    def __init__(self, limit: int = KEPT) -> None:
        self._trackers: OrderedDict[str, Tracker] = OrderedDict()
        self._limit = limit

    def deliver(self, batch: Fixes, now: int) -> None:
        """They said this."""
        sums = np.bincount(batch.tracker)
        valid = np.flatnonzero(batch.flags & _VALID)
        in_order = valid[np.argsort(batch.time[valid], kind="stable")]
        newest = np.full(len(sums), -1, np.int64)
        newest[batch.tracker[in_order]] = in_order  # the last one of each stays
        heard = np.flatnonzero(sums)
        rows, ids = newest[heard], batch.trackers.ids
        fixes = (column[rows].tolist() for column in (batch.time, batch.lat, batch.lon))
        columns = zip(heard.tolist(), sums[heard].tolist(), (rows >= 0).tolist(), *fixes, strict=True)
        for code, n, is_valid, time, lat, lon in columns:
            one = self._heard(ids[code], now)
            one.fixes += n
            if is_valid and (one.newest is None or one.newest[0] <= time):
                one.newest = time, lat, lon

    def connect(self, tracker: str, n: int, now: int) -> None:
        """It has one connection more, or less."""
        one = self._heard(SCHEME + tracker, now)
        one.connections = max(0, (one.connections or 0) + n)

    def shift(self, by: int) -> None:
        """The gateway's clock was anchored anew: what was noted before is that much later, microseconds."""
        for one in self._trackers.values():
            one.first += by
            one.last += by

    def rows(self, counters: Mapping[str, int], owners: Mapping[str, str]) -> list[Row]:
        """One JSON object for each, the one that was heard last first.

        counters  those of the device: "353201350112345: bad_crc" is of that tracker
        owners    the item of each tag
        """
        refused = _by_tracker(counters)
        strangers = [tag for tag in refused if tag not in self._trackers]
        rows = [_row(tag, one, refused.get(tag, {}), owners) for tag, one in reversed(self._trackers.items())]
        return rows + [_row(tag, None, refused[tag], owners) for tag in strangers]

    def _heard(self, tag: str, now: int) -> Tracker:
        one = self._trackers.get(tag)
        if one is None:
            one = self._trackers[tag] = Tracker(now)
            if len(self._trackers) > self._limit:
                self._trackers.popitem(last=False)
        else:
            self._trackers.move_to_end(tag)
            one.last = now
        return one


def _by_tracker(counters: Mapping[str, int]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for name, n in counters.items():
        tracker, colon, cause = name.rpartition(": ")
        if colon and n:
            found.setdefault(SCHEME + tracker, Counter())[cause] = n
    return found


def _row(tag: str, one: Tracker | None, refused: Mapping[str, int], owners: Mapping[str, str]) -> Row:
    fix = None if one is None else one.newest
    return {
        "tracker": tag,
        "item": owners.get(tag),
        "first": None if one is None else rfc3339(one.first),
        "last": None if one is None else rfc3339(one.last),
        "fix": None if fix is None else {"time": rfc3339(fix[0]), "lat": fix[1], "lon": fix[2]},
        "fixes": 0 if one is None else one.fixes,
        "connected": None if one is None or one.connections is None else one.connections > 0,
        "refused": dict(refused),
        "toml": None if tag in owners else _toml(tag),
    }


def _toml(tag: str) -> str:
    """The table that would make an item of it; its id may be any other."""
    plain = _SIGNS.sub("-", tag.removeprefix(SCHEME)).strip("._-")[:_LONGEST_ID] or "tracker"
    return f"[[item]]\nid = {inline(plain)}\ntags = [{inline(tag)}]\n"
