"""Power-squared weights and their exact sums.

A pass is judged by sums over its reads (power-squared weighted centroid per side). They must not depend on how the
reads were batched or in which order they came, and float sums do: so weights and times are integers here. Ranges:
a weight is 1..2**27 (40 dB of power), times relative to the run's origin are in units of 1,024 us for the first and
65,536 us for the second moment; `READS_LIMIT` reads within a minute, or 10,000 within two, fit 62 bits at full power.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.records import Floats, Times

FINE = 10
"""log2 of the unit of the first moment in microseconds."""
COARSE = 16
"""log2 of the unit of the second moment in microseconds."""
READS_LIMIT = 16_384
"""A tag that is read more often than this in one pass is parked there; the sums are exact up to here."""

_WEAKEST, _STRONGEST = -74.0, -34.0
"""dBm between which strengths are told apart. A tag at a door comes nearer than its weakest reads tell: what decides
is its strongest part."""
_STEPS = 160
_DBM = np.rint(10.0 ** (np.arange(_STEPS + 1) / 20.0)).astype(np.int64)
_RAW = (np.arange(256, dtype=np.int64) + 1) ** 3


_DBM_LIST: list[int] = _DBM.tolist()
_RAW_LIST: list[int] = _RAW.tolist()


def weights(rssi: Floats, raw: bool) -> Times:
    """int64[n] weights: the square of the power for dBm (-74 dBm = 1, in steps of 0.25 dB, clipped at -34 dBm).

    Raw values have no known unit: the cube of value + 1 only says "stronger counts more". NaN weighs 1.
    """
    exact = rssi.astype(np.float64)
    table, steps = (_RAW, exact) if raw else (_DBM, np.rint((exact - _WEAKEST) * 4.0))
    found: Times = table[np.fmin(np.fmax(steps, 0), len(table) - 1).astype(np.int64)]
    return found


def weight(rssi: float, raw: bool) -> int:
    """The weight of one read, as `weights` gives it."""
    if raw:
        return 1 if rssi != rssi else _RAW_LIST[int(max(0.0, min(rssi, 255.0)))]
    if rssi >= _STRONGEST:
        return _DBM_LIST[-1]
    return _DBM_LIST[round((rssi - _WEAKEST) * 4.0)] if rssi > _WEAKEST else 1


def moments(weight: Times, time: Times, origin: Times) -> tuple[Times, Times, Times, Times]:
    """Weight, first, rough and second moment of each read about its `origin` (multiples of 65,536 us); each int64[n]."""
    fine = (time >> FINE) - (origin >> FINE)
    coarse = (time >> COARSE) - (origin >> COARSE)
    rough = weight * coarse
    return weight, weight * fine, rough, rough * coarse


@dataclass(slots=True)
class Side:
    """Sums of the reads on one side: their number and weight, first moment in fine and in coarse units, second moment."""

    reads: int = 0
    weight: int = 0
    first: int = 0
    rough: int = 0
    second: int = 0

    def centroid(self, origin: int) -> float:
        """Weighted mean time, microseconds."""
        return origin + (self.first / self.weight + 0.5) * (1 << FINE)

    def variance(self) -> float:
        """Weighted variance of the times, seconds squared."""
        mean = self.rough / self.weight
        return max(0.0, self.second / self.weight - mean * mean) * ((1 << COARSE) / 1e6) ** 2


class Sums:
    """The sums of one pass: its origin and its two sides. All integers, so adding commutes exactly."""

    WIDTH = 11
    __slots__ = ("origin", "sides")

    def __init__(self, origin: int, sides: tuple[Side, Side] | None = None) -> None:
        self.origin = origin >> COARSE << COARSE
        self.sides = sides or (Side(), Side())

    def __iter__(self) -> Iterator[int]:
        yield self.origin
        for side in self.sides:
            yield from (side.reads, side.weight, side.first, side.rough, side.second)

    @classmethod
    def of(cls, values: Sequence[int]) -> "Sums":
        """From the eleven integers that iterating gives."""
        return cls(values[0], (Side(*values[1:6]), Side(*values[6:11])))

    def load(self, row: NDArray[np.int64]) -> None:
        """Take the values of a column row."""
        values = row.tolist()
        self.origin = values[0]
        self.sides = (Side(*values[1:6]), Side(*values[6:11]))

    def store(self, row: NDArray[np.int64]) -> None:
        """Write the values into a column row; what does not fit 62 bits is a parked tag's and is clipped."""
        row[:] = [max(-(1 << 62), min(1 << 62, value)) for value in self]

    def read(self, side: int, weight: int, time: int, count: int) -> None:
        """Add one read; `count` sightings weigh as one, they have one time."""
        one = self.sides[side]
        coarse = (time >> COARSE) - (self.origin >> COARSE)
        one.reads += count
        one.weight += weight
        one.first += weight * ((time >> FINE) - (self.origin >> FINE))
        one.rough += weight * coarse
        one.second += weight * coarse * coarse

    def add(self, other: "Sums") -> None:
        """Add another pass's sums, moved to this origin (the parallel axis theorem, in integers)."""
        fine = (other.origin - self.origin) >> FINE
        coarse = (other.origin - self.origin) >> COARSE
        for mine, theirs in zip(self.sides, other.sides, strict=True):
            mine.reads += theirs.reads
            mine.weight += theirs.weight
            mine.first += theirs.first + fine * theirs.weight
            mine.rough += theirs.rough + coarse * theirs.weight
            mine.second += theirs.second + 2 * coarse * theirs.rough + coarse * coarse * theirs.weight

    def shift(self, by: int) -> None:
        """The clock that dated the reads was wrong by `by` microseconds."""
        row = np.array([list(self)], np.int64)
        shift_rows(row, by)
        self.load(row[0])


def shift_rows(rows: NDArray[np.int64], by: int) -> None:
    """The same for int64[n, Sums.WIDTH] rows of sums; exact in the first moments, to 65,536 us in the second."""
    coarse = by >> COARSE << COARSE
    rows[:, 0] += coarse
    for weight, first in ((2, 3), (7, 8)):
        rows[:, first] += rows[:, weight] * ((by - coarse) >> FINE)
