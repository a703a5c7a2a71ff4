"""How commands speak: data to stdout, messages to stderr, an exit status at the end."""

import json
import sys
from collections.abc import Mapping
from typing import NoReturn

import typer


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
