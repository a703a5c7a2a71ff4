"""The inputs and values that a Teltonika record carries beside its position, as attributes with names and units.

A tracker says the same elements in nearly every record. Where they stand is measured once, and compiled into one
`struct` for the values and one for what has to be the same.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from struct import Struct

from drivers.codecs.gps_accuracy import dop, from_hdop

HEAD = "QBiihHBH"
"""Time (ms since 1970), priority, lon, lat (1e-7 degrees), altitude (m), course, satellites, speed (km/h)."""

CODEC_8, CODEC_8E, CODEC_16 = 0x08, 0x8E, 0x10

_NAMES = {
    1: "din_1", 2: "din_2", 3: "din_3", 9: "analog_1_mv", 11: "iccid_1", 14: "iccid_2", 16: "odometer_m",
    17: "axis_x_mg", 18: "axis_y_mg", 19: "axis_z_mg", 21: "gsm", 24: "speed_kmh", 66: "external_mv",
    67: "battery_mv", 68: "battery_ma", 69: "gnss_status", 113: "battery_percent", 175: "geofence", 179: "dout_1",
    180: "dout_2", 181: "pdop", 182: "hdop", 199: "trip_m", 200: "sleep", 239: "ignition", 240: "movement",
    241: "operator",
}  # fmt: skip
"""By the id of the element, as the FMB family has them; what else comes is io_<id>, a number without a sign."""

_SIGNED = frozenset((17, 18, 19))
_SWITCHES = frozenset((1, 2, 3, 179, 180, 239, 240))
_TENTHS = frozenset((181, 182))
_HDOP = 182
_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
_BLANK = {"B": "x", "H": "2x"}
_ANY_SIZE = 4
"""The group, of codec 8 extended, whose elements tell their lengths."""

_Read = Callable[..., str]
_USUAL = 64
"""Elements of a record whose layout is worth remembering; more would only fill the memory."""


class Short(Exception):
    """The record says more than there is."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a record.

    codec   whose records are laid out so
    size    bytes of the record, its head included
    same    unpacks what all records of this layout have in common, `key`
    values  unpacks the head, the event and the values of the elements
    shapes  how each element is written, `text` all of them
    reads   those that are no plain numbers, and by which function they are written
    hdop    which element that is, -1 = none
    usual   worth remembering
    """

    codec: int
    size: int
    same: Struct
    key: tuple[int, ...]
    values: Struct
    shapes: tuple[str, ...]
    text: str
    reads: Mapping[int, _Read]
    hdop: int
    usual: bool

    def fits(self, data: bytes, at: int, codec: int) -> bool:
        """Is the record there laid out like this?"""
        return (
            codec == self.codec
            and at + self.size <= len(data)
            and self.same.unpack_from(data, at) == self.key
        )

    def accuracy(self, elements: Sequence[int]) -> float:
        """m, from the HDOP among them; NaN without."""
        return _accuracy(elements[self.hdop]) if self.hdop >= 0 else math.nan

    def attributes(self, elements: Sequence[int], first: str) -> str:
        """The JSON object; `first` goes before the elements."""
        if not elements:
            return f"{{{first[:-1]}}}" if first else ""
        shown: list[object] = list(elements)
        for slot, read in self.reads.items():
            shown[slot] = read(elements[slot])
        return f"{{{first}{self.text % tuple(shown)}}}"

    def accuracies(self, elements: Sequence[Sequence[int]], n: int) -> list[float]:
        """The same of n records."""
        return list(map(_accuracy, elements[self.hdop])) if self.hdop >= 0 else [math.nan] * n

    def texts(self, elements: Sequence[Sequence[int]], firsts: Sequence[str]) -> list[str]:
        """The same of many; what all of them say alike is written once."""
        if not elements:
            return [self.attributes((), first) for first in firsts]
        said: list[str] = []
        others: list[Iterable[object]] = []
        for slot, (shape, column) in enumerate(zip(self.shapes, elements, strict=True)):
            read = self.reads.get(slot)
            if column.count(column[0]) == len(column):
                said.append(shape % (column[0] if read is None else read(column[0])))
            else:
                said.append(shape)
                others.append(column if read is None else map(read, column))
        text = ",".join(said)
        inner = map(text.__mod__, zip(*others, strict=True)) if others else repeat(text, len(firsts))
        return [f"{{{first}{one}}}" for first, one in zip(firsts, inner, strict=True)]


@lru_cache(maxsize=1024)
def _accuracy(tenths: int) -> float:
    """Of an HDOP in tenths."""
    return from_hdop(dop(tenths / 10), False)


def measured(data: bytes, at: int, codec: int) -> Layout:
    """The layout of the record at `at`. Raises Short."""
    wide = codec == CODEC_8E
    id_size, count_size = (1 if codec == CODEC_8 else 2), (2 if wide else 1)
    place = at + 24 + id_size + (1 if codec == CODEC_16 else 0) + count_size
    parts: list[tuple[int, int]] = []
    cuts: list[int] = []
    for size in (1, 2, 4, 8, 0) if wide else (1, 2, 4, 8):
        count = int.from_bytes(_cut(data, place, count_size))
        place += count_size
        cuts.append(count)
        for _ in range(count):
            id = int.from_bytes(_cut(data, place, id_size))
            place += id_size
            length = size
            if not size:
                length = int.from_bytes(_cut(data, place, 2))
                place += 2
            place += length
            parts.append((id, length))
        if place > len(data):
            raise Short
    made = _compiled if len(parts) <= _USUAL else _compiled.__wrapped__
    return made(codec, tuple(parts), tuple(cuts))


def _cut(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise Short
    return data[at : at + size]


@lru_cache(maxsize=256)
def _compiled(codec: int, parts: tuple[tuple[int, int], ...], cuts: tuple[int, ...]) -> Layout:
    """`parts` are id and length of each element, `cuts` how many there are in each group of one size."""
    number, id = ("H" if codec == CODEC_8E else "B"), ("B" if codec == CODEC_8 else "H")
    before = _BLANK[number] + ("x" if codec == CODEC_16 else "")
    same, values = [f">24x{_BLANK[id]}{before}"], [f">{HEAD}{id}{before}"]
    key: list[int] = []
    shapes: list[str] = []
    reads: dict[int, _Read] = {}
    last = {element: at for at, (element, _) in enumerate(parts)}
    hdop, at = -1, 0
    for group, count in enumerate(cuts):
        same.append(number)
        values.append(_BLANK[number])
        key.append(count)
        for element, length in parts[at : at + count]:
            any_size = group == _ANY_SIZE
            same.append(f"{id}H{length}x" if any_size else f"{id}{length}x")
            key += (element, length) if any_size else (element,)
            values.append(_BLANK[id] + ("2x" if any_size else ""))
            if last[element] == at:
                if element == _HDOP and not any_size:
                    hdop = len(shapes)
                values.append(_code(element, length, any_size))
                shapes.append(_shape(element, any_size, len(shapes), reads))
            else:  # said twice: what is said last counts
                values.append(f"{length}x")
            at += 1
    made = Struct("".join(values))
    return Layout(
        codec, made.size, Struct("".join(same)), tuple(key), made, tuple(shapes), ",".join(shapes), reads, hdop,
        len(parts) <= _USUAL,
    )  # fmt: skip


def _code(element: int, length: int, any_size: bool) -> str:
    if any_size:
        return f"{length}s"
    code = _UNSIGNED[length]
    return code.lower() if element in _SIGNED else code


def _shape(element: int, any_size: bool, slot: int, reads: dict[int, _Read]) -> str:
    """How a value is written with its name; what is no plain number is noted in `reads`."""
    name = _NAMES.get(element, f"io_{element}")
    if any_size:
        reads[slot] = _hex
        return f'"{name}":"%s"'
    if element in _SWITCHES:
        reads[slot] = _switch
        return f'"{name}":%s'
    if element in _TENTHS:
        reads[slot] = _tenth
        return f'"{name}":%s'
    return f'"{name}":%d'


def _hex(value: bytes) -> str:
    return value.hex()


def _switch(value: int) -> str:
    return "true" if value else "false"


@lru_cache(maxsize=1024)
def _tenth(value: int) -> str:
    return str(value / 10)
