"""Messages as lines: drivers/codecs/message_recording.py, and what reads them."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import SECOND
from drivers.codecs import zebra
from drivers.codecs.catalog import CODECS
from drivers.codecs.json_values import LATEST, Malformed
from drivers.codecs.message_decode import decode_lines
from drivers.codecs.message_recording import messages, recorded
from drivers.codecs.message_session import Message

NOW = 1_795_350_779 * SECOND + 546_742
PRINTED = (
    rb'{"tst":"2026-11-22T12:32:59.546742Z+0000","topic":"zebra/a","qos":0,"retain":1,"payloadlen":18,'
    rb'"payload":"{\"type\":\"x\",\"n\":1}"}'
)
"""By mosquitto_sub 2.0.11 with -F %j; below with -F %J."""
SPREAD = PRINTED.replace(rb'"{\"type\":\"x\",\"n\":1}"', b'{"type":"x","n":1}')
TAG = b'{"data": {"idHex": "e280", "antenna": 1}, "timestamp": "2026-01-01T00:00:00Z", "type": "CUSTOM"}'


@given(
    topic=st.text(max_size=20),
    payload=st.binary(max_size=40) | st.text(max_size=20).map(str.encode),
    retained=st.booleans(),
    arrival=st.integers(0, LATEST),
)
def test_what_is_recorded_is_read_again(topic: str, payload: bytes, retained: bool, arrival: int) -> None:
    message = Message(topic, payload, retained, arrival)
    line = recorded(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert list(messages(line + line)) == [message, message]


def test_what_mosquitto_sub_prints_is_a_recording() -> None:
    (plain,) = messages(PRINTED)
    assert plain == Message("zebra/a", b'{"type":"x","n":1}', True, NOW)
    (spread,) = messages(SPREAD)
    assert (spread.topic, json.loads(spread.payload)) == ("zebra/a", {"type": "x", "n": 1})
    (bare,) = messages(b'{"topic": "a", "payload": ""}')
    assert bare == Message("a", b"", False, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b'{"topic": "a"}', "is no recorded message"),
        (b'["topic", "payload"]', "is no recorded message"),
        (b'{"topic": "a", "payload": "?", "encoding": "base64"}', "is no base64"),
        (b'{"topic": "a", "payload": "", "tst": "yesterday"}', "tst 'yesterday' is no time"),
        (b'{"topic": "a", "payload": "", "tst": 5}', "tst 5 is no time"),
    ],
)
def test_what_is_none_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        list(messages(line))


def test_json_that_only_a_configuration_can_explain_is_shown_as_it_is() -> None:
    decode = CODECS["json"].decode
    assert list(decode(b'{"epc": "E280"}')) == [{"message": {"epc": "E280"}}]
    assert "no JSON" in str(next(iter(decode(b"{")))["error"])


def test_decode_reads_messages_and_recordings_alike() -> None:
    decode = partial(decode_lines, describe=zebra.describe)
    bare = list(decode(TAG))
    assert [line["tag"] for line in bare] == ["E280"]
    assert list(decode(recorded(Message("zebra/a", TAG, False, NOW)))) == bare
    damaged = b'{"topic": "a", "payload": "\\ud800"}\n' + recorded(Message("a", b"\xff", False, NOW))
    first, second = decode(damaged)
    assert str(first["error"]).startswith("line 1: no JSON")
    assert str(second["error"]).startswith("line 2: no JSON")
