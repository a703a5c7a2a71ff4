"""What the values of a tag report mean: from wire integers to units, and on to `Reads`."""

from collections import Counter
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.records import Channels, Codes, Dictionary, Floats, Reads, Times
from drivers.codecs.llrp_codes import NO_TAG
from drivers.codecs.llrp_template import Raw

MALFORMED = NO_TAG - 1
"""The code of a tag that was not understood."""

LAST_TIME = 253_402_300_799_999_999
"""The end of the year 9999 in microseconds UTC; a later stamp is no time."""

Where = slice | NDArray[np.intp]

_PHASE = np.float32(2 * np.pi / 4096)  # rad; Impinj reports phase in 1/4096 turns
_DOPPLER = np.float32(1 / 16)  # Hz; in 1/16 Hz
_FINE_RSSI = np.float32(0.01)  # dBm; in 1/100 dBm
_NO_STAMP, _UTC, _UPTIME = 0, 1, 2


class Clock(Protocol):
    """Where a reader's times become ours."""

    def utc(self, times: Times, arrival: int) -> Times:
        """Microseconds UTC for the reader's UTC stamps, in the order of arrival."""

    def uptime(self, times: Times, arrival: int) -> Times:
        """Microseconds UTC for the reader's uptime stamps, in the order of arrival."""


class Sightings:
    """Columns for `n` tags, one row each; rows that are never put stay MALFORMED.

    Times are by the reader's clock until `reads` maps them. `hop_table` (int32, kHz by channel index, first and
    last entry 0 for what is not in the table) is None while it is not known: then there is no channel column.
    """

    def __init__(self, n: int, hop_table: Channels | None) -> None:
        self._hop_table = hop_table
        self._code = np.full(n, MALFORMED, np.int32)
        self._stamp = np.zeros(n, np.int8)
        self._first = np.zeros(n, np.int64)
        self._last = np.zeros(n, np.int64)
        self._antenna = np.zeros(n, np.uint16)
        self._rssi = np.full(n, np.nan, np.float32)
        self._count = np.ones(n, np.int32)
        self._phase: Floats | None = None
        self._doppler: Floats | None = None
        self._channel: Channels | None = None

    def put(self, where: Where, codes: Codes, raw: Raw) -> None:
        """Tags of one shape: their codes and values go to the rows `where`."""
        self._code[where] = codes
        self._put_times(where, raw)
        if "AntennaID" in raw:
            self._antenna[where] = raw["AntennaID"]
        if "TagSeenCount" in raw:
            self._count[where] = raw["TagSeenCount"]
        if "ImpinjPeakRSSI" in raw:
            self._rssi[where] = raw["ImpinjPeakRSSI"] * _FINE_RSSI
        elif "PeakRSSI" in raw:
            self._rssi[where] = raw["PeakRSSI"]
        self._put_radio(where, raw)

    def _put_times(self, where: Where, raw: Raw) -> None:
        """LastSeen, or FirstSeen if that is all there is; UTC before uptime."""
        for kind, name in ((_UTC, "UTC"), (_UPTIME, "Uptime")):
            first, last = raw.get(f"FirstSeenTimestamp{name}"), raw.get(f"LastSeenTimestamp{name}")
            last = first if last is None else last
            if last is not None:
                self._stamp[where] = kind
                self._last[where] = last
                self._first[where] = self._last[where] if first is None else first
                return

    def _put_radio(self, where: Where, raw: Raw) -> None:
        n = len(self._code)
        if "ImpinjRFPhaseAngle" in raw:
            if self._phase is None:
                self._phase = np.full(n, np.nan, np.float32)
            self._phase[where] = raw["ImpinjRFPhaseAngle"] * _PHASE
        if "ImpinjRFDopplerFrequency" in raw:
            if self._doppler is None:
                self._doppler = np.full(n, np.nan, np.float32)
            self._doppler[where] = raw["ImpinjRFDopplerFrequency"] * _DOPPLER
        if "ChannelIndex" in raw and self._hop_table is not None:
            if self._channel is None:
                self._channel = np.zeros(n, np.int32)
            self._channel[where] = self._hop_table.take(raw["ChannelIndex"], mode="clip")

    def reads(self, tags: Dictionary, arrival: int, clock: Clock, counts: Counter[str]) -> Reads:
        """The rows as reads on our clock; what names no tag is left out and counted.

        A tag that was seen n > 1 times becomes two reads, FirstSeen with n - 1 and LastSeen with 1.
        """
        reads = Reads(
            tags, self._last, self._code, self._antenna, self._rssi, np.maximum(self._count, 1),
            self._phase, self._doppler, self._channel,
        )  # fmt: skip
        first, stamp = self._first, self._stamp
        good = self._good(counts)
        if good is not None:
            reads, first, stamp = _take(reads, good), first[good], stamp[good]
        time = _our_times(reads.time, stamp, arrival, clock)
        several = reads.count > 1
        if several.any():
            several &= first < reads.time
            return _both_ends(replace(reads, time=time), first + (time - reads.time), several)
        return reads if time is reads.time else replace(reads, time=time)

    def _good(self, counts: Counter[str]) -> NDArray[np.bool_] | None:
        """bool[n]: rows with a tag and times that can be, None for all of them; the others are counted."""
        # Seen as unsigned, a negative time is beyond the last one too.
        latest = max(times.view(np.uint64).max(initial=0) for times in (self._first, self._last))
        if self._code.min(initial=0) >= 0 and latest <= LAST_TIME:
            return None
        for times in (self._first, self._last):
            self._code[times.view(np.uint64) > LAST_TIME] = MALFORMED
        for name, code in (("zero_epc", NO_TAG), ("malformed", MALFORMED)):
            if n := int(np.count_nonzero(self._code == code)):
                counts[name] += n
        return self._code >= 0


def _our_times(times: Times, stamp: NDArray[np.int8], arrival: int, clock: Clock) -> Times:
    if (stamp == _UTC).all():
        return clock.utc(times, arrival)
    ours = np.full(len(times), arrival, np.int64)
    for kind, convert in ((_UTC, clock.utc), (_UPTIME, clock.uptime)):
        rows = np.flatnonzero(stamp == kind)
        if len(rows):
            ours[rows] = convert(times[rows], arrival)
    return ours


def _both_ends(reads: Reads, first: Times, several: NDArray[np.bool_]) -> Reads:
    """The reads with a second row before each of `several`: its FirstSeen, standing for all sightings but the last."""
    both = _take(reads, np.repeat(np.arange(len(reads)), np.where(several, 2, 1)))
    ends = np.flatnonzero(several) + np.arange(1, np.count_nonzero(several) + 1)
    both.time[ends - 1] = first[several]
    both.count[ends - 1] -= 1
    both.count[ends] = 1
    return both


def _take(reads: Reads, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Reads:
    return Reads(
        reads.tags,
        reads.time[rows],
        reads.tag[rows],
        reads.antenna[rows],
        reads.rssi[rows],
        reads.count[rows],
        None if reads.phase is None else reads.phase[rows],
        None if reads.doppler is None else reads.doppler[rows],
        None if reads.channel is None else reads.channel[rows],
    )
