"""`waypost capture DEVICE`: record a device's bytes, as they come, into a folder for tests."""

import base64
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway import exits
from gateway.client import NotRunning, Refused, ask
from gateway.commands.common import AsJson, Config, fail, load, put, say
from gateway.configuration import Configuration
from gateway.control import socket_path
from gateway.rows import rfc3339


def capture(
    device: Annotated[str, typer.Argument(help="Id of the device.")],
    folder: Annotated[Path | None, typer.Option("--to", help="New folder; ./DEVICE by default.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long; 0 = until Ctrl-C.")] = 0,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Write capture.bin (what the device sent) and about.toml (what it is) into a new folder."""
    loaded = load(config)
    folder = folder or Path(device)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        fail(
            f"the folder {folder} cannot be made: {error.strerror}; name another with --to", exits.UNREADABLE
        )
    started = time.time_ns() // 1000
    size, dropped = _record(loaded, device, folder / "capture.bin", seconds)
    about = _about(loaded, device, started, size, dropped)
    (folder / "about.toml").write_text(about, encoding="utf-8")
    if json:
        put({"folder": str(folder), "device": device, "bytes": size, "dropped": dropped})
    else:
        say(f"{folder}: {size} bytes of {device}, {dropped} chunks lost because this command was too slow")


def _record(loaded: Configuration, device: str, file: Path, seconds: float) -> tuple[int, int]:
    size = dropped = 0
    ends = time.monotonic() + seconds if seconds else float("inf")
    try:
        with file.open("wb", buffering=0) as out:  # as it comes, also if this is killed
            for answer in ask(socket_path(loaded.journal), {"command": "capture", "device": device}, ends):
                data = base64.b64decode(answer["data"])
                out.write(data)
                size, dropped = size + len(data), int(answer["dropped"])
    except (NotRunning, Refused) as error:
        fail(str(error), exits.UNAVAILABLE)
    except KeyboardInterrupt:
        say("stopped")
    return size, dropped


def _about(loaded: Configuration, device: str, started: int, size: int, dropped: int) -> str:
    kinds = {one.id: one.kind for one in loaded.settings.device}
    return (
        f'device = "{device}"\nkind = "{kinds[device]}"\ncaptured = "{rfc3339(started)}"\n'
        f"bytes = {size}\nchunks_lost = {dropped}\n"
        'source = "recorded by waypost capture; say here which model and firmware, and what it saw"\n'
    )
