"""Generic JSON over MQTT without a broker: drivers/codecs/json_mapping.py, drivers/json_mqtt.py."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.records import SECOND, Reads
from drivers.codecs.json_mapping import Session
from drivers.codecs.message_session import Message
from drivers.codecs.notice import Notice
from drivers.json_mqtt import JsonMqtt

NOW = 1_774_682_420 * SECOND
WHOLE: dict[str, Any] = {
    "topic": "gates/{gate}/{port}/tags",
    "places": {
        "items": "payload.tags", "tag": "id.hex", "time": "/sent", "antenna": "{port}", "rssi": "strength.0",
        "count": "n", "phase": "angle", "channel": "f",
    },
    "units": {"time": "ms", "rssi": "cdbm", "phase": "deg", "channel": "mhz"},
}  # fmt: skip


def made(**table: Any) -> JsonMqtt:
    return JsonMqtt.model_validate({"id": "gate", "broker": "main", **table})


def heard(session: Session, payload: object, topic: str = "gates/a/2/tags") -> list[object]:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(session.receive([Message(topic, data, False, NOW)]))


def test_everything_is_where_it_was_declared() -> None:
    device = made(**WHOLE)
    assert device.filters == ("gates/+/+/tags",)
    tag = {"id": {"hex": "0xAD99"}, "strength": [-5234], "n": 3, "angle": -90, "f": 866.3}
    (reads,) = heard(
        device.session(), {"sent": NOW // 1000, "payload": {"tags": [tag, {"id": {"hex": "AD98"}}]}}
    )
    assert isinstance(reads, Reads)
    assert reads.tags.ids == ["AD99", "AD98"]
    assert reads.time.tolist() == [NOW, NOW]
    assert reads.antenna.tolist() == [2, 2]
    assert reads.count.tolist() == [3, 1]
    assert reads.phase is not None
    assert reads.channel is not None
    np.testing.assert_allclose(reads.rssi, [-52.34, np.nan], rtol=1e-6)
    np.testing.assert_allclose(reads.phase, [1.5 * np.pi, np.nan], rtol=1e-6)
    assert reads.channel.tolist() == [866_300, 0]


@pytest.mark.parametrize("payload", [{"epc": "AD99"}, [{"epc": "AD99"}]])
def test_a_tag_is_all_that_is_needed(payload: object) -> None:
    (reads,) = heard(made(topic="t", places={"tag": "epc"}).session(), payload, "t")
    assert isinstance(reads, Reads)
    assert (reads.time.tolist(), reads.antenna.tolist()) == ([NOW], [0])
    assert reads.phase is None
    assert reads.channel is None


def test_times_as_text_and_in_seconds() -> None:
    for unit, time in (("rfc3339", "2026-03-28T07:20:20Z"), ("s", NOW / SECOND), ("us", str(NOW))):
        device = made(topic="t", places={"tag": "epc", "time": "at"}, units={"time": unit})
        (reads,) = heard(device.session(), {"epc": "AD99", "at": time}, "t")
        assert isinstance(reads, Reads)
        assert reads.time.tolist() == [NOW]


def test_messages_without_tags_are_counted() -> None:
    session = made(**WHOLE).session()
    assert session.begin() == session.start() == session.stop() == ()
    others: list[object] = [
        {},
        {"payload": 7},
        {"payload": {"tags": [7, {}, {"id": [1]}]}},
        [],
        {"payload": {"tags": []}},
    ]
    for other in others:
        assert heard(session, other) == []
    assert session.counts == {"other": 6}
    assert heard(session, {"payload": [{"tags": 1}]}) == []


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ({"f": 866_300_000}, "look at units.channel"),
        ({"strength": ["loud"]}, "rssi 'loud'"),
        ({"n": -1}, "count -1"),
        ({"id": {"hex": "XY"}}, "tag 'XY' is no EPC"),
    ],
)
def test_what_is_wrong_is_named(tag: dict[str, object], says: str) -> None:
    session = made(**WHOLE).session()
    (notice,) = heard(session, {"payload": {"tags": {"id": {"hex": "AD99"}} | tag}})
    assert isinstance(notice, Notice)
    assert says in notice.text


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"topic": "a/#/b"}, "write readers/"),
        ({"topic": "t", "places": {"tag": "{reader}"}}, "the topic has no level {reader}; name it there"),
        ({"topic": "{x}", "places": {"tag": "epc", "items": "{x}"}}, "places.items"),
        ({"topic": "t", "places": {"tag": "a..b"}}, "places.tag = 'a..b': is no place; write"),
        ({"topic": "t", "places": {}}, "tag"),
    ],
)
def test_settings_that_cannot_be(table: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("{", r"\{").replace("}", r"\}")):
        made(**{"places": {"tag": "epc"}} | table)


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(
        st.sampled_from(["payload", "tags", "id", "hex", "n", "f", "sent", "strength"]), some, max_size=4
    ),
    max_leaves=12,
))  # fmt: skip
@settings(max_examples=80)
def test_anything_survives(payload: object) -> None:
    for said in heard(made(**WHOLE).session(), payload):
        assert isinstance(said, Reads | Notice)
