"""Zebra's IoT Connector without a broker: drivers/codecs/zebra.py and what it stands on."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Dropped, Gpi, Reads
from drivers.codecs import zebra
from drivers.codecs.catalog import CODECS
from drivers.codecs.event_numbers import STRANDS, EventNumbers
from drivers.codecs.json_values import Malformed, epoch, number, parse, shown
from drivers.codecs.message_decode import decode_lines
from drivers.codecs.message_reads import MessageReads
from drivers.codecs.message_session import Heartbeat, Message, Presence, Said, State
from drivers.codecs.notice import Notice

DATA = Path(__file__).parent / "data" / "zebra"
GOOD = (DATA / "messages.jsonl").read_bytes().splitlines()
BAD = (DATA / "bad.jsonl").read_bytes().splitlines()
NOW = 1_774_682_420 * SECOND


def message(payload: bytes | Mapping[str, object], retained: bool = False, arrival: int = NOW) -> Message:
    data = json.dumps(payload).encode() if isinstance(payload, Mapping) else payload
    return Message("zebra/door1/data", data, retained, arrival)


def said(*payloads: bytes | Mapping[str, object], session: zebra.Session | None = None) -> list[Said]:
    return list((session or zebra.Session()).receive([message(one) for one in payloads]))


def only_reads(*payloads: bytes | Mapping[str, object]) -> Reads:
    (found,) = said(*payloads)
    assert isinstance(found, Reads)
    return found


def test_the_vectors() -> None:
    reads, gap, second, beat = said(*GOOD)
    assert isinstance(reads, Reads)
    assert reads.tags.ids[:1] == ["AD99160040AAC99525000025"]
    assert reads.time.tolist() == [1_677_233_682_851_000]
    assert (reads.antenna[0], reads.rssi[0], reads.count[0]) == (1, -54.0, 9)
    assert reads.channel is not None
    assert reads.channel.tolist() == [927_250]
    assert isinstance(gap, Dropped)
    assert isinstance(second, Reads)
    assert second.phase is not None
    assert second.tags.ids[1:2] == ["E28011700000020D2A412182"]
    assert math.isclose(second.phase[0], math.radians(360 - 170.4800567626953), rel_tol=1e-6)
    assert second.time.tolist() == [1_774_682_413_028_000, 1_725_520_021_785_000]
    assert second.tags.ids[second.tag[1]] == "000000000000000000000343"
    assert np.isnan(second.rssi[1])
    assert (second.antenna[1], second.count[1]) == (0, 1)
    assert beat == Heartbeat()


@pytest.mark.parametrize("line", BAD)
def test_what_is_wrong_is_named_and_what_follows_is_read(line: bytes) -> None:
    notice, reads = said(line, GOOD[1])
    assert isinstance(notice, Notice)
    assert notice.name == "malformed"
    assert "zebra/door1/data" in notice.text
    assert isinstance(reads, Reads)


def test_a_clock_that_is_ahead_or_was_never_set() -> None:
    session = zebra.Session()

    def at(stamp: str, arrival: int = NOW) -> int:
        one = {"data": {"idHex": "AD99"}, "timestamp": stamp}
        (reads,) = session.receive([message(one, arrival=arrival)])
        assert isinstance(reads, Reads)
        return int(reads.time[0])

    assert at("2026-03-28T07:20:20.500Z") == NOW + SECOND // 2
    assert at("2026-03-28T06:20:20Z") == NOW - 3600 * SECOND
    assert at("2026-03-28T08:20:20Z") == NOW
    assert at("2026-03-28T08:20:19Z", NOW + SECOND) == NOW - SECOND
    assert at("2026-03-28T07:20:20Z") == NOW
    assert at("2026-03-28T07:20:10Z") == NOW - 10 * SECOND
    assert at("1970-01-01T00:00:09Z") == NOW
    assert session.counts == {"clock_ahead": 1, "clock_unset": 1}


def test_numbers_that_are_missing_are_a_gap_between_the_two_events() -> None:
    def one(number: int, second: int) -> dict[str, object]:
        return {"data": {"idHex": "AD99", "eventNum": number}, "timestamp": f"2026-03-28T07:20:{second:02d}Z"}

    session = zebra.Session()
    before, gap, after = said(one(5, 1), one(6, 2), one(9, 4), session=session)
    assert isinstance(gap, Dropped)
    assert (gap.since, gap.time) == (NOW - 18 * SECOND, NOW - 16 * SECOND)
    assert "skip 2" in gap.reason
    assert isinstance(before, Reads)
    assert isinstance(after, Reads)
    assert session.counts["events_lost"] == 2


def test_kept_events_that_come_between_new_ones_are_no_gap() -> None:
    numbers = EventNumbers()
    assert [numbers.missing(n) for n in (100, 101, 5, 102, 6, 103, 7)] == [0] * 7
    assert [numbers.missing(n) for n in (1, 2, 3, 0)] == [0] * 4  # begun anew
    assert len(numbers._next) == STRANDS
    assert numbers.missing(110) == 6


def test_fast_id_inputs_responses_and_the_rest() -> None:
    epc, tid = "E28011700000020D2A412182", "E2801130200020000000AAAA"
    fast = {"idHex": epc + tid, "format": "fastID"}
    assert only_reads({"data": fast | {"PC": "3000"}}).tags.ids == [epc]
    assert only_reads({"data": fast}).tags.ids == [epc]
    assert only_reads({"data": {"idHex": "AD99", "format": "fastID"}}).tags.ids == ["AD99"]
    assert only_reads({"data": fast | {"PC": ""}}).tags.ids == [epc + tid]
    pin = {"type": "GPI", "data": {"pin": 2, "state": "HIGH"}, "timestamp": "2026-03-28T07:20:20Z"}
    assert said(pin) == [Gpi(NOW, 2, True)]
    for fine in ({"response": "success"}, {"response": "failure", "payload": {"code": 422}}):
        assert said({"command": "start", **fine}) == []
    assert said({"response": "failure", "payload": "start currently ongoing"}) == []
    (notice,) = said({"command": "start", "response": "failure", "payload": "no antenna"})
    assert isinstance(notice, Notice)
    assert "'start': 'no antenna'" in notice.text
    session = zebra.Session()
    assert said({"type": "firmware"}, {"type": 3}, b"", session=session) == []
    assert session.counts == {"other": 2}
    assert zebra.Session().begin() == ()
    assert zebra.Session().stop() == ()
    (rest,) = zebra.Session(commands="cmd").stop()
    assert (rest.topic, json.loads(rest.payload)["command"]) == ("cmd", "stop")
    (command,) = zebra.Session(commands="cmd").begin()
    assert (command.topic, json.loads(command.payload)["payload"]) == ("cmd", {"doNotPersistState": True})


def test_a_record_that_makes_no_sense_costs_no_other() -> None:
    session = zebra.Session()
    records = [
        {"data": {"idHex": "AD99"}},
        {"data": {"idHex": "red", "format": "fastID"}},
        7,
        {"type": "GPI", "data": {"pin": "x"}},
        {"type": "heartbeat"},
        {"data": {"idHex": "AD98", "format": "fastID"}},
    ]
    first, beat, last, notice = said(json.dumps(records).encode(), session=session)
    assert isinstance(first, Reads)
    assert isinstance(last, Reads)
    assert [one.tags.ids[one.tag[0]] for one in (first, last)] == ["AD99", "AD98"]
    assert beat == Heartbeat()
    assert isinstance(notice, Notice)
    assert "3 of its 6 records left out" in notice.text
    assert session.counts == {"malformed_records": 3}


def test_what_was_retained_is_not_seen_but_for_the_state() -> None:
    session = zebra.Session(Presence("state", b"offline", b"online"))
    seen = [
        message(GOOD[1], retained=True),
        Message("state", b'{"is": "offline"}', True, NOW),
        Message("state", b"online", False, NOW),
        Message("state", b'{"type": "heartbeat"}', False, NOW),
    ]
    down, up, beat = session.receive(seen)
    assert down == State(False, "its will says that it has gone")
    assert up == State(True, "says that it is connected")
    assert beat == Heartbeat()
    assert session.counts["retained"] == 1


def test_what_holds_no_tag_or_has_grown_is_told_apart() -> None:
    session = zebra.Session()
    assert said({"data": {"idHex": "0000"}}, {"data": {"idHex": ""}}, session=session) == []
    assert session.counts == {"zero_epc": 2}
    kept, gap = said({"data": {"idHex": "AD99", "eventNum": 3}}, {"data": {"idHex": "00", "eventNum": 5}})
    assert isinstance(kept, Reads)
    assert isinstance(gap, Dropped)


def test_a_dictionary_that_has_grown_is_replaced() -> None:
    counts: Counter[str] = Counter()
    reads = MessageReads(counts, max_tags=1)
    found = []
    for epc in ("AD99", "AD98"):
        reads.add(bytes.fromhex(epc), NOW)
        found.append(reads.take())
    assert [one and one.tags.ids for one in found] == [["AD99"], ["AD98"]]
    reads.add(b"\0", NOW)
    assert reads.take() is None
    assert counts == {"zero_epc": 1}
    assert len(reads) == 0


def test_values() -> None:
    for nested in (b"[" * 100_000, b"9" * 5000, b"\xff"):
        with pytest.raises(Malformed, match="no JSON"):
            parse(nested)
    assert number("-5.5", "x") == -5.5
    assert shown("x" * 100).endswith("...")
    assert epoch(1_774_682_420, "x", SECOND) == epoch("1774682420.0", "x", SECOND) == NOW
    for wrong in (-1, "1e17", True, None):
        with pytest.raises(Malformed):
            epoch(wrong, "x", SECOND)


def test_what_decode_says() -> None:
    first, *_, beat = decode_lines(b"\n".join(GOOD), zebra.describe)
    assert first["tag"] == "AD99160040AAC99525000025"
    assert first["time"] == "2023-02-24T10:14:42.851+0000"
    assert beat["message"] == "heartbeat"
    (pretty,) = decode_lines(json.dumps(json.loads(GOOD[1]), indent=1).encode(), zebra.describe)
    assert pretty["peakRssi"] == -60
    (behind,) = decode_lines(b"zebra/door1/data " + GOOD[0] + b"\n", zebra.describe)
    assert behind == first
    (wrong,) = decode_lines(b"7\n\n", zebra.describe)
    assert wrong == {"error": "line 1: 7 stands where an object was expected"}
    (wrong,) = decode_lines(b"[\n7]", zebra.describe)
    assert wrong == {"error": "7 stands where an object was expected"}


def test_decode_refuses_what_the_driver_refuses() -> None:
    lines = list(CODECS["zebra"].decode(b"\n".join(BAD)))
    assert all(set(line) == {"error"} for line in lines)
    assert len(lines) == len(BAD)
    assert lines[1] == {"error": "line 2: antenna -1 is no whole number from 0 to 65535"}
    good, left_out, error = CODECS["zebra"].decode(b"[" + GOOD[1] + b"," + BAD[1] + b"]")
    assert (good["tag"], left_out["antenna"]) == ("E28011700000020D2A412182", -1)
    assert "1 of its 2 records left out" in str(error["error"])


@given(st.lists(st.binary(max_size=40) | st.sampled_from(GOOD + BAD), max_size=6), st.integers(0, 6))
@settings(max_examples=60)
def test_any_bytes_survive_and_batching_is_unobservable(payloads: list[bytes], split: int) -> None:
    whole, pieces = zebra.Session(), zebra.Session()
    at_once = said(*payloads, session=whole)
    in_two = said(*payloads[:split], session=pieces) + said(*payloads[split:], session=pieces)
    assert _flat(at_once) == _flat(in_two)
    assert whole.counts == pieces.counts


def _flat(found: list[Said]) -> list[object]:
    rows: list[object] = []
    for one in found:
        if isinstance(one, Reads):
            rows += [(int(time), one.tags.ids[code]) for time, code in zip(one.time, one.tag, strict=True)]
        else:
            rows.append(one)
    return rows
