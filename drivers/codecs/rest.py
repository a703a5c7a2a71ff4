"""Calls to a device's web server and their answers in JSON, as scripts: generators that yield a `Call` and are sent its `Answer`."""

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from drivers.codecs import json_values as values
from drivers.codecs.errors import ProtocolError
from drivers.codecs.http1 import Head, Part
from drivers.codecs.json_values import Malformed

MOST_BODY = 1 << 20
"""Bytes that an answer may have."""

Object = dict[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """A request; `path` is what follows the base of the interface."""

    method: str
    path: str
    body: Object | None = None

    def content(self) -> bytes:
        """The body as it is sent; empty if there is none."""
        return b"" if self.body is None else json.dumps(self.body).encode()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Answer:
    """What came back, put together from its parts."""

    head: Head = field(default_factory=lambda: Head(0, "", {}))
    body: bytearray = field(default_factory=bytearray)

    def take(self, part: Part) -> None:
        """The next part. Raises ProtocolError when it becomes too much."""
        if isinstance(part, Head):
            self.head = part
        elif len(self.body) + len(part) > MOST_BODY:
            raise ProtocolError(f"an answer of its web server has more than {MOST_BODY} bytes")
        else:
            self.body += part

    @property
    def fine(self) -> bool:
        """It was done."""
        return 200 <= self.head.status < 300

    def object(self) -> Object:
        """Its JSON object; empty if it is none."""
        try:
            told = values.parse(bytes(self.body))
        except Malformed:
            return {}
        return told if isinstance(told, dict) else {}


T = TypeVar("T")
Script = Generator[Call, Answer, T]
