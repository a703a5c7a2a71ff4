"""Teltonika's AVL data, codecs 8, 8 extended and 16: the records of a frame, and the records of a simulator.

Data is u8 codec, u8 count, the records, and the count again; all numbers are big-endian. A position that was determined
with no satellite is the last one known, or none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct

from drivers.codecs.crc16 import arc
from drivers.codecs.teltonika_io import CODEC_8, CODEC_8E, CODEC_16, HEAD, Layout, Short, measured
from drivers.codecs.tracker_columns import Columns, Track, columns
from drivers.codecs.tracker_session import EARLIEST, LATEST, VALID, Position, placed

COMMANDS = (0x0C, 0x0D, 0x0E)
"""Codecs of texts that are said to and by a tracker; they are no data and get no count."""

_CODECS = (CODEC_8, CODEC_8E, CODEC_16)
_PRIORITIES = ("", '"priority":"high",', '"priority":"panic",')
_FASTEST_KMH = 2000
_POLE = 900_000_000
"""Its latitude, 1e-7 degrees."""
MANY = 8
"""Records of a frame that are worth a look at all of them together."""

_LEAST = 30
"""Bytes of a record without elements, of codec 8: fewer are none."""


class Malformed(Exception):
    """The data contradicts itself; the text is a counter's name."""


class Records:
    """The records of one tracker, whose layouts are remembered."""

    def __init__(self) -> None:
        self._layout: Layout | None = None

    def read(self, data: bytes) -> tuple[int, Sequence[Position], list[str]]:
        """How many records there are, the positions of those that say one, and why others do not.

        `data` is from the codec to the second count. Raises Malformed.
        """
        if len(data) < 3 or data[0] not in _CODECS:
            raise Malformed("commands" if data[:1] and data[0] in COMMANDS else "unknown_codec")
        codec, count = data[0], data[1]
        if data[-1] != count or count * _LEAST > len(data):
            raise Malformed("wrong_count")
        body = data[2:-1]
        left_out: list[str] = []
        found: Sequence[Position] | None = None
        if count >= MANY:
            found = self._all_alike(body, count, codec, left_out)
        if found is None:
            found = self._one_by_one(body, count, codec, left_out)
        return count, found, left_out

    def _all_alike(self, body: bytes, count: int, codec: int, left_out: list[str]) -> Track | None:
        """The records column by column, if all of them are laid out like the last one that was read."""
        layout = self._layout
        if layout is None or layout.codec != codec or len(body) != count * layout.size:
            return None
        if list(layout.same.iter_unpack(body)).count(layout.key) != count:
            return None
        return _columns(layout, list(layout.values.iter_unpack(body)), left_out)

    def _one_by_one(self, body: bytes, count: int, codec: int, left_out: list[str]) -> list[Position]:
        """Raises Malformed."""
        at, layout = 0, self._layout
        found: list[Position] = []
        for _ in range(count):
            if layout is None or not layout.fits(body, at, codec):
                try:
                    layout = measured(body, at, codec)
                except Short:
                    raise Malformed("wrong_count") from None
                self._layout = layout if layout.usual else None
            values = layout.values.unpack_from(body, at)
            if _stands(values, left_out):
                found.append(_position(layout, values))
            at += layout.size
        if at != len(body):
            raise Malformed("wrong_count")
        return found


def _position(layout: Layout, values: tuple[int, ...]) -> Position:
    ms, priority, east, north, alt, course, satellites, kmh, event, *elements = values
    return Position(
        ms * 1000,
        north / 1e7,
        east / 1e7,
        alt,
        _speed(kmh),
        _course(course),
        layout.accuracy(elements),
        satellites,
        VALID if satellites and (east or north) else 0,
        layout.attributes(elements, _first(priority, event)),
    )


def _columns(layout: Layout, rows: list[tuple[int, ...]], left_out: list[str]) -> Track:
    """The same of many."""
    if not _all_somewhere(rows):
        rows = [row for row in rows if _stands(row, left_out)]
    if not rows:
        return Track(columns(()))
    times, priorities, east, north, alts, courses, satellites, speeds, events, *elements = zip(
        *rows, strict=True
    )
    firsts = list(map(_first, priorities, events)) if any(priorities) or any(events) else [""] * len(rows)
    return Track(
        Columns(
            [ms * 1000 for ms in times],
            [degrees / 1e7 for degrees in north],
            [degrees / 1e7 for degrees in east],
            alts,
            list(map(_speed, speeds)),
            list(map(_course, courses)),
            layout.accuracies(elements, len(rows)),
            satellites,
            [VALID if n and (x or y) else 0 for n, x, y in zip(satellites, east, north, strict=True)],
            layout.texts(elements, firsts),
        )
    )


@lru_cache(maxsize=1024)
def _speed(kmh: int) -> float:
    """m/s."""
    return kmh / 3.6 if kmh < _FASTEST_KMH else math.nan


@lru_cache(maxsize=1024)
def _course(degrees: int) -> float:
    return degrees % 360 if degrees <= 360 else math.nan


def _all_somewhere(rows: list[tuple[int, ...]]) -> bool:
    """Nothing has to be left out or counted; most frames are so."""
    times, _, east, north, *_ = zip(*rows, strict=True)
    return (
        min(times) * 1000 >= EARLIEST
        and max(times) * 1000 < LATEST
        and min(north) >= -_POLE
        and max(north) <= _POLE
        and min(east) >= -2 * _POLE
        and max(east) <= 2 * _POLE
        and 0 not in north
    )


def _stands(row: tuple[int, ...], left_out: list[str]) -> bool:
    """Is it a record of some time and place? No place at all is one as well, but no valid one."""
    ms, _, east, north, *_ = row
    if not EARLIEST <= ms * 1000 < LATEST:
        left_out.append("impossible_date")
        return False
    nowhere = placed(north / 1e7, east / 1e7)
    if nowhere is not None:
        left_out.append(nowhere)
    return nowhere != "out_of_range"


def _first(priority: int, event: int) -> str:
    """What goes before the elements."""
    if not priority and not event:
        return ""
    first = _PRIORITIES[priority] if priority < 3 else f'"priority":{priority},'
    return f'{first}"event":{event},' if event else first


# What a tracker sends

_HEAD = Struct(f">{HEAD}")


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a tracker makes it: time in ms, lat and lon in degrees, alt m, course degrees, speed km/h.

    io      the elements by their size in bytes: {1: {239: 1}, 4: {16: 22949000}}
    longer  elements of any length, of codec 8 extended
    """

    time: int
    lat: float
    lon: float
    alt: int = 0
    course: int = 0
    satellites: int = 9
    speed: int = 0
    priority: int = 0
    event: int = 0
    io: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    longer: Mapping[int, bytes] = field(default_factory=dict)


def data(records: Sequence[Record], codec: int = CODEC_8) -> bytes:
    """AVL data of up to 255 records."""
    count = bytes((len(records),))
    return bytes((codec,)) + count + b"".join(_record(one, codec) for one in records) + count


def frame(records: Sequence[Record], codec: int = CODEC_8) -> bytes:
    """The same as TCP carries it."""
    said = data(records, codec)
    return bytes(4) + len(said).to_bytes(4) + said + arc(said).to_bytes(4)


def datagram(imei: str, packet: int, number: int, records: Sequence[Record], codec: int = CODEC_8) -> bytes:
    """The same as UDP carries it: the ids of the packet and of the AVL packet are the sender's own."""
    name = imei.encode("ascii")
    rest = packet.to_bytes(2) + b"\1" + bytes((number,)) + len(name).to_bytes(2) + name + data(records, codec)
    return len(rest).to_bytes(2) + rest


def login(imei: str) -> bytes:
    """What a connection begins with."""
    return len(imei).to_bytes(2) + imei.encode("ascii")


def _record(one: Record, codec: int) -> bytes:
    wide = codec == CODEC_8E
    ids, counts = (1 if codec == CODEC_8 else 2), (2 if wide else 1)
    head = _HEAD.pack(
        one.time, one.priority, round(one.lon * 1e7) if one.lon else 0, round(one.lat * 1e7) if one.lat else 0,
        one.alt, one.course, one.satellites, one.speed,
    )  # fmt: skip
    total = sum(map(len, one.io.values())) + len(one.longer)
    said = [head, one.event.to_bytes(ids), b"\0" if codec == CODEC_16 else b"", total.to_bytes(counts)]
    for size in (1, 2, 4, 8):
        elements = one.io.get(size, {})
        said.append(len(elements).to_bytes(counts))
        said += [id.to_bytes(ids) + value.to_bytes(size, signed=value < 0) for id, value in elements.items()]
    if wide:
        said.append(len(one.longer).to_bytes(2))
        said += [id.to_bytes(2) + len(value).to_bytes(2) + value for id, value in one.longer.items()]
    return b"".join(said)
