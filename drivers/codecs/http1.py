"""The client's end of HTTP/1.1, without I/O: a request to bytes, bytes of one response to its parts (RFC 9110, RFC 9112).

As much of it as the web servers in devices need: bodies in chunks, by length or up to the end of the connection. One
request per connection; no compression, no upgrades.
"""

import re
from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from drivers.codecs.errors import ProtocolError

MOST_HEAD = 16 << 10
"""Bytes of a status line with its headers, and of what stands behind the last chunk."""
_MOST_SIZE_LINE = 256
_MOST_INTERIM = 16

_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: (.*))?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_BODILESS = (204, 304)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def request(method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request. Raises ValueError for what would break its head."""
    length = {"Content-Length": str(len(body))} if body or method in ("POST", "PUT") else {}
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in {**headers, **length}.items()),
    ]
    if any(character in line for line in lines for character in "\r\n\0") or " " in target:
        raise ValueError(f"{target!r} and its headers cannot stand in the head of a request")
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Head:
    """headers: by name in lower case; of several with one name the values, joined by commas."""

    status: int
    reason: str
    headers: Mapping[str, str]


Part = Head | bytes
_Reading = Generator[None, None, None]
"""Yields where it needs more bytes."""


class Response:
    """One response, in any split of its bytes; interim ones (1xx) before it are read over.

    ended  it is complete; what comes behind it is nobody's
    error  why it cannot be understood; nothing is read any more then
    """

    def __init__(self) -> None:
        self.ended = False
        self.error: ProtocolError | None = None
        self._held = bytearray()
        self._parts: list[Part] = []
        self._until_close = False
        self._reading = self._whole()

    def feed(self, data: bytes) -> list[Part]:
        """Its head, then its body in pieces."""
        if not self.ended and self.error is None:
            self._held += data
            try:
                next(self._reading)
            except StopIteration:
                self.ended = True
            except ProtocolError as error:
                self.error = error
        parts, self._parts = self._parts, []
        return parts

    def close(self) -> None:
        """The connection is over, and with it a body whose length nobody told."""
        if self._until_close:
            self.ended = True
        elif not self.ended and self.error is None:
            self.error = ProtocolError("the connection ended in the middle of an answer")

    def _whole(self) -> _Reading:
        head = yield from self._head()
        for _ in range(_MOST_INTERIM):
            if head.status >= 200:
                break
            head = yield from self._head()
        else:
            raise ProtocolError(f"more than {_MOST_INTERIM} interim answers came, and no final one")
        self._parts.append(head)
        encoding = head.headers.get("transfer-encoding")
        length = head.headers.get("content-length")
        if head.status in _BODILESS:
            return
        if encoding is not None:
            if encoding.lower() != "chunked":
                raise ProtocolError(f"the transfer encoding {encoding[:60]!r} was not asked for")
            yield from self._chunks()
        elif length is not None:
            yield from self._exactly(_length(length))
        else:
            self._until_close = True
            while True:
                self._pass_on(len(self._held))
                yield

    def _head(self) -> Generator[None, None, Head]:
        line = yield from self._line(MOST_HEAD)
        found = _STATUS.fullmatch(line)
        if found is None:
            raise ProtocolError(f"{line[:60]!r} is no answer of a web server")
        headers = yield from self._fields(MOST_HEAD - len(line))
        return Head(int(found[1]), (found[2] or b"").decode("latin-1").strip(), headers)

    def _fields(self, most: int) -> Generator[None, None, dict[str, str]]:
        headers: dict[str, str] = {}
        while line := (yield from self._line(most)):
            most -= len(line)
            found = _FIELD.fullmatch(line)
            if found is None:
                raise ProtocolError(f"{line[:60]!r} is no header of an answer")
            name, value = found[1].decode().lower(), found[2].decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    def _chunks(self) -> _Reading:
        while True:
            line = yield from self._line(_MOST_SIZE_LINE)
            found = _SIZE.fullmatch(line)
            if found is None:
                raise ProtocolError(f"{line[:60]!r} is no size of a chunk")
            size = int(found[1], 16)
            if not size:
                yield from self._fields(MOST_HEAD)
                return
            yield from self._exactly(size)
            if (yield from self._line(0)):
                raise ProtocolError("a chunk is longer than it said")

    def _exactly(self, size: int) -> _Reading:
        while size > len(self._held):
            size -= len(self._held)
            self._pass_on(len(self._held))
            yield
        self._pass_on(size)

    def _line(self, most: int) -> Generator[None, None, bytes]:
        """Without its end: CR LF, or LF alone, which some servers send."""
        held = self._held
        while (end := held.find(b"\n", 0, most + 2)) < 0:
            if len(held) >= most + 2:
                raise ProtocolError(f"a line of more than {most} bytes stands where the answer has its frame")
            yield
        line = bytes(held[:end])
        del held[: end + 1]
        return line.removesuffix(b"\r")

    def _pass_on(self, size: int) -> None:
        if size:
            self._parts.append(bytes(self._held[:size]))
            del self._held[:size]


def _length(text: str) -> int:
    """Of a Content-Length, which may stand there several times if it is always the same (RFC 9110, section 8.6)."""
    values = {one.strip() for one in text.split(",")}
    if len(values) > 1 or not all(map(_LENGTH.fullmatch, values)):
        raise ProtocolError(f"the length {text[:60]!r} of an answer is none")
    return int(values.pop())
