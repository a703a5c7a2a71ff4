"""`waypost status`: how the running daemon and its devices are."""

import time
from typing import Any

from gateway import exits
from gateway.client import NotRunning, Refused, ask
from gateway.commands.common import AsJson, Config, fail, load, put
from gateway.control import socket_path

PATIENCE = 30.0
"""Seconds that a daemon gets to answer."""


def status(config: Config = None, json: AsJson = False) -> None:
    """Ask the running daemon how it is. Exit 3 if none answers."""
    path = socket_path(load(config).journal)
    try:
        answer = next(ask(path, {"command": "status"}, time.monotonic() + PATIENCE), None)
    except (NotRunning, Refused) as error:
        fail(str(error), exits.UNAVAILABLE)
    if answer is None:
        fail(f"the daemon at {path} has not answered for {PATIENCE:g} s; see its log", exits.UNAVAILABLE)
    if json:
        put(answer)
    else:
        _show(answer)


def _show(answer: dict[str, Any]) -> None:
    print(f"site {answer['site']}: {answer['health']}")
    for name, one in answer["devices"].items():
        error = f"  {one['error']}" if one["error"] else f"  {one['info'] or ''}"
        print(f"  {name:<20} {one['state']:<10} since {one['since']}  {one['reads_total']:>12} reads{error}")
    for name, value in answer["total"].items():
        print(f"  {name:<20} {'-' if value is None else value}")
