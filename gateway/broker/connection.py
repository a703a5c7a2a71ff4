"""One connection that listens: a persistent session, QoS 1, every message acknowledged by hand and in order.

What is not acknowledged yet is bounded: by Receive Maximum in MQTT 5, and in both versions by not reading on.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from drivers.codecs.message_session import Message, Publication
from gateway.broker.settings import BrokerSettings
from gateway.mqtt.connection import BrokerConnection
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.packets import Publish

IN_FLIGHT = 1000
"""Messages that wait for their acknowledgement."""
SESSION_SECONDS = 7 * 86_400
"""So long a broker keeps what came for us while we were away (MQTT 5); it may have a limit of its own."""
_AT_ONCE = 100
"""Topic filters in one packet."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message, and what its acknowledgement needs; qos 0 needs none."""

    message: Message
    mid: int
    qos: int


class Connection(BrokerConnection):
    """Made by `connect`. Methods raise Ended when it is over."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: BrokerSettings,
        password: str | None,
        sock: socket.socket,
        now: Callable[[], int],
    ) -> None:
        self._v5 = settings.protocol == 5
        version = MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311
        super().__init__(endpoint, password, sock, version, by_hand=True, heard=self._heard)
        self._open = 0
        self._now = now
        self._news = asyncio.Event()
        self._asked: dict[int, Sequence[str]] = {}
        self._answers: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        self._arrived: deque[Delivery] = deque()
        self._client.on_message, self._client.on_subscribe = self._on_message, self._on_subscribe

    async def begin(self, filters: Sequence[str]) -> None:
        """Say hello and subscribe.

        Nobody waits for the answer: what the broker has kept for us comes before it, and may be more than what is let
        be unacknowledged.
        """
        properties = None
        if self._v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_SECONDS
            properties.ReceiveMaximum = IN_FLIGHT
        await self._begin(clean=False, properties=properties)
        self.subscribe(filters)

    def subscribe(self, filters: Sequence[str]) -> None:
        """Ask for them; `answered` tells what became of it."""
        for at in range(0, len(filters), _AT_ONCE):
            some = filters[at : at + _AT_ONCE]
            _, mid = self._client.subscribe([(one, 1) for one in some])
            if mid is not None:
                self._asked[mid] = some

    async def answered(self) -> tuple[str, str | None]:
        """The next topic filter that the broker has decided on, and why we may not listen to it; None = we may."""
        return await self._answers.get()

    async def messages(self) -> list[Delivery]:
        """All that has arrived and was not taken yet, one at least."""
        while not self._arrived:
            self._raise_if_over()
            self._news.clear()
            await self._news.wait()
        taken = list(self._arrived)
        self._arrived.clear()
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They are durable; to be called in the order of their arrival [MQTT-4.6.0-2]."""
        self._raise_if_over()
        for one in deliveries:
            self._client.ack(one.mid, one.qos)
        self._open -= len(deliveries)
        if self._open < IN_FLIGHT:
            self._pump.resume()

    def publish(self, publication: Publication) -> None:
        """Once, with QoS 1; an answer of the device, not the broker's, says that it came."""
        info = self._client.publish(publication.topic, publication.payload, 1)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(None, self._reasons.lost(f"cannot publish: {info.rc.name}"))
            self._raise_if_over()

    async def close(self, seconds: float) -> None:
        """Part as friends, in bounded time; never raises. The session stays with the broker."""
        await self._part(seconds)

    def _moved(self) -> None:
        self._news.set()

    def _on_subscribe(
        self, client: Client, _: object, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        for topic, code in zip(self._asked.pop(mid, ()), codes, strict=False):
            refusal = str(self._reasons.not_subscribed(topic, code.getName())) if code.is_failure else None
            self._answers.put_nowait((topic, refusal))

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        """One that is not plain."""
        payload = bytes(message.payload)
        self._heard(Publish(message.topic, payload, message.retain, message.qos, message.mid))

    def _heard(self, one: Publish) -> None:
        told = Message(one.topic, one.payload, one.retain, self._now())
        self._arrived.append(Delivery(told, one.mid, one.qos))
        self._open += 1
        if self._open >= IN_FLIGHT:
            self._pump.pause()
        self._moved()


async def connect(
    endpoint: Endpoint, settings: BrokerSettings, filters: Sequence[str], now: Callable[[], int]
) -> Connection:
    """A connection that the broker has accepted, subscribed. Raises Lost, Refused and Ended."""
    password = endpoint.password()
    connection = Connection(endpoint, settings, password, await endpoint.dialled(), now)
    try:
        await connection.begin(filters)
    except BaseException:
        await connection.close(0)
        raise
    return connection
