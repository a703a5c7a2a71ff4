"""Tag reports with damage: it costs the tag that it is in, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.llrp_bytes import epc, impinj, report, tag, tlv
from tests.llrp_rows import decode, decoder, expected, rows, same

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
