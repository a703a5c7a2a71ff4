"""Sentences in a stream: what is one, what is none, and that it does not matter how the bytes arrive."""

from collections import Counter
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.nmea_frames import LONGEST, Sentences, checksum
from drivers.codecs.nmea_frames import sentence as written
from tests.nmea_text import GGA, RMC, sentence, stream


def cut(*pieces: bytes) -> tuple[list[bytes], Counter[str]]:
    """The sentences, and what was counted."""
    counts: Counter[str] = Counter()
    frames = Sentences(counts)
    found = [body for piece in pieces for body in frames.feed(piece)]
    frames.flush()
    return found, counts


WHOLE = [RMC.encode(), GGA.encode()]


def test_sentences_of_the_documents() -> None:
    """gpsd's log of a GP-320FW, and the empty ones of a receiver that knows nothing."""
    for line in (
        b"$GPRMC,235724.02,A,4808.9978,N,01135.0800,E,000.0,000.0,060419,003.0,E,A*3E",
        b"$GPGGA,235724.02,4808.9978,N,01135.0800,E,1,04,01.4,00464.4,M,0046.2,M,,*5D",
        b"$GNRMC,171926.00,A,4404.14063,N,12118.85478,W,0.117,,180315,,,A*76",
        b"$GPRMC,,V,,,,,,,,,,N*53",
        b"$GPGGA,,,,,,0,,,,,,,,*66",
    ):
        assert cut(line) == ([line[1:-3]], Counter())
        assert cut(line[:-1] + b"0") == ([], Counter(checksum=1))


def test_a_checksum_in_small_letters_and_no_line_end() -> None:
    line = b"$GPGGA,235724.02,4808.9978,N,01135.0800,E,1,04,01.4,00464.4,M,0046.2,M,,*5d"
    assert cut(line + line) == ([line[1:-3], line[1:-3]], Counter())


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        (b"", {}),
        (sentence(RMC)[:30] + stream(RMC, GGA), {"noise": 30}),
        (stream(RMC) + b"\xb5\x62\x01\x07\x00" + stream(GGA), {"noise": 5}),
        (stream(RMC) + b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\r\n" + stream(GGA), {"encapsulated": 1}),
        (sentence(RMC).strip() + b"!AIVDM,1,1,,A,14,0*24\r\n" + stream(GGA), {"encapsulated": 1}),
        (sentence(RMC).strip() + sentence(GGA).strip(), {}),
        (stream(RMC, "GPTXT," + LONGEST * "x", GGA), {"too_long": 1}),
        (stream(RMC) + b"$" + 500 * b"x" + b"\r\n" + stream(GGA), {"too_long": 1}),
        (stream(RMC) + 500 * b"\x80" + stream(GGA), {"noise": 500}),
        (stream(RMC) + b"$GPGGA,1*4\r\n$GPGGA,2*zz\n" + stream(GGA), {"noise": 21}),
        (stream(RMC) + b"!" + 500 * b"x" + b"\r\n" + stream(GGA), {"encapsulated": 1}),
        (stream(RMC, GGA) + b"$GPRMC,101", {"noise": 10}),
    ],
)  # fmt: skip
def test_what_is_left_out(data: bytes, counts: dict[str, int]) -> None:
    assert cut(data) == (WHOLE if data else [], Counter(counts))
    assert cut(*(data[at : at + 1] for at in range(len(data)))) == cut(data)


def test_the_longest_sentence() -> None:
    body = "GPTXT," + "x" * (LONGEST - 10)
    assert len(sentence(body).strip()) == LONGEST
    assert cut(sentence(body)) == ([body.encode()], Counter())
    assert cut(sentence(body + "x")) == ([], Counter(too_long=1))


@given(pieces=st.lists(st.sampled_from([*stream(RMC, GGA).splitlines(keepends=True), b"$", b"*", b"\r\n", b"!A", b"x" * 140, b"\xff", b"$GP"]), max_size=8), at=st.lists(st.integers(0, 900), max_size=4))  # fmt: skip
@settings(max_examples=150)
def test_any_bytes_in_any_split(pieces: list[bytes], at: list[int]) -> None:
    data = b"".join(pieces)
    ends = [0, *sorted(at), len(data)]
    split = [data[one:other] for one, other in pairwise(ends)]
    assert cut(*split) == cut(data)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_arbitrary_bytes_in_any_split(data: bytes, at: int) -> None:
    assert cut(data[:at], data[at:]) == cut(data)


@given(st.binary(max_size=LONGEST))
def test_the_checksum_is_the_exclusive_or(body: bytes) -> None:
    assert checksum(body) == reduce(lambda one, two: one ^ two, body, 0)


def test_a_sentence_is_written_as_it_is_read() -> None:
    assert written(RMC) == sentence(RMC)
