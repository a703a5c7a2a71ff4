"""What the values of a tag report mean: from wire integers to units, and on to `Reads`."""

from collections import Counter
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.records import Channels, Codes, Counts, Dictionary, Floats, Ports, Reads, Times
from drivers.codecs.llrp_codes import NO_TAG
from drivers.codecs.llrp_template import Integers, Raw

MALFORMED = NO_TAG - 1
"""The code of a tag that was not understood."""

LAST_TIME = 253_402_300_799_999_999
"""The end of the year 9999 in microseconds UTC; a later stamp is no time."""

Where = slice | NDArray[np.intp]

_PHASE = np.float32(2 * np.pi / 4096)  # rad; Impinj reports phase in 1/4096 turns
_DOPPLER = np.float32(1 / 16)  # Hz; in 1/16 Hz
_FINE_RSSI = np.float32(0.01)  # dBm; in 1/100 dBm
_NO_STAMP, _UTC, _UPTIME = 0, 1, 2
_NO_TIMES: Times = np.zeros(0, np.int64)


class Clock(Protocol):
    """Where a reader's times become ours."""

    def utc(self, times: Times, arrival: int) -> Times:
        """Microseconds UTC for the reader's UTC stamps, in the order of arrival."""

    def uptime(self, times: Times, arrival: int) -> Times:
        """Microseconds UTC for the reader's uptime stamps, in the order of arrival."""


class Sightings:
    """Columns of tags, one row each; times are by the reader's clock until `reads` maps them.

    stamp  whose clock that is: one for all, or int8[n]
    """

    __slots__ = (
        "antenna", "channel", "code", "count", "doppler", "first", "last", "phase", "rssi", "stamp",
    )  # fmt: skip

    def __init__(self, codes: Codes, raw: Raw, hop_table: Channels | None) -> None:
        """Tags of one shape: their codes and values.

        `hop_table` (int32, kHz by channel index, first and last entry 0 for what is not in the table) is None while
        it is not known: then there is no channel column.
        """
        n = len(codes)
        self.code = codes
        self.stamp: int | NDArray[np.int8] = _NO_STAMP
        self.first = self.last = _NO_TIMES
        for kind, name in ((_UTC, "UTC"), (_UPTIME, "Uptime")):
            first, last = raw.get(f"FirstSeenTimestamp{name}"), raw.get(f"LastSeenTimestamp{name}")
            if first is not None or last is not None:
                self._put_times(kind, first, last)
                break
        else:
            self.first = self.last = np.zeros(n, np.int64)
        antenna, count = raw.get("AntennaID"), raw.get("TagSeenCount")
        self.antenna: Ports = np.zeros(n, np.uint16) if antenna is None else antenna.astype(np.uint16)
        self.count: Counts = np.ones(n, np.int32) if count is None else np.maximum(count, 1, dtype=np.int32)
        coarse, fine = raw.get("PeakRSSI"), _scaled(raw.get("ImpinjPeakRSSI"), _FINE_RSSI)
        if fine is None:
            fine = np.full(n, np.nan, np.float32) if coarse is None else coarse.astype(np.float32)
        self.rssi: Floats = fine
        self.phase = _scaled(raw.get("ImpinjRFPhaseAngle"), _PHASE)
        self.doppler = _scaled(raw.get("ImpinjRFDopplerFrequency"), _DOPPLER)
        index = raw.get("ChannelIndex")
        self.channel = None if index is None or hop_table is None else hop_table.take(index, mode="clip")

    def _put_times(self, kind: int, first: Integers | None, last: Integers | None) -> None:
        """LastSeen, or FirstSeen if that is all there is; and the other way round."""
        self.stamp = kind
        if last is not None:
            self.last = last.astype(np.int64)
        self.first = self.last if first is None else first.astype(np.int64)
        if last is None:
            self.last = self.first

    @classmethod
    def places(cls, n: int) -> "Sightings":
        """Room for `n` tags of any shape; rows that are never put stay MALFORMED."""
        room = cls(np.full(n, MALFORMED, np.int32), {}, None)
        room.first, room.stamp = np.zeros(n, np.int64), np.zeros(n, np.int8)
        return room

    def put(self, where: Where, tags: "Sightings") -> None:
        """Tags of one shape go to the rows `where`."""
        assert isinstance(self.stamp, np.ndarray), "one shape has no room for others"
        self.code[where], self.stamp[where] = tags.code, tags.stamp
        self.first[where], self.last[where] = tags.first, tags.last
        self.antenna[where], self.rssi[where], self.count[where] = tags.antenna, tags.rssi, tags.count
        n = len(self.code)
        if tags.phase is not None:
            self.phase = np.full(n, np.nan, np.float32) if self.phase is None else self.phase
            self.phase[where] = tags.phase
        if tags.doppler is not None:
            self.doppler = np.full(n, np.nan, np.float32) if self.doppler is None else self.doppler
            self.doppler[where] = tags.doppler
        if tags.channel is not None:
            self.channel = np.zeros(n, np.int32) if self.channel is None else self.channel
            self.channel[where] = tags.channel

    def reads(self, tags: Dictionary, arrival: int, clock: Clock, counts: Counter[str]) -> Reads:
        """The rows as reads on our clock; what names no tag is left out and counted.

        A tag that was seen n > 1 times becomes two reads, FirstSeen with n - 1 and LastSeen with 1.
        """
        reads = Reads(
            tags, self.last, self.code, self.antenna, self.rssi, self.count,
            self.phase, self.doppler, self.channel,
        )  # fmt: skip
        first, stamp = self.first, self.stamp
        good = self._good(counts)
        if good is not None:
            reads, first = _take(reads, good), first[good]
            stamp = stamp if isinstance(stamp, int) else stamp[good]
        time = _our_times(reads.time, stamp, arrival, clock)
        several = reads.count > 1
        if several.any():
            several &= first < reads.time
            return _both_ends(replace(reads, time=time), first + (time - reads.time), several)
        return reads if time is reads.time else replace(reads, time=time)

    def _good(self, counts: Counter[str]) -> NDArray[np.bool_] | None:
        """bool[n]: rows with a tag and times that can be, None for all of them; the others are counted."""
        # Seen as unsigned, a negative time is beyond the last one too.
        latest = self.last.view(np.uint64)
        if self.first is not self.last:
            latest = np.maximum(latest, self.first.view(np.uint64))
        if self.code.min(initial=0) >= 0 and latest.max(initial=0) <= LAST_TIME:
            return None
        self.code[latest > LAST_TIME] = MALFORMED
        for name, code in (("zero_epc", NO_TAG), ("malformed", MALFORMED)):
            if n := int(np.count_nonzero(self.code == code)):
                counts[name] += n
        return self.code >= 0


def _scaled(values: Integers | None, unit: np.float32) -> Floats | None:
    return None if values is None else np.multiply(values, unit, dtype=np.float32)


def _our_times(times: Times, stamp: int | NDArray[np.int8], arrival: int, clock: Clock) -> Times:
    if isinstance(stamp, int):
        if stamp == _NO_STAMP:
            return np.full(len(times), arrival, np.int64)
        return (clock.utc if stamp == _UTC else clock.uptime)(times, arrival)
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
