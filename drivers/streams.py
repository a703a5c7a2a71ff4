"""Byte streams by URL: tcp://, tls:// and listen:// (the device calls us); beneath HTTP, http:// and https://.

A stream gathers what arrives in one bounded buffer and hands it over in whole: at once when it was idle, else at
the end of the interval, or as soon as much has come. A chatty device is so decoded once per interval, not once per
message, and a full buffer stops the sender. The intervals of all streams end together, so that the daemon wakes up
once for all devices.
"""

import asyncio
import hashlib
import hmac
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from drivers.unreachable import unreachable

CAPACITY = 1 << 20
"""Bytes of the receive buffer; when it is full, reading pauses until it is handed over."""

PLENTY = CAPACITY // 2
"""So much is handed over without waiting for the interval."""

HAND_OVERS = 15
"""So often in a second, by the loop's clock, what has gathered is handed over."""

INTERVAL = 1 / HAND_OVERS
"""Seconds between two of them."""

LITTLE = CAPACITY // 64
"""After less than this, nothing is received before the interval is over: there is room for it in the kernel."""

CONNECT_SECONDS = 10.0
"""How long a connection may take to be made, its TLS handshake included."""

_UNTRUSTED = (
    "the device's certificate is not trusted ({}); set tls.fingerprint to what this tells of it: openssl s_client"
    " -connect {}:{} </dev/null | openssl x509 -fingerprint -sha256 -noout; or tls.ca to the file of its authority"
)

SCHEMES = ("tcp", "tls", "listen")
WEB_SCHEMES = ("https", "http")
_ENCRYPTED = ("tls", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream leads to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def address(url: str, port: int, tls_port: int, schemes: tuple[str, ...] = SCHEMES) -> Address:
    """The parts of `url`, with the protocol's default ports.

    Raises ValueError, whose text is "reason; remedy" and does not repeat the URL: a secret may stand in it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"is no URL; write {schemes[0]}://HOST:PORT") from None
    scheme = parts.scheme
    if scheme not in schemes:
        *others, last = (f"{one}://" for one in schemes)
        either = f"{', '.join(others)} or " if others else ""
        raise ValueError(f"names no way to connect; begin it with {either}{last}")
    try:
        given = parts.port
    except ValueError:
        given = 0
    if given == 0:
        raise ValueError(f"the port is no number from 1 to 65535; write {scheme}://HOST:PORT")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"holds more than a host and a port; write {scheme}://HOST:PORT")
    if not parts.hostname:
        raise ValueError(f"names no host; write {scheme}://HOST:PORT")
    return Address(scheme, parts.hostname, given or (tls_port if scheme in _ENCRYPTED else port))


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom tls:// and https:// believe: the authority in the PEM file `ca`, or the one certificate with that SHA-256
    `fingerprint`.

    Neither: the authorities of the system. Readers come with certificates signed by themselves: take the fingerprint.
    """

    ca: Path | None = None
    fingerprint: str | None = None

    def context(self) -> ssl.SSLContext:
        """A client context. Raises OSError if `ca` cannot be read."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
            remedy = "name a PEM file that this user may read"
            raise ConnectionError(f"tls.ca {self.ca}: {reason}; {remedy}") from None
        if self.fingerprint is not None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def check(self, certificate: bytes) -> None:
        """Raises ConnectionError if a fingerprint is wanted and that of the DER `certificate` is another one."""
        found = hashlib.sha256(certificate).hexdigest()
        wanted = found if self.fingerprint is None else self.fingerprint.replace(":", "").lower()
        if not hmac.compare_digest(found, wanted):
            raise ConnectionError(
                f"the device's certificate has the SHA-256 fingerprint {found}, not {wanted};"
                " if it was changed on purpose, set the new one"
            )


class Stream(asyncio.BufferedProtocol):
    """One connection; see the module. Times by the running loop's clock."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(CAPACITY))
        self._filled = 0
        self._next = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._ended: Exception | None = None
        self._closed = self._loop.create_future()

    async def read(self, until: float) -> bytes:
        """All that has arrived; empty if nothing does before the time `until`.

        Raises EOFError or OSError when the connection is over and everything was handed over.
        """
        while not self._due():
            await self._wait(self._next if self._filled else until)
            if not self._filled and self._loop.time() >= until:
                await self._look()
                break
        if not self._filled and self._ended is not None:
            raise self._ended
        data = bytes(self._buffer[: self._filled])
        if self._filled == CAPACITY:
            self._transport.resume_reading()
        self._filled = 0
        if data:
            self._next = (int(self._loop.time() * HAND_OVERS) + 1) / HAND_OVERS
            if len(data) < LITTLE:
                self._rest()
        return data

    async def _look(self) -> None:
        """A loop that was busy learns that the time is over before it learns what has come meanwhile."""
        self._transport.resume_reading()
        for _ in range(2):  # it looks at its sockets between two rounds, and tells in the second
            await asyncio.sleep(0)

    def _due(self) -> bool:
        """There is something to hand over now."""
        if self._ended is not None or self._filled >= PLENTY:
            return True
        return self._filled > 0 and self._loop.time() >= self._next

    async def _wait(self, until: float) -> None:
        """Until something is due, or that time."""
        self._waiter = self._loop.create_future()
        timer = self._loop.call_at(until, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _rest(self) -> None:
        """What comes before the interval is over may gather in the kernel: one wake-up instead of one per packet."""
        self._transport.pause_reading()
        self._loop.call_at(self._next, self._transport.resume_reading)

    def write(self, data: bytes) -> None:
        """Send `data`. Raises ConnectionError if the device has not taken what it was sent before."""
        waiting = self._transport.get_write_buffer_size()
        if waiting > CAPACITY:
            raise ConnectionError(f"the device takes nothing: {waiting} bytes to it are waiting")
        if data:
            self._transport.write(data)

    async def close(self) -> None:
        """End the connection; returns when it is gone."""
        self._transport.abort()
        await asyncio.shield(self._closed)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        connection = transport.get_extra_info("socket")
        if connection is not None:  # a serial port has none
            _keep_alive(connection)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if self._filled == CAPACITY:
            self._transport.pause_reading()
        if self._due():
            self._wake()
        elif self._filled == nbytes:
            self._loop.call_at(self._next, self._wake)

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = error or EOFError("the device closed the connection")
        self._closed.set_result(None)
        self._wake()


@asynccontextmanager
async def open_stream(to: Address, trust: Trust | None = None) -> AsyncIterator[Stream]:
    """A connection to `to`, or for listen:// the next one that comes in; closed at the end.

    Raises OSError or TimeoutError if there is none within CONNECT_SECONDS; listen:// waits without limit.
    """
    if to.scheme == "listen":
        stream = await _accept(to)
    else:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                stream = await _connect(to, trust or Trust())
        except TimeoutError:
            remedy = "is the device switched on, and its address right?"
            raise TimeoutError(f"no connection to {to} within {CONNECT_SECONDS:g} s; {remedy}") from None
    try:
        yield stream
    finally:
        await stream.close()


async def _connect(to: Address, trust: Trust) -> Stream:
    loop = asyncio.get_running_loop()
    context = trust.context() if to.scheme in _ENCRYPTED else None
    try:
        transport, stream = await loop.create_connection(Stream, to.host, to.port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        raise ConnectionError(_UNTRUSTED.format(error.verify_message, to.host, to.port)) from None
    except OSError as error:
        raise unreachable(to, error) from None
    if context is not None:
        try:
            trust.check(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
        except ConnectionError:
            await stream.close()
            raise
    return stream


async def _accept(to: Address) -> Stream:
    """The first connection that comes in; nobody else is listened to afterwards."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in to.host else socket.AF_INET
    try:
        server = socket.create_server((to.host, to.port), family=family, backlog=1)
    except OSError as error:
        raise unreachable(to, error) from None
    with server:
        server.setblocking(False)
        called = asyncio.Event()
        loop.add_reader(server, called.set)
        try:
            await called.wait()
        finally:
            loop.remove_reader(server)
        connection, _ = server.accept()  # here, where no cancellation can lose it
    connection.setblocking(False)
    _, stream = await loop.connect_accepted_socket(Stream, connection)
    return stream


def _keep_alive(connection: socket.socket) -> None:
    """A dead peer shows within a minute although nothing is sent (TCP_NODELAY is asyncio's default)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
