"""Devices that talk on a broker: it is listened to for a while, with a session that nobody keeps."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.broker.settings import BrokerSettings
from gateway.discover.finding import Report
from gateway.discover.known import Known
from gateway.discover.published import LONGEST, Published
from gateway.mqtt.connection import BrokerConnection
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.reasons import Ended
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
        except (Ended, Lost, Refused) as error:
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


class _Listener(BrokerConnection):
    """One connection, from hello to goodbye."""

    def __init__(
        self,
        settings: BrokerSettings,
        endpoint: Endpoint,
        password: str | None,
        sock: socket.socket,
        published: Published,
    ) -> None:
        self._v5 = settings.protocol == 5
        version = MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311
        super().__init__(endpoint, password, sock, version, fleeting=True)
        self._published = published
        self._filters: Sequence[str] = ()
        self._subscribed = False
        self._client.on_message, self._client.on_subscribe = self._on_message, self._on_subscribe

    async def listen(self, filters: Sequence[str], until: float) -> None:
        """Raises Ended if it is over before."""
        self._filters = filters
        properties = None
        if self._v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = LONGEST
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._begin(properties=properties)
                    self._client.subscribe([(one, 0) for one in filters])
                    await self._ended.wait()
            if not self._subscribed:
                self._end(None, self._reasons.lost("no answer in time; give it more --seconds"))
            self._raise_if_over()
        finally:
            await self._part(_CLOSING_SECONDS)

    def _on_subscribe(
        self, client: Client, _: object, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        self._subscribed = True
        for topic, code in zip(self._filters, codes, strict=False):
            if code.is_failure:
                self._end(code.value, self._reasons.not_subscribed(topic, code.getName()))

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        self._published.see(message.topic, bytes(message.payload), message.retain)
