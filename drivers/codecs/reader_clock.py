"""A reader's clocks, mapped to the gateway's time, for one connection.

The lag of a stamp is its arrival minus itself: the offset between the clocks, plus a delay that is never
negative. So the least lag seen lately is the best known offset, and a backlog, whose lags are long, changes
nothing. The connection event comes first and at once: its stamp makes the offset known before any backlog.

UTC is taken as it is while its least lag is within a second: a gateway whose own clock is not synchronised yet can
be wrong, but not by chance just as wrong as a reader. Otherwise, and for uptime stamps, the least lag is
added. Offsets are remembered for ten to twenty minutes, which follows a drifting oscillator.
"""

import numpy as np

from core.records import SECOND, Times

AS_IS = 1 * SECOND
"""A reader whose UTC is that near to ours is believed."""

WINDOW = 600 * SECOND
"""Offsets are forgotten after one to two of these."""

_BELIEVABLE = 30 * 86_400 * SECOND
"""Without a connection event's stamp, a lag up to this may be a backlog; beyond, the clock was never set."""


class _Offset:
    """The least lag over the last one to two windows; None while there was no stamp."""

    def __init__(self) -> None:
        self.least: int | None = None
        self._recent: int | None = None
        self._before: int | None = None
        self._since = 0

    def see(self, lag: int, arrival: int) -> None:
        if self._recent is None:
            self._recent, self._since = lag, arrival
        elif arrival - self._since >= WINDOW:
            self._before, self._recent, self._since = self._recent, lag, arrival
        else:
            self._recent = min(lag, self._recent)
        self.least = self._recent if self._before is None else min(self._recent, self._before)

    def shift(self, by: int) -> None:
        self.least, self._recent, self._before = (
            None if lag is None else lag + by for lag in (self.least, self._recent, self._before)
        )
        self._since += by


def _mapped(times: Times, arrival: int, known: int | None) -> Times:
    """Each time plus the least lag that was known when it came."""
    running = np.minimum.accumulate(arrival - times)
    return times + (running if known is None else np.minimum(running, known))


class ReaderClock:
    """Maps a reader's stamps, int64 microseconds in the order of arrival, to microseconds UTC of the gateway.

    `synchronised` tells whether the gateway's own clock is right, and may be set when that changes. Only by a clock
    that is right a long lag is known for a backlog, where no connection event told the reader's time.
    """

    def __init__(self, synchronised: bool = True) -> None:
        self.synchronised = synchronised
        self._utc = _Offset()
        self._uptime = _Offset()
        self._live = False
        self._round_trip: int | None = None

    def connected(self, stamp: int, arrival: int, uptime: bool = False) -> None:
        """The connection event, sent when it happened, carried `stamp`."""
        (self._uptime if uptime else self._utc).see(arrival - stamp, arrival)
        self._live |= not uptime

    def answered(self, round_trip: int) -> None:
        """A request was answered after so many microseconds: no delay need be longer than the shortest of them."""
        self._round_trip = round_trip if self._round_trip is None else min(round_trip, self._round_trip)

    def shift(self, by: int) -> None:
        """The gateway's clock was set forward by `by` microseconds."""
        self._utc.shift(by)
        self._uptime.shift(by)

    @property
    def as_is(self) -> bool:
        """The reader's UTC is taken as it is."""
        least = self._utc.least
        if least is None:
            return False
        return -AS_IS <= least <= (AS_IS if self._live or not self.synchronised else _BELIEVABLE)

    @property
    def behind(self) -> int:
        """Microseconds by which the reader's present, as its stamps tell it, is behind ours."""
        return max(0, self._utc.least) if self.as_is and self._utc.least is not None else 0

    def utc(self, times: Times, arrival: int) -> Times:
        """The gateway's time for UTC stamps."""
        if not len(times):
            return times
        known = self._utc.least
        self._utc.see(arrival - int(times.max()), arrival)
        return times if self.as_is else _mapped(times, arrival, known)

    def moment(self, time: int, arrival: int) -> int:
        """The gateway's time for one UTC stamp."""
        known = self._utc.least
        lag = arrival - time
        self._utc.see(lag, arrival)
        return time if self.as_is else time + (lag if known is None else min(lag, known))

    def uptime(self, times: Times, arrival: int) -> Times:
        """The gateway's time for uptime stamps."""
        if not len(times):
            return times
        known = self._uptime.least
        self._uptime.see(arrival - int(times.max()), arrival)
        return _mapped(times, arrival, known)

    def error(self) -> int | None:
        """Microseconds by which a mapped time may be wrong; None before there is a stamp and a round trip.

        The least lag exceeds the true offset by at most the shortest round trip.
        """
        least = self._uptime.least if self._utc.least is None else self._utc.least
        if least is None or self._round_trip is None:
            return None
        return max(abs(least), abs(least - self._round_trip)) if self.as_is else self._round_trip

    def __str__(self) -> str:
        how = "its own UTC" if self.as_is else "its times mapped"
        error = self.error()
        return how if error is None else f"{how}, wrong by at most {error / 1000:.3g} ms"
