"""What do these bytes of an Impinj reader say? Events a line, or its stream as it came: an HTTP response, or several."""

import re
from collections.abc import Iterator

from drivers.codecs import message_decode
from drivers.codecs.http1 import Response
from drivers.codecs.impinj import Session, describe

_RESPONSE = re.compile(rb"(?=HTTP/1\.[0-9] [1-9][0-9]{2}[ \r\n])")
"""Where a recording goes on with another connection, whatever the one before ended in."""


_CHUNK = re.compile(rb"(?:\A|\r\n)(?=[0-9A-Fa-f]{1,8}\r\n)")
"""The first piece of a body of which a recording has not the beginning."""
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def decode_lines(data: bytes) -> Iterator[message_decode.Line]:
    """An event, or several, a line; what cannot be understood gives {"error": ...}."""
    for stretch in _RESPONSE.split(data):
        if _RESPONSE.match(stretch):
            yield from _response(stretch)
            continue
        found = _CHUNK.search(stretch)
        if found is None:
            yield from message_decode.decode_lines(stretch, describe, Session)
            continue
        yield from message_decode.decode_lines(stretch[: found.start()], describe, Session)
        _, *rest = _response(_CHUNKED + stretch[found.end() :])
        yield from rest


def _response(data: bytes) -> Iterator[message_decode.Line]:
    response = Response()
    body = bytearray()
    for part in response.feed(data):
        if isinstance(part, bytes):
            body += part
        else:
            yield {"message": "response", "status": part.status, "reason": part.reason}
    yield from message_decode.decode_lines(bytes(body), describe, Session)
    if response.error is not None:
        yield {"error": str(response.error)}
