"""What people build to tell a crossing: simple rules, and the mobility profile of an open engine.

Every rule gets the same reads as ours, with RSSI in dBm whatever the reader reports. A pass is what has no silence of
2 s in it; a rule that asks for both sides says nothing of a tag that was heard on one.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.bench.accuracy_reads import Labelled, Told

SECOND = 1_000_000
GAP = 2 * SECOND
Rows = NDArray[np.intp]
Rule = Callable[[Labelled], list[Told]]


def passes(reads: Labelled) -> Iterator[Rows]:
    """The rows of each tag's passes in order of time."""
    order = np.lexsort((reads.time, reads.tag))
    cuts = (np.diff(reads.tag[order]) != 0) | (np.diff(reads.time[order]) > GAP)
    yield from np.split(order, np.flatnonzero(cuts) + 1) if len(order) else ()


def first_seen(reads: Labelled) -> list[Told]:
    """To the other side than the one that heard the tag first; told when that side is heard for the first time."""
    told = []
    for rows in passes(reads):
        side = reads.place[rows]
        other = np.flatnonzero(side == -side[0])
        if side[0] and len(other):
            time = int(reads.time[rows[other[0]]])
            told.append(Told(int(reads.tag[rows[0]]), -int(side[0]), time, time))
    return told


def max_rssi(reads: Labelled) -> list[Told]:
    """To the side whose strongest read is the later one; told when the pass is over."""
    told = []
    for rows in passes(reads):
        peaks = []
        for side in (-1, 1):
            mine = rows[reads.place[rows] == side]
            if len(mine):
                peaks.append(int(reads.time[mine[np.argmax(np.nan_to_num(reads.dbm[mine], nan=-100.0))]]))
        if len(peaks) == 2 and peaks[0] != peaks[1]:
            to = 1 if peaks[1] > peaks[0] else -1
            end = int(reads.time[rows[-1]]) + GAP
            told.append(Told(int(reads.tag[rows[0]]), to, sum(peaks) // 2, end))
    return told


def fixed_windows(reads: Labelled, seconds: float = 1.0) -> list[Told]:
    """The place of a tag in each window is the one with the most power in it; another one than before is a move."""
    width = round(seconds * SECOND)
    start = int(reads.time.min()) if len(reads) else 0
    power: dict[tuple[int, int], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    columns = (reads.tag, (reads.time - start) // width, reads.place, np.nan_to_num(reads.dbm, nan=-60.0))
    for tag, window, place, dbm in zip(*(column.tolist() for column in columns), strict=True):
        power[tag, window][place] += 10.0 ** (dbm / 10.0)
    told, where, last = [], dict[int, int](), dict[int, int]()
    for tag, window in sorted(power):
        best = max(power[tag, window], key=power[tag, window].__getitem__)
        if where.get(tag, best) != best:
            time = start + window * width
            told.append(Told(tag, best, time, time + width))
        where[tag], last[tag] = best, window
    return told


@dataclass(frozen=True, slots=True)
class Profile:
    """Mobility profile: off(dt) = min(T, m dt + T - m H), slope m in dB/ms, threshold T in dB, hold H in ms."""

    slope: float
    threshold: float
    hold: float

    def offset(self, milliseconds: float) -> float:
        """dB by which another place must be stronger when this one was not heard for so long."""
        return min(self.threshold, self.slope * milliseconds + self.threshold - self.slope * self.hold)


DEFAULT = Profile(-0.008, 6.0, 500.0)
RETAIL = Profile(-0.0005, 6.0, 60_000.0)
KEPT = 20
"""RSSI values that are kept of each tag at each place."""
DEPARTED = 600 * SECOND
"""Microseconds of silence after which a tag is forgotten."""


@dataclass(slots=True)
class _Stats:
    """The last values of one tag at one place."""

    rssi: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    last: int = 0

    @property
    def mean(self) -> float:
        return sum(self.rssi) / len(self.rssi)


def mobility(reads: Labelled, profile: Profile) -> list[Told]:
    """The engine's rule: a tag moves to L when n(L) >= 2 and mean(L) > mean(here) + off(time since heard here)."""
    stats: dict[tuple[int, int], _Stats] = defaultdict(_Stats)
    where, seen, told = dict[int, int](), dict[int, int](), []
    columns = (reads.tag, reads.place, reads.time, np.nan_to_num(reads.dbm, nan=-60.0))
    for tag, place, time, rssi in zip(*(column.tolist() for column in columns), strict=True):
        if time - seen.get(tag, time) > DEPARTED:
            for key in [key for key in stats if key[0] == tag]:
                del stats[key]
            del where[tag]
        seen[tag] = max(time, seen.get(tag, time))
        there = stats[tag, place]
        there.rssi.append(rssi)
        there.last = max(time, there.last)
        now = where.setdefault(tag, place)
        if now != place and len(there.rssi) >= 2:
            here = stats[tag, now]
            if there.mean > here.mean + profile.offset((time - here.last) / 1000.0):
                where[tag] = place
                told.append(Told(tag, place, time, time))
    return told


RULES: dict[str, Rule] = {
    "first seen": first_seen,
    "max RSSI": max_rssi,
    "EdgeX": lambda reads: mobility(reads, DEFAULT),
    "EdgeX retail": lambda reads: mobility(reads, RETAIL),
    "windows": fixed_windows,
}
"""The columns beside ours."""
