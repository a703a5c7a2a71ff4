"""What the clock of a tracker gets wrong."""

from dataclasses import dataclass

from simulators.clock import SECOND
from simulators.receiver import Window

ERA = 7168 * 86_400 * SECOND
"""1024 weeks, microseconds."""

YEAR = 365 * 86_400 * SECOND
YEAR_1980 = 315_964_800 * SECOND
"""1980-01-06: the first day of GPS, and what a receiver says before it has seen a satellite."""

YEAR_2000 = 946_684_800 * SECOND
"""2000-01-01: the same where a year is told in two digits of this century."""


@dataclass(frozen=True, slots=True)
class WrongClock:
    """A clock that is right unless one of these is set.

    ahead  microseconds that it is ahead: local time, or a future date
    eras   so many times 1024 weeks behind: its week counter has run over
    unset  while it has not seen a satellite, and counts from `first`
    leaps  each so many-th report is dated one year ahead;  0 = none
    """

    ahead: int = 0
    eras: int = 0
    unset: Window = (0, 0)
    leaps: int = 0
    first: int = YEAR_1980

    def says(self, time: int, number: int) -> int:
        """Its time in the `number`-th report, which is made at the true `time`; both microseconds UTC."""
        since, until = self.unset
        if since <= time < until:
            return self.first + time - since
        leap = YEAR if self.leaps and (number + 1) % self.leaps == 0 else 0
        return time + self.ahead - self.eras * ERA + leap


RIGHT = WrongClock()
