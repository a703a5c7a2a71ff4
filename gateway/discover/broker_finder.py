"""Devices that talk on a broker: it is listened to for a while, with a session that nobody keeps."""

import asyncio
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.broker.settings import BrokerSettings
from gateway.discover.finding import Report
from gateway.discover.known import Known
from gateway.discover.published import LONGEST, Published
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.pump import Pump
from gateway.sinks.contract import Lost, Refused

EVERYTHING = "#"
_CLOSING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class BrokerFinder:
    """One broker; `endpoint` has `settings`, with a client id of its own, so that the daemon's session is left alone."""

    settings: BrokerSettings
    endpoint: Endpoint
    known: Known
    filters: Sequence[str] = (EVERYTHING,)

    @property
    def name(self) -> str:
        return f"broker {self.settings.id}"

    async def find(self, report: Report, until: float) -> None:
        """What is heard until then. Raises ConnectionError; what was heard before is told all the same."""
        published = Published("broker", self.settings.id, self.known)
        try:
            password = self.endpoint.password()
            listener = _Listener(
                self.settings, self.endpoint, password, await self.endpoint.dialled(), published
            )
            report.say(self.name, f"listening to {', '.join(self.filters)} on {self.settings.url}")
            await listener.listen(self.filters, until)
        except (Lost, Refused) as error:
            raise ConnectionError(str(error)) from None
        finally:
            for finding in published.findings():
                report.found(finding)
        report.say(self.name, f"{published.messages} messages on {published.topics} topics")
        if published.overlooked:
            text = (
                f"{published.overlooked} messages on more topics were not looked at; choose some with --topic"
            )
            report.say(self.name, text)


def client_id() -> str:
    """One that nobody else has."""
    return f"waypost-discover-{os.urandom(4).hex()}"


class _Listener:
    """One connection, from hello to goodbye."""

    def __init__(
        self,
        settings: BrokerSettings,
        endpoint: Endpoint,
        password: str | None,
        sock: socket.socket,
        published: Published,
    ) -> None:
        self._reasons = endpoint.reasons
        self._settings = settings
        self._published = published
        self._filters: Sequence[str] = ()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = False
        version = MQTTProtocolVersion.MQTTv5 if settings.protocol == 5 else MQTTProtocolVersion.MQTTv311
        self._pump = Pump(endpoint.client_id, sock, self._on_broken, version, fleeting=True)
        self._client = client = self._pump.client
        if settings.username is not None:
            client.username_pw_set(settings.username, password)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_subscribe = self._on_message, self._on_subscribe

    async def listen(self, filters: Sequence[str], until: float) -> None:
        """Raises Lost and Refused."""
        self._filters = filters
        properties = None
        if self._settings.protocol == 5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = LONGEST
        try:
            self._pump.begin(self._settings.keepalive, clean=True, properties=properties)
            async with asyncio.timeout_at(until):
                await self._over
        except TimeoutError:
            if not self._heard:
                raise self._reasons.lost("no answer in time; give it more --seconds") from None
            await self._part()
        finally:
            self._pump.close()

    async def _part(self) -> None:
        """As friends: else the broker would log a fault."""
        self._over = asyncio.get_running_loop().create_future()
        self._client.disconnect()
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._over
        except (TimeoutError, Lost, Refused):
            pass  # nothing is lost by it

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            server = getattr(properties, "ServerReference", None)
            self._end(self._reasons.not_let_in(code.value, code.getName(), server))
            return
        error, _ = client.subscribe([(one, 0) for one in self._filters])
        if error != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(self._reasons.lost(f"cannot subscribe: {error.name}"))

    def _on_subscribe(
        self, client: Client, _: object, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        self._heard = True
        for topic, code in zip(self._filters, codes, strict=False):
            if code.is_failure:
                self._end(self._reasons.not_subscribed(topic, code.getName()))

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        self._published.see(message.topic, bytes(message.payload), message.retain)

    def _on_disconnect(
        self,
        client: Client,
        _: object,
        flags: DisconnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._end(self._reasons.hung_up(code.value, code.getName(), None))
        elif self._pump.trouble is not None:
            self._end(self._reasons.broken(self._pump.trouble))
        else:
            self._end(self._reasons.lost("the broker closed the connection; does MQTT listen there?"))

    def _on_broken(self, error: Exception, sent: bool) -> None:
        self._end(self._reasons.lost(f"sent what is not MQTT: {error}" if sent else str(error)))

    def _end(self, error: Lost | Refused) -> None:
        """The first reason counts."""
        if not self._over.done():
            self._over.set_exception(error)
