"""Options that several commands have, and what their values mean."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gateway import configuration, exits
from gateway.commands.output import fail
from gateway.overrides import BadOverride
from gateway.rows import microseconds

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration file; else $WAYPOST_CONFIG, ./waypost.toml, /etc/waypost/waypost.toml.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
When = Annotated[str | None, typer.Option(metavar="RFC3339")]


def load(given: Path | None, settings: Sequence[str] = ()) -> configuration.Configuration:
    """The valid configuration, or the end of the command. `settings`: KEY=VALUE that go before those of the file."""
    try:
        return configuration.load(configuration.find(given), settings)
    except BadOverride as error:
        fail(str(error), exits.UNREADABLE)
    except configuration.Unreadable as error:
        fail(str(error), exits.UNREADABLE)
    except configuration.Invalid as error:
        fail(str(error), exits.WRONG)


def moment(option: str, text: str | None) -> int | None:
    """A `When` in microseconds UTC, or the end of the command."""
    try:
        return None if text is None else microseconds(text)
    except ValueError as error:
        fail(f"{option}: {error}", exits.UNREADABLE)
