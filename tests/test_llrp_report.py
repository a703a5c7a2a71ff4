"""Tag reports as columns: llrp_report.py, llrp_layout.py, llrp_template.py, llrp_sightings.py."""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Reads, Times
from drivers.codecs.llrp import Parameter, Unknown, decode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_layout import lay_out
from drivers.codecs.llrp_report import ReportDecoder
from drivers.codecs.llrp_schema import Bits
from drivers.codecs.llrp_sightings import LAST_TIME
from tests.llrp_bytes import epc, impinj, report, tag, tlv

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


lengths = st.sampled_from([0, 1, 7, 16, 96, 96, 113, 128, 198, 496])
times = st.one_of(st.none(), st.integers(FIRST, FIRST + 5))
extras = [b"", impinj(57, -5512), impinj(56, 4095) + impinj(68, -12), tlv(777, b"abc"), b"\xff"]


@st.composite
def tag_reports(draw: st.DrawFn) -> bytes:
    """One TagReportData with a small choice of EPCs, some of them zero, so that ids repeat."""
    bits = draw(st.one_of(st.none(), lengths))
    size = 12 if bits is None else (bits + 7) // 8
    number = draw(st.sampled_from([0, 1, 2, 1 << 80]))
    return tag(
        (number % (1 << 8 * size)).to_bytes(size),
        bits,
        antenna=draw(st.sampled_from([None, 1, 2, 65535])),
        rssi=draw(st.sampled_from([None, -128, -55, 127])),
        channel=draw(st.sampled_from([None, 1])),
        first=draw(times),
        last=draw(times),
        count=draw(st.sampled_from([None, 0, 1, 5])),
        uptime=draw(st.booleans()),
        more=draw(st.sampled_from(extras)),
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(tag_reports(), max_size=5), max_size=6))
def test_columns_equal_the_generic_decoder(messages: list[list[bytes]]) -> None:
    data = b"".join(report(*several) for several in messages)
    same(rows(decode(data)), expected(data))


@settings(deadline=None, max_examples=30)
@given(st.lists(tag_reports(), min_size=1, max_size=6), st.lists(st.integers(0, 10**6), max_size=6))
def test_any_split_of_the_bytes_gives_the_same_reads(several: list[bytes], places: list[int]) -> None:
    data = b"".join(report(one, one) for one in several) * 3
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    frames, reports = Frames(), decoder()
    found: list[Row] = []
    for start, stop in pairwise(edges):
        buffer, spans = frames.spans(data[start:stop])
        found += rows(reports.decode(buffer, spans, ARRIVAL, SameClock()))
    same(found, expected(data))


def test_recorded_report_with_impinjs_values() -> None:
    data = bytes.fromhex(
        "043d000000620000000700f000588d3034257bf7194e4000001a8181000186c987000182000640b5eece0000"
        "84000640b5eece01f488000103ff000e0000651a00000039ea7803ff000e0000651a00000038080003ff000e"
        "0000651a00000044fff4"
    )
    reports = decoder()
    reports.hop_table = np.array([0, 865_700, 866_300, 0], np.int32)
    reads = decode(data, reports)
    same(rows(reads), [("3034257BF7194E4000001A81", LAST, 1, -55.12, 1, math.pi, -0.75, 865_700)])


@pytest.mark.parametrize(("index", "kilohertz"), [(0, 0), (1, 902_750), (2, 903_250), (3, 0), (65535, 0)])
def test_channels_outside_the_hop_table_are_0(index: int, kilohertz: int) -> None:
    reports = decoder()
    reports.hop_table = np.array([0, 902_750, 903_250, 0], np.int32)
    reads = decode(report(tag(epc(1), channel=index), tag(epc(2), channel=None)), reports)
    assert reads.channel is not None
    assert reads.channel.tolist() == [kilohertz, 0]


def test_columns_that_nobody_reported_are_absent() -> None:
    reads = decode(report(tag(epc(1))))
    assert (reads.phase, reads.doppler, reads.channel) == (None, None, None)


def test_a_fine_value_of_some_tags_only() -> None:
    reads = decode(report(tag(epc(1), more=impinj(56, 0)), tag(epc(2)), tag(epc(3), more=impinj(68, 16))))
    assert reads.phase is not None
    assert reads.doppler is not None
    assert np.isnan(reads.phase).tolist() == [False, True, True]
    assert reads.doppler.tolist()[2] == 1.0


def test_no_stamp_is_the_arrival() -> None:
    assert decode(report(tag(epc(1), first=None, last=None))).time.tolist() == [ARRIVAL]


@pytest.mark.parametrize("time", [253_402_300_800_000_000, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
@pytest.mark.parametrize("which", ["first", "last"])
def test_times_that_are_none(which: str, time: int) -> None:
    reports = decoder()
    strange = tag(epc(1), first=time) if which == "first" else tag(epc(1), last=time)
    assert len(decode(report(strange, tag(epc(2))), reports)) == 1
    assert +reports.counts == {"malformed": 1}


def test_zero_and_empty_epcs_are_noise() -> None:
    reports = decoder()
    data = report(
        tag(bytes(12)), tag(b"", 0), tag(bytes(3), 17), tag(b"\x00\x01", 15), tag(epc(1)), tag(bytes(12), 96)
    )
    assert [row[0] for row in rows(decode(data, reports))] == [epc(1).hex().upper()]
    assert +reports.counts == {"zero_epc": 5}


def test_epc_data_of_96_bits_is_the_same_tag() -> None:
    reads = decode(report(tag(epc(1)), tag(epc(1), 96)))
    assert reads.tag.tolist() == [0, 0]


MALFORMED = [
    tlv(0xF0, b""),  # no EPC
    tlv(0xF0, b"\x81\x00\x01"),  # an antenna alone
    tlv(0xF0, b"\x8d" + bytes(5)),  # EPC-96 cut short
    tlv(0xF0, tlv(0xF1, b"\x00\x10\x01")),  # EPCData with too few bytes
    tlv(0xF0, tlv(0xF1, b"\x00")),  # EPCData without its count
    tag(epc(1), more=b"\x00\xf1\x00"),  # no room for a length
    tag(epc(1), more=b"\x03\xff\x00\x03"),  # shorter than its header
    tag(epc(1), more=b"\x03\xff\x00\x20aa"),  # longer than what is left
    tag(epc(1), more=impinj(56, 1)[:-1].replace(b"\x00\x0e", b"\x00\x0d", 1)),  # half a value
    tag(epc(1), more=b"\x84" + bytes(7)),  # a stamp cut short
    tag(epc(1), more=tlv(349, bytes.fromhex("00 0001 0003 abcd"))),  # a result of more words than there are
    tag(epc(1), more=impinj(55, 2)),  # a serialized TID likewise
]


@pytest.mark.parametrize("bad", MALFORMED)
def test_a_malformed_tag_costs_itself(bad: bytes) -> None:
    reports = decoder()
    good = tag(epc(2))
    for _ in range(3):  # learning, known and known to be bad
        reads = decode(report(good, bad, good) + report(bad) + report(good), reports)
        assert [row[0] for row in rows(reads)] == [epc(2).hex().upper()] * 3
    assert +reports.counts == {"malformed": 6}


@pytest.mark.parametrize("bad", [b"\x00", b"\x00\xf0\x00\x03", b"\x00\xf0\x01\x00aa", bytes(7)])
def test_what_breaks_a_report_costs_itself(bad: bytes) -> None:
    reports = decoder()
    reads = decode(report(tag(epc(1)), bad, tag(epc(2))) + report(tag(epc(3)), bad) + report(), reports)
    assert reads.tags.ids == [epc(number).hex().upper() for number in (1, 2, 3)]
    assert +reports.counts == {"malformed": 2}


@pytest.mark.parametrize(
    ("lie", "lost"), [(-46, 1), (-29, 1), (-8, 1), (-1, 1), (1, 1), (5, 1), (40, 1), (1000, 1)]
)
def test_a_tag_whose_length_lies_costs_itself(lie: int, lost: int) -> None:
    """The next one is found again."""
    reports = decoder()
    whole = [tag(epc(number)) for number in range(1, 9)]
    size = len(whole[0]) + lie
    several = [*whole[:3], whole[3][:2] + max(size, 0).to_bytes(2) + whole[3][4:], *whole[4:]]
    for _ in range(2):
        found = rows(decode(report(*several), reports))
        names = [row[0] for row in found]
        assert names == [name for name in (epc(n).hex().upper() for n in range(1, 9)) if name in names]
        assert len(names) == 8 - lost
    assert reports.counts["malformed"] >= 2


def test_damage_without_end_is_given_up() -> None:
    reports = decoder()
    damage, whole = b"\x00\xff", tag(epc(1))
    assert len(decode(report(damage + b"\x00\xf0" * 70 + whole), reports)) == 0
    assert len(decode(report(damage + b"\x00\xf0" * 50 + whole), reports)) == 1
    assert len(decode(report(*[damage + whole + whole] * 40), reports)) == 30


def test_what_is_no_tag_is_counted() -> None:
    reports = decoder()
    assert len(decode(report(tlv(242, b""), tag(epc(1)), tlv(1023, bytes(8))), reports)) == 1
    assert +reports.counts == {"other": 2}


def test_an_unknown_parameter_without_length_costs_what_is_behind_it() -> None:
    reports = decoder()
    data = report(tag(epc(1), count=None, more=b"\xfe\x88\x00\x07"))
    for _ in range(2):
        assert [row[4] for row in rows(decode(data, reports))] == [1]
    assert +reports.counts == {"unknown": 2}


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 7), st.integers(0, 45), st.integers(1, 255))
def test_every_byte_of_every_tag_is_checked(number: int, at: int, change: int) -> None:
    whole = [tag(epc(number), antenna=number) for number in range(1, 9)]
    several = list(whole)
    reports = decoder()
    decode(report(*whole), reports)  # the shape is known
    damaged = bytearray(several[number])
    damaged[at] ^= change
    several[number] = bytes(damaged)
    data = report(*several) + report(tag(epc(99)))
    found = rows(decode(data, reports))
    if at > 3:
        same(found, expected(data))
    else:  # where the next tag begins is lost with the length, but not the next report
        assert found[-1][0] == epc(99).hex().upper()
        assert set(found[:-1]) <= set(rows(decode(report(*whole))))


def test_shapes_without_end_are_still_read() -> None:
    reports = decoder()
    several = [
        tag(epc(1), antenna=a, rssi=r, channel=c, count=n, more=more)
        for a in (None, 1)
        for r in (None, -1)
        for c in (None, 2)
        for n in (None, 1)
        for more in (b"", impinj(56, 1), tlv(778, b""), tlv(779, b"x"), b"\xfd" + bytes(3))
    ]
    many = [tag(epc(number), more=tlv(700 + number, b"")) for number in range(40)]
    many.append(tag(epc(41), more=b"\xfd" + bytes(3)))
    bad = tlv(0xF0, bytes(len(many[0]) - 4))
    for _ in range(2):
        same(rows(decode(report(*several, *many, bad), reports)), expected(report(*several, *many)))
    assert reports.counts == {"unknown": 2 * 17, "malformed": 2}


def test_another_shape_of_the_same_length() -> None:
    reports = decoder()
    reports.hop_table = np.array([0, 902_750, 0], np.int32)
    for more in (tlv(700, b""), tlv(701, b""), impinj(56, 0), impinj(68, 16)):
        data = report(tag(epc(1), channel=9, more=more))
        same(rows(decode(data, reports)), expected(data))
    assert decode(report(tag(epc(1)), tag(epc(2), more=impinj(68, 0))), reports).channel is not None


def test_templates_are_bounded() -> None:
    reports = ReportDecoder(Counter(), max_templates=3)
    for number in range(20):
        data = report(tag(epc(1), more=tlv(700, bytes(number))))
        same(rows(decode(data, reports)), expected(data))


def test_a_full_dictionary_is_replaced() -> None:
    reports = ReportDecoder(Counter(), max_tags=5)
    one = decode(report(*[tag(epc(number)) for number in range(1, 8)]), reports)
    two = decode(report(tag(epc(7))), reports)
    assert len(one.tags) == 7
    assert two.tags is not one.tags
    assert two.tags.ids == [epc(7).hex().upper()]


def test_a_dictionary_of_long_names_is_replaced_too() -> None:
    reports = decoder()
    several = [
        report(*(tag(bytes([number, part]) + bytes(8000), 64_016) for part in range(1, 100)))
        for number in range(1, 14)
    ]
    lengths = [len(decode(one, reports).tags) for one in several]
    assert lengths == [*range(99, 99 * 12, 99), 99, 198]
    assert [len(decode(one, reports).tags) for one in several[-2:]] == [198, 198]


def test_many_tags_in_messages_of_one() -> None:
    reports = decoder()
    several = [tag(epc(number)) for number in range(1, 3001)]
    data = b"".join(map(report, several))
    for _ in range(2):
        assert [row[0] for row in rows(decode(data, reports))] == [
            epc(number).hex().upper() for number in range(1, 3001)
        ]


def test_an_empty_report_means_nothing() -> None:
    reports = decoder()
    for data in (report(), report(tag(epc(1))), report() * 30, report() + report(tag(epc(1))) + report()):
        assert len(decode(data, reports)) == data.count(b"\x8d")


def test_a_layout_takes_the_first_of_two() -> None:
    layout = lay_out(tag(epc(1), more=b"\x8d" + epc(2) + b"\x81\x00\x05" + tlv(0xF1, b"\x00\x08a")))
    assert layout is not None
    assert (layout.epc, layout.columns["AntennaID"]) == ((5, 96), 18)
