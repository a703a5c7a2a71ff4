"""The beginning and the end of a connection to a broker, the same whether it publishes or listens."""

import asyncio
import socket
from contextlib import suppress

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt import reasons
from gateway.mqtt.endpoint import CONNECT_SECONDS, Endpoint
from gateway.mqtt.pump import Heard, Pump
from gateway.mqtt.reasons import Ended
from gateway.sinks.contract import Lost, Refused


class BrokerConnection:
    """On a connected socket; `by_hand`, `fleeting` and `heard` as of Pump. Methods raise Ended when it is over."""

    def __init__(
        self,
        endpoint: Endpoint,
        password: str | None,
        sock: socket.socket,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        by_hand: bool = False,
        fleeting: bool = False,
        heard: Heard | None = None,
    ) -> None:
        self._reasons = endpoint.reasons
        self._version = version
        self._keepalive = endpoint.settings.keepalive
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._over: Ended | None = None
        self._ended = asyncio.Event()
        self._pump = Pump(endpoint.client_id, sock, self._on_broken, version, by_hand, fleeting, heard)
        self._client = client = self._pump.client
        if endpoint.settings.username is not None:
            client.username_pw_set(endpoint.settings.username, password)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect

    @property
    def over(self) -> Ended | None:
        """Why it is over; None as long as it stands."""
        return self._over

    async def end(self) -> Ended:
        """Returns when it is over."""
        await self._ended.wait()
        assert self._over is not None
        return self._over

    async def _begin(self, clean: bool = True, properties: Properties | None = None) -> None:
        """Say hello; returns when the broker has let us in."""
        self._pump.begin(self._keepalive, clean, properties)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected
        except TimeoutError:
            self._end(None, self._reasons.lost(f"no answer within {CONNECT_SECONDS:g} s"))
        self._raise_if_over()

    async def _part(self, seconds: float) -> None:
        """As friends, in bounded time: else the broker would log a fault. Never raises."""
        if self._over is None:
            self._client.disconnect()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ended.wait()
        self._end(None, self._reasons.lost("closed"))

    def _accepted(self, granted: Properties | None) -> None:
        """The broker has let us in, and grants what a CONNACK tells (MQTT 5.0, section 3.2.2.3)."""

    def _moved(self) -> None:
        """It is over: whoever waits looks again."""

    def _raise_if_over(self) -> None:
        if self._over is not None:
            raise self._over

    def _end(self, code: int | None, error: Lost | Refused) -> None:
        """`code` is the broker's reason, None if it gave none. The first reason counts."""
        if self._over is not None:
            return
        self._over = Ended(code, error)
        self._pump.close()
        if not self._connected.done():
            self._connected.set_result(None)
        self._ended.set()
        self._moved()

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, code: ReasonCode, granted: Properties | None
    ) -> None:
        if code.is_failure:
            server = getattr(granted, "ServerReference", None)
            self._end(code.value, self._reasons.not_let_in(code.value, code.getName(), server))
            return
        self._accepted(granted)
        if not self._connected.done():
            self._connected.set_result(None)

    def _on_disconnect(
        self, client: Client, _: object, flags: DisconnectFlags, code: ReasonCode, told: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            server = getattr(told, "ServerReference", None)
            self._end(code.value, self._reasons.hung_up(code.value, code.getName(), server))
        elif self._pump.trouble is not None:
            self._end(None, self._reasons.broken(self._pump.trouble))
        elif code.value == reasons.PROTOCOL:
            self._end(None, self._reasons.lost(f"sent what is not {self._protocol}"))
        elif code.value == reasons.SILENT:
            self._end(None, self._reasons.lost("gave no sign of life when it was asked for one"))
        elif self._connected.done():
            self._end(reasons.CLOSED, self._reasons.taken_over(reasons.CLOSED, 1))
        else:
            self._end(
                None,
                self._reasons.lost(
                    f"closed the connection at once; is it {self._protocol} that listens there?"
                ),
            )

    def _on_broken(self, error: Exception, sent: bool) -> None:
        self._end(
            None, self._reasons.lost(f"sent what is not {self._protocol}: {error}" if sent else str(error))
        )

    @property
    def _protocol(self) -> str:
        return "MQTT 5" if self._version == MQTTProtocolVersion.MQTTv5 else "MQTT 3.1.1"
