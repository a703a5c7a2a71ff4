"""Streams of serial modules, cut into frames: drivers/codecs/module_frames.py, module_reads.py, module_decode.py."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.catalog import CODECS, StreamCodec
from drivers.codecs.module_reads import TagRows
from tests.module_talk import vectors

FRAMES = {
    name: codec.frames
    for name, codec in CODECS.items()
    if isinstance(codec, StreamCodec) and codec.frames is not None
}
each = pytest.mark.parametrize("name", FRAMES)


def good(name: str) -> list[bytes]:
    """The frames that are whole."""
    kinds = vectors(name)
    return [frame for kind in kinds if kind != "bad" for frame, _ in kinds[kind]]


def bad(name: str) -> list[bytes]:
    return [frame for frame, _ in vectors(name)["bad"]]


@each
def test_every_vector_is_one_frame(name: str) -> None:
    frames = FRAMES[name]()
    for frame in good(name):
        assert frames.feed(frame) == [frame]
    assert frames.noise == 0


@each
def test_byte_by_byte_it_is_the_same(name: str) -> None:
    frames = FRAMES[name]()
    stream = b"".join(good(name))
    found = [frame for at in range(len(stream)) for frame in frames.feed(stream[at : at + 1])]
    assert found == good(name)


@each
def test_no_bad_vector_is_a_frame(name: str) -> None:
    for frame in bad(name):
        frames = FRAMES[name]()
        assert [*frames.feed(frame), *frames.flush()] == []
        assert frames.noise == len(frame)


@each
def test_damage_hides_no_whole_frame(name: str) -> None:
    """Before each good frame stands a bad one, or the beginning of another good one."""
    for broken in (*bad(name), *(frame[: len(frame) // 2] for frame in good(name))):
        frames = FRAMES[name]()
        found = frames.feed(b"".join(broken + frame for frame in good(name)))
        assert [*found, *frames.flush()] == good(name)
        assert frames.noise == len(broken) * len(good(name))


@each
@given(data=st.data())
@settings(max_examples=25)
def test_any_split_gives_the_same(name: str, data: st.DataObject) -> None:
    parts = [*good(name), *bad(name)]
    stream = b"".join(data.draw(st.lists(st.sampled_from(parts) | st.binary(max_size=20), max_size=12)))
    whole, split = FRAMES[name](), FRAMES[name]()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    assert [frame for piece in pieces for frame in split.feed(piece)] == whole.feed(stream)
    assert split.flush() == whole.flush()
    assert split.noise == whole.noise


@each
@given(data=st.binary(max_size=400))
@settings(max_examples=25)
def test_any_bytes_are_survived_and_none_is_lost_sight_of(name: str, data: bytes) -> None:
    frames = FRAMES[name]()
    found = [*frames.feed(data), *frames.flush()]
    assert sum(map(len, found)) + frames.noise == len(data)
    for line in CODECS[name].decode(data):
        assert line


@each
def test_bytes_and_hex_are_told_alike(name: str) -> None:
    stream = b"".join(good(name))
    raw = list(CODECS[name].decode(stream))
    lines = b"".join(b"0x" + frame.hex(":").encode() + b"  # why\n" for frame in good(name))
    assert list(CODECS[name].decode(lines)) == raw
    assert len(raw) >= len(good(name))
    assert not [line for line in raw if "error" in line]


@each
def test_what_is_in_no_frame_is_told(name: str) -> None:
    frame = good(name)[0]
    lines = list(CODECS[name].decode(bytes(3) + frame + b"\x01\x02"))
    why = "in no frame: bytes are missing, or wrong by length or checksum; if all are, look at the baud rate and the kind"
    assert lines[0] == {"error": why, "offset": 0, "bytes": "000000", "skipped": 3}
    assert lines[-1] == {"error": why, "offset": 3 + len(frame), "bytes": "0102", "skipped": 2}


@pytest.mark.parametrize("between", [" 0x", ", 0X", "\\x", ":", "-"])
def test_hex_as_programs_write_it(between: str) -> None:
    text = between + between.join(f"{byte:02X}" for byte in good("m100")[0])
    assert list(CODECS["m100"].decode(text.encode())) == list(CODECS["m100"].decode(good("m100")[0]))


def test_what_is_no_hex_is_told() -> None:
    first, second, *_ = good("m100")
    lines = list(CODECS["m100"].decode(f"{first.hex()}\nxyz\n{second.hex()}\n".encode()))
    assert [line.get("error") for line in lines] == [None, "line 2 is no hex: 'xyz'", None]


def test_rows_become_columns_and_a_full_dictionary_a_new_one() -> None:
    counts: Counter[str] = Counter()
    rows = TagRows(counts, max_tags=2)
    assert rows.take(5) is None
    rows.add(b"\x01\x02", antenna=3, rssi=-40.5, count=2, phase=0.5, channel=915_250)
    rows.add(b"\x01\x02")
    rows.add(b"\x03\x04")
    rows.add(bytes(12))
    rows.add(b"")
    first = rows.take(5)
    assert first is not None
    assert first.tags.ids == ["0102", "0304"]
    assert first.tag.tolist() == [0, 0, 1]
    assert first.time.tolist() == [5, 5, 5]
    assert first.antenna.tolist() == [3, 1, 1]
    assert first.count.tolist() == [2, 1, 1]
    assert first.rssi.tolist()[0] == -40.5
    assert first.phase is not None
    assert np.isnan(first.phase).tolist() == [False, True, True]
    assert first.channel is not None
    assert first.channel.tolist() == [915_250, 0, 0]
    assert counts == {"zero_epc": 2}
    rows.add(b"\x03\x04")
    second = rows.take(6)
    assert second is not None
    assert second.tags is not first.tags
    assert (second.tags.ids, second.phase, second.channel) == (["0304"], None, None)
