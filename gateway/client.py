"""Asking a running daemon, from a command."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class NotRunning(Exception):
    """No daemon answers on the socket."""


class Refused(Exception):
    """The daemon answered with an error."""


def ask(path: Path, request: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The daemon's answers, one after the other. Raises NotRunning or Refused."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            raise NotRunning(
                f"no daemon answers at {path} ({error.strerror}); start it with `waypost run`"
            ) from None
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer and len(answer) == 1:
                    raise Refused(str(answer["error"]))
                yield answer
