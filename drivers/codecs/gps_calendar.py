"""When was that, says a receiver whose week counter may have run over, or that has not seen a satellite since it was
switched on.

GPS counts weeks modulo 1024. A date that is wrong by whole eras is set right against a reference from outside, to the
nearest one on both sides: an old date is not taken for a roll-over only because it is old, nor one of tomorrow.
"""

from dataclasses import dataclass
from datetime import date

from core.records import SECOND

DAY = 86_400 * SECOND
ERA = 7168 * DAY
"""1024 weeks."""

BUILT = 1_767_225_600_000_000
"""2026-01-01, microseconds UTC: no earlier is the present, whatever a clock without a battery says."""

_EPOCH = date(1970, 1, 1).toordinal()


def day_number(year: int, month: int, day: int) -> int | None:
    """Days since 1970; None if there is no such date."""
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except (ValueError, OverflowError):  # the latter for numbers of 20 digits
        return None


UNSET = {day_number(1980, 1, 6), day_number(1999, 8, 22), day_number(2006, 1, 1)}
_THIRD_ERA = day_number(2019, 4, 7)
"""The first days of the eras, and of a common firmware: what a receiver says before it knows better."""

_SINCE_THIRD = 31 * DAY
_YEAR = 366 * DAY


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known from outside, microseconds UTC.

    time      the present, or when a recording was made
    latest    what lies behind it is no date, None if that is not certain
    recorded  a date is set right only if that leads to within a year of the time: who notes when a recording was made
              may mean when it was published
    """

    time: int
    latest: int | None = None
    recorded: bool = False


class Calendar:
    """The dates of one receiver.

    reference  None for bytes of which nobody knows when they were written: then a date counts as it stands, unless it
               is off by whole eras from the one before
    """

    def __init__(self, reference: Reference | None = None) -> None:
        self.reference = reference
        self._before: int | None = None

    def settle(self, time: int) -> tuple[int, bool] | None:
        """The right time and whether it was corrected; None if the date cannot be right.

        Times are microseconds UTC.
        """
        right = self._continued(time)
        if right is None:
            right = self._referred(time)
        if right is None:
            return None
        self._before = right
        return right, right != time

    def _continued(self, time: int) -> int | None:
        """Less than a day from the time before, but for whole eras."""
        if self._before is None:
            return None
        moved = time + ERA * eras(self._before - time)
        return moved if abs(moved - self._before) < DAY else None

    def _referred(self, time: int) -> int | None:
        reference, day = self.reference, time // DAY
        if day in UNSET or time < 0:
            return None
        if reference is None:
            return time
        moved = time + ERA * eras(reference.time - time)
        if reference.recorded:
            return moved if abs(moved - reference.time) < _YEAR else time
        time = moved
        unset = time // DAY == _THIRD_ERA and reference.time - time > _SINCE_THIRD
        behind = reference.latest is not None and time > reference.latest
        return None if unset or behind else time


def eras(by: int) -> int:
    """How many eras come nearest to so many microseconds."""
    return (by + ERA // 2) // ERA
