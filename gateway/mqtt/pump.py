"""paho-mqtt on the running event loop, over a socket that is connected already.

paho speaks the protocol; this module moves its bytes and says why they stopped. What arrived is read in one call and
handed to paho from memory: by itself it asks the system for each part of each packet. Imported when a connection is
wanted and not before: a site without a broker does not pay for it.
"""

import asyncio
import logging
import socket
import ssl
from typing import Protocol, cast

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

MISC_SECONDS = 1.0
"""Between two looks at whether a sign of life is due."""
_AT_ONCE = 200
"""Packets before others have their turn."""
_AHEAD = 1 << 16


class _Ahead:
    """A socket whose bytes are fetched ahead."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._data = b""
        self._at = 0

    def recv(self, size: int) -> bytes:
        if self._at == len(self._data):
            self._data, self._at = self._sock.recv(_AHEAD), 0
        start = self._at
        self._at = min(start + size, len(self._data))
        return self._data[start : self._at]

    def pending(self) -> int:
        """Bytes that the system does not know of; TLS may hold decrypted ones."""
        held = len(self._data) - self._at
        return held or (self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0)

    def send(self, data: bytes) -> int:
        return self._sock.send(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def close(self) -> None:
        self._sock.close()


class _Client(Client):
    """Takes a connected socket: where paho makes one itself, it blocks, and leaks it when TLS fails."""

    def __init__(
        self, client_id: str, sock: _Ahead, version: MQTTProtocolVersion, by_hand: bool, fleeting: bool
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=fleeting if version < MQTTProtocolVersion.MQTTv5 else None,
            protocol=version,
            reconnect_on_failure=False,
            manual_ack=by_hand,
        )
        self._given = sock

    def _create_socket(self) -> socket.socket:
        return cast(socket.socket, self._given)


class _Trouble(logging.Handler):
    """What paho tells of a socket that broke: it says it nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage().removeprefix("failed to receive on socket: ")


class Broken(Protocol):
    """Told when paho fails: `sent` if by what the broker sent, else by what it was to be sent."""

    def __call__(self, error: Exception, sent: bool) -> None: ...


class Pump:
    """Callbacks are set on `client`; a session that shall outlive the connection is asked for in `begin`.

    by_hand   messages are acknowledged by whoever owns this
    fleeting  of MQTT 3.1.1: the broker forgets the session with the connection
    """

    def __init__(
        self,
        client_id: str,
        sock: socket.socket,
        broken: Broken,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        by_hand: bool = False,
        fleeting: bool = False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = _Ahead(sock)
        self._broken = broken
        self._trouble = _Trouble()
        self._timer: asyncio.TimerHandle | None = None
        self._again: asyncio.Handle | None = None
        self._paused = False
        self.client = client = _Client(client_id, self._sock, version, by_hand, fleeting)
        logger = logging.Logger("mqtt", logging.ERROR)
        logger.addHandler(self._trouble)
        client.enable_logger(logger)
        client.max_inflight_messages_set(0)  # the bound is ours: paho does not know the broker's

    @property
    def trouble(self) -> str | None:
        """What paho told of the socket."""
        return self._trouble.text

    def begin(self, keepalive: int, clean: bool = True, properties: Properties | None = None) -> None:
        """Say hello."""
        client, loop, fd = self.client, self._loop, self._sock.fileno()
        # what the broker says goes before what we say: an alert of TLS 1.3 comes after the handshake
        loop.add_reader(fd, self._readable)
        client.on_socket_register_write = lambda *_: loop.add_writer(fd, self._writable)
        client.on_socket_unregister_write = lambda *_: self._stop_writing(fd)
        client.on_socket_close = lambda *_: self._detach(fd)
        if client.protocol == MQTTProtocolVersion.MQTTv5:
            client.connect("broker", 1, keepalive, clean_start=clean, properties=properties)
        else:
            client.connect("broker", 1, keepalive)
        self._tick()

    def pause(self) -> None:
        """Read nothing more: the broker holds back."""
        if not self._paused and self._sock.fileno() >= 0:
            self._paused = True
            self._loop.remove_reader(self._sock.fileno())

    def resume(self) -> None:
        """Read on."""
        if self._paused and self._sock.fileno() >= 0:
            self._paused = False
            self._loop.add_reader(self._sock.fileno(), self._readable)
            self._soon()

    def close(self) -> None:
        """Nothing is moved any more."""
        for handle in (self._timer, self._again):
            if handle is not None:
                handle.cancel()
        if self._sock.fileno() >= 0:
            self._detach(self._sock.fileno())
            self._sock.close()

    def _readable(self) -> None:
        try:
            self.client.loop_read()
            left = _AT_ONCE
            while not self._paused and self._sock.fileno() >= 0 and self._sock.pending():
                left -= 1
                if not left:
                    self._soon()
                    break
                self.client.loop_read()
        except Exception as error:
            self._broken(error, sent=True)

    def _soon(self) -> None:
        """What is in memory wakes nobody."""
        if self._sock.pending():
            self._again = self._loop.call_soon(self._readable_again)

    def _readable_again(self) -> None:
        if not self._paused and self._sock.fileno() >= 0 and self._sock.pending():
            self._readable()

    def _writable(self) -> None:
        try:
            self.client.loop_write()
        except Exception as error:
            self._broken(error, sent=False)

    def _tick(self) -> None:
        """paho pings when it is time, and gives up when no answer came."""
        self._timer = self._loop.call_later(MISC_SECONDS, self._tick)
        if not self._paused:  # an answer may lie unread
            self.client.loop_misc()

    def _stop_writing(self, fd: int) -> None:
        self._loop.remove_writer(fd)

    def _detach(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
