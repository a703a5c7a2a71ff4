"""The judges of `make fuzz`: every seed and every finding of earlier runs passes; a codec that breaks its promises does not."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.catalog import KINDS
from drivers.codecs import m100
from drivers.codecs.catalog import CODECS, Codec, MessageCodec, StreamCodec
from drivers.codecs.message_session import Message, MessageSession, Said
from drivers.codecs.module_frames import Frames
from tests.fuzz.judges import Finding, judge, judges
from tests.fuzz.mutation import mutated
from tests.fuzz.one import tried
from tests.fuzz.seeds import LONGEST, found, seeds

JUDGES = judges()
each = pytest.mark.parametrize("name", JUDGES)


def test_every_kind_of_device_has_a_codec_in_the_catalog() -> None:
    assert set(KINDS) - {"recorded"} == set(CODECS), "all but the one that says nothing"


@each
def test_what_it_begins_with_is_taken(name: str) -> None:
    """Findings of earlier runs too: they are tests for ever."""
    for data in (b"", *seeds(name), *(file.read_bytes() for file in found(name))):
        JUDGES[name](data)


@each
@given(data=st.binary(max_size=300), seed=st.integers(0, 2**32))
@settings(max_examples=30)
def test_any_bytes_are_taken(name: str, data: bytes, seed: int) -> None:
    JUDGES[name](data)
    JUDGES[name](mutated(seeds(name), random.Random(seed), LONGEST))


class Loses(Frames):
    """Forgets what it skips."""

    def flush(self) -> list[bytes]:
        found = super().flush()
        self.noise = 0
        return found


class Hoards(Frames):
    """Cuts only what came at once."""

    def feed(self, data: bytes) -> list[bytes]:
        found = super().feed(data)
        self._left.clear()
        return found


class Silent(MessageSession):
    """Makes nothing of anything."""

    def understand(self, message: Message) -> Iterator[Said]:
        yield from ()


def nothing(data: bytes) -> Iterator[dict[str, object]]:
    yield from ()


def not_json(data: bytes) -> Iterator[dict[str, object]]:
    yield {"tag": data}


GOOD = CODECS["m100"]
POLL = bytes.fromhex("AA0022000022DD")
assert isinstance(GOOD, StreamCodec)


@pytest.mark.parametrize(
    ("codec", "data", "text"),
    [
        (
            replace(GOOD, frames=lambda: Loses(m100._measure, b"\xaa")),
            b"x" + POLL,
            "bytes in frames and noise",
        ),
        (replace(GOOD, frames=lambda: Hoards(m100._measure, b"\xaa")), POLL * 20, "frames"),
        (replace(GOOD, decode=not_json), b"x", "not JSON serializable"),
        (MessageCodec(nothing, Silent, "a"), b"\xff", "nothing was made of"),
    ],
)
def test_a_codec_that_breaks_its_promises_is_found(codec: Codec, data: bytes, text: str) -> None:
    with pytest.raises((Finding, TypeError), match=text):
        judge(codec)(data)


def test_a_finding_by_chance_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fussy(data: bytes) -> None:
        if data == b"c":
            raise Finding("c")

    inputs = iter([b"a", b"b", b"c", b"d"])
    assert not tried(fussy, lambda: next(inputs), 4, tmp_path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"c"]
    assert "Finding: c" in capsys.readouterr().err
    assert tried(fussy, lambda: b"a", 4, tmp_path)
