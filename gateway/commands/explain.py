"""`waypost explain EVENT`: why was this said? From the journal, also while the daemon runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import exits
from gateway.commands.events import line
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import counted, fail, put, say, show
from gateway.database import JournalError
from gateway.local_time import LocalTime
from gateway.reader import open_read_only

if TYPE_CHECKING:
    from gateway.explanation import Explanation


def explain(
    event: Annotated[str, typer.Argument(help="Id of an event, or how it begins.")],
    reads: Annotated[bool, typer.Option("--reads", help="Each of the reads behind it too.")] = False,
    png: Annotated[
        Path | None,
        typer.Option("--png", help="Draw the strengths over time into this file (with waypost[bench])."),
    ] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell what an event was decided by: reads, features, companions, thresholds, devices and their clocks.

    Exit 1 if there is no such event, 3 if the journal cannot be read.
    """
    from gateway.explanation import NoSuchEvent, find_event
    from gateway.explanation import explain as explained
    from gateway.explanation_text import explanation_json, explanation_lines

    loaded = load(config)
    at = LocalTime(loaded.settings.site.timezone)
    try:
        with open_read_only(loaded.journal) as journal:
            seq, found = find_event(journal, event)
            told = explained(journal, loaded.site, seq, found)
    except NoSuchEvent as error:
        fail(str(error), exits.WRONG)
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    if json:
        put(explanation_json(told, reads))
    else:
        for one in explanation_lines(told, lambda event: line(event, at), at, reads):
            show(one)
    if png is not None:
        _draw(told, png)


def _draw(told: "Explanation", png: Path) -> None:
    from gateway.explanation_picture import picture

    try:
        drawn = picture(told, png)
    except ModuleNotFoundError:
        fail("--png needs matplotlib: install waypost[bench], or leave the option out", exits.UNREADABLE)
    except OSError as error:
        fail(f"--png {png}: cannot be written: {error.strerror}; name another file", exits.UNREADABLE)
    say(f"{png}: {counted(drawn, 'read')}")
