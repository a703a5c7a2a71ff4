"""`waypost db quarantine`: rows that a destination refused, and what is to become of them."""

import json as text
from pathlib import Path
from typing import Annotated

import typer

from core.events import rfc3339
from gateway import exits
from gateway.commands.daemon import answer as ask_daemon
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import counted, fail, put, say, show
from gateway.control import socket_path
from gateway.database import JournalError
from gateway.local_time import LocalTime
from gateway.reader import open_read_only
from gateway.refusals import Place, Refusal

PATIENCE = 600.0
"""Seconds that a daemon gets to carry out a decision: each row is a statement of its own."""

Sink = Annotated[str, typer.Option(help="Whose quarantine: timescale, mqtt or webhook.")]
Retry = Annotated[bool, typer.Option("--retry", help="Have the running daemon send them again.")]
Drop = Annotated[bool, typer.Option("--drop", help="Give them up; the account of the destination says so.")]


def quarantine(
    sink: Sink = "timescale",
    retry: Retry = False,
    drop: Drop = False,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Show the rows that a destination refused, or decide about all of them.

    Exit 1 if some were refused again; 3 if the journal cannot be read, or no daemon answers.
    """
    loaded = load(config)
    if retry and drop:
        fail("--retry or --drop, not both", exits.UNREADABLE)
    if retry or drop:
        _decide(socket_path(loaded.journal), sink, "retry" if retry else "drop", json)
        return
    at = LocalTime(loaded.settings.site.timezone)
    try:
        with open_read_only(loaded.journal) as journal:
            found = 0
            for place, refusal in journal.refusals(sink):
                put(_json(place, refusal)) if json else show(_line(place, refusal, at))
                found += 1
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    if not json:
        say(f"{counted(found, 'row')} in quarantine")


def _decide(path: Path, sink: str, decision: str, json: bool) -> None:
    request = {"command": "quarantine", "sink": sink, "decision": decision}
    answer = ask_daemon(path, request, PATIENCE)
    if json:
        put(answer)
    else:
        done = "sent" if decision == "retry" else "given up"
        show(f"{counted(answer['settled'], 'row')} {done}, {answer['left']} refused again")
    if answer["left"]:
        raise typer.Exit(exits.WRONG)


def _json(place: Place, refusal: Refusal) -> dict[str, object]:
    return {
        "sink": place.sink,
        "epoch": place.epoch,
        "stream": place.stream,
        "seq": place.seq,
        "time": rfc3339(refusal.time),
        "reason": refusal.reason,
        "row": text.loads(refusal.body, parse_constant=lambda _: None),  # JSON itself has no word for NaN
    }


def _line(place: Place, refusal: Refusal, at: LocalTime) -> str:
    return (
        f"{at(refusal.time)}  {place.stream} {place.seq} of {place.epoch}: {refusal.reason}\n  {refusal.body}"
    )
