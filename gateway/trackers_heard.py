"""The trackers that a device hears, as `waypost status` lists them: since the daemon's start, and bounded."""

import re
from collections import Counter, OrderedDict
from collections.abc import Mapping

import numpy as np

from core.events import rfc3339
from core.records import Fix, Fixes, Flag, rows_of
from gateway.toml_text import inline

KEPT = 10_000
"""Trackers of a device that are remembered; the one that was heard least recently makes room."""

SCHEME = "tracker:"
REFUSED = "refused"
"""The counter of a tracker that is not among those that may deliver."""

_SIGNS = re.compile(r"[^A-Za-z0-9._-]+")
"""Those that no id may have."""
_LONGEST_ID = 64

Row = dict[str, object]


class Tracker:
    """One of them; times in microseconds UTC.

    first, last  when it was heard, by the gateway's clock
    fixes        handed over, each time that they came
    newest       its newest valid fix
    connections  that it has now, None if nobody says so
    """

    __slots__ = ("connections", "first", "fixes", "last", "newest")

    def __init__(self, now: int) -> None:
        self.first = self.last = now
        self.fixes = 0
        self.newest: Fix | None = None
        self.connections: int | None = None


class TrackersHeard:
    """Those of one device, by name, without the scheme of their tags; the one that was heard last is at the end."""

    def __init__(self, limit: int = KEPT) -> None:
        self._trackers: OrderedDict[str, Tracker] = OrderedDict()
        self._limit = limit

    def deliver(self, batch: Fixes, now: int) -> None:
        """They said this."""
        sums = np.bincount(batch.tracker)
        valid = np.flatnonzero((batch.flags & Flag.VALID) > 0)
        in_order = valid[np.argsort(batch.time[valid], kind="stable")]
        newest = np.full(len(sums), -1, np.int64)
        newest[batch.tracker[in_order]] = in_order  # the last one of each stays
        heard = np.flatnonzero(sums)
        fixes = iter(rows_of(batch.pick(newest[heard][newest[heard] >= 0])))
        for code, n, row in zip(heard.tolist(), sums[heard].tolist(), newest[heard].tolist(), strict=True):
            one = self._heard(batch.trackers.ids[code].removeprefix(SCHEME), now)
            one.fixes += n
            if row >= 0:
                fix = next(fixes)
                if one.newest is None or one.newest.time <= fix.time:
                    one.newest = fix

    def connect(self, tracker: str, n: int, now: int) -> None:
        """It has one connection more, or less."""
        one = self._heard(tracker, now)
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
        found = [(name, one) for name, one in reversed(self._trackers.items())]
        strangers = [name for name in refused if name not in self._trackers]
        rows = [_row(name, one, refused.get(name, {}), owners) for name, one in found]
        return rows + [_row(name, None, refused[name], owners) for name in strangers]

    def _heard(self, tracker: str, now: int) -> Tracker:
        one = self._trackers.get(tracker)
        if one is None:
            one = self._trackers[tracker] = Tracker(now)
            if len(self._trackers) > self._limit:
                self._trackers.popitem(last=False)
        else:
            self._trackers.move_to_end(tracker)
            one.last = max(one.last, now)
        return one


def _by_tracker(counters: Mapping[str, int]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for name, n in counters.items():
        tracker, colon, cause = name.rpartition(": ")
        if colon and n:
            found.setdefault(tracker, Counter())[cause] = n
    return found


def _row(name: str, one: Tracker | None, refused: Mapping[str, int], owners: Mapping[str, str]) -> Row:
    tag = SCHEME + name
    fix = None if one is None else one.newest
    return {
        "tracker": tag,
        "item": owners.get(tag),
        "first": None if one is None else rfc3339(one.first),
        "last": None if one is None else rfc3339(one.last),
        "fix": None if fix is None else {"time": rfc3339(fix.time), "lat": fix.lat, "lon": fix.lon},
        "fixes": 0 if one is None else one.fixes,
        "connected": None if one is None or one.connections is None else one.connections > 0,
        "refused": dict(refused),
        "toml": None if tag in owners else _toml(name, tag),
    }


def _toml(name: str, tag: str) -> str:
    """The table that would make an item of it; its id may be any other."""
    plain = _SIGNS.sub("-", name).strip("._-")[:_LONGEST_ID] or "tracker"
    return f"[[item]]\nid = {inline(plain)}\ntags = [{inline(tag)}]\n"
