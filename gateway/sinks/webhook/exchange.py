"""Requests and answers over one connection that is kept open, with the standard library's client.

Everything here blocks, and belongs to one thread, but for `abort`.
"""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected

from gateway.sinks.webhook.target import Target

CONNECT_SECONDS = 10.0
"""For a connection to be made, at most: nobody can hurry that, also when the daemon is to end."""
_SHOWN = 64 << 10
"""Bytes of an answer that are read; one with more costs the connection."""
_GONE = (
    RemoteDisconnected,
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)
"""What a kept connection that the server has closed meanwhile looks like."""


@dataclass(frozen=True, slots=True)
class Answer:
    """text: the beginning of the answer's body."""

    status: int
    reason: str
    retry_after: str | None
    location: str | None
    text: str


class Exchange:
    """Methods raise OSError and HTTPException; the connection is closed then.

    timeout  seconds that each step on the socket may take
    """

    def __init__(self, target: Target, timeout: float) -> None:
        self._path = target.path
        self._timeout = timeout
        at_first = min(timeout, CONNECT_SECONDS)
        self._connection = (
            HTTPConnection(target.host, target.port, timeout=at_first)
            if target.context is None
            else HTTPSConnection(target.host, target.port, timeout=at_first, context=target.context)
        )
        self._connection.auto_open = 0
        self._aborted = False

    def connect(self) -> None:
        """Unless it is connected."""
        if self._connection.sock is None:
            try:
                self._connection.connect()
                made: socket.socket | None = self._connection.sock
                if made is not None:
                    made.settimeout(self._timeout)
            except BaseException:
                self._connection.close()
                raise

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer; one that was redirected is not followed."""
        kept = self._connection.sock is not None
        try:
            return self._post(body, headers)
        except _GONE:
            if not kept or self._aborted:
                raise
            return self._post(body, headers)  # it had closed while nothing was sent; the key tells a double

    def abort(self) -> None:
        """From another thread: what blocks returns with an error."""
        self._aborted = True
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):  # it was closed meanwhile
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.connect()
        try:
            self._connection.request("POST", self._path, body, dict(headers))
            response = self._connection.getresponse()
            text = response.read(_SHOWN)
            if not response.isclosed():
                self._connection.close()
            return Answer(
                response.status,
                response.reason,
                response.getheader("Retry-After"),
                response.getheader("Location"),
                text[:_SHOWN].decode("utf-8", "replace"),
            )
        except (OSError, HTTPException):
            self._connection.close()
            raise
