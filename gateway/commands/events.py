"""`waypost events`: what has happened, from the journal, also while the daemon runs."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from core.events import KINDS, Event, rfc3339
from gateway import exits
from gateway.commands.options import AsJson, Config, When, load, moment
from gateway.commands.output import fail, put, show
from gateway.database import JournalError
from gateway.local_time import LocalTime
from gateway.reader import Reader, open_read_only
from gateway.rows import event_json
from gateway.tables import Filter

POLL = 0.25
"""Seconds between looks whether the daemon has written something."""

Text = Annotated[str | None, typer.Option()]


def events(
    item: Text = None,
    tag: Text = None,
    place: Text = None,
    kind: Annotated[str | None, typer.Option(help="One of " + ", ".join(KINDS))] = None,
    since: When = None,
    until: When = None,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="Only the newest N; 0 = all.")] = 0,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as events come; Ctrl-C ends it.")
    ] = False,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Print events in the order in which they were decided. Exit 3 if the journal cannot be read."""
    if kind is not None and kind not in KINDS:
        fail(f"--kind {kind}: no such kind; use one of {', '.join(KINDS)}", exits.UNREADABLE)
    wanted = Filter(item, tag, place, kind, moment("--since", since), moment("--until", until))
    loaded = load(config)
    at = LocalTime(loaded.settings.site.timezone)
    try:
        for event in _events(loaded.journal, wanted, last, follow):
            put(event_json(event)) if json else show(line(event, at))
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    except KeyboardInterrupt:
        return


def _events(path: Path, wanted: Filter, last: int, follow: bool) -> Iterator[Event]:
    with open_read_only(path) as journal:
        seen = journal.head().events
        rows = journal.last_events(last, wanted) if last else list_up_to(journal, wanted, seen)
        for seq, event in rows:
            seen = max(seen, seq)
            yield event
        version = journal.version()
        while follow:
            for seq, event in journal.events(seen, wanted):
                seen = seq
                yield event
            while version == (version := journal.version()):
                time.sleep(POLL)


def list_up_to(journal: Reader, wanted: Filter, head: int) -> Iterator[tuple[int, Event]]:
    """The events up to `head`: later ones belong to --follow."""
    return ((seq, event) for seq, event in journal.events(0, wanted) if seq <= head)


def line(event: Event, at: Callable[[int], str] = rfc3339) -> str:
    """An event for a person; `at` writes its time."""
    subject = event.item or event.tag or event.source or "-"
    words = [at(event.time), event.kind, subject]
    if event.place:
        words.append(f"at {event.place}")
    if event.from_place:
        words.append(f"from {event.from_place}")
    if event.direction:
        words.append(event.direction)
    if event.kind == "retracted":
        words.append(f"takes back {event.of}")
    if event.late:
        words.append("(late)")
    return "  ".join(words)
