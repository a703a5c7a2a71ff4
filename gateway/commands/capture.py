"""`waypost capture DEVICE`: record a device's bytes, as they come, into a folder for tests."""

import base64
import time
from pathlib import Path
from typing import Annotated

import typer

from core.events import rfc3339
from gateway import exits
from gateway.client import NotRunning, Refused, ask
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import fail, put, say
from gateway.configuration import Configuration
from gateway.control import socket_path


def capture(
    device: Annotated[str, typer.Argument(help="Id of the device.")],
    folder: Annotated[Path | None, typer.Option("--to", help="New folder; ./DEVICE by default.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long; 0 = until Ctrl-C.")] = 0,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Write capture.bin (what the device sent) and about.toml (what it is) into a new folder."""
    loaded = load(config)
    kinds = {one.id: one.kind for one in loaded.settings.device}
    if device not in kinds:
        fail(f"no device {device}; the configuration has {', '.join(sorted(kinds))}", exits.UNREADABLE)
    folder = folder or Path(device)
    started = time.time_ns() // 1000
    try:
        folder.mkdir(parents=True)
        size, dropped = _record(loaded, device, folder / "capture.bin", seconds)
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}; name another folder with --to", exits.UNREADABLE)
    about = _about(device, kinds[device], started, size, dropped)
    (folder / "about.toml").write_text(about, encoding="utf-8")
    if json:
        put({"folder": str(folder), "device": device, "bytes": size, "dropped": dropped})
    else:
        say(f"{folder}: {size} bytes of {device}, {dropped} chunks lost because this command was too slow")


def _record(loaded: Configuration, device: str, file: Path, seconds: float) -> tuple[int, int]:
    size = dropped = 0
    ends = time.monotonic() + seconds if seconds else float("inf")
    try:
        with file.open("xb", buffering=0) as out:  # as it comes, also if this is killed
            for answer in ask(socket_path(loaded.journal), {"command": "capture", "device": device}, ends):
                data = base64.b64decode(answer["data"])
                out.write(data)
                size, dropped = size + len(data), int(answer["dropped"])
    except (NotRunning, Refused) as error:
        if not size:
            file.unlink()
            file.parent.rmdir()
            fail(str(error), exits.UNAVAILABLE)
        say(str(error))
    except KeyboardInterrupt:
        say("stopped")
    return size, dropped


def _about(device: str, kind: str, started: int, size: int, dropped: int) -> str:
    return (
        f'device = "{device}"\nkind = "{kind}"\ncaptured = "{rfc3339(started)}"\n'
        f"bytes = {size}\nchunks_lost = {dropped}\n"
        'source = "recorded by waypost capture; say here which model and firmware, and what it saw"\n'
    )
