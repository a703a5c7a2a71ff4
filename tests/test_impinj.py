"""Events of Impinj readers, through a broker: drivers/codecs/impinj.py, impinj_decode.py."""

import json
import math
import tracemalloc
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import SECOND, AntennaState, Dropped, Gpi, Idle, Reads
from drivers.codecs import impinj
from drivers.codecs.impinj_decode import decode_lines
from drivers.codecs.message_session import Heartbeat, Message, Presence, Said, State
from drivers.codecs.notice import Notice
from tests.impinj_bytes import BAD, GOOD, HEAD, NOON, NOW, at, chunked, status, tag

Payload = bytes | Mapping[str, object]


def said(*payloads: Payload, session: impinj.Session | None = None, arrival: int = NOW) -> list[Said]:
    told = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in payloads]
    messages = [Message("rfid/dock1", one, False, arrival) for one in told]
    return list((session or impinj.Session()).receive(messages))


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


def test_an_event_that_makes_no_sense_costs_no_other_of_its_message() -> None:
    tags: list[object] = [{"tagInventoryEvent": {"epcHex": epc}} for epc in ("AD01", "AD02", "AD0", "AD03")]
    tags.insert(1, {"eventType": "inventoryStatus", "inventoryStatusEvent": {"status": "pondering"}})
    tags.insert(3, 7)
    session = impinj.Session()
    found = list(session.receive([Message("rfid/dock1", json.dumps(tags).encode(), False, NOW)]))
    ids = [one.tags.ids[code] for one in found if isinstance(one, Reads) for code in one.tag.tolist()]
    assert ids == ["AD01", "AD02", "AD03"]
    (notice,) = [one for one in found if isinstance(one, Notice) and one.name == "malformed"]
    assert "'pondering' is none of" in notice.text
    assert notice.text.endswith("3 of its 6 records left out")
    assert session.counts == {"malformed_records": 3}


def test_a_message_of_nothing_but_nonsense_costs_no_memory() -> None:
    """One exception with its frames is half a kilobyte, so they are counted and not kept."""
    session = impinj.Session()
    payload = Message("rfid/dock1", json.dumps([7] * 20_000).encode(), False, NOW)
    tracemalloc.start()
    try:
        (notice,) = session.receive([payload])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(notice, Notice)
    assert "20000 of its 20000 records left out" in notice.text
    assert most < 2 << 20


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


def test_decode_refuses_what_the_driver_refuses() -> None:
    lines = list(decode_lines(b"\n".join(BAD)))
    assert [set(line) for line in lines] == [{"error"}] * len(BAD)


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


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    list(decode_lines(data))
    said(data)
