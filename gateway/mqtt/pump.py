"""paho-mqtt on the running event loop, over a socket that is connected already.

paho speaks the protocol; this module moves its bytes and says why they stopped. What arrived is read in one call and
handed to paho from memory: by itself it asks the system for each part of each packet. Whoever listens is told plain
messages past paho. Imported when a connection is wanted and not before: a site without a broker does not pay for it.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from gateway.mqtt.packets import Publish, extent, plain

MISC_SECONDS = 1.0
"""Between two looks at whether a sign of life is due."""
_AT_ONCE = 200
"""Packets before others have their turn."""
_AHEAD = 1 << 16
_UNREAD = 10
"""Looks that are left out after a pause: the broker's sign of life may lie behind what was not read."""
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_MOST = 1 << 18
"""Bytes of a packet that is waited for; of a larger one paho gathers the parts."""


class _Ahead:
    """A socket whose bytes are fetched ahead. `owed` are those of a packet that paho has begun with."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._data = b""
        self._at = 0
        self._error: OSError | None = None
        self.owed = 0

    def recv(self, size: int) -> bytes:
        if self._at == len(self._data):
            self._data, self._at = self._fetched(), 0
        start = self._at
        self._at = min(start + size, len(self._data))
        self.owed = max(self.owed - (self._at - start), 0)
        return self._data[start : self._at]

    def message(self, v5: bool) -> Publish | None:
        """The next packet, if it is a plain message; else it is owed to paho. Raises BlockingIOError before it is here."""
        while (found := extent(self._data, self._at)) is None or found[1] > len(self._data):
            if found is not None and found[1] - self._at > _MOST:
                break
            more = self._fetched()
            if not more:  # it is over, and paho says so
                self.owed = _MOST
                return None
            self._data, self._at = self._data[self._at :] + more, 0
        assert found is not None
        begins, ends = found
        if ends <= len(self._data):
            message = plain(self._data[self._at], self._data[begins:ends], v5)
            if message is not None:
                self._at = ends
                return message
        self.owed = ends - self._at
        return None

    def _fetched(self) -> bytes:
        """What has come. The system tells once why a connection broke, and here it is told to whoever asks again."""
        if self._error is not None:
            raise self._error
        try:
            return self._sock.recv(_AHEAD)
        except _NOT_YET:
            raise
        except OSError as error:
            self._error = error
            raise

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


Heard = Callable[[Publish], None]


class Broken(Protocol):
    """Told when paho fails: `sent` if by what the broker sent, else by what it was to be sent."""

    def __call__(self, error: Exception, sent: bool) -> None: ...


class Pump:
    """Callbacks are set on `client`; a session that shall outlive the connection is asked for in `begin`.

    by_hand   messages are acknowledged by whoever owns this
    fleeting  of MQTT 3.1.1: the broker forgets the session with the connection
    heard     told plain messages; None = they, and what is not plain, go to the client's callback
    """

    def __init__(
        self,
        client_id: str,
        sock: socket.socket,
        broken: Broken,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        by_hand: bool = False,
        fleeting: bool = False,
        heard: Heard | None = None,
    ) -> None:
        self._heard = heard
        self._v5 = version == MQTTProtocolVersion.MQTTv5
        self._loop = asyncio.get_running_loop()
        self._sock = _Ahead(sock)
        self._broken = broken
        self._trouble = _Trouble()
        self._timer: asyncio.TimerHandle | None = None
        self._again: asyncio.Handle | None = None
        self._paused = False
        self._unread = 0
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
            self._unread = _UNREAD
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
            left = _AT_ONCE
            while self._take():
                left -= 1
                if self._paused or self._sock.fileno() < 0 or not self._sock.pending():
                    break
                if not left:
                    self._soon()
                    break
        except Exception as error:
            self._broken(error, sent=True)

    def _take(self) -> bool:
        """The next packet, or the part of it that is here; False if there is nothing."""
        if self._heard is not None and not self._sock.owed:
            try:
                message = self._sock.message(self._v5)
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
            except OSError:
                message = None  # paho asks again, and says what it is
            if message is not None:
                self._heard(message)
                return True
        self.client.loop_read()
        return True

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
        if self._unread:
            self._unread -= 1
        elif not self._paused:  # an answer may lie unread
            self.client.loop_misc()

    def _stop_writing(self, fd: int) -> None:
        self._loop.remove_writer(fd)

    def _detach(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
