"""What both ends of HTTP/1.1 read alike, without I/O: lines, header fields, bodies by length and in chunks (RFC 9112)."""

import re
from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import ClassVar

from drivers.codecs.errors import ProtocolError

MOST_SIZE_LINE = 256
"""Bytes of the line that tells the size of a chunk."""

_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")

Reading = Generator[None, None, None]
"""Yields where it needs more bytes."""


class TooLong(ProtocolError):
    """A line, or all header fields together."""


class Frame(ABC):
    """One end of a connection, in any split of its bytes.

    what         that is read, in words: an answer
    most_head    bytes of a first line with the fields behind it, and of what stands behind the last chunk
    most_fields  of one head
    """

    what: ClassVar[str]
    most_head: ClassVar[int]
    most_fields: ClassVar[int]

    def __init__(self) -> None:
        self._held = bytearray()

    @abstractmethod
    def _take(self, data: bytes) -> None:
        """The next bytes of a body."""

    def _fields(self, most: int) -> Generator[None, None, dict[str, str]]:
        """By name in lower case, up to an empty line; of several with one name the values, joined by commas."""
        headers: dict[str, str] = {}
        count = 0
        while line := (yield from self._line(most)):
            most -= len(line)
            count += 1
            if count > self.most_fields:
                raise TooLong(f"more than {self.most_fields} headers stand in {self.what}")
            found = _FIELD.fullmatch(line)
            if found is None:
                raise ProtocolError(f"{line[:60]!r} is no header of {self.what}")
            name, value = found[1].decode().lower(), found[2].decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    def _chunks(self) -> Reading:
        while True:
            line = yield from self._line(MOST_SIZE_LINE)
            found = _SIZE.fullmatch(line)
            if found is None:
                raise ProtocolError(f"{line[:60]!r} is no size of a chunk")
            size = int(found[1], 16)
            if not size:
                yield from self._fields(self.most_head)
                return
            yield from self._exactly(size)
            if (yield from self._line(0)):
                raise ProtocolError("a chunk is longer than it said")

    def _exactly(self, size: int) -> Reading:
        while size > len(self._held):
            size -= len(self._held)
            self._pass_on(len(self._held))
            yield
        self._pass_on(size)

    def _line(self, most: int) -> Generator[None, None, bytes]:
        """Without its end: CR LF, or LF alone, which some send."""
        held = self._held
        while (end := held.find(b"\n", 0, most + 2)) < 0:
            if len(held) >= most + 2:
                raise TooLong(f"a line of more than {most} bytes stands where {self.what} has its frame")
            yield
        line = bytes(held[:end])
        del held[: end + 1]
        return line.removesuffix(b"\r")

    def _pass_on(self, size: int) -> None:
        if size:
            self._take(bytes(self._held[:size]))
            del self._held[:size]

    def _length(self, text: str) -> int:
        """Of a Content-Length, which may stand there several times if it is always the same (RFC 9110, section 8.6)."""
        values = {one.strip() for one in text.split(",")}
        if len(values) > 1 or not all(map(_LENGTH.fullmatch, values)):
            raise ProtocolError(f"the length {text[:60]!r} of {self.what} is none")
        return int(values.pop())
