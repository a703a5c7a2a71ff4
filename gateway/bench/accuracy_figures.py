"""Figures with their intervals: shares by Wilson, or by a bootstrap over episodes where tags moved together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z = 1.959963984540054
"""Of a normal distribution: 95 % lie within."""
DRAWS = 400
"""Samples of a bootstrap."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the table. `value` is None where there was nothing to measure; `n` is of how many.

    `note` says which one it was, where the figure is that of the worst.
    """

    part: str
    scenario: str
    measure: str
    column: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    n: int = 0
    note: str = ""

    def fields(self) -> dict[str, str | float | int | None]:
        """As JSON."""
        return {
            "name": "accuracy",
            "part": self.part,
            "scenario": self.scenario,
            "measure": self.measure,
            "column": self.column,
            "value": _short(self.value),
            "unit": self.unit,
            "low": _short(self.low),
            "high": _short(self.high),
            "n": self.n,
            "note": self.note,
        }


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); of nothing, everything is possible."""
    if not n:
        return 0.0, 1.0
    share, spread = hits / n, Z * Z / n
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = Z * math.sqrt(share * (1.0 - share) / n + spread / (4.0 * n)) / (1.0 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def clustered(hits: Sequence[int], totals: Sequence[int]) -> tuple[float, float]:
    """The 95 % interval of sum(hits) / sum(totals), by a bootstrap over episodes.

    Where all or none are hits a bootstrap knows no spread; then it is Wilson's with one trial an episode.
    """
    counted = [(hit, total) for hit, total in zip(hits, totals, strict=True) if total]
    hit, total = (
        (np.array(column, np.float64) for column in zip(*counted, strict=True)) if counted else ([], [])
    )
    if not counted or not 0 < sum(hits) < sum(totals):
        return wilson(len(counted) if sum(hits) else 0, len(counted))
    chosen = np.random.default_rng(1).integers(0, len(counted), (DRAWS, len(counted)))
    shares = np.asarray(hit)[chosen].sum(axis=1) / np.asarray(total)[chosen].sum(axis=1)
    low, high = np.percentile(shares, (2.5, 97.5))
    return float(low), float(high)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
