"""The client's end of HTTP/1.1, without I/O: a request to bytes, bytes of one response to its parts (RFC 9110, RFC 9112).

As much of it as the web servers in devices need: bodies in chunks, by length or up to the end of the connection. One
request per connection; no compression, no upgrades.
"""

import re
from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from drivers.codecs.errors import ProtocolError
from drivers.codecs.http1_frame import Frame, Reading

MOST_HEAD = 16 << 10
"""Bytes of a status line with its headers, and of what stands behind the last chunk."""
_MOST_INTERIM = 16

_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: (.*))?")
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


class Response(Frame):
    """One response, in any split of its bytes; interim ones (1xx) before it are read over.

    ended  it is complete; what comes behind it is nobody's
    error  why it cannot be understood; nothing is read any more then
    """

    what = "an answer"
    most_head = most_fields = MOST_HEAD

    def __init__(self) -> None:
        super().__init__()
        self.ended = False
        self.error: ProtocolError | None = None
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

    def _whole(self) -> Reading:
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
            yield from self._exactly(self._length(length))
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

    def _take(self, data: bytes) -> None:
        self._parts.append(data)
