"""How commands speak: data to stdout, messages to stderr, an exit status at the end."""

import json
import sys
from collections.abc import Mapping
from typing import NoReturn

import typer

_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
"""What JSON allows to stand as it is, and a terminal may obey."""


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey: devices and files choose some of it. Lines stay lines."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def show(text: str) -> None:
    """Lines for a person, complete at once."""
    print(printable(text), flush=True)


def say(text: str) -> None:
    """A message for the person at the terminal."""
    print(printable(text), file=sys.stderr)


def counted(number: int, what: str) -> str:
    """1 error, 2 errors."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def put(row: Mapping[str, object]) -> None:
    """One JSON object, on a line that is complete at once."""
    print(json.dumps(row, ensure_ascii=False, default=dict).translate(_CONTROLS), flush=True)


def fail(text: str, status: int) -> NoReturn:
    """End with a message and an exit status."""
    say(text)
    raise typer.Exit(status)
