"""`waypost decode PROTOCOL [FILE|-]`: bytes, or lines of hex, in; JSON lines out, one per tag, fix or scan."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway import exits
from gateway.commands.common import AsJson, fail, put, say

CHUNK = 1 << 20


def decode(
    protocol: Annotated[str, typer.Argument(help="llrp")],
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")] = "-",
    json: AsJson = False,
) -> None:
    """Tell what a device is saying, as JSON lines, with or without --json. Exit 2 if it breaks the protocol."""
    from drivers.codecs.errors import ProtocolError
    from gateway.decoding import PROTOCOLS, Llrp

    if protocol not in PROTOCOLS:
        fail(f"{protocol}: no such protocol; known: {', '.join(PROTOCOLS)}", exits.UNREADABLE)
    stream = Llrp()
    try:
        for row in stream.rows(_chunks(file)):
            put(row)
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}", exits.UNREADABLE)
    except ProtocolError as error:
        fail(f"{file}: {error}", exits.UNREADABLE)
    finally:
        for name, number in sorted(stream.others.items()):
            if number:
                say(f"{name}: {number}")


def _chunks(file: str) -> Iterator[bytes]:
    """The bytes in pieces; hex must fit into the first of them or have whole bytes on each line."""
    from gateway.decoding import from_hex

    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as source:
        lines = b""
        while chunk := source.read(CHUNK):
            whole, _, lines = (
                (lines + chunk).rpartition(b"\n") if _is_hex(chunk) else (lines + chunk, b"", b"")
            )
            yield from_hex(whole)
        yield from_hex(lines)


def _is_hex(chunk: bytes) -> bool:
    from gateway.decoding import from_hex

    return bool(chunk.strip()) and from_hex(chunk.strip()) != chunk.strip()
