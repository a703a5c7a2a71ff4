"""Who publishes this, and where its tags stand: drivers/codecs/message_recognise.py and json_places.py."""

import json
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from core.records import Reads
from drivers.codecs.json_mapping import Places, Session, Units
from drivers.codecs.json_places import propose
from drivers.codecs.message_recognise import publisher
from drivers.codecs.message_session import Message
from drivers.codecs.topics import TopicFilter

DATA = Path(__file__).parent / "data"
EPC = "E28011700000020D2A412182"
SECOND = 1_000_000
NOON = 1_774_699_200

IMPINJ = {
    "timestamp": "2026-04-02T12:00:00Z",
    "hostname": "impinj-14-01-02",
    "eventType": "tagInventory",
    "tagInventoryEvent": {"epcHex": EPC, "antennaPort": 1, "peakRssiCdbm": -5234},
}
HANDHELD = {
    "type": "BALANCED_PERFORMANCE",
    "timestamp": "2026-05-19T14:15:22Z",
    "data": {"tagData": [{"EPCid": EPC, "channel": 911.75, "eventNum": 1, "peakRssi": -39}]},
}
POSITION = {"_type": "location", "lat": 53.8, "lon": -1.5, "tst": NOON, "tid": "an"}


@pytest.mark.parametrize(
    ("message", "kind", "role"),
    [
        *(
            (json.loads(line), "zebra", "events" if "heartbeat" in line else "data")
            for line in (DATA / "zebra" / "messages.jsonl").read_text().splitlines()
        ),
        ({"command": "start", "command_id": "1", "response": "success", "payload": {}}, "zebra", "responses"),
        (IMPINJ, "impinj", "data"),
        ({"eventType": "inventoryStatus", "inventoryStatusEvent": {"status": "idle"}}, "impinj", "data"),
        (HANDHELD, "rfd", "data"),
        ({"data": {"barcodeData": [{"symbology": "CODE_39", "decodedBarcode": "1"}]}}, "rfd", "data"),
        ({"eventName": "heartbeat", "eventNumber": 3, "upTime": 9, "data": {}}, "rfd", "events"),
        (POSITION, "owntracks", "data"),
        ({"_type": "lwt", "tst": NOON}, "owntracks", "events"),
        ({"_type": "encrypted", "data": "x"}, "owntracks", "data"),
        ({"from": 1, "to": 2, "type": "position", "payload": {}, "channel": 0}, "meshtastic", "data"),
        ({"from": 1, "to": 2, "type": "text", "payload": {}, "channel": 0}, "meshtastic", "events"),
        ({"epc": EPC}, "json", "data"),
        ([{"tag": EPC}], "json", "data"),
    ],
)
def test_who_publishes(message: object, kind: str, role: str) -> None:
    found = publisher(json.dumps(message).encode())
    assert found is not None
    assert (found.kind, found.role) == (kind, role)


@pytest.mark.parametrize(
    ("message", "topic", "covers"),
    [
        (POSITION, "owntracks/jane/phone", "owntracks/#"),
        ({"_type": "transition"}, "a/b/jane/phone/event", "a/b/#"),
        (POSITION, "jane/phone", "jane/phone"),
        (
            {"from": 1, "to": 2, "type": "text", "payload": {}, "channel": 0},
            "msh/EU/2/json/a/!b",
            "msh/EU/2/json/#",
        ),
        ({"from": 1, "to": 2, "type": "text", "payload": {}, "channel": 0}, "elsewhere", "elsewhere"),
        (IMPINJ, "rfid/dock1", None),
    ],
)
def test_trackers_that_one_table_stands_for(message: object, topic: str, covers: str | None) -> None:
    found = publisher(json.dumps(message).encode(), topic)
    assert found is not None
    assert found.topic == covers


def test_an_impinj_reader_is_called_by_its_name() -> None:
    found = publisher(json.dumps(IMPINJ).encode())
    assert found is not None
    assert found.model.endswith("impinj-14-01-02")


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"on", b"21.5", b"[]", b"[1]", b'"text"', b"{}", b"{", b"\xff", b"[[[[", b"[" * 100_000,
        b'{"temperature": 21.5, "id": "living-room"}',
        b'{"_type": "cmd"}',
        b'{"_type": ["location"]}',
        b'{"from": "a", "to": 2, "type": "text", "payload": {}, "channel": 0}',
        b'{"eventType": 3}',
        b'{"detected": "2026-01-01T00:00:00Z", "time_error": null, "tag": "E28011700000020D2A412182"}',
        b'{"eventType": "overflow"}',
        b'{"eventName": "x"}',
        b'{"data": {"tagData": {}}}',
        b'{"data": {}, "type": "x"}',
        b'{"id": "0x00124b0012345678"}',
        b'{"uid": "123e4567-e89b-12d3-a456-426614174000"}',
        b'{"epc": "E2801"}',
        b'{"epc": 17}',
        b'{"epc": "no hex at all"}',
        b'{"a.b": {"epc": "E28011700000020D2A412182"}}',
        b'{"": {"epc": "E28011700000020D2A412182"}}',
        b'{"a": [{"b": [{"epc": "E28011700000020D2A412182"}]}]}',
        b'{"a":{"a":{"a":{"a":{"a":{"a":{"epc":"E28011700000020D2A412182"}}}}}}}',
    ],
)  # fmt: skip
def test_who_is_nobody_of_ours(payload: bytes) -> None:
    assert publisher(payload) is None


Row = tuple[str, int, int, float, int, int]
"""Tag, seconds, antenna, RSSI, count, kHz."""


@pytest.mark.parametrize(
    ("message", "places", "expected"),
    [
        (
            {"epc": EPC, "antennaPort": 7, "firstSeenTimestamp": "2026-03-28T12:00:00Z", "peakRssi": -51},
            {"tag": "epc", "time": "firstSeenTimestamp", "antenna": "antennaPort", "rssi": "peakRssi"},
            (EPC, NOON, 7, -51, 1, 0),
        ),
        (
            {"sent": 1, "tags": [{"epc": EPC, "rssi": {"peak": -5234, "peakRssi": -5234}}], "ts": NOON * 1000},
            {"items": "tags", "tag": "epc", "time": "/ts", "rssi": "rssi.peakRssi"},
            (EPC, NOON, 0, -52.34, 1, 0),
        ),
        (
            {"reader": {"reads": [{"tag": {"id": EPC}, "freq": 866.3, "count": 3, "rssi": -553}]}, "count": 9,
             "time": NOON * 10**6, "port": 2},
            {"items": "reader.reads", "tag": "tag.id", "time": "/time", "antenna": "/port", "rssi": "rssi",
             "count": "count", "channel": "freq"},
            (EPC, NOON, 2, -55.3, 3, 866_300),
        ),
        (
            [{"Tag_ID": "E280-1170-0000-020D-2A41-2182", "frequency": 866300, "last seen": NOON, "reads": 2}],
            {"tag": "Tag_ID", "time": "last seen", "count": "reads", "channel": "frequency"},
            (EPC, NOON, 0, None, 2, 866_300),
        ),
        (
            {"uid": EPC, "freq": 866_300_000, "rssi": 61, "time": "yesterday", "ant": 1.5, "phase": 1.0},
            {"tag": "uid", "rssi": "rssi", "channel": "freq"},
            (EPC, 0, 0, 61, 1, 866_300),
        ),
        (
            {"id": "E2801170", "epc": EPC, "meta": {"antenna": "3", "phaseAngle": 270, "rssi": "weak"}, "freq": 3,
             "timestamp": 12},
            {"tag": "epc", "antenna": "meta.antenna", "phase": "meta.phaseAngle"},
            (EPC, 0, 3, None, 1, 0),
        ),
    ],
)  # fmt: skip
def test_what_is_proposed_reads_the_message(message: object, places: dict[str, str], expected: Row) -> None:
    found = propose(message)
    assert found is not None
    assert found.places == places
    assert found.rssi == ("raw" if (expected[3] or 0) > 0 else None)
    session = Session(TopicFilter("t"), Places(**found.places), Units(**found.units))  # type: ignore[arg-type]
    arrival = 0 if expected[1] == 0 else (NOON + 60) * SECOND
    (reads,) = session.receive([Message("t", json.dumps(message).encode(), False, arrival)])
    assert isinstance(reads, Reads)
    tag, time, antenna, rssi, count, channel = expected
    assert [reads.tags.ids[code] for code in reads.tag] == [tag]
    assert (int(reads.time[0]), int(reads.antenna[0])) == (time * SECOND, antenna)
    assert np.allclose(reads.rssi, np.nan if rssi is None else rssi, equal_nan=True)
    assert (int(reads.count[0]), 0 if reads.channel is None else int(reads.channel[0])) == (count, channel)


def test_a_proposal_goes_into_the_table_of_the_device() -> None:
    found = publisher(json.dumps({"epc": EPC, "rssi": 77, "time": NOON}).encode())
    assert found is not None
    assert found.settings == {
        "places": {"tag": "epc", "time": "time", "rssi": "rssi"},
        "units": {"time": "s"},
        "rssi": "raw",
    }


def test_a_message_is_looked_at_as_far_as_a_bound() -> None:
    assert propose({"list": [{"x": 1}] * 10 + [{"epc": EPC}]}) is None
    deep: dict[str, object] = {f"k{n}": {"a": 1} for n in range(400)}
    deep["k399"] = {"b": {"epc": EPC}}
    assert propose(deep) is None


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.just(EPC),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["epc", "id", "data", "time", "rssi", "a.b", "", "type", "ant"]), inner
        )
    ),
    max_leaves=20,
)


@given(values)
def test_any_json_has_a_publisher_or_none_and_what_is_proposed_can_be_declared(value: object) -> None:
    payload = json.dumps(value).encode()
    publisher(payload)
    found = propose(value)
    if found is not None:
        session = Session(TopicFilter("t"), Places(**found.places), Units(**found.units))  # type: ignore[arg-type]
        assert list(session.receive([Message("t", payload, False, NOON * SECOND)]))


@given(st.binary(max_size=80))
def test_any_bytes_are_published_by_somebody_or_nobody(payload: bytes) -> None:
    publisher(payload)
