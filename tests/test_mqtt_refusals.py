"""What the MQTT sink makes of brokers that refuse, fall silent or are none: whom it calls, and what it says."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.events import Event
from gateway.mqtt.reasons import Reasons
from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.mqtt.sink import MqttSink
from tests.mqtt_peer import CONNACK, DISCONNECT, Peer, packet, serving
from tests.mqtt_sinks import batch, event, made, opened
from tests.virtual_loop import run

Script = Callable[[MqttSink, Peer], Awaitable[None]]
BIRTH = 0x00


def plain(number: int) -> Event:
    """Of no item, so that no state follows."""
    return event(number, item=None)


def play(peer: Peer, script: Script) -> None:
    async def whole() -> None:
        async with serving(peer), opened(made(peer.port)) as sink:
            await script(sink, peer)

    run(whole())


async def no_more(sink: MqttSink, peer: Peer) -> None:
    raise AssertionError("it was let in")


def connack(code: int, properties: bytes = b"") -> bytes:
    return packet(CONNACK, bytes((0, code, len(properties))) + properties)


@pytest.mark.parametrize(
    ("hello", "error", "says"),
    [
        (packet(CONNACK, b"\0\1"), Refused, "does not speak MQTT 5; use one that does"),
        (connack(0x84), Refused, "does not speak MQTT 5"),
        (connack(0x85), Refused, "client id 'waypost-leeds-.*set client_id"),
        (connack(0x86), Refused, r"wrong user name or password.*correct"),
        (connack(0x87), Refused, "may not connect; allow it"),
        (connack(0x8A), Refused, "banned"),
        (connack(0x8C), Refused, "method of authentication"),
        (connack(0x9A), Refused, "retained"),
        (connack(0x9C, b"\x1c\0\x05other"), Refused, "names another one to use: 'other'; set url"),
        (connack(0x9D), Refused, "moved to none that it tells"),
        (connack(0x00, b"\x24\0"), Refused, "QoS 1"),
        (connack(0x88), Lost, r"server unavailable \(reason code 0x88\)"),
        (connack(0x89), Lost, "server busy"),
        (connack(0x97), Lost, "quota exceeded"),
        (connack(0x9F), Lost, "connection rate exceeded"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Lost, "no answer within 10 s"),
        (packet(CONNACK, b"\0\0\xff\xff\xff"), Lost, "sent what is not MQTT 5"),
        (packet(CONNACK, b"\0\x77\0"), Lost, "sent what is not MQTT 5"),
        (b"", Lost, "no answer within 10 s"),
    ],
)
def test_who_is_not_let_in_says_why(hello: bytes, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=rf"^mqtt://127\.0\.0\.1:\d+: .*{says}"):
        play(Peer(hello), no_more)


def test_nobody_there_is_said_and_no_matter_for_an_operator() -> None:
    with pytest.raises(Lost, match=r"mqtt://127\.0\.0\.1:1: cannot be reached: Connection refused"):
        run(made(1).open())


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        (
            0x87,
            Refused,
            "may not publish to waypost/leeds/event/arrived; allow it to write to waypost/leeds/#",
        ),
        (0x90, Refused, "does not take the topic waypost/leeds/event/arrived; set prefix"),
        (0x95, Poisoned, "no message of \\d+ bytes"),
        (0x99, Poisoned, "format"),
        (0x97, Lost, "quota exceeded"),
        (0x80, Lost, "unspecified error"),
        (0x83, Lost, "implementation specific error"),
    ],
)
def test_a_message_that_is_not_taken(code: int, error: type[Exception], says: str) -> None:
    """The others of the batch are sent all the same, and the session goes on."""

    async def script(sink: MqttSink, peer: Peer) -> None:
        with pytest.raises(error, match=says):
            await sink.write(batch([plain(1), plain(2), plain(3)]))
        await sink.write(batch([plain(4)]))
        assert peer.sessions == 1

    play(Peer(answers=[BIRTH, 0x00, code, 0x10]), script)


def test_nobody_listening_is_no_error() -> None:
    async def script(sink: MqttSink, peer: Peer) -> None:
        await sink.write(batch([plain(1)]))

    play(Peer(answers=[0x10, 0x10]), script)


def test_a_packet_for_which_the_broker_hangs_up_is_poisoned_and_the_next_one_goes() -> None:
    """MQTT 5.0, section 3.14.2.1: DISCONNECT with reason 0x95."""

    async def script(sink: MqttSink, peer: Peer) -> None:
        with pytest.raises(Poisoned):
            await sink.write(batch([plain(1)]))
        await sink.write(batch([plain(2)]))
        assert peer.sessions == 2

    play(Peer(answers=[BIRTH, packet(DISCONNECT, b"\x95\0")]), script)


@pytest.mark.parametrize(
    ("farewell", "error", "says"),
    [
        (b"\x8b\0", Lost, "server shutting down"),
        (b"\x98\0", Lost, "administrative action"),
        (b"\x87\0", Refused, "may not connect"),
        (b"\x8e\0", Lost, "another client has taken over the client id 'waypost-leeds-"),
        (b"", Lost, "mqtt://"),
    ],
)
def test_a_broker_that_hangs_up_says_why(farewell: bytes, error: type[Exception], says: str) -> None:
    async def script(sink: MqttSink, peer: Peer) -> None:
        with pytest.raises(error, match=says):
            await sink.write(batch([plain(1)]))

    play(Peer(answers=[BIRTH, packet(DISCONNECT, farewell)]), script)


def test_a_client_id_that_is_taken_over_again_and_again_needs_an_operator() -> None:
    async def script(sink: MqttSink, peer: Peer) -> None:
        for error in (Lost, Lost, Refused):
            with pytest.raises(error, match="client id 'waypost-leeds-"):
                await sink.write(batch([plain(1)]))

    taken = packet(DISCONNECT, b"\x8e\0")
    play(Peer(answers=[BIRTH, taken, BIRTH, taken, BIRTH, taken]), script)


def test_old_takeovers_are_forgotten() -> None:
    async def script(sink: MqttSink, peer: Peer) -> None:
        for _ in range(4):
            with pytest.raises(Lost, match="taken over"):
                await sink.write(batch([plain(1)]))
            await asyncio.sleep(301)

    taken = packet(DISCONNECT, b"\x8e\0")
    play(Peer(answers=[BIRTH, taken] * 4), script)


def test_a_broker_that_acknowledges_nothing_is_lost() -> None:
    async def script(sink: MqttSink, peer: Peer) -> None:
        began = asyncio.get_running_loop().time()
        with pytest.raises(Lost, match="acknowledged nothing for 30 s"):
            await sink.write(batch([plain(1), plain(2)]))
        assert 30 <= asyncio.get_running_loop().time() - began < 31

    play(Peer(answers=[BIRTH, 0x00, None]), script)


@pytest.mark.parametrize(("properties", "most"), [(b"", 100), (b"\x21\0\x07", 7), (b"\x21\xff\xff", 100)])
def test_no_more_is_in_flight_than_the_broker_takes(properties: bytes, most: int) -> None:
    """Receive Maximum, MQTT 5.0, section 3.2.2.3.3."""

    async def script(sink: MqttSink, peer: Peer) -> None:
        await sink.write(batch([event(number, f"kind-{number}", item=None) for number in range(1, 301)]))
        assert peer.most == most
        assert peer.topics[1:] == [f"waypost/leeds/event/kind-{number}" for number in range(1, 301)]

    play(Peer(connack(0, properties)), script)


def test_a_broker_without_retained_messages_gets_the_states_unretained(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(sink: MqttSink, peer: Peer) -> None:
        assert peer.topics == ["waypost/leeds/status"]
        assert peer.retained == [False]
        assert "keeps no retained messages" in caplog.text

    play(Peer(connack(0, b"\x25\0")), script)


def test_a_size_that_the_broker_does_not_take_is_not_sent() -> None:
    """Maximum Packet Size, MQTT 5.0, section 3.2.2.3.6; the neighbours are not sent either, for they come again."""

    async def script(sink: MqttSink, peer: Peer) -> None:
        with pytest.raises(Poisoned, match="the broker takes 1000 at most"):
            await sink.write(batch([plain(1), event(2, item=None, evidence={"x": "y" * 1000})]))
        assert peer.topics == ["waypost/leeds/status"]

    play(Peer(connack(0, b"\x27\0\0\x03\xe8")), script)


def test_a_connection_that_broke_is_told_without_numbers() -> None:
    reasons = Reasons("mqtt://b:1883", None, "c", "waypost", "[mqtt]")
    assert str(reasons.broken("[Errno 32] Broken pipe")) == "mqtt://b:1883: the connection broke: Broken pipe"
