"""What the commands share: their options, the configuration they mean, and how they print."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway import configuration, exits

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration file; else $WAYPOST_CONFIG, ./waypost.toml, /etc/waypost/waypost.toml.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def load(given: Path | None) -> configuration.Configuration:
    """The valid configuration, or the end of the command."""
    try:
        return configuration.load(configuration.find(given))
    except configuration.Unreadable as error:
        fail(str(error), exits.UNREADABLE)
    except configuration.Invalid as error:
        fail(str(error), exits.WRONG)


def say(text: str) -> None:
    """A message for the person at the terminal."""
    print(text, file=sys.stderr)


def put(row: Mapping[str, object]) -> None:
    """One JSON object, on a line that is complete at once."""
    print(json.dumps(row, ensure_ascii=False, default=dict), flush=True)


def fail(text: str, status: int) -> NoReturn:
    """End with a message and an exit status."""
    say(text)
    raise typer.Exit(status)
