"""Tag reports as columns: llrp_report.py, llrp_layout.py, llrp_template.py, llrp_sightings.py."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_layout import lay_out
from drivers.codecs.llrp_report import ReportDecoder
from tests.llrp_bytes import epc, impinj, report, tag, tlv
from tests.llrp_rows import ARRIVAL, FIRST, LAST, Row, SameClock, decode, decoder, expected, rows, same

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
    reports = decoder()
    for _ in range(2):  # singly, then by its template
        assert decode(report(tag(epc(1), first=None, last=None)), reports).time.tolist() == [ARRIVAL]


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
    kept = []
    for number in range(20):
        data = report(tag(epc(1), more=tlv(700, bytes(number))))
        same(rows(decode(data, reports)), expected(data))
        kept.append(reports.templates)
    assert kept == [1, 2, 3, 4] * 5


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
