"""Those who call a port: TCP connections, and senders of datagrams. What they said goes to a `Hearer`."""

import asyncio
import socket
from typing import Protocol, cast

from drivers.codecs.tracker_session import TrackerSession

UNTAKEN = 1 << 16
"""Bytes of answers that a caller may leave waiting."""

_ROUND = 64
_LONGEST = 1 << 16


class Caller(Protocol):
    """Who said something."""

    def answer(self, data: bytes) -> bool:
        """Tell it that, or nothing if it is gone; False = it is there and does not take it."""


class Hearer(Protocol):
    """Who listens to the port."""

    def called(self, one: "Connection") -> bool:
        """Somebody new; False = it is refused."""

    def heard(self, one: "Connection", data: bytes) -> None: ...

    def gone(self, one: "Connection") -> None: ...

    def told(self, one: "Sender", data: bytes) -> None:
        """A datagram."""


class Connection(asyncio.Protocol):
    """One TCP connection. Times by the running loop's clock, seconds.

    owed      answers that are not written yet
    heard_at  when the last byte came
    begun_at  when what is pending began; as long as nobody has said who it is, when the connection began
    named     the tracker that the daemon was told of
    """

    def __init__(self, hearer: Hearer, session: TrackerSession) -> None:
        self.session = session
        self.address = ""
        self.named = ""
        self.owed = 0
        self.refused = False
        self._hearer = hearer
        self.heard_at = self.begun_at = asyncio.get_running_loop().time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else ""
        self.refused = not self._hearer.called(self)
        if self.refused:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self.refused and not self._transport.is_closing():
            self._hearer.heard(self, data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.refused:
            self._hearer.gone(self)

    def answer(self, data: bytes) -> bool:
        """As a `Caller`; one that takes nothing is hung up on."""
        if self._transport.is_closing():
            return True
        if self._transport.get_write_buffer_size() > UNTAKEN:
            self._transport.abort()
            return False
        self._transport.write(data)
        return True

    def pause(self, pause: bool) -> None:
        """Read nothing, or go on."""
        if pause:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def end(self) -> None:
        """What it was told still leaves."""
        self._transport.close()

    def abort(self) -> None:
        """At once."""
        self._transport.abort()


class Sender:
    """Where a datagram came from; `session` is that of all of them."""

    def __init__(self, session: TrackerSession, bound: socket.socket, address: tuple[object, ...]) -> None:
        self.session = session
        self._socket = bound
        self._address = address

    def answer(self, data: bytes) -> bool:
        """A datagram back; one that the network does not take now is lost like any other, and asked for again."""
        if data and self._socket.fileno() >= 0:
            try:
                self._socket.sendto(data, self._address)
            except OSError:
                return False
        return True


class Datagrams:
    """A UDP port; what is not read stays in the socket's buffer, and what that does not take is lost, as UDP has it."""

    def __init__(self, hearer: Hearer, session: TrackerSession, bound: socket.socket) -> None:
        self._hearer = hearer
        self._session = session
        self._socket = bound
        self._loop = asyncio.get_running_loop()
        self._paused = True
        self.pause(False)

    def pause(self, pause: bool) -> None:
        """Read nothing, or go on."""
        if pause and not self._paused:
            self._loop.remove_reader(self._socket)
        elif not pause and self._paused:
            self._loop.add_reader(self._socket, self._readable)
        self._paused = pause

    def close(self) -> None:
        """The port is free again."""
        self.pause(True)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(_ROUND):
            try:
                data, address = self._socket.recvfrom(_LONGEST)
            except OSError:  # nothing more; or what was sent before could not be delivered
                return
            self._hearer.told(Sender(self._session, self._socket, address), data)
            if self._paused:
                return
