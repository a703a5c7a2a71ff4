"""Asking a running daemon, from a command."""

import json
import math
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class NotRunning(Exception):
    """No daemon answers on the socket."""


class Refused(Exception):
    """The daemon answered with an error."""


def ask(path: Path, request: Mapping[str, str | int], ends: float = math.inf) -> Iterator[dict[str, Any]]:
    """The daemon's answers, one after the other, until `ends` on the monotonic clock.

    Raises NotRunning, also when the daemon ends meanwhile, and Refused.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise NotRunning(
                f"no daemon answers at {path} ({error.strerror}); start it with `waypost run`"
            ) from None
        for line in _lines(connection, path, ends):
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer and len(answer) == 1:
                raise Refused(str(answer["error"]))
            yield answer


def _lines(connection: socket.socket, path: Path, ends: float) -> Iterator[bytes]:
    held = b""
    while (left := ends - time.monotonic()) > 0:
        connection.settimeout(None if left == math.inf else left)
        try:
            data = connection.recv(1 << 16)
        except TimeoutError:
            return
        except ConnectionError:
            data = b""
        if not data:
            raise NotRunning(f"the daemon at {path} has ended; see its log")
        *lines, held = (held + data).split(b"\n")
        yield from lines
