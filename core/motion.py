"""What the reads of one pass at a door say: which side it began on, which side it ended on, and in which order.

A crossing begins on one side and ends on the other. Who turns back ends where he began; who stands in the door or
passes by it has both sides mixed from the beginning to the end.

Nothing here depends on the unit of the strengths: a read weighs by its rank among the reads of the same reader in the
pass (the cube of it, so that the strongest quarter decides). Ranks tell the sides' order as well as power-squared
centroids do (98 % against 98 % of simulated crossings at doors where both antennas hear everything), and they do so
where a reader reports linear or raw values, or none at all.
"""

from dataclasses import dataclass
from math import isnan, log, log10

import numpy as np
from numpy.typing import NDArray

from core.records import Floats, Times

Sides = NDArray[np.int8]
Units = NDArray[np.int32]
Weights = NDArray[np.float64]
Span = tuple[int, int]
"""First and last read, microseconds."""

RANK_POWER = 3
"""A read weighs by this power of its rank."""
FIFTH = 5
"""The beginning and the end of a pass are a fifth of its reads each, two at least."""
MANY = 32
"""Reads of a side that are as good as more: a tag that stands in a door is heard a thousand times, and goes nowhere."""
ENOUGH = np.float32(300.0)
"""A strength beyond this has no power in mW that a number could hold."""

_DOUBLING = np.float32(10 * log10(2))
_NOTHING = np.zeros(1)


@dataclass(frozen=True, slots=True)
class Motion:
    """The features of one pass; times in microseconds. Side 1 before side 0 turns the signs of all.

    reads     of each side (rows, not sightings)
    contrast  -1..1: the weight of side 1 in the last fifth of the reads, less that in the first
    order     -1..1: how much surer it is that a strong read of side 1 is later than one of side 0 than the opposite
    span      first and last read
    middle    between the sides' weighted mean times; `error` is half their distance in s
    static    it lasted too long to be a pass
    power     sum of the strengths: to compare passes of one tag at two doors
    """

    reads: tuple[int, int]
    contrast: float
    order: float
    span: Span
    middle: int
    error: float
    static: bool = False
    power: float = 0.0

    @property
    def two_sided(self) -> bool:
        """Was it heard on both sides?"""
        return min(self.reads) > 0

    @property
    def evidence(self) -> float:
        """Logarithm of the reads of the side that was heard less, of which `MANY` are enough."""
        return log(min(max(1, min(self.reads)), MANY))


def motion(span: Span, time: Times, side: Sides, rssi: Floats, unit: Units, static: bool = False) -> Motion:
    """The features of a pass from its reads, in any order; each column has n rows.

    time  int64, microseconds;  side  int8, 0 or 1;  rssi  float32 in the unit of the reader, NaN = not told
    unit  int32: reads of readers whose strengths can not be compared have different numbers
    """
    if not len(time):
        return Motion((0, 0), 0.0, 0.0, span, span[0], (span[1] - span[0]) / 2e6, static)
    order = _order(time, side, rssi, unit)
    time, side, rssi, unit = time[order], side[order], rssi[order], unit[order]
    power, told = _power(rssi), (time - span[0]) / 1e6
    ones = int(side.sum())
    reads = len(side) - ones, ones
    weight = _weights(rssi, unit)
    if not min(reads):
        middle = span[0] + round(1e6 * float(told @ weight) / float(weight.sum()))
        return Motion(reads, 0.0, 0.0, span, middle, (span[1] - span[0]) / 2e6, static, power)
    there = weight * side
    here = weight - there
    total = float(here.sum()), float(there.sum())
    first, last = float(told @ here) / total[0], float(told @ there) / total[1]
    later = _later(time, here, there, np.flatnonzero(side), total)
    middle = span[0] + round(1e6 * (first + last) / 2)
    contrast = _contrast(time, weight, there - here)
    return Motion(reads, contrast, later, span, middle, abs(last - first) / 2, static, power)


def _order(time: Times, side: Sides, rssi: Floats, unit: Units) -> NDArray[np.int64]:
    """By time; reads of one instant in an order that does not depend on how they came."""
    order: NDArray[np.int64] = time.argsort()
    ordered = time[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.lexsort((side, unit, rssi, time))
    return order


def _power(rssi: Floats) -> float:
    """Sum of what the strengths are in mW, if they are in dBm; of what was not told nothing."""
    power = float(np.exp2(np.minimum(rssi, ENOUGH) / _DOUBLING, dtype=np.float64).sum())
    if isnan(power):
        power = float(np.nansum(np.exp2(np.minimum(rssi, ENOUGH) / _DOUBLING, dtype=np.float64)))
    return power


def _weights(rssi: Floats, unit: Units) -> Weights:
    """float64[n] in 0..1: the cube of each read's rank among those of the same unit; equal strengths weigh alike."""
    if np.isnan(rssi).any():
        rssi = np.where(np.isnan(rssi), -np.inf, rssi)
    if (unit == unit[0]).all():
        return _ranked(rssi)
    weight = np.empty(len(rssi))
    for one in {*unit.tolist()}:
        rows = np.flatnonzero(unit == one)
        weight[rows] = _ranked(rssi[rows])
    return weight


def _ranked(rssi: Floats) -> Weights:
    ordered = np.sort(rssi)
    rank = (ordered.searchsorted(rssi, "left") + ordered.searchsorted(rssi, "right")) / (2 * len(rssi))
    return rank**RANK_POWER


def _contrast(time: Times, weight: Weights, signed: Weights) -> float:
    """Half of what the last fifth of the reads leans to side 1, less what the first does; in order of time.

    Reads of one instant are in a fifth together or not at all: a reader that tells whole seconds tells no order.
    """
    fifth = max(2, len(time) // FIFTH)
    begin = time.searchsorted(time[min(fifth, len(time)) - 1], "right")
    end = time.searchsorted(time[-min(fifth, len(time))], "left")
    leans = float(signed[:begin].sum()) / float(weight[:begin].sum())
    return (float(signed[end:].sum()) / float(weight[end:].sum()) - leans) / 2


def _later(
    time: Times, here: Weights, there: Weights, ones: NDArray[np.int64], total: tuple[float, float]
) -> float:
    """Somers' d of side and time (Somers 1962), each pair of reads with the product of its weights."""
    before = np.concatenate((_NOTHING, here.cumsum()))
    at = time[ones]
    earlier = before[time.searchsorted(at, "left")] + before[time.searchsorted(at, "right")]
    return float(earlier @ there[ones]) / (total[0] * total[1]) - 1
