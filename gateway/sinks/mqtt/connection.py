"""One connection to a broker: MQTT 5, messages of QoS 1, on the running event loop.

`gateway.mqtt.pump` moves the bytes; this module bounds what is in flight and tells the answers. It is imported when a
connection is wanted and not before: a site without [mqtt] does not pay for it.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt import reasons
from gateway.mqtt.connection import BrokerConnection
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.reasons import Ended
from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.mqtt.messages import Message

IN_FLIGHT = 100
"""Messages that wait for their acknowledgement; fewer if the broker says so (Receive Maximum)."""
ANSWER_SECONDS = 30.0
"""Without any acknowledgement after which the connection is given up."""
FAREWELL_SECONDS = 2.0
_OVERHEAD = 16
"""Bytes of a PUBLISH besides topic and payload, at most (MQTT 5.0, section 3.3)."""

# Mosquitto's answer to a message beyond its message_size_limit: in a PUBACK the standard does not have it.
ReasonCode.names[reasons.TOO_LARGE]["Packet too large"].append(PacketTypes.PUBACK)


@dataclass(slots=True)
class _Sent:
    """Messages that are published together: how many are without an answer, and the first that was refused."""

    open: int = 0
    error: Exception | None = None


class Connection(BrokerConnection):
    """Made by `connect`. Methods raise Ended when it is over."""

    def __init__(self, endpoint: Endpoint, password: str | None, sock: socket.socket, will: Message) -> None:
        super().__init__(endpoint, password, sock)
        self._news = asyncio.Event()
        self._waiting: dict[int, tuple[_Sent, Message]] = {}
        self._window = IN_FLIGHT
        self._largest: int | None = None
        self._retains = True
        self._client.will_set(will.topic, will.payload, 1, will.retain)
        self._client.on_publish = self._on_publish

    async def begin(self) -> None:
        """Say hello on the connected socket. Raises Ended."""
        await self._begin()

    @property
    def retains(self) -> bool:
        """Does the broker keep retained messages? Without, they go to whoever listens."""
        return self._retains

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when the broker has acknowledged all of them; they leave in this order.

        Raises Ended, and what the broker's refusal of one of them means: Lost, Refused, Poisoned. One that is larger
        than the broker takes is found before the first is sent.
        """
        self._raise_if_over()
        for message in messages:
            self._check_size(message)
        sent = _Sent()
        for message in messages:
            while len(self._waiting) >= self._window:
                await self._progress()
            if sent.error is not None:
                break
            self._send(message, sent)
        while sent.open:
            await self._progress()
        if sent.error is not None:
            raise sent.error

    async def close(self, farewell: Message | None) -> None:
        """Part as friends, so that the broker does not tell the will; never raises."""
        if self._over is None:
            with suppress(Ended, Lost, Refused, Poisoned, TimeoutError):  # the will says the same, later
                async with asyncio.timeout(FAREWELL_SECONDS):
                    if farewell is not None:
                        await self.publish([farewell])
                    self._client.disconnect()
                    await self._ended.wait()
        self._end(None, self._reasons.lost("closed"))

    def _send(self, message: Message, sent: _Sent) -> None:
        retain = message.retain and self._retains
        info = self._client.publish(message.topic, message.payload, 1, retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(None, self._reasons.lost(f"cannot publish: {info.rc.name}"))
            self._raise_if_over()
        sent.open += 1
        self._waiting[info.mid] = sent, message

    def _check_size(self, message: Message) -> None:
        size = len(message.topic.encode()) + len(message.payload) + _OVERHEAD
        if self._largest is not None and size > self._largest:
            raise Poisoned(f"a message of {size} bytes, and the broker takes {self._largest} at most")

    async def _progress(self) -> None:
        """Until something was acknowledged."""
        self._news.clear()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._news.wait()
        except TimeoutError:
            self._end(None, self._reasons.lost(f"acknowledged nothing for {ANSWER_SECONDS:g} s"))
        self._raise_if_over()

    def _accepted(self, granted: Properties | None) -> None:
        self._window = min(IN_FLIGHT, getattr(granted, "ReceiveMaximum", IN_FLIGHT))
        self._largest = getattr(granted, "MaximumPacketSize", None)
        self._retains = bool(getattr(granted, "RetainAvailable", 1))
        if getattr(granted, "MaximumQoS", 1) < 1:
            self._end(reasons.NO_QOS, self._reasons.not_let_in(reasons.NO_QOS, "", None))

    def _moved(self) -> None:
        self._news.set()

    def _on_publish(
        self, client: Client, _: object, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        sent, message = self._waiting.pop(mid)
        sent.open -= 1
        if code.is_failure and sent.error is None:
            size = len(message.payload)
            sent.error = self._reasons.not_published(code.value, code.getName(), message.topic, size)
        self._moved()


async def connect(endpoint: Endpoint, will: Message) -> Connection:
    """A connection that the broker has accepted. Raises Lost, Refused and Ended."""
    password = endpoint.password()
    connection = Connection(endpoint, password, await endpoint.dialled(), will)
    try:
        await connection.begin()
    except BaseException:
        await connection.close(None)
        raise
    return connection
