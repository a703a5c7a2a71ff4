"""Tag reports decoded as columns, and what the generic decoder makes of them: the rows of both."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from core.records import Reads, Times
from drivers.codecs.llrp import Parameter, Unknown, decode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_report import ReportDecoder
from drivers.codecs.llrp_schema import Bits
from drivers.codecs.llrp_sightings import LAST_TIME

ARRIVAL = 1_760_000_001_000_000
FIRST, LAST = 1_760_000_000_000_000, 1_760_000_000_000_500


@dataclass
class SameClock:
    """UTC is ours; uptime began at 10^15."""

    def utc(self, times: Times, arrival: int) -> Times:
        return times

    def uptime(self, times: Times, arrival: int) -> Times:
        return times + 10**15


def decoder() -> ReportDecoder:
    return ReportDecoder(Counter())


def decode(data: bytes, reports: ReportDecoder | None = None) -> Reads:
    buffer, spans = Frames().spans(data)
    return (reports or decoder()).decode(buffer, spans, ARRIVAL, SameClock())


Row = tuple[str, int, int, float, int, float, float, int]


def rows(reads: Reads) -> list[Row]:
    """tag, time, antenna, rssi, count, phase, doppler, channel; -999 = not reported."""

    def column(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None) -> list[float]:
        return [-999.0] * len(reads) if values is None else np.where(np.isnan(values), -999, values).tolist()

    return list(
        zip(
            [reads.tags.ids[code] for code in reads.tag],
            reads.time.tolist(),
            reads.antenna.tolist(),
            column(reads.rssi),
            reads.count.tolist(),
            column(reads.phase),
            column(reads.doppler),
            [0] * len(reads) if reads.channel is None else reads.channel.tolist(),
            strict=True,
        )
    )


def expected(data: bytes) -> list[Row]:
    """The same by the generic decoder, one tag after the other."""
    found: list[Row] = []
    for frame in Frames().feed(data):
        for one in decode_message(frame).every("TagReportData"):
            damaged = any(isinstance(child, Unknown) and child.malformed for child in one.children)
            if not damaged and (one.first("EPC_96") or one.first("EPCData")):
                found += expected_of_tag(one)
    return found


def expected_of_tag(one: Parameter) -> list[Row]:
    def number(name: str, missing: int) -> int:
        parameter = one.first(name)
        return missing if parameter is None else parameter.number(next(iter(parameter.fields)))

    identity = next(
        child
        for child in one.children
        if isinstance(child, Parameter) and child.name in ("EPC_96", "EPCData")
    )
    value = identity.fields["epc"]
    digits, bits = (value.data, value.count) if isinstance(value, Bits) else (value, 96)
    assert isinstance(digits, bytes)
    number_of_bits = int.from_bytes(digits) >> (-bits % 8)
    if number_of_bits == 0:
        return []
    name = (number_of_bits << -bits % 8).to_bytes(len(digits)).hex().upper()
    name += f"/{bits}" if bits % 16 else ""
    utc = one.first("LastSeenTimestampUTC") or one.first("FirstSeenTimestampUTC")
    clock, offset = ("UTC", 0) if utc else ("Uptime", 10**15)
    first = number(f"FirstSeenTimestamp{clock}", -1)
    last = number(f"LastSeenTimestamp{clock}", first)
    if max(first, last) > LAST_TIME:
        return []
    first = last if first < 0 else first
    count = max(1, number("TagSeenCount", 1))
    coarse, fine = number("PeakRSSI", -999), number("ImpinjPeakRSSI", 1 << 20)
    rssi = float(coarse) if fine == 1 << 20 else fine / 100
    phase, doppler = number("ImpinjRFPhaseAngle", -1), number("ImpinjRFDopplerFrequency", 1 << 20)
    radio = (
        -999.0 if phase < 0 else phase * 2 * math.pi / 4096,
        -999.0 if doppler == 1 << 20 else doppler / 16,
        0,
    )
    port = number("AntennaID", 0)
    time = ARRIVAL if last < 0 else last + offset
    if count > 1 and 0 <= first < last:
        return [
            (name, first + offset, port, rssi, count - 1, *radio),
            (name, last + offset, port, rssi, 1, *radio),
        ]
    return [(name, time, port, rssi, count, *radio)]


def same(found: list[Row], wanted: list[Row]) -> None:
    assert [row[:3] + row[4:5] for row in found] == [row[:3] + row[4:5] for row in wanted]
    assert [row[3:4] + row[5:] for row in found] == [
        pytest.approx(row[3:4] + row[5:], rel=1e-6) for row in wanted
    ]
