"""What a command asks the running daemon, and how it ends when there is no answer."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway import exits
from gateway.client import NotRunning, Refused, ask
from gateway.commands.output import fail


def answer(path: Path, request: Mapping[str, str | int], seconds: float) -> dict[str, Any]:
    """The daemon's only answer on the socket at `path`, within so many seconds; or the end of the command."""
    try:
        found = next(ask(path, request, time.monotonic() + seconds), None)
    except (NotRunning, Refused) as error:
        fail(str(error), exits.UNAVAILABLE)
    if found is None:
        fail(f"the daemon at {path} has not answered for {seconds:g} s; see its log", exits.UNAVAILABLE)
    return found
