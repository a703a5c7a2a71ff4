"""Fixes of a recording as they are replayed, and what was left out of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.records import Fixes, Times

TROUBLES = {
    "no_time": "without a time",
    "no_tracker": "without a tracker",
    "no_position": "without a position",
    "out_of_range": "at no latitude from -90 to 90 or no longitude from -180 to 180",
    "zero_position": "at 0, 0, which receivers tell that know no position",
    "unset_date": "of before 1980 or of a day that receivers tell until they know the date",
    "distant_date": "of after 2099",
    "contradicted_date": "more than 400 days off what their tracker told around them",
}
"""Why a fix was left out, and how that is told."""


@dataclass(frozen=True, slots=True, eq=False)
class FixBlock:
    """Consecutive fixes of a file.

    fixes  the rows, whoever's they are
    at     int64[n]  when the row arrived, by virtual time: the newest time so far in this file
    """

    fixes: Fixes
    at: Times

    def pick(self, rows: "slice | Times") -> "FixBlock":
        """The given rows."""
        one = self.fixes
        picked = one.slice(rows.start, rows.stop) if isinstance(rows, slice) else one.pick(rows)
        return FixBlock(picked, self.at[rows])


class Arrivals:
    """When the rows of one file arrived, by virtual time."""

    def __init__(self) -> None:
        self._newest = np.iinfo(np.int64).min

    def of(self, time: Times) -> Times:
        """int64[n], of the next n rows."""
        at = np.maximum.accumulate(np.maximum(time, self._newest))
        if len(at):
            self._newest = int(at[-1])
        return at


def stacked(blocks: Sequence[FixBlock]) -> FixBlock:
    """All rows of blocks of one dictionary, one block after the other."""
    parts = [block.fixes for block in blocks]
    texts = tuple(text for one in parts for text in one.attributes or ("",) * len(one))
    fixes = Fixes(
        parts[0].trackers,
        np.concatenate([one.time for one in parts]),
        np.concatenate([one.tracker for one in parts]),
        np.concatenate([one.lat for one in parts]),
        np.concatenate([one.lon for one in parts]),
        np.concatenate([one.alt for one in parts]),
        np.concatenate([one.speed for one in parts]),
        np.concatenate([one.course for one in parts]),
        np.concatenate([one.accuracy for one in parts]),
        np.concatenate([one.satellites for one in parts]),
        np.concatenate([one.flags for one in parts]),
        texts if any(texts) else None,
    )
    return FixBlock(fixes, np.concatenate([block.at for block in blocks]))


def told(left_out: Counter[str]) -> list[str]:
    """What was left out and why, a line each."""
    return [f"{n} left out: {TROUBLES[name]}" for name, n in sorted(left_out.items())]
