"""The inputs of a commit come back from their blob as they were."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import (
    Alive,
    AntennaState,
    Body,
    Codes,
    Dictionary,
    Down,
    Dropped,
    Fix,
    Fixes,
    Gpi,
    Idle,
    Input,
    Reads,
    Scan,
    Shift,
    Up,
    fixes,
)
from gateway.blobs import OCCURRENCES, decode, encode

INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
FLOATS = st.floats(width=32)
TEXTS = st.text(max_size=20)
BODIES: st.SearchStrategy[Body] = st.one_of(
    st.builds(Alive, INT64),
    st.builds(Down, INT64, TEXTS),
    st.builds(Up, INT64),
    st.builds(AntennaState, INT64, st.integers(0, 65535), st.booleans()),
    st.builds(Gpi, INT64, st.integers(0, 65535), st.booleans()),
    st.builds(Shift, INT64, INT64),
    st.builds(Dropped, INT64, INT64, TEXTS),
    st.builds(Idle, INT64, st.booleans()),
    st.builds(Scan, INT64, TEXTS, TEXTS, TEXTS, st.none() | TEXTS),
)


@st.composite
def batches(draw: st.DrawFn) -> Reads:
    n = draw(st.integers(0, 5)) * draw(st.sampled_from([1, 30]))
    tags = Dictionary(
        draw(st.lists(st.sampled_from(["3034", "tid:E2", "barcode:\n\x00", "00FF/7"]), min_size=1))
    )
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))

    def floats() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return np.array((draw(st.lists(FLOATS, min_size=1, max_size=4)) * n)[:n], np.float32)

    return Reads(
        tags,
        chance.integers(-(2**63), 2**63 - 1, n),
        chance.integers(0, len(tags), n).astype(np.int32),
        chance.integers(0, 2**16, n).astype(np.uint16),
        floats(),
        chance.integers(1, 5, n).astype(np.int32),
        floats() if draw(st.booleans()) else None,
        floats() if draw(st.booleans()) else None,
        chance.integers(0, 2**31, n).astype(np.int32) if draw(st.booleans()) else None,
    )


FIX = st.builds(
    Fix,
    st.sampled_from(["tracker:1", "tracker:2", "3034"]),
    INT64,
    st.floats(-90, 90) | st.integers(-(9 * 10**8), 9 * 10**8).map(lambda whole: whole / 1e7),
    st.floats(-180, 180),
    *[FLOATS] * 4,
    st.integers(-1, 40),
    st.integers(0, 15),
    st.sampled_from(["", "{}", '{"name":"Zoë"}']),
)


@st.composite
def positions(draw: st.DrawFn) -> Fixes:
    rows = draw(st.lists(FIX, max_size=4)) * draw(st.sampled_from([1, 40]))
    return fixes(Dictionary(["0", "tracker:2"]), rows)


INPUTS = st.lists(
    st.builds(Input, st.sampled_from(["door1", "door2", "d"]), INT64, BODIES | batches() | positions()),
    max_size=8,
)


class Codec:
    """A journal's dictionary that starts with other tags, so that codes differ."""

    def __init__(self) -> None:
        self.tags = Dictionary(["other", "3034"])

    def codes(self, tags: Dictionary) -> Codes:
        return np.array([self.tags.code(tag) for tag in tags.ids], np.int32)


def spelt(input: Input) -> Sequence[object]:
    body = input.body
    if isinstance(body, Fixes):
        own = (body.time, body.lat, body.lon, body.alt, body.speed, body.course, body.accuracy)
        data = [column.tobytes() for column in (*own, body.satellites, body.flags)]
        who = [body.trackers.ids[code] for code in body.tracker.tolist()]
        return input.source, input.arrival, data, who, body.attributes
    if not isinstance(body, Reads):
        return input.source, input.arrival, body
    columns = (body.time, body.antenna, body.rssi, body.count, body.phase, body.doppler, body.channel)
    bits = [None if column is None else (column.dtype, column.tobytes()) for column in columns]
    return input.source, input.arrival, bits, [body.tags.ids[code] for code in body.tag.tolist()]


@given(INPUTS)
@settings(max_examples=60, deadline=None)
def test_inputs_come_back(inputs: list[Input]) -> None:
    codec = Codec()
    found = decode(encode(inputs, codec.codes), codec.tags)
    assert [spelt(one) for one in found] == [spelt(one) for one in inputs]
    assert all(one.body.tags is codec.tags for one in found if isinstance(one.body, Reads))


def a_batch(n: int = 3) -> Reads:
    return Reads(
        Dictionary(["3034"]),
        np.arange(n, dtype=np.int64),
        np.zeros(n, np.int32),
        np.ones(n, np.uint16),
        np.full(n, -60, np.float32),
        np.ones(n, np.int32),
    )


def test_many_small_batches_share_their_columns() -> None:
    one = encode([Input("door1", 0, a_batch(96))], Codec().codes)
    eight = encode([Input(f"door{i}", 0, a_batch(12)) for i in range(8)], Codec().codes)
    assert len(eight) < len(one) + 8 * 24


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("time", np.zeros(2, np.int64)),
        ("rssi", np.zeros(3)),
        ("phase", np.zeros(4, np.float32)),
        ("tag", None),
    ],
)
def test_a_column_that_breaks_the_promise_is_named(column: str, wrong: object) -> None:
    good = a_batch()
    columns = {name: getattr(good, name) for name in Reads.__slots__} | {column: wrong}
    with pytest.raises(ValueError, match=f"door1: the column .*({column}|tag)"):
        encode([Input("door1", 0, Reads(**columns))], Codec().codes)


def test_a_code_that_the_dictionary_lacks_is_refused() -> None:
    batch = a_batch()
    beyond = Reads(batch.tags, batch.time, batch.tag + np.int32(1), batch.antenna, batch.rssi, batch.count)
    with pytest.raises(IndexError):
        encode([Input("door1", 0, beyond)], Codec().codes)
    blob = encode([Input("door1", 0, batch)], Codec().codes)
    with pytest.raises(ValueError, match="tag codes 1 to 1: 1 are known"):
        decode(blob, Dictionary(["only one"]))


def test_a_blob_cut_short_is_refused_wherever() -> None:
    codec = Codec()
    blob = encode([Input("door1", 0, a_batch()), Input("door1", 1, Down(1, "gone"))], codec.codes)
    for size in range(len(blob)):
        with pytest.raises(ValueError, match=r"blob|buffer|codec"):
            decode(blob[:size], codec.tags)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 9"):
        decode(b"\x09", Dictionary())


def test_every_kind_of_body_is_known() -> None:
    assert set(OCCURRENCES) | {Reads, Fixes} == set(Body.__args__)
