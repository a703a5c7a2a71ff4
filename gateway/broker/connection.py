"""One connection that listens: a persistent session, QoS 1, every message acknowledged by hand and in order.

What is not acknowledged yet is bounded: by Receive Maximum in MQTT 5, and in both versions by not reading on.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from drivers.codecs.message_session import Message, Publication
from gateway.broker.settings import BrokerSettings
from gateway.mqtt import reasons
from gateway.mqtt.endpoint import CONNECT_SECONDS, Endpoint
from gateway.mqtt.pump import Pump
from gateway.sinks.contract import Lost, Refused

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


class Connection:
    """Made by `connect`. Methods raise ConnectionError when it is over."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: BrokerSettings,
        password: str | None,
        sock: socket.socket,
        now: Callable[[], int],
    ) -> None:
        self._now = now
        self._reasons = endpoint.reasons
        self._settings = settings
        self._v5 = settings.protocol == 5
        version = MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311
        self._over: ConnectionError | None = None
        self._ended = asyncio.Event()
        self._news = asyncio.Event()
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked: dict[int, Sequence[str]] = {}
        self._arrived: deque[Delivery] = deque()
        self._open = 0
        self._pump = Pump(endpoint.client_id, sock, self._on_broken, version, by_hand=True)
        self._client = client = self._pump.client
        if settings.username is not None:
            client.username_pw_set(settings.username, password)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_subscribe = self._on_message, self._on_subscribe

    async def begin(self, filters: Sequence[str]) -> None:
        """Say hello and subscribe; a refusal of that ends the connection later.

        Nobody waits for the answer: what the broker has kept for us comes before it, and may be more than what is let
        be unacknowledged.
        """
        properties = None
        if self._v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_SECONDS
            properties.ReceiveMaximum = IN_FLIGHT
        self._pump.begin(self._settings.keepalive, clean=False, properties=properties)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected
        except TimeoutError:
            self._end(self._reasons.lost(f"no answer within {CONNECT_SECONDS:g} s"))
        self._raise_if_over()
        self._subscribe(filters)

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
            self._end(self._reasons.lost(f"cannot publish: {info.rc.name}"))
            self._raise_if_over()

    async def close(self, seconds: float) -> None:
        """Part as friends, in bounded time; never raises. The session stays with the broker."""
        if self._over is None:
            self._client.disconnect()
            try:
                async with asyncio.timeout(seconds):
                    await self._ended.wait()
            except TimeoutError:
                pass
        self._end(self._reasons.lost("closed"))

    def _subscribe(self, filters: Sequence[str]) -> None:
        for at in range(0, len(filters), _AT_ONCE):
            some = filters[at : at + _AT_ONCE]
            _, mid = self._client.subscribe([(one, 1) for one in some])
            if mid is not None:
                self._asked[mid] = some

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            server = getattr(properties, "ServerReference", None)
            self._end(self._reasons.not_let_in(code.value, code.getName(), server))
        elif not self._connected.done():
            self._connected.set_result(None)

    def _on_subscribe(
        self, client: Client, _: object, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        for topic, code in zip(self._asked.pop(mid, ()), codes, strict=False):
            if code.is_failure:
                self._end(self._reasons.not_subscribed(topic, code.getName()))
        self._news.set()

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        told = Message(message.topic, bytes(message.payload), message.retain, self._now())
        self._arrived.append(Delivery(told, message.mid, message.qos))
        self._open += 1
        if self._open >= IN_FLIGHT:
            self._pump.pause()
        self._news.set()

    def _on_disconnect(
        self,
        client: Client,
        _: object,
        flags: DisconnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            if code.value == reasons.TAKEN_OVER:
                self._end(self._reasons.taken_over(reasons.TAKEN_OVER, 1))
            server = getattr(properties, "ServerReference", None)
            self._end(self._reasons.hung_up(code.value, code.getName(), server))
        elif self._pump.trouble is not None:
            self._end(self._reasons.broken(self._pump.trouble))
        elif code.value == reasons.SILENT:
            self._end(self._reasons.lost("gave no sign of life when it was asked for one"))
        elif self._connected.done():
            self._end(self._reasons.lost("the broker closed the connection"))
        else:
            self._end(
                self._reasons.lost(
                    "closed the connection at once; does MQTT listen there, and of the version that protocol says?"
                )
            )

    def _on_broken(self, error: Exception, sent: bool) -> None:
        self._end(self._reasons.lost(f"sent what is not MQTT: {error}" if sent else str(error)))

    def _raise_if_over(self) -> None:
        if self._over is not None:
            raise self._over

    def _end(self, error: Lost | Refused) -> None:
        """The first reason counts."""
        if self._over is not None:
            return
        self._over = ConnectionError(str(error))
        self._pump.close()
        if not self._connected.done():
            self._connected.set_result(None)
        self._ended.set()
        self._news.set()


async def connect(
    endpoint: Endpoint, settings: BrokerSettings, filters: Sequence[str], now: Callable[[], int]
) -> Connection:
    """A connection that the broker has accepted, subscribed. Raises ConnectionError."""
    try:
        password = endpoint.password()
        sock = await endpoint.dialled()
    except (Lost, Refused) as error:
        raise ConnectionError(str(error)) from None
    connection = Connection(endpoint, settings, password, sock, now)
    try:
        await connection.begin(filters)
    except BaseException:
        await connection.close(0)
        raise
    return connection
