"""`waypost gaps`: when was which device not heard, from the journal, also while the daemon runs."""

from typing import Annotated

import typer

from core.events import Gap
from gateway import exits
from gateway.commands.options import AsJson, Config, When, load, moment
from gateway.commands.output import fail, put, show
from gateway.database import JournalError
from gateway.local_time import LocalTime
from gateway.reader import open_read_only
from gateway.rows import gap_json


def gaps(
    device: Annotated[str | None, typer.Option(help="Only those of this device.")] = None,
    since: When = None,
    until: When = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Print the gaps that reach into the time from --since to --until, in the order in which they ended.

    A device that has not come back yet has a device_down among the events. Exit 3 if the journal cannot be read.
    """
    after, before = moment("--since", since), moment("--until", until)
    loaded = load(config)
    at = LocalTime(loaded.settings.site.timezone)
    try:
        with open_read_only(loaded.journal) as journal:
            for _, gap in journal.gaps():
                if device in (None, gap.source) and _reaches_into(gap, after, before):
                    put(gap_json(gap)) if json else show(line(gap, at))
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)


def _reaches_into(gap: Gap, after: int | None, before: int | None) -> bool:
    return (after is None or gap.to >= after) and (before is None or gap.since < before)


def line(gap: Gap, at: LocalTime) -> str:
    """A gap for a person."""
    words = [at(gap.since), "to", at(gap.to), gap.source, gap.reason]
    if gap.filled:
        words.append(f"({gap.filled} records came later)")
    return "  ".join(words)
