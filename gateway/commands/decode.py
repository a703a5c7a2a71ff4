"""`waypost decode PROTOCOL [FILE|-]`: bytes, or lines of hex, in; JSON lines out, one per tag, fix or scan."""

import sys
import time
from collections.abc import Iterator, Mapping
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import exits
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import fail, put, say

if TYPE_CHECKING:
    from drivers.codecs.catalog import Decode


def decode(
    protocol: Annotated[
        str, typer.Argument(help="The kind of device, as in its [[device]]: llrp, m100, zebra, ...")
    ],
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")] = "-",
    device: Annotated[
        str | None,
        typer.Option(
            help="Understand the messages as this device of the configuration: with its places and units."
        ),
    ] = None,
    config: Config = None,
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
    for row in protocols[protocol](data) if device is None else _as_device(protocol, device, config, data):
        if "tag" in row or "lat" in row:
            put(row)
        else:
            say(dumps(row))
            broken = broken or "error" in row
    if broken:
        raise typer.Exit(exits.UNREADABLE)


def _as_device(
    protocol: str, device: str, config: Path | None, data: bytes
) -> Iterator[Mapping[str, object]]:
    """What the device's driver would make of its messages; one that tells no arrival arrives now."""
    from drivers.codecs.said_lines import decode_lines
    from drivers.subscriber import Subscriber

    devices = {one.id: one for one in load(config).settings.device}
    if device not in devices:
        fail(f"no device {device}; the configuration has {', '.join(sorted(devices))}", exits.UNREADABLE)
    one = devices[device]
    if not isinstance(one, Subscriber):
        fail(f"{device} is on no broker; leave --device out", exits.UNREADABLE)
    if one.kind != protocol:
        fail(f"{device} is of kind {one.kind}; write `waypost decode {one.kind}`", exits.UNREADABLE)
    return decode_lines(data, one.session(), one.filters[0], time.time_ns() // 1000)


def _protocols() -> dict[str, "Decode"]:
    from drivers.codecs.catalog import CODECS

    return {kind: codec.decode for kind, codec in CODECS.items()}
