"""The records that flow through Waypost: columns inside, with distinct ids carried once per dictionary.

Times are whole microseconds UTC since 1970 (int64). A record stream from one device is a sequence of
inputs: `Reads` (tag sightings), `Fixes` (positions of trackers), `Scan` (a code that a person read), `Alive` (a sign of life without data), `Down`/`Up` (the link was lost or is
back), `AntennaState`, `Gpi` (an input line changed), `Shift` (the gateway's clock was re-anchored), `Dropped`
(the device itself says that it lost records) and `Idle` (it rests between two triggers).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from core.index import Index

Times = NDArray[np.int64]
Codes = NDArray[np.int32]
Ports = NDArray[np.uint16]
Counts = NDArray[np.int32]
Floats = NDArray[np.float32]
Channels = NDArray[np.int32]

SECOND = 1_000_000
"""Microseconds in a second."""


class Dictionary:
    """An append-only list of distinct ids; a row carries the position (its code).

    A decoder owns one per connection and replaces it by a new one when it has grown past the decoder's
    limit, so receivers may cache by object identity: what a code means never changes.
    """

    __slots__ = ("_index", "ids")

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.ids: list[str] = []
        self._index = Index(self.ids)
        for one in ids:
            self.code(one)

    def __len__(self) -> int:
        return len(self.ids)

    def code(self, id: str) -> int:
        """The code of `id`, added if it is new."""
        code = self._index.find(id)
        if code < 0:
            code = len(self.ids)
            self.ids.append(id)
            self._index.put(id, code)
        return code

    def find(self, id: str) -> int:
        """The code of `id`, -1 if it has none."""
        return self._index.find(id)


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """Tag sightings of one device in the order of arrival; all columns have the same length n.

    time      int64[n]    microseconds UTC, the device's LastSeen
    tag       int32[n]    code in `tags`
    antenna   uint16[n]   port of the device, 0 = unreported
    rssi      float32[n]  dBm unless the device says otherwise; NaN = unreported
    count     int32[n]    sightings that the row stands for, >= 1
    phase     float32[n]  rad, doppler float32[n] Hz, channel int32[n] kHz; None = not reported at all
    """

    tags: Dictionary
    time: Times
    tag: Codes
    antenna: Ports
    rssi: Floats
    count: Counts
    phase: Floats | None = None
    doppler: Floats | None = None
    channel: Channels | None = None

    def __len__(self) -> int:
        return len(self.time)

    def slice(self, start: int, stop: int) -> "Reads":
        """Rows start..stop as views of the same columns."""
        return Reads(
            self.tags,
            self.time[start:stop],
            self.tag[start:stop],
            self.antenna[start:stop],
            self.rssi[start:stop],
            self.count[start:stop],
            None if self.phase is None else self.phase[start:stop],
            None if self.doppler is None else self.doppler[start:stop],
            None if self.channel is None else self.channel[start:stop],
        )


def reads(
    tags: Dictionary,
    time: Iterable[int],
    tag: Iterable[int],
    antenna: Iterable[int],
    rssi: Iterable[float],
    count: Iterable[int] | None = None,
) -> Reads:
    """A batch of reads from plain sequences (for trickles, tests and simulators)."""
    times = np.array(list(time), np.int64)
    return Reads(
        tags,
        times,
        np.array(list(tag), np.int32),
        np.array(list(antenna), np.uint16),
        np.array(list(rssi), np.float32),
        np.ones(len(times), np.int32) if count is None else np.array(list(count), np.int32),
    )


class Flag(IntFlag):
    """What is known of a fix besides its numbers; written down, so no value is ever used for something else."""

    VALID = 1
    """The receiver stands by it; without it the position is an old one, or none."""
    LATE = 2
    """The tracker says itself that it had kept it back: history, however it arrives."""
    COARSE = 4
    """The position was blurred on purpose."""
    CORRECTED = 8
    """The time was wrong by a known number of GPS weeks, or of quarter-hours, and was set right."""


Degrees = NDArray[np.float64]
Flags = NDArray[np.uint8]
Satellites = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Fixes:
    """Positions of trackers that one device delivered, in the order of arrival; all columns have the same length n.

    time        int64[n]    microseconds UTC, when the position was determined
    tracker     int32[n]    code in `trackers`, whose ids are tags: "tracker:353201350112345"
    lat, lon    float64[n]  degrees WGS 84
    alt         float32[n]  m above mean sea level;  speed float32[n] m/s;  course float32[n] degrees from true north
    accuracy    float32[n]  m, one standard deviation per axis; NaN = unreported, as in the three above
    satellites  int16[n]    used, -1 = unreported
    flags       uint8[n]    bits of `Flag`
    attributes  n texts     the rest of what the tracker said: a JSON object on one line, "" for nothing; None = nothing
                            in any row. Units are in the names, as in battery_mv and odometer_m
    """

    trackers: Dictionary
    time: Times
    tracker: Codes
    lat: Degrees
    lon: Degrees
    alt: Floats
    speed: Floats
    course: Floats
    accuracy: Floats
    satellites: Satellites
    flags: Flags
    attributes: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.time)

    def slice(self, start: int, stop: int) -> "Fixes":
        """Rows start..stop as views of the same columns."""
        return self._of(slice(start, stop), self.attributes and self.attributes[start:stop])

    def pick(self, rows: NDArray[np.int64]) -> "Fixes":
        """Some of the rows, in that order."""
        texts = self.attributes
        return self._of(rows, texts and tuple(texts[row] for row in rows.tolist()))

    def _of(self, rows: "_Rows", texts: tuple[str, ...] | None) -> "Fixes":
        return Fixes(
            self.trackers,
            self.time[rows],
            self.tracker[rows],
            self.lat[rows],
            self.lon[rows],
            self.alt[rows],
            self.speed[rows],
            self.course[rows],
            self.accuracy[rows],
            self.satellites[rows],
            self.flags[rows],
            texts,
        )


_Rows = slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fix:
    """One row of `Fixes`, with the tracker's id."""

    tracker: str
    time: int
    lat: float
    lon: float
    alt: float = math.nan
    speed: float = math.nan
    course: float = math.nan
    accuracy: float = math.nan
    satellites: int = -1
    flags: int = Flag.VALID
    attributes: str = ""


def fixes(trackers: Dictionary, rows: Sequence[Fix]) -> Fixes:
    """A batch of fixes from rows, whose trackers become part of the dictionary."""
    texts = tuple(row.attributes for row in rows)
    return Fixes(
        trackers,
        np.array([row.time for row in rows], np.int64),
        np.array([trackers.code(row.tracker) for row in rows], np.int32),
        np.array([row.lat for row in rows], np.float64),
        np.array([row.lon for row in rows], np.float64),
        np.array([row.alt for row in rows], np.float32),
        np.array([row.speed for row in rows], np.float32),
        np.array([row.course for row in rows], np.float32),
        np.array([row.accuracy for row in rows], np.float32),
        np.array([row.satellites for row in rows], np.int16),
        np.array([row.flags for row in rows], np.uint8),
        texts if any(texts) else None,
    )


def rows_of(batch: Fixes) -> Iterator[Fix]:
    """The rows of a batch, one after the other."""
    ids = batch.trackers.ids
    columns = (
        batch.tracker,
        batch.time,
        batch.lat,
        batch.lon,
        batch.alt,
        batch.speed,
        batch.course,
        batch.accuracy,
        batch.satellites,
        batch.flags,
    )
    rows = zip(*(column.tolist() for column in columns), batch.attributes or repeat(""), strict=False)
    return (Fix(ids[tracker], *row) for tracker, *row in rows)


@dataclass(frozen=True, slots=True)
class Alive:
    """The device answered: nothing older than `time` is on its way, but for its lateness."""

    time: int


@dataclass(frozen=True, slots=True)
class Down:
    """The link is gone; `time` is its last sign of life. Until `Up` the device's silence means nothing."""

    time: int
    reason: str


@dataclass(frozen=True, slots=True)
class Up:
    """The link is back. What the device had held arrives after it, with its own times, before the next Alive."""

    time: int


@dataclass(frozen=True, slots=True)
class AntennaState:
    """An antenna port was connected or disconnected (port 0 = all)."""

    time: int
    port: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Gpi:
    """A general-purpose input of the device changed: a photo-eye or a trigger."""

    time: int
    port: int
    state: bool


@dataclass(frozen=True, slots=True)
class Shift:
    """The gateway's clock was re-anchored: every time that it gave before is wrong by `by` microseconds."""

    time: int
    by: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The device, or a full disk, lost records between `since` and `time`; becomes a `Gap`."""

    time: int
    since: int
    reason: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The device rests by design from `time` on, or reads again: until then its silence means nothing, and is no gap.

    It holds for the connection: after `Up` a device is taken to read until it says otherwise.
    """

    time: int
    idle: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """A code that somebody read with a scanner, or a badge by which somebody took one.

    tag        whose code it is: "barcode:..." or "badge:..."
    code       what the scanner read, without its symbology identifier; the separator of GS1 elements is U+001D
    symbology  how it was printed, "" if the scanner does not say
    operator   "badge:..." of who holds the scanner, None if nobody said; a badge's scan names itself
    """

    time: int
    tag: str
    code: str
    symbology: str = ""
    operator: str | None = None


Body = Reads | Fixes | Scan | Alive | Down | Up | AntennaState | Gpi | Shift | Dropped | Idle


@dataclass(frozen=True, slots=True)
class Input:
    """One journalled step of the pipeline: what `source` (a device id) said, and when it arrived here."""

    source: str
    arrival: int
    body: Body = field(compare=False)
