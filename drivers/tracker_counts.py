"""What is wrong with which tracker, among the counters of the device that listens to all of them; bounded."""

from collections import Counter, OrderedDict

from drivers.base import Link

NAMED = 50
"""Trackers that have counters of their own: those with whom most is wrong."""

KNOWN = 10_000
"""Trackers that are remembered; the one that was heard least recently makes room."""


class TrackerCounts:
    """Of one device. `counts` of a device are the sums; "3532...: bad_crc" are those of one tracker.

    A tracker that comes when all places are taken gets that of the one with the fewest, whose counts go away.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._named: dict[str, Counter[str]] = {}
        self._known: OrderedDict[str, None] = OrderedDict()

    def heard(self, tracker: str) -> bool:
        """Is that one new?"""
        new = tracker not in self._known
        self._known[tracker] = None
        self._known.move_to_end(tracker)
        if new:
            self._link.count("trackers")
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
                self._link.count("trackers", -1)
        return new

    def count(self, tracker: str, name: str, n: int = 1) -> None:
        """`tracker` is "" if nobody knows whose it is."""
        self._link.count(name, n)
        if not tracker:
            return
        if tracker not in self._named:
            self._make_room()
            self._named[tracker] = Counter()
        self._named[tracker][name] += n
        self._link.count(f"{tracker}: {name}", n)

    def close(self) -> None:
        """Those that are connected will be counted anew."""
        self._link.count("trackers", -len(self._known))
        self._known.clear()

    def _make_room(self) -> None:
        if len(self._named) < NAMED:
            return
        least = min(self._named, key=lambda one: self._named[one].total())
        for name, n in self._named.pop(least).items():
            self._link.count(f"{least}: {name}", -n)
