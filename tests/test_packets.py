"""Plain messages past paho, and the rest through it: gateway/mqtt/packets.py, gateway/mqtt/pump.py."""

import asyncio
import socket
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion

from gateway.mqtt.packets import Publish, extent, plain
from gateway.mqtt.pump import Pump

CONNACK, PINGRESP = b"\x20\x03\0\0\0", b"\xd0\0"
LARGE = bytes(300_000)


def packet(head: int, body: bytes) -> bytes:
    """MQTT 5.0, sections 1.5.5 and 2.1.1."""
    length, size = b"", len(body)
    while True:
        size, part = divmod(size, 128)
        length += bytes([part | (0x80 if size else 0)])
        if not size:
            return bytes([head]) + length + body


def publish(topic: bytes, payload: bytes, mid: int = 0, head: int = 0x30, properties: bytes = b"\0") -> bytes:
    """Of MQTT 5; section 3.3."""
    number = mid.to_bytes(2) if mid else b""
    return packet(head | (2 if mid else 0), len(topic).to_bytes(2) + topic + number + properties + payload)


def body(data: bytes) -> bytes:
    found = extent(data, 0)
    assert found is not None
    return data[found[0] : found[1]]


def test_a_plain_message() -> None:
    """The example of section 3.3 of MQTT 3.1.1: topic a/b, packet identifier 10."""
    assert plain(0x32, b"\0\3a/b\0\x0ahi", False) == Publish("a/b", b"hi", False, 1, 10)
    assert plain(0x39, b"\0\3a/b", False) == Publish("a/b", b"", True, 0, 0)
    assert plain(0x32, b"\0\3a/b\0\x0a\0hi", True) == Publish("a/b", b"hi", False, 1, 10)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (0x34, b"\0\3a/b\0\x0a\0hi"),  # QoS 2
        (0x36, b"\0\3a/b\0\x0a\0hi"),  # QoS 3
        (0xD0, b""),
        (0x30, b""),
        (0x30, b"\0\0\0"),  # a topic alias
        (0x30, b"\0\3a/+\0"),
        (0x30, b"\0\3a/#\0"),
        (0x30, b"\0\3a\0b\0"),
        (0x30, b"\0\2\xc3\x28\0"),
        (0x30, b"\0\3a/b\2\x01\1hi"),  # a property
        (0x30, b"\0\3a/b"),
        (0x32, b"\0\3a/b\0\0\0hi"),
    ],
)
def test_what_is_not_plain(head: int, told: bytes) -> None:
    assert plain(head, told, True) is None


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_152])
def test_where_a_packet_ends(size: int) -> None:
    data = packet(0x30, bytes(size))
    assert extent(b"\0" * 3 + data, 3) == (3 + len(data) - size, 3 + len(data))
    for cut in range(len(data) - size):
        assert extent(data[:cut], 0) is None


def test_a_length_that_is_none() -> None:
    assert extent(b"\x30\xff\xff\xff\xff\x01", 0) == (5, 5)


STREAM: list[tuple[bytes, tuple[str, int, bool, int, int]]] = [
    (publish(b"a/b", b"one", 1), ("a/b", 3, False, 1, 1)),
    (publish(b"a/b", b"two"), ("a/b", 3, False, 0, 0)),
    (publish(b"a/c", b"three", 3, properties=b"\2\x01\1"), ("a/c", 5, False, 1, 3)),
    (publish("straße".encode(), b"", 4, head=0x39), ("straße", 0, True, 1, 4)),
    (publish(b"a/b", LARGE, 5), ("a/b", len(LARGE), False, 1, 5)),
    (publish(b"a/b", b"x" * 70_000, 6), ("a/b", 70_000, False, 1, 6)),
    (publish(b"a/b", b"last", 7), ("a/b", 4, False, 1, 7)),
]


async def told(data: bytes, size: int, messages: int) -> tuple[list[tuple[str, int, bool, int, int]], int]:
    """What a listener hears of `data` that comes in pieces, and how many messages went past paho."""
    here, there = socket.socketpair()
    heard: list[tuple[str, int, bool, int, int]] = []
    past, over = [0], asyncio.Event()

    def hear(one: Publish) -> None:
        past[0] += 1
        heard.append((one.topic, len(one.payload), one.retain, one.qos, one.mid))
        _look()

    def on_message(client: Client, _: object, one: MQTTMessage) -> None:
        heard.append((one.topic, len(one.payload), bool(one.retain), one.qos, one.mid))
        _look()

    def _look() -> None:
        if len(heard) >= messages:
            over.set()

    def broken(error: Exception, sent: bool) -> None:
        over.set()

    with there:
        here.setblocking(False)
        there.setblocking(False)
        pump = Pump("me", here, broken, MQTTProtocolVersion.MQTTv5, by_hand=True, heard=hear)
        pump.client.on_message = on_message
        pump.client.on_disconnect = lambda *_: over.set()
        pump.begin(30)
        loop = asyncio.get_running_loop()
        with suppress(BrokenPipeError):  # the listener has hung up
            for at in range(0, len(data), size):
                await loop.sock_sendall(there, data[at : at + size])
                await asyncio.sleep(0)
            if not messages:
                there.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(30):
            await over.wait()
        pump.close()
    return heard, past[0]


@pytest.mark.parametrize("size", [1_009, 4_096, 1 << 20])
def test_messages_that_come_in_pieces_are_heard_in_order(size: int) -> None:
    data = CONNACK + PINGRESP.join(part for part, _ in STREAM)
    heard, past = asyncio.run(told(data, size, len(STREAM)))
    assert heard == [row for _, row in STREAM]
    assert past >= len(STREAM) - 2  # not the one with a property, and a large one that came in parts


def test_byte_by_byte() -> None:
    small = [STREAM[at] for at in (0, 1, 2, 3, 6)]
    heard, _ = asyncio.run(told(CONNACK + PINGRESP.join(part for part, _ in small), 1, len(small)))
    assert heard == [row for _, row in small]


@given(st.binary(max_size=60))
@settings(max_examples=40)
def test_anything_ends_or_is_waited_for(data: bytes) -> None:
    """Whatever comes behind a message, that was heard; and the end of the stream is noticed."""
    heard, _ = asyncio.run(told(CONNACK + STREAM[0][0] + data, 7, 0))
    assert heard[0] == STREAM[0][1]


@given(st.integers(0, 255), st.binary(max_size=40), st.booleans())
def test_any_packet_is_plain_or_not(head: int, data: bytes, v5: bool) -> None:
    found = plain(head, data, v5)
    assert found is None or (found.topic and len(found.payload) < len(data))
