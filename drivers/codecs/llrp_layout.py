"""Where things stand in a TagReportData: the shape that equal tags of a report share (LLRP 1.1, TagReportData)."""

import struct
from dataclasses import dataclass, replace
from typing import NamedTuple

from drivers.codecs.llrp_fields import Short, read_fields
from drivers.codecs.llrp_schema import CUSTOM, Packed, Spec
from drivers.codecs.llrp_tables import PARAMETER_TYPES, PARAMETERS

TAG_REPORT_DATA = PARAMETERS["TagReportData"].key
_EPC_96 = PARAMETERS["EPC_96"].key
_EPC_DATA = PARAMETERS["EPCData"].key


class Column(NamedTuple):
    """The one integer field of a parameter: its bytes, and whether it is signed."""

    size: int
    signed: bool


COLUMNS = {
    name: Column(field.bits // 8, field.signed)
    for name in (
        "AntennaID",
        "PeakRSSI",
        "ChannelIndex",
        "FirstSeenTimestampUTC",
        "FirstSeenTimestampUptime",
        "LastSeenTimestampUTC",
        "LastSeenTimestampUptime",
        "TagSeenCount",
        "ImpinjPeakRSSI",
        "ImpinjRFPhaseAngle",
        "ImpinjRFDopplerFrequency",
    )
    for field in PARAMETERS[name].fields
}
"""The parameters of a tag that become columns."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The shape of one TagReportData of `length` bytes.

    fixed    (offset, bytes) of every header and count: what all tags of this shape have in common
    columns  parameter name -> offset of its value, for names in COLUMNS
    epc      offset and bits of the EPC
    unknown  bytes at the end belong to a TV parameter of unknown size
    """

    length: int
    fixed: tuple[tuple[int, bytes], ...]
    columns: dict[str, int]
    epc: tuple[int, int]
    unknown: bool

    def epc_of(self, tag: bytes) -> tuple[bytes, int]:
        """The EPC of one tag of this shape, and its bits."""
        start, bits = self.epc
        return tag[start : start + (bits + 7) // 8], bits

    def value(self, tag: bytes, name: str) -> int:
        """The value of one tag of this shape in the column `name`, as int64 holds it."""
        start, (size, signed) = self.columns[name], COLUMNS[name]
        return int.from_bytes(tag[start : start + size], signed=signed or size == 8)


_Key = int | tuple[int, int]

_LEAST = {
    key: sum(part.size or 2 for part in spec.layout) for key, spec in PARAMETER_TYPES.items() if key != CUSTOM
}
"""Bytes that the fields of a parameter need at least: a counted field may be empty but has its count."""


_COUNTED = frozenset(
    key
    for key, spec in PARAMETER_TYPES.items()
    if any(not isinstance(part, Packed) and not part.size and part.wire != "rest" for part in spec.layout)
)
"""Parameters with fields that tell their own length."""

BREAKS = 16
"""Times that one report may be broken before the rest of it is given up."""

_RESUMPTIONS = 64
"""Places that are tried for a tag behind damage; beyond, the rest of the report is given up."""


def lay_out(tag: bytes) -> Layout | None:
    """The layout of one TagReportData, header included; None if it is malformed or has no EPC."""
    fixed = [(0, tag[:4])]
    columns: dict[str, int] = {}
    epc: tuple[int, int] | None = None
    unknown = False
    start = 4
    while start < len(tag):
        key, head, size = _parameter(tag, start)
        if start + size > len(tag) or head + _LEAST.get(key, 0) > size:
            return None
        fixed.append((start, tag[start : start + head]))
        spec = PARAMETER_TYPES.get(key)
        if spec is not None and key in _COUNTED:
            counts = _counts(spec, tag, start + head, start + size)
            if counts is None:
                return None
            fixed += counts
        if key == _EPC_DATA:
            epc = epc or (start + 6, int.from_bytes(tag[start + 4 : start + 6]))
        elif key == _EPC_96:
            epc = epc or (start + head, 96)
        elif spec is not None and spec.name in COLUMNS:
            columns.setdefault(spec.name, start + head)
        unknown |= spec is None and tag[start] > 0x7F
        start += size
    return Layout(len(tag), tuple(fixed), columns, epc, unknown) if epc else None


def next_tag(report: bytes, start: int, end: int) -> int:
    """Where behind damage a well-formed TagReportData begins that ends with the report or before another; else `end`."""
    head = struct.pack("!H", TAG_REPORT_DATA)
    for _ in range(_RESUMPTIONS):
        start = report.find(head, start, end)
        if start < 0:
            break
        stop = start + int.from_bytes(report[start + 2 : start + 4])
        if (stop == end or report[stop : min(stop + 2, end)] == head) and lay_out(report[start:stop]):
            return start
        start += 1
    return end


def _counts(spec: Spec, tag: bytes, start: int, end: int) -> list[tuple[int, bytes]] | None:
    """Offset and bytes of the counts of a parameter's fields; None if what they promise is not there."""
    found = []
    for part in spec.layout:
        try:
            _, stop = read_fields(replace(spec, layout=(part,)), tag, start, end)
        except Short:
            return None
        if not isinstance(part, Packed):
            found.append((start, tag[start : start + 2]))
        start = stop
    return found


def _parameter(tag: bytes, start: int) -> tuple[_Key, int, int]:
    """Type, bytes of header and bytes in all of the parameter at `start`."""
    if tag[start] & 0x80:
        type = tag[start] & 0x7F
        # Without a table entry a TV parameter has no length: it takes the rest of the tag with it.
        return type, 1, 1 + _LEAST.get(type, len(tag) - start - 1)
    if len(tag) - start < 4:
        return 0, 4, 0
    type, size = struct.unpack_from("!HH", tag, start)
    if type == CUSTOM and 12 <= size <= len(tag) - start:
        return struct.unpack_from("!II", tag, start + 4), 12, size
    return type if type > 0x7F else 0, 4, size
