"""The event stream of Impinj readers: drivers/codecs/impinj_session.py, impinj_refusals.py."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import SECOND, Alive, Idle, Reads, Up
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.impinj_session import Session
from drivers.codecs.json_lines import MOST_LINE
from drivers.codecs.notice import Notice
from drivers.codecs.reader_clock import ReaderClock
from tests.impinj_bytes import BAD, DATA, GOOD, HEAD, NOON, NOW, chunked, events, only_reads, status, tag


def stream(clock: ReaderClock | None = None, watchdog: float = 90.0) -> Session:
    if clock is None:
        clock = ReaderClock()
        clock.connected(NOW, NOW)
    return Session(b"GET", "root", "Impinj R700", clock, 0.0, watchdog)


def streaming(clock: ReaderClock | None = None) -> Session:
    session = stream(clock)
    assert session.receive(HEAD, NOW, 0.0) == [Up(NOW)]
    return session


@pytest.mark.parametrize("line", [line for line in BAD if b"isHeartBeat" not in line])
def test_the_same_in_a_stream(line: bytes) -> None:
    session = stream()
    *_, notice, reads = session.receive(HEAD + chunked(line + b"\n" + GOOD[0] + b"\n"), NOW, 1.0)
    assert isinstance(notice, Notice)
    assert (notice.name, notice.text[:30]) == ("malformed", "an event cannot be understood:")
    assert isinstance(reads, Reads)


def test_a_stream_begins_and_says_that_it_lives() -> None:
    session = stream()
    assert (session.data_to_send(), session.data_to_send()) == (b"GET", b"")
    assert session.info is None
    assert session.receive(HEAD[:20], NOW, 1.0) == []
    up, reads = session.receive(HEAD[20:] + events(tag(1)) + chunked(b"\r\n"), NOW, 2.0)
    assert up == Up(NOW)
    assert session.data_to_send() == b""
    assert str(session.info) == "Impinj R700"
    assert only_reads([reads]).time.tolist() == [NOON + SECOND]
    assert session.receive(chunked(b"\r\n"), NOW + SECOND, 3.0) == [Alive(NOW + SECOND)]
    assert session.error is None


def test_a_whole_stream_as_a_vector() -> None:
    up, reads = stream().receive((DATA / "stream.bin").read_bytes(), NOW, 1.0)
    assert up == Up(NOW)
    assert only_reads([reads]).tags.ids == ["300833B2DDD9014000000000"]


def test_an_empty_line_among_events_is_no_sign_that_all_are_through() -> None:
    """A server may end each event with an empty line."""
    found = streaming().receive(chunked(json.dumps(tag(1)).encode() + b"\n\n"), NOW, 1.0)
    assert [type(one) for one in found] == [Reads]


def test_a_reader_that_rests_is_told_when_its_backlog_is_through() -> None:
    session = streaming()
    session.listed("armed")
    assert [type(one) for one in session.receive(events(tag(1)), NOW, 1.0)] == [Reads]
    assert session.receive(chunked(b"\r\n"), NOW, 2.0) == [Idle(NOW, True), Alive(NOW)]
    session.listed("running")
    assert session.receive(chunked(b"\r\n"), NOW, 3.0) == [Alive(NOW)]  # it has not said so itself
    told = streaming()
    told.receive(events(status("running", 1)), NOW, 1.0)
    for state in ("idle", "asleep"):
        told.listed(state)
        assert told.receive(chunked(b"\r\n"), NOW, 2.0) == [Alive(NOW)]


def test_a_clock_that_is_wrong_is_mapped_and_a_backlog_keeps_its_times() -> None:
    hour = 3600 * SECOND
    clock = ReaderClock()
    clock.connected(NOW - hour, NOW)
    session = streaming(clock)
    live = only_reads(session.receive(events(tag(19)), NOW + hour - SECOND, 1.0))
    assert live.time.tolist() == [NOON + 19 * SECOND + hour]
    right = streaming()
    old = only_reads(right.receive(events(tag(1), tag(2)), NOW + 5 * hour, 1.0))
    assert old.time.tolist() == [NOON + SECOND, NOON + 2 * SECOND]


def test_the_gateways_clock_is_set_while_a_reader_rests() -> None:
    session = streaming()
    session.receive(events(status("armed", 1)), NOW, 1.0)
    session.shift(3600 * SECOND)
    later = NOW + 3600 * SECOND
    (reads,) = session.receive(events(tag(1.5)), later, 2.0)
    assert only_reads([reads]).time.tolist() == [NOON + 3600 * SECOND + 3 * SECOND // 2]


def test_a_line_that_is_too_long_is_told_once() -> None:
    session = streaming()
    first = session.receive(chunked(b"x" * (MOST_LINE + 1)), NOW, 1.0)
    assert isinstance(first[0], Notice)
    assert "longer than any event" in first[0].text
    (reads,) = session.receive(chunked(b"\n" + GOOD[0] + b"\n"), NOW, 2.0)
    assert isinstance(reads, Reads)


def test_silence() -> None:
    session = stream(watchdog=30.0)
    session.receive(HEAD, NOW, 10.0)
    assert session.deadline == 40.0
    assert session.timeout(NOW, 39.0) == []
    assert session.error is None
    session.postpone(5.0)
    assert session.timeout(NOW, 44.0) == []
    assert session.error is None
    session.timeout(NOW, 45.0)
    assert "nothing heard for 30 s" in str(session.error)


def test_the_end_of_a_stream() -> None:
    session = streaming()
    (reads,) = session.receive(events(tag(1)) + b"0\r\n\r\n", NOW, 1.0)
    assert isinstance(reads, Reads)
    assert isinstance(session.error, ProtocolError)
    assert "another client reads it as 'root'" in str(session.error)
    broken = streaming()
    broken.receive(b"what is this\r\n", NOW, 1.0)
    assert "no size of a chunk" in str(broken.error)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (b"401 Unauthorized\r\nX: 1", Unsupported, "wrong user name or password for 'root'; correct user"),
        (b"403 Forbidden\r\nX: 1", Unsupported, "'root' may not use the reader (403 Forbidden: busy, later)"),
        (
            b"301 Moved\r\nLocation: https://r/",
            Unsupported,
            "sends its clients to https://r/; write that host",
        ),
        (b"302\r\nX: 1", Unsupported, "sends its clients to another address"),
        (b"503 Unavailable\r\nX: 1", ProtocolError, "refuses another stream (503 Unavailable: busy, later)"),
        (
            b"404 Not Found\r\nX: 1",
            ProtocolError,
            "set its RFID interface to the Impinj IoT device interface",
        ),
    ],
)
def test_a_stream_that_is_refused(answer: bytes, kind: type[Exception], says: str) -> None:
    session = stream()
    body = b'{"message":"busy","detail":"later"}'
    head = b"HTTP/1.1 " + answer + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert session.receive(head + body, NOW, 1.0) == []
    assert isinstance(session.error, kind)
    assert says in str(session.error)
    assert session.info is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"message": ""}'])
def test_a_refusal_that_says_nothing(body: bytes) -> None:
    session = stream()
    session.receive(b"HTTP/1.1 429 \r\n\r\n" + body, NOW, 1.0)
    assert "refuses another stream (429);" in str(session.error)


def test_a_refusal_that_says_something_strange() -> None:
    session = stream()
    session.receive(b'HTTP/1.1 503 X\r\n\r\n{"message": {"a": 1}}', NOW, 1.0)
    assert '(503 X: {"a": 1});' in str(session.error)


LINES = [*GOOD, *BAD, b"", b"", json.dumps(tag(30)).encode()]


@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.lists(st.integers(0, 10_000), max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_any_split_tells_the_same(lines: list[bytes], places: list[int], in_one: bool, right: bool) -> None:
    """But for signs of life, which are of the moment; how a stream is cut into chunks does not matter either."""
    body = b"".join(line + b"\r\n" for line in lines)
    framed = chunked(body) if in_one and body else b"".join(chunked(line + b"\r\n") for line in lines)
    data = HEAD + framed
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    pieces = [data[start:stop] for start, stop in pairwise(edges)]

    def told(pieces: Sequence[bytes]) -> tuple[list[tuple[object, ...]], object]:
        clock = ReaderClock()
        clock.connected(NOW if right else NOW - 7200 * SECOND, NOW)
        session = stream(clock)
        found = [one for piece in pieces for one in session.receive(piece, NOW, 1.0)]
        return [row for one in found if not isinstance(one, Alive) for row in rows(one)], session.counts

    assert told(pieces) == told([data])


def rows(one: object) -> list[tuple[object, ...]]:
    if not isinstance(one, Reads):
        return [(one,)]
    columns = (one.time.tolist(), one.tag.tolist(), one.antenna.tolist(), one.rssi.tolist())
    return [
        (time, one.tags.ids[code], port, str(rssi)) for time, code, port, rssi in zip(*columns, strict=True)
    ]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes(data: bytes, places: list[int]) -> None:
    session = streaming()
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    for start, stop in pairwise(edges):
        session.receive(data[start:stop], NOW, 1.0)
