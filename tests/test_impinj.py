"""Events of Impinj readers, through a broker and in a stream: drivers/codecs/impinj.py, impinj_session.py, impinj_decode.py."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import SECOND, Alive, AntennaState, Dropped, Gpi, Idle, Reads, Up
from drivers.codecs import impinj
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.impinj_decode import decode_lines
from drivers.codecs.impinj_session import Session
from drivers.codecs.json_lines import MOST_LINE
from drivers.codecs.message_session import Heartbeat, Message, Presence, Said, State
from drivers.codecs.notice import Notice
from drivers.codecs.reader_clock import ReaderClock

DATA = Path(__file__).parent / "data" / "impinj"
GOOD = (DATA / "messages.jsonl").read_bytes().splitlines()
BAD = (DATA / "bad.jsonl").read_bytes().splitlines()
NOON = 1_775_131_200 * SECOND
"""2026-04-02T12:00:00Z."""
NOW = NOON + 20 * SECOND
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Payload = bytes | Mapping[str, object]


def said(*payloads: Payload, session: impinj.Session | None = None, arrival: int = NOW) -> list[Said]:
    told = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in payloads]
    messages = [Message("rfid/dock1", one, False, arrival) for one in told]
    return list((session or impinj.Session()).receive(messages))


def at(second: float) -> str:
    """A time of the reader's, seconds after noon."""
    return f"2026-04-02T12:00:{second:09.6f}Z"


def tag(second: float, epc: str = "E280", **more: object) -> dict[str, object]:
    return {"tagInventoryEvent": {"epcHex": epc, "lastSeenTime": at(second), **more}}


def status(state: str, second: float) -> dict[str, object]:
    return {"timestamp": at(second), "inventoryStatusEvent": {"status": state}}


def only_reads(found: Sequence[object]) -> Reads:
    (one,) = [one for one in found if isinstance(one, Reads)]
    return one


def test_the_vectors() -> None:
    first, idle, dark, lost, eye, unstamped, *_ = said(*GOOD)
    assert isinstance(first, Reads)
    assert [first.tags.ids[code] for code in first.tag] == [
        "300833B2DDD9014000000000",
        "E2C451A3A5011FA00F354693",
    ]
    assert first.time.tolist() == [NOON + SECOND, 1_687_937_040_225_324]
    assert first.antenna.tolist() == [1, 2]
    assert first.rssi.tolist() == pytest.approx([-52.34, -57.5])
    assert first.channel is not None
    assert first.channel.tolist() == [926_750, 921_625]
    assert first.phase is not None
    assert first.phase.tolist() == pytest.approx([math.radians(32.5), math.radians(208.82)])
    assert idle == Idle(NOON + 3 * SECOND, True)
    assert dark == AntennaState(NOW, 2, False)
    assert isinstance(lost, Dropped)
    assert (lost.since, lost.time) == (NOON + 4 * SECOND, NOON + 8 * SECOND)
    assert "threw away 123" in lost.reason
    assert eye == Gpi(NOON + 9 * SECOND + SECOND // 2, 1, True)
    assert isinstance(unstamped, Notice)
    assert "set lastSeenTime to enabled" in unstamped.text


def test_the_vectors_that_follow() -> None:
    """After the reader was armed a tag shows that it runs again; the older readers' tags and signs of life."""
    session = impinj.Session()
    *_, unstamped, runs, reads, beat = said(*GOOD, session=session)
    assert isinstance(unstamped, Notice)
    assert runs == Idle(NOON + 10 * SECOND, False)
    assert isinstance(reads, Reads)
    names = [reads.tags.ids[code] for code in reads.tag]
    assert names == ["FBFF0833B2DDD90140000000", "999908290000000000000004"]
    assert reads.time.tolist() == [NOON + 10 * SECOND, NOW]  # a clock that says 2018 was never set
    assert reads.antenna.tolist() == [0, 7]
    assert np.isnan(reads.rssi[0])
    assert reads.rssi[1] == -51
    assert beat == Heartbeat()
    assert session.counts == {"other": 1, "events_lost": 123, "clock_unset": 1}


@pytest.mark.parametrize("line", BAD)
def test_what_is_wrong_is_named_and_what_follows_is_read(line: bytes) -> None:
    *_, notice, reads = said(line, GOOD[0])
    assert isinstance(notice, Notice)
    assert notice.name == "malformed"
    assert "rfid/dock1" in notice.text
    assert isinstance(reads, Reads)


@pytest.mark.parametrize("line", [line for line in BAD if b"isHeartBeat" not in line])
def test_the_same_in_a_stream(line: bytes) -> None:
    session = stream()
    *_, notice, reads = session.receive(HEAD + chunked(line + b"\n" + GOOD[0] + b"\n"), NOW, 1.0)
    assert isinstance(notice, Notice)
    assert (notice.name, notice.text[:30]) == ("malformed", "an event cannot be understood:")
    assert isinstance(reads, Reads)


def test_an_inventory_that_was_stopped_is_a_gap_and_one_that_waits_is_none() -> None:
    session = impinj.Session()
    assert said(status("running", 1), session=session) == []
    stopped, idle = said(status("idle", 2), session=session)
    assert isinstance(stopped, Notice)
    assert "start its inventory" in stopped.text
    assert idle == Idle(NOON + 2 * SECOND, True)
    assert said(status("idle", 3), session=session) == []
    gap, runs = said(status("running", 5), session=session)
    assert gap == Dropped(NOON + 5 * SECOND, NOON + 2 * SECOND, "its inventory had been stopped")
    assert runs == Idle(NOON + 5 * SECOND, False)
    assert said(status("armed", 6), session=session) == [Idle(NOON + 6 * SECOND, True)]
    assert said(status("running", 7), session=session) == [Idle(NOON + 7 * SECOND, False)]
    assert len(said(status("idle", 8), session=session)) == 2
    (gap,) = said({"timestamp": at(9), "inventoryStatusEvent": {"inventoryStatus": "armed"}}, session=session)
    assert gap == Dropped(NOON + 9 * SECOND, NOON + 8 * SECOND, "its inventory had been stopped")


def test_a_tag_shows_that_an_inventory_runs_and_that_an_antenna_is_there() -> None:
    session = impinj.Session()
    off = {"timestamp": at(2), "antennaDisconnectedEvent": {"antennaPort": 1}}
    assert len(said(status("armed", 1), off, session=session)) == 2
    (late,) = said(tag(1.5), session=session)
    assert isinstance(late, Reads)
    runs, reads = said(tag(3), session=session)
    assert runs == Idle(NOON + 3 * SECOND, False)
    there, reads = said(tag(4, antennaPort=1), session=session)
    assert there == AntennaState(NOON + 4 * SECOND, 1, True)
    assert isinstance(reads, Reads)
    on = {"timestamp": at(5), "antennaConnectedEvent": {"antennaPort": 1}}
    assert said(off, on, tag(6, antennaPort=1), session=session)[:2] == [
        AntennaState(NOON + 2 * SECOND, 1, False),
        AntennaState(NOON + 5 * SECOND, 1, True),
    ]


def test_an_event_without_any_time_has_that_of_its_arrival() -> None:
    session = impinj.Session()
    notice, reads = said({"tagInventoryEvent": {"epc": "4oA"}}, session=session)
    assert isinstance(notice, Notice)
    assert isinstance(reads, Reads)
    assert (reads.tags.ids, reads.time.tolist()) == (["E280"], [NOW])
    (again,) = said({"tagInventoryEvent": {"epc": "4oA"}}, session=session)
    assert isinstance(again, Reads)
    assert said({"overflowEvent": {"eventsPurged": 2}}) == [
        Dropped(NOW, NOW, "the reader's buffer was full: it threw away 2 events")
    ]


def test_no_tag_and_nothing_that_we_use() -> None:
    session = impinj.Session()
    assert said(tag(1, "0000"), {"diagnosticEvent": {}}, {"tagInventoryEvent": 7}, session=session) == []
    assert session.counts == {"zero_epc": 1, "other": 2}


def test_what_decode_says() -> None:
    lines = list(decode_lines(b"\n".join(GOOD)))
    assert [line.get("tag") for line in lines] == [
        "300833B2DDD9014000000000", "E2C451A3A5011FA00F354693", None, None, None, None, None,
        "FBFF0833B2DDD90140000000", "999908290000000000000004", None,
    ]  # fmt: skip
    assert lines[0]["time"] == "2026-04-02T12:00:01Z"
    assert lines[0]["peakRssiCdbm"] == -5234
    assert [line.get("message") for line in lines[2:7]] == [
        "inventoryStatus", "antennaDisconnected", "overflow", "gpiTransition", "antennaActivation",
    ]  # fmt: skip
    assert lines[8]["time"] == "2018-06-14T00:15:54.36879Z"
    assert lines[9]["message"] == "heartbeat"
    assert list(decode_lines(b'{"a":1}')) == [{"message": "unknown", "a": 1}]
    assert "error" in next(iter(decode_lines(BAD[2])))


def test_what_decode_says_of_a_stream_that_was_cut() -> None:
    recorded = (
        HEAD + chunked(GOOD[0] + b"\r\n\r\n") + b"1f\r\n" + GOOD[1][:9] + HEAD + chunked(GOOD[1] + b"\n")
    )
    first, read, error, second, last = decode_lines(recorded)
    assert first == second == {"message": "response", "status": 200, "reason": "OK"}
    assert read["tag"] == "300833B2DDD9014000000000"
    assert "line 3" in str(error["error"])
    assert last["tag"] == "E2C451A3A5011FA00F354693"
    assert "no size of a chunk" in str(list(decode_lines(HEAD + b"x\r\n"))[1])


def test_what_decode_says_of_a_stream_of_which_it_has_not_the_beginning() -> None:
    """Somebody began to record in the middle of an event, or between two pieces of one."""
    rest = chunked(b"\r\n") + chunked(GOOD[1][:50]) + chunked(GOOD[1][50:] + b"\n")
    (read,) = decode_lines(rest)
    assert read["tag"] == "E2C451A3A5011FA00F354693"
    error, read = decode_lines(GOOD[0][20:] + b"\r\n" + rest)
    assert "line 1" in str(error["error"])
    assert read["tag"] == "E2C451A3A5011FA00F354693"


@pytest.mark.parametrize(
    ("payload", "online"),
    [
        (b"connected", True),
        (b"connection lost", False),
        (b'{"dock1": "connected"}', True),
        (b"disconnected", None),
        (b"lost", None),
    ],
)
def test_its_will_and_what_it_says_when_it_connects(payload: bytes, online: bool | None) -> None:
    presence = Presence("status", b"connection lost", b"connected")
    (found,) = impinj.Session(presence).receive([Message("status", payload, False, NOW)])
    if online is None:
        assert isinstance(found, Notice)
    else:
        assert isinstance(found, State)
        assert found.online == online


# The stream


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def events(*several: Mapping[str, object]) -> bytes:
    return chunked(b"".join(json.dumps(one).encode() + b"\r\n" for one in several))


def stream(clock: ReaderClock | None = None, watchdog: float = 90.0) -> Session:
    if clock is None:
        clock = ReaderClock()
        clock.connected(NOW, NOW)
    return Session(b"GET", "root", "Impinj R700", clock, 0.0, watchdog)


def streaming(clock: ReaderClock | None = None) -> Session:
    session = stream(clock)
    assert session.receive(HEAD, NOW, 0.0) == [Up(NOW)]
    return session


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
    list(decode_lines(data))
    said(data)
