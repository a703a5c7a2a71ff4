"""Who moved together at a door, and what they say of each other.

Two passes are company when they overlap by at least half of the shorter. Policy: passes that ended before the horizon
are forgotten with what they said; where more than `LIMIT` ended within it, the quarter that began first.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.growth import grown
from core.motion import Motion, Span

QUORUM = 3
"""Companions that make a company."""
DOUBT = 3
"""Companions without a contrast that are added to those heard on both sides: one that says something says little."""
WHOLE = 1_000
"""A contrast of 1 as an integer: sums of them do not depend on their order."""
SILENT = WHOLE + 1
"""Instead of a contrast: heard on one side only."""
LIMIT = 1 << 15
"""Passes of one door that are remembered: 0.8 MB."""

Rows = NDArray[np.int64]
Row = tuple[int, int, int]
"""First and last read, and the contrast."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the companions of a pass say.

    members    how many they are; `two_sided` of them were heard on both sides
    agreement  of these, how many more were later on side 1 than on side 0
    contrast   sum of the sizes of their contrasts, in thousandths
    """

    members: int = 0
    two_sided: int = 0
    agreement: int = 0
    contrast: int = 0

    @property
    def is_company(self) -> bool:
        """Are they enough to say something?"""
        return self.members >= QUORUM

    @property
    def agree(self) -> float:
        """-1..1: the share of the two-sided that were later on side 1, less that of the others; `DOUBT` are added."""
        return self.agreement / (self.two_sided + DOUBT)

    @property
    def sharpness(self) -> float:
        """0..1: the mean size of the contrasts; `DOUBT` are added."""
        return self.contrast / (WHOLE * (self.two_sided + DOUBT))


class Company:
    """The passes of one door that ended, in order of their beginning. `longest`: microseconds that one may last."""

    def __init__(self, longest: int, limit: int = LIMIT) -> None:
        self._longest = longest
        self._limit = limit
        self._size = 0
        self._rows: Rows = np.zeros((64, 3), np.int64)

    def __len__(self) -> int:
        return self._size

    def add(self, seen: Motion) -> None:
        """A pass has ended. One that stood in the door is nobody's company."""
        if seen.static:
            return
        if self._size == self._limit:
            self._keep(slice(self._limit // 4, self._size))
        if self._size == len(self._rows):
            self._rows = grown(self._rows)
        at, _ = self._find(_row(seen))
        self._rows[at + 1 : self._size + 1] = self._rows[at : self._size]
        self._rows[at] = _row(seen)
        self._size += 1

    def withdraw(self, seen: Motion) -> None:
        """Evidence changed a pass: what it said is taken back, unless it is forgotten."""
        at, there = self._find(_row(seen))
        if there:
            self._rows[at : self._size - 1] = self._rows[at + 1 : self._size]
            self._size -= 1

    def of(self, seen: Motion) -> Group:
        """What the companions of a pass say, itself left out."""
        (since, until), firsts = seen.span, self._rows[: self._size, 0]
        begin, end = firsts.searchsorted(since - self._longest), firsts.searchsorted(until, "right")
        first, last, said = self._rows[begin:end].T
        shared = np.minimum(last, until) - np.maximum(first, since)
        said = said[(shared >= 0) & (2 * shared >= np.minimum(last - first, until - since))]
        members, said = len(said), said[said != SILENT]
        two_sided, agreement, contrast = len(said), int(np.sign(said).sum()), int(np.abs(said).sum())
        row = _row(seen)
        if seen.static or not self._find(row)[1]:
            return Group(members, two_sided, agreement, contrast)
        own = row[2]
        if own == SILENT:
            return Group(members - 1, two_sided, agreement, contrast)
        agreement -= (own > 0) - (own < 0)
        return Group(members - 1, two_sided - 1, agreement, contrast - abs(own))

    def _find(self, row: Row) -> tuple[int, bool]:
        """Where a row belongs, and whether it stands there."""
        firsts = self._rows[: self._size, 0]
        begin, end = int(firsts.searchsorted(row[0])), int(firsts.searchsorted(row[0], "right"))
        at = bisect_left(self._rows[begin:end].tolist(), [*row])
        return begin + at, begin + at < end and self._rows[begin + at].tolist() == [*row]

    def forget(self, before: int) -> None:
        """Drop what ended before a time."""
        self._keep(np.flatnonzero(self._rows[: self._size, 1] >= before))

    def _keep(self, rows: slice | NDArray[np.int64]) -> None:
        kept = self._rows[rows].copy()
        self._size = len(kept)
        self._rows[: self._size] = kept

    def dump(self) -> bytes:
        """For the snapshot: int64[n, 3], first and last read and the contrast."""
        return self._rows[: self._size].tobytes()

    def load(self, data: bytes) -> None:
        """From a snapshot."""
        rows = np.frombuffer(data, np.int64).reshape(-1, 3)
        while len(rows) > len(self._rows):
            self._rows = grown(self._rows)
        self._size = len(rows)
        self._rows[: self._size] = rows


def _row(seen: Motion) -> Row:
    return (*seen.span, round(WHOLE * seen.contrast) if seen.two_sided else SILENT)


def overlap(one: Span, other: Span) -> bool:
    """Do two spans overlap by at least half of the shorter?"""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared >= 0 and 2 * shared >= min(one[1] - one[0], other[1] - other[0])
