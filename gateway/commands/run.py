"""`waypost run [FILE]`: the daemon, in the foreground. Loads neither typer nor rich."""

import argparse
import asyncio
import logging
import sqlite3
import sys
from pathlib import Path

from gateway import configuration, exits, interpreter
from gateway.log import Json, text, to_stderr

log = logging.getLogger("gateway.run")


def main(arguments: list[str]) -> int:
    """The exit status of the daemon."""
    parser = argparse.ArgumentParser(
        prog="waypost run", description="Run the daemon of one site in the foreground."
    )
    parser.add_argument("file", nargs="?", type=Path, help="the configuration file")
    parser.add_argument("--config", type=Path, help="the same, as for the other commands")
    parser.add_argument("--json", action="store_true", help="log lines as JSON objects")
    given = parser.parse_args(arguments)
    to_stderr(Json() if given.json else text())
    try:
        loaded = configuration.load(configuration.find(given.file or given.config))
    except configuration.Unreadable as error:
        print(error, file=sys.stderr)
        return exits.UNREADABLE
    except configuration.Invalid as error:
        print(error, file=sys.stderr)
        return exits.WRONG
    return _run(loaded)


def _run(loaded: configuration.Configuration) -> int:
    from gateway.control import Busy
    from gateway.database import JournalError

    try:
        asyncio.run(_daemon(loaded))
    except (Busy, sqlite3.Error, OSError) as error:
        told = isinstance(error, JournalError | Busy)  # these name the journal themselves
        log.error("%s", error if told else f"the journal {loaded.journal} cannot be used: {error}")
        return exits.UNAVAILABLE
    except Exception:
        log.exception("the daemon failed")
        return exits.CRASHED
    return exits.OK


async def _daemon(loaded: configuration.Configuration) -> None:
    from gateway.app import Daemon
    from gateway.clock import Clock
    from gateway.notify import Notifier

    interpreter.share()
    daemon = Daemon(loaded, Notifier(), Clock())
    daemon.stop_on_signals()
    settling = asyncio.create_task(_settle(daemon.ready))
    try:
        await daemon.run()
    finally:
        settling.cancel()


async def _settle(ready: asyncio.Event) -> None:
    await ready.wait()
    interpreter.settle()
