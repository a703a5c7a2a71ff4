"""The server's end of HTTP/1.1, without I/O: bytes of a connection to its requests, an answer to bytes (RFC 9110, RFC 9112).

As much of it as those need who tell a position: small bodies, by length or in chunks; no compression, no upgrades. What
could be read in two ways is refused, and the connection over. A Host is not asked for: trackers that tell none are many.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from drivers.codecs.errors import ProtocolError
from drivers.codecs.http1_frame import Frame, Reading, TooLong

MOST_HEAD = 8000
"""Bytes of a request line with its headers."""
MOST_BODY = 24_000
"""Bytes of a body."""
MOST_FIELDS = 100

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What somebody waits for who asks before he sends his body."""

_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


@dataclass(frozen=True, slots=True)
class Request:
    """headers: by name in lower case; last: the connection ends behind its answer."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody waits for CONTINUE."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came is no request that is taken; nothing is read any more."""

    status: int
    text: str


Said = Request | Asked | Refusal


class _Unacceptable(ProtocolError):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Requests(Frame):
    """All requests of one connection, in any split of its bytes.

    ended  nothing more is read
    """

    what = "a request"
    most_head = MOST_HEAD
    most_fields = MOST_FIELDS

    def __init__(self) -> None:
        super().__init__()
        self.ended = False
        self._said: list[Said] = []
        self._body = bytearray()
        self._head = 0
        self._reading = self._all()

    @property
    def pending(self) -> int:
        """Bytes that are kept of a request that has begun."""
        return 0 if self.ended else self._head + len(self._body) + len(self._held)

    def feed(self, data: bytes) -> list[Said]:
        """What ends in `data`."""
        if not self.ended:
            self._held += data
            try:
                next(self._reading)
            except StopIteration:
                self.ended = True
            except ProtocolError as error:
                self.ended = True
                self._said.append(Refusal(_status(error), str(error)))
        said, self._said = self._said, []
        return said

    def _all(self) -> Reading:
        while True:
            last = yield from self._one()
            self._head = 0
            if last:
                return

    def _one(self) -> Generator[None, None, bool]:
        line = yield from self._line(MOST_HEAD)
        if not line:  # some send one more line behind a body
            line = yield from self._line(MOST_HEAD)
        found = _LINE.fullmatch(line)
        if found is None:
            raise ProtocolError(f"{line[:60]!r} is no request of HTTP/1.1")
        if found[3] != b"1":
            raise _Unacceptable(505, "another version of HTTP than 1.0 and 1.1 is asked for")
        self._head = len(line)
        headers = yield from self._fields(MOST_HEAD - len(line))
        self._head += sum(len(name) + len(value) for name, value in headers.items())
        modern = found[4] != b"0"
        if headers.get("expect", "").lower() == "100-continue" and modern:
            self._said.append(Asked())
        self._body = bytearray()
        yield from self._body_of(headers)
        wish = {one.strip().lower() for one in headers.get("connection", "").split(",")}
        last = "close" in wish or not (modern or "keep-alive" in wish)
        body, self._body = bytes(self._body), bytearray()
        self._said.append(Request(found[1].decode(), found[2].decode(), headers, body, last))
        return last

    def _body_of(self, headers: Mapping[str, str]) -> Reading:
        encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if encoding is not None:
            if length is not None:
                raise ProtocolError("a body has a length, and comes in chunks as well")
            if encoding.lower() != "chunked":
                raise _Unacceptable(501, f"the transfer encoding {encoding[:60]!r} is not known here")
            yield from self._chunks()
        elif length is not None:
            size = self._length(length)
            if size > MOST_BODY:
                raise _too_much()
            yield from self._exactly(size)

    def _take(self, data: bytes) -> None:
        if len(self._body) + len(data) > MOST_BODY:
            raise _too_much()
        self._body += data


def response(
    status: int, body: bytes = b"", last: bool = False, headers: Mapping[str, str] | None = None
) -> bytes:
    """An answer; `last`: the connection ends behind it."""
    told = {**(headers or {}), "Content-Length": str(len(body))}
    if body:
        told["Content-Type"] = "application/json"
    if last:
        told["Connection"] = "close"
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _too_much() -> ProtocolError:
    return _Unacceptable(413, f"a body of more than {MOST_BODY} bytes is not taken")


def _status(error: ProtocolError) -> int:
    if isinstance(error, _Unacceptable):
        return error.status
    return 431 if isinstance(error, TooLong) else 400
