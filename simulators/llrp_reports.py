"""Tag reports as a reader writes them: what the client selected, field by field (LLRP 1.0.1, clause 13.2).

A tag report is packed in one go and not built from parameters: a busy reader writes thousands of them in a second.
"""

import struct
from binascii import crc_hqx
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.codecs.llrp import HEADER, Parameter
from drivers.codecs.llrp_tables import IMPINJ


@dataclass(frozen=True, slots=True)
class Sighting:
    """One read of a tag at an antenna port.

    time     microseconds of true UTC; None = when the reader is told
    bits     length of the EPC; None = all of `epc`
    rssi     dBm;  phase rad;  doppler Hz;  channel index into the hop table, from 1;  tid in whole words
    """

    antenna: int
    epc: bytes
    time: int | None = None
    bits: int | None = None
    rssi: float = -55.0
    channel: int = 1
    phase: float = 0.0
    doppler: float = 0.0
    tid: bytes = b""


@dataclass(slots=True)
class TagRecord:
    """One or several sightings that go into one tag report; times in microseconds on the reader's own clock."""

    sighting: Sighting
    first: int
    last: int
    rssi: float
    count: int = 1

    def add(self, sighting: Sighting, time: int) -> None:
        """Fold in another sighting, by the accumulation rules of clause 13.2.3."""
        self.first, self.last = min(self.first, time), max(self.last, time)
        self.rssi = max(self.rssi, sighting.rssi)
        self.count = min(self.count + 1, 0xFFFF)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a ROSpec a tag was seen: its id, the index of the AISpec from 1, and the inventory parameter spec."""

    rospec: int
    index: int
    inventory: int


@dataclass(frozen=True, slots=True)
class ReportRule:
    """A ROReportSpec: `trigger` 0 none, 1 N tags or end of AISpec, 2 N tags or end of ROSpec; n = 0 is no limit.

    `wanted` are the names of the enabled fields of TagReportContentSelector, of C1G2EPCMemorySelector, and
    of ImpinjTagReportContentSelector (tid, phase, fine_rssi, doppler).
    """

    trigger: int = 2
    n: int = 0
    wanted: frozenset[str] = frozenset(
        ("antenna_id", "peak_rssi", "first_seen", "last_seen", "tag_seen_count")
    )


_IMPINJ_SWITCHES = {
    "ImpinjEnableSerializedTID": "tid",
    "ImpinjEnableRFPhaseAngle": "phase",
    "ImpinjEnablePeakRSSI": "fine_rssi",
    "ImpinjEnableRFDopplerFrequency": "doppler",
}


VENDOR_FIELDS = frozenset(_IMPINJ_SWITCHES.values())
"""Fields that a client gets only where the vendor's extensions are enabled."""


def report_rule(spec: Parameter) -> ReportRule:
    """What a ROReportSpec asks for."""
    selector = spec.first("TagReportContentSelector")
    assert selector is not None
    wanted = {name for name, value in selector.fields.items() if value}
    for memory in selector.every("C1G2EPCMemorySelector"):
        wanted |= {name for name, value in memory.fields.items() if value}
    custom = spec.first("ImpinjTagReportContentSelector")
    for switch, name in _IMPINJ_SWITCHES.items() if custom else ():
        one = custom.first(switch) if custom else None
        if one is not None and one.number("mode"):
            wanted.add(name)
    return ReportRule(spec.number("trigger"), spec.number("n"), frozenset(wanted))


@dataclass(frozen=True, slots=True)
class _Column:
    head: bytes
    wire: str
    value: Callable[[TagRecord, Place], int]


class TagWriter:
    """Writes tag reports with the fields that `rule` wants; `utc` = the reader has a UTC clock."""

    def __init__(self, rule: ReportRule, utc: bool) -> None:
        columns = list(_columns(rule.wanted, utc))
        self._columns = columns
        self._tail = struct.Struct(">" + "".join(f"{len(one.head)}s{one.wire}" for one in columns))
        self._tid = "tid" in rule.wanted

    def write(self, record: TagRecord, place: Place) -> bytes:
        """One TagReportData."""
        values: list[bytes | int] = []
        for column in self._columns:
            values += (column.head, column.value(record, place))
        body = _epc(record.sighting) + self._tail.pack(*values)
        if self._tid and record.sighting.tid:
            body += _custom(55, len(record.sighting.tid) + 2) + _words(record.sighting.tid)
        return struct.pack(">HH", 240, 4 + len(body)) + body


class Collection:
    """Tag records of one ROSpec that wait for their report; holds at most `limit` of them."""

    def __init__(self, rule: ReportRule, utc: bool, merges: bool, limit: int) -> None:
        self.rule = rule
        self._limit = limit
        self._merges = merges
        self._full = TagWriter(rule, utc)
        self._plain = TagWriter(ReportRule(rule.trigger, rule.n, rule.wanted - VENDOR_FIELDS), utc)
        self._records: dict[object, tuple[TagRecord, Place]] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def complete(self) -> bool:
        """N tags are there."""
        return self.rule.trigger > 0 and 0 < self.rule.n <= len(self._records)

    def add(self, sighting: Sighting, time: int, place: Place) -> bool:
        """Take a sighting seen at `time` (own clock); False if it was folded into a record that is there."""
        self._number += 1
        key: object = (place, sighting.antenna, sighting.epc) if self._merges else self._number
        if known := self._records.get(key):
            known[0].add(sighting, time)
            return False
        self._records[key] = TagRecord(sighting, time, time, sighting.rssi), place
        return True

    def trim(self) -> int:
        """Throw away the oldest records beyond the limit and say how many."""
        surplus = max(len(self._records) - self._limit, 0)
        for key in list(self._records)[:surplus]:
            del self._records[key]
        return surplus

    def take(self, vendor: bool) -> list[bytes]:
        """The tag reports, with the vendor's own fields or without; the collection is empty then."""
        writer = self._full if vendor else self._plain
        tags = [writer.write(record, place) for record, place in self._records.values()]
        self._records.clear()
        return tags


def report_message(tags: Sequence[bytes], id: int) -> bytes:
    """A RO_ACCESS_REPORT."""
    body = b"".join(tags)
    return HEADER.pack(1 << 10 | 61, HEADER.size + len(body), id) + body


def _columns(wanted: frozenset[str], utc: bool) -> Iterator[_Column]:
    """The optional fields in the order of clause 16.2.7.3: TV parameters, then Impinj's."""
    first, last = (2, 4) if utc else (3, 5)
    standard: tuple[tuple[str, int, str, Callable[[TagRecord, Place], int]], ...] = (
        ("rospec_id", 9, "I", lambda _, place: place.rospec),
        ("spec_index", 14, "H", lambda _, place: place.index),
        ("inventory_parameter_spec_id", 10, "H", lambda _, place: place.inventory),
        ("antenna_id", 1, "H", lambda record, _: record.sighting.antenna),
        ("peak_rssi", 6, "b", lambda record, _: _clip(record.rssi, 127)),
        ("channel_index", 7, "H", lambda record, _: record.sighting.channel),
        ("first_seen", first, "Q", lambda record, _: record.first),
        ("last_seen", last, "Q", lambda record, _: record.last),
        ("tag_seen_count", 8, "H", lambda record, _: record.count),
        ("pc_bits", 12, "H", lambda record, _: _pc(record.sighting)),
        ("crc", 11, "H", lambda record, _: _crc(record.sighting)),
        ("access_spec_id", 16, "I", lambda *_: 0),
    )
    vendor: tuple[tuple[str, int, str, Callable[[TagRecord, Place], int]], ...] = (
        ("phase", 56, "H", lambda record, _: round(record.sighting.phase * 4096 / (2 * np.pi)) % 4096),
        ("fine_rssi", 57, "h", lambda record, _: _clip(record.rssi * 100, 32767)),
        ("doppler", 68, "h", lambda record, _: _clip(record.sighting.doppler * 16, 32767)),
    )
    for name, type, wire, value in standard:
        if name in wanted:
            yield _Column(bytes((0x80 | type,)), wire, value)
    for name, subtype, wire, value in vendor:
        if name in wanted:
            yield _Column(_custom(subtype, 2), wire, value)


def _custom(subtype: int, size: int) -> bytes:
    return struct.pack(">HHII", 1023, 12 + size, IMPINJ, subtype)


def _clip(value: float, most: int) -> int:
    return max(-most, min(most, round(value)))


def _epc(sighting: Sighting) -> bytes:
    bits = 8 * len(sighting.epc) if sighting.bits is None else sighting.bits
    if bits == 96:
        return b"\x8d" + sighting.epc
    return struct.pack(">HHH", 241, 6 + len(sighting.epc), bits) + sighting.epc


def _words(data: bytes) -> bytes:
    return struct.pack(">H", len(data) // 2) + data


def _pc(sighting: Sighting) -> int:
    """The protocol control word of a Gen2 tag: the length of the EPC in words, in the five highest bits."""
    return (len(sighting.epc) + 1) // 2 << 11


def _crc(sighting: Sighting) -> int:
    """The CRC-16 that a Gen2 tag keeps over PC and EPC (ISO/IEC 18000-63, annex F)."""
    return crc_hqx(struct.pack(">H", _pc(sighting)) + sighting.epc, 0xFFFF) ^ 0xFFFF
