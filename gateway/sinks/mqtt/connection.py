"""One connection to a broker: MQTT 5, messages of QoS 1, on the running event loop.

`gateway.mqtt.pump` moves the bytes; this module bounds what is in flight and tells the answers. It is imported when a
connection is wanted and not before: a site without [mqtt] does not pay for it.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt import reasons
from gateway.mqtt.endpoint import CONNECT_SECONDS, Endpoint
from gateway.mqtt.pump import Pump
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


class Connection:
    """Made by `connect`. Methods raise Ended when it is over."""

    def __init__(self, endpoint: Endpoint, password: str | None, sock: socket.socket, will: Message) -> None:
        self._loop = asyncio.get_running_loop()
        self._reasons = endpoint.reasons
        self._connected = self._loop.create_future()
        self._over: Ended | None = None
        self._ended = asyncio.Event()
        self._moved = asyncio.Event()
        self._waiting: dict[int, tuple[_Sent, Message]] = {}
        self._window = IN_FLIGHT
        self._largest: int | None = None
        self._retains = True
        self._pump = Pump(endpoint.client_id, sock, self._on_broken)
        self._client = client = self._pump.client
        client.will_set(will.topic, will.payload, 1, will.retain)
        table = endpoint.settings
        if table.username is not None:
            client.username_pw_set(table.username, password)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish = self._on_publish
        self._keepalive = table.keepalive

    async def begin(self) -> None:
        """Say hello on the connected socket. Raises Ended."""
        self._pump.begin(self._keepalive)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected
        except TimeoutError:
            self._end(None, self._reasons.lost(f"no answer within {CONNECT_SECONDS:g} s"))
        self._raise_if_over()

    @property
    def retains(self) -> bool:
        """Does the broker keep retained messages? Without, they go to whoever listens."""
        return self._retains

    @property
    def over(self) -> Ended | None:
        """Why it is over; None as long as it stands."""
        return self._over

    async def end(self) -> Ended:
        """Returns when it is over."""
        await self._ended.wait()
        assert self._over is not None
        return self._over

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
        self._moved.clear()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._moved.wait()
        except TimeoutError:
            self._end(None, self._reasons.lost(f"acknowledged nothing for {ANSWER_SECONDS:g} s"))
        self._raise_if_over()

    def _raise_if_over(self) -> None:
        if self._over is not None:
            raise self._over

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            server = getattr(properties, "ServerReference", None)
            self._end(code.value, self._reasons.not_let_in(code.value, code.getName(), server))
            return
        self._window = min(IN_FLIGHT, getattr(properties, "ReceiveMaximum", IN_FLIGHT))
        self._largest = getattr(properties, "MaximumPacketSize", None)
        self._retains = bool(getattr(properties, "RetainAvailable", 1))
        if getattr(properties, "MaximumQoS", 1) < 1:
            self._end(reasons.NO_QOS, self._reasons.not_let_in(reasons.NO_QOS, "", None))
        elif not self._connected.done():
            self._connected.set_result(None)

    def _on_disconnect(
        self,
        client: Client,
        _: object,
        flags: DisconnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            server = getattr(properties, "ServerReference", None)
            self._end(code.value, self._reasons.hung_up(code.value, code.getName(), server))
            return
        text = self._pump.trouble
        if text is not None:
            self._end(None, self._reasons.broken(text))
        elif code.value == reasons.PROTOCOL:
            self._end(None, self._reasons.lost("sent what is not MQTT 5"))
        elif code.value == reasons.SILENT:
            self._end(None, self._reasons.lost("gave no sign of life when it was asked for one"))
        elif self._connected.done():
            self._end(reasons.CLOSED, self._reasons.taken_over(reasons.CLOSED, 1))
        else:
            self._end(
                None, self._reasons.lost("closed the connection at once; is it MQTT that listens there?")
            )

    def _on_publish(
        self, client: Client, _: object, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        sent, message = self._waiting.pop(mid)
        sent.open -= 1
        if code.is_failure and sent.error is None:
            size = len(message.payload)
            sent.error = self._reasons.not_published(code.value, code.getName(), message.topic, size)
        self._moved.set()

    def _on_broken(self, error: Exception, sent: bool) -> None:
        self._end(None, self._reasons.lost(f"sent what is not MQTT 5: {error}" if sent else str(error)))

    def _end(self, code: int | None, error: Lost | Refused) -> None:
        """The first reason counts."""
        if self._over is not None:
            return
        self._over = Ended(code, error)
        self._pump.close()
        if not self._connected.done():
            self._connected.set_result(None)
        self._ended.set()
        self._moved.set()


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
