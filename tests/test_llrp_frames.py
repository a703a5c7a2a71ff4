"""Cutting the stream: drivers/codecs/llrp_frames.py."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp_frames import MAX_MESSAGE, Frames
from tests.llrp_bytes import message

BROKEN = [
    "0c3d0000000a00000000",  # version 3
    "003d0000000a00000000",  # version 0
    "243d0000000a00000000",  # a reserved bit
    "043d0000000900000000",  # shorter than its header
    "043d0100000100000000",  # longer than 16 MB
    "474554202f2048545450",  # GET / HTTP
]

frames_of_bytes = st.lists(
    st.builds(
        lambda size, n, version: [message(61, bytes([n % 256]) * size, n, version)] * (n % 30 + 1),
        st.integers(0, 40),
        st.integers(0, 60),
        st.sampled_from([1, 2]),
    ),
    max_size=6,
).map(lambda several: [one for some in several for one in some])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(edges)]


@given(frames_of_bytes, st.lists(st.integers(0, 1 << 30), max_size=8))
def test_any_split_gives_the_same_messages(frames: list[bytes], places: list[int]) -> None:
    reader = Frames()
    found = [frame for piece in cut(b"".join(frames), places) for frame in reader.feed(piece)]
    assert found == frames


def test_equal_messages_are_one_span() -> None:
    frame = message(61, b"x" * 46)
    buffer, spans = Frames().spans(frame * 1000 + message(62))
    assert sum(repeats for type, _, _, repeats in spans if type == 61) == 1000
    assert len(spans) < 20
    assert buffer[spans[-1][1] :] == message(62)


def test_a_run_ends_at_another_version_or_type() -> None:
    frame = message(61, b"x" * 46)
    other = message(61, b"x" * 46, version=2)
    assert Frames().feed(frame * 100 + other + frame * 3) == [frame] * 100 + [other] + [frame] * 3


@pytest.mark.parametrize("digits", BROKEN)
def test_messages_before_a_broken_header_are_not_lost(digits: str) -> None:
    reader = Frames()
    assert reader.feed(message(62) + bytes.fromhex(digits)) == [message(62)]
    assert reader.error is not None
    with pytest.raises(ProtocolError, match=digits):
        reader.feed(b"")


@pytest.mark.parametrize("digits", BROKEN)
def test_a_broken_header_is_an_error(digits: str) -> None:
    with pytest.raises(ProtocolError, match=f"{digits}: (version|length)"):
        Frames().feed(bytes.fromhex(digits))


def test_a_message_of_16_megabytes_is_taken_in_pieces() -> None:
    frame = message(61, bytes(MAX_MESSAGE - 10))
    reader = Frames()
    step = 1 << 20
    found = [one for at in range(0, len(frame), step) for one in reader.feed(frame[at : at + step])]
    assert found == [frame]
