"""Dates of recorded fixes that cannot be right, told from the recording alone: nobody knows any more when it was made.

Certain are the days that receivers tell before they know the date, and a date that the same tracker contradicts: none
keeps a report for longer than `OLDEST`, so of two that are farther apart the wrong way round one is wrong: the one that
the reports around it do not bear out. That shows within the rows that are looked at together only.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.records import Codes, Times
from drivers.codecs.fix_clock import OLDEST
from drivers.codecs.gps_calendar import DAY, UNSET
from drivers.codecs.tracker_session import LATEST

Rows = NDArray[np.bool_]

GPS_BEGAN = 3657 * DAY
"""1980-01-06."""

NEIGHBOURS = 50
"""Reports of the same tracker before a date, and as many behind it, that bear it out or do not."""


def doubts(time: Times, tracker: Codes, among: Rows) -> Iterator[tuple[str, Rows]]:
    """For each cause its name and the rows that it concerns, bool[n]; `among` may change from one to the next."""
    day = time // DAY
    yield "unset_date", (time < GPS_BEGAN) | np.isin(day, [one for one in UNSET if one is not None])
    yield "distant_date", time >= LATEST
    yield "contradicted_date", _contradicted(time, tracker, np.flatnonzero(among))


def _contradicted(time: Times, tracker: Codes, rows: NDArray[np.intp]) -> Rows:
    found = np.zeros(len(time), np.bool_)
    if len(rows) and (np.maximum.accumulate(time[rows]) - time[rows] > OLDEST).any():
        for one in np.unique(tracker[rows]).tolist():
            mine = rows[tracker[rows] == one]
            found[mine[_strays(time[mine])]] = True
    return found


def _strays(time: Times) -> Rows:
    """Which of one tracker's rows are contradicted, and far from the median of those around them."""
    too_old = np.maximum.accumulate(time) - time > OLDEST
    too_new = time - np.minimum.accumulate(time[::-1])[::-1] > OLDEST
    around = sliding_window_view(np.pad(time, NEIGHBOURS, "symmetric"), 2 * NEIGHBOURS + 1)
    median = np.sort(around, axis=1)[:, NEIGHBOURS]
    found: Rows = (too_old | too_new) & (np.abs(time - median) > OLDEST)
    return found
