"""`waypost decode PROTOCOL [FILE|-]`: bytes, or lines of hex, in; JSON lines out, one per tag, fix or scan."""

import sys
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import exits
from gateway.commands.options import AsJson
from gateway.commands.output import fail, put, say

if TYPE_CHECKING:
    from drivers.codecs.catalog import Decode


def decode(
    protocol: Annotated[
        str, typer.Argument(help="The kind of device, as in its [[device]]: llrp, m100, zebra, ...")
    ],
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")] = "-",
    json: AsJson = False,
) -> None:
    """Tell what a device is saying, as JSON lines, with or without --json; what is no tag and no fix goes to stderr.

    Bytes that can not be decoded are named there as well, and decoding goes on behind them; exit 2 then.
    """
    protocols = _protocols()
    if protocol not in protocols:
        fail(f"{protocol}: no such protocol; known: {', '.join(protocols)}", exits.UNREADABLE)
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}", exits.UNREADABLE)
    broken = False
    for row in protocols[protocol](data):
        if "tag" in row or "lat" in row:
            put(row)
        else:
            say(dumps(row))
            broken = broken or "error" in row
    if broken:
        raise typer.Exit(exits.UNREADABLE)


def _protocols() -> dict[str, "Decode"]:
    from drivers.codecs.catalog import CODECS

    return {kind: codec.decode for kind, codec in CODECS.items()}
