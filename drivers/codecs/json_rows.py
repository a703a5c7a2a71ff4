"""Tags as messages in JSON tell them: values as they came, in columns, to rows and then to Reads, all at once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import tau
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.records import Reads, Times
from drivers.codecs import json_values as values
from drivers.codecs.json_columns import Numbers, Whole, numbers, wholes
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_reads import MAX_TAGS, NO_TAG, TagCodes

Field = Literal["tag", "time", "antenna", "rssi", "count", "phase", "channel", "number"]
Values = Mapping[Field, list[object]]
"""As they came, one row a tag: the fields that the device tells, all of the same length."""
_Column = TypeVar("_Column")
Convert = Callable[[list[object], str], _Column]
"""Values of a field, and how the device calls it, to a column; raises Malformed."""

MOST_KILOHERTZ = 10_000_000


@dataclass(slots=True, eq=False)
class Rows:
    """What the values mean; None = not told.

    tag int64[n] code in the dictionary or NO_TAG; time int64[n] microseconds UTC as the device told it, or UNTOLD;
    antenna, count int64[n]; rssi float64[n] dBm, phase rad, channel kHz; number int64[n] of the event, or -1
    """

    tag: Whole
    time: Times | None = None
    antenna: Whole | None = None
    rssi: Numbers | None = None
    count: Whole | None = None
    phase: Numbers | None = None
    channel: Numbers | None = None
    number: Whole | None = None

    def __len__(self) -> int:
        return len(self.tag)

    def pick(self, chosen: slice | NDArray[np.bool_]) -> "Rows":
        """Some of them."""
        columns = (getattr(self, one.name) for one in fields(self)[1:])
        return Rows(self.tag[chosen], *(None if column is None else column[chosen] for column in columns))


def antennas(told: list[object], name: str) -> Whole:
    """Ports, 0 where there is none."""
    return wholes(told, name, 0, 0xFFFF)


def counts(told: list[object], name: str) -> Whole:
    """Sightings, 1 where it is not told how many."""
    return wholes(told, name, 1, values.LARGEST - 1)


def event_numbers(told: list[object], name: str) -> Whole:
    """Numbers of events, -1 where there is none."""
    return wholes(told, name, -1, values.LARGEST - 1)


def measured(unit: float) -> Convert[Numbers]:
    """Numbers, times `unit`; NaN where there is none."""
    return lambda told, name: numbers(told, name) * unit


def channels(kilohertz: float, unit: str) -> Convert[Numbers]:
    """Frequencies in a unit of so many kHz, which errors call `unit`; 0 where there is none."""

    def convert(told: list[object], name: str) -> Numbers:
        found = numbers(told, name, 0.0) * kilohertz
        wrong = ~((found >= 0) & (found <= MOST_KILOHERTZ))
        if wrong.any():
            raise Malformed(f"{name} {values.shown(told[int(wrong.argmax())])} is no frequency in {unit}")
        return found

    return convert


@dataclass(frozen=True, slots=True)
class Units:
    """What turns those values into columns whose unit devices choose. The tags' values are EPCs in hex."""

    time: Convert[Times]
    rssi: Convert[Numbers]
    phase: Convert[Numbers]
    channel: Convert[Numbers]


class JsonRows:
    """Turns values into rows, and rows into Reads. An EPC that names no tag is counted as zero_epc.

    names  the fields that the device tells, and how it calls them
    """

    def __init__(
        self,
        names: Mapping[Field, str],
        units: Units,
        counts: Counter[str],
        max_tags: int = MAX_TAGS,
    ) -> None:
        self._names = names
        self._units = units
        self._counts = counts
        self._max_tags = max_tags
        self._codes = TagCodes(max_tags)
        self._known: dict[object, int] = {}

    @property
    def fields(self) -> tuple[Field, ...]:
        """All that the device tells."""
        return tuple(self._names)

    def rows(self, told: Values) -> Rows:
        """Raises Malformed; then nothing has happened."""
        units, names = self._units, self._names

        def column(field: Field, convert: Convert[_Column]) -> _Column | None:
            name = names.get(field)
            return None if name is None else convert(told[field], name)

        return Rows(
            self._tags(told["tag"], names["tag"]),
            column("time", units.time),
            column("antenna", antennas),
            column("rssi", units.rssi),
            column("count", counts),
            column("phase", units.phase),
            column("channel", units.channel),
            column("number", event_numbers),
        )

    def reads(self, rows: Rows, time: Times) -> Reads | None:
        """With their times, int64[n]; None if none of them names a tag."""
        if rows.tag.min(initial=0) == NO_TAG:
            named = rows.tag != NO_TAG
            self._counts["zero_epc"] += len(named) - int(named.sum())
            rows, time = rows.pick(named), time[named]
        n = len(rows)
        if not n:
            return None
        phase = None if rows.phase is None else (rows.phase % tau).astype(np.float32)
        channel = None if rows.channel is None else np.rint(rows.channel).astype(np.int32)
        return Reads(
            self._codes.tags,
            time,
            rows.tag.astype(np.int32),
            np.zeros(n, np.uint16) if rows.antenna is None else rows.antenna.astype(np.uint16),
            np.full(n, np.nan, np.float32) if rows.rssi is None else rows.rssi.astype(np.float32),
            np.ones(n, np.int32) if rows.count is None else np.maximum(rows.count, 1).astype(np.int32),
            phase=None if phase is None or np.isnan(phase).all() else phase,
            channel=None if channel is None or not channel.any() else channel,
        )

    def renew(self) -> None:
        """All rows have become reads: what has grown past its limit begins anew."""
        if self._codes.renewed() or len(self._known) >= self._max_tags:
            self._known.clear()

    def _tags(self, told: list[object], name: str) -> Whole:
        """Every way in which an EPC was written is remembered with its code."""
        known = self._known
        try:
            codes = [known[tag] for tag in told]
        except (KeyError, TypeError):  # one is new, or is what no dict takes
            codes = [self._tag(tag, name) for tag in told]
        return np.array(codes, np.int64)

    def _tag(self, tag: object, name: str) -> int:
        code = self._known.get(tag) if isinstance(tag, str) else None
        if code is None:
            code = self._codes.code(values.epc(tag, name))
            self._known[tag] = code
        return code
