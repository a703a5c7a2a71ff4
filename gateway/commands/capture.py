"""`waypost capture DEVICE`: record what a device says, as it comes, into a folder for tests."""

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.events import rfc3339
from drivers.subscriber import Subscriber
from gateway import exits, recording
from gateway.client import NotRunning, Refused, ask
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import fail, put, say
from gateway.configuration import Configuration
from gateway.control import socket_path
from gateway.toml_text import inline

if TYPE_CHECKING:
    from drivers.catalog import Device


def capture(
    device: Annotated[str, typer.Argument(help="Id of the device.")],
    folder: Annotated[Path | None, typer.Option("--to", help="New folder; ./DEVICE by default.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long; 0 = until Ctrl-C.")] = 0,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Write what the device sent (capture.bin; messages: capture.jsonl) and what it is (about.toml) into a new folder."""
    loaded = load(config)
    devices = {one.id: one for one in loaded.settings.device}
    if device not in devices:
        fail(f"no device {device}; the configuration has {', '.join(sorted(devices))}", exits.UNREADABLE)
    folder = folder or Path(device)
    file = folder / recording.file_name(devices[device])
    started = time.time_ns() // 1000
    try:
        folder.mkdir(parents=True)
        size, dropped = _record(loaded, device, file, seconds)
        about = _about(devices[device], started, file.read_bytes(), dropped)
        (folder / "about.toml").write_text(about, encoding="utf-8")
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}; name another folder with --to", exits.UNREADABLE)
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


def _about(device: "Device", started: int, data: bytes, dropped: int) -> str:
    """Of messages also the settings: without them nobody knows what they mean."""
    told = recording.told(device.kind, device, data)
    text = (
        f'device = "{device.id}"\nkind = "{device.kind}"\ncaptured = "{rfc3339(started)}"\n'
        f"bytes = {len(data)}\nchunks_lost = {dropped}\n"
        "# as Waypost understood it; correct these where the device has said something else\n"
        f"tags = {told.tags}\nfixes = {told.fixes}\nbroken = {told.broken}\n"
        'source = "recorded by waypost capture; say here which model and firmware, and what it saw"\n'
    )
    if isinstance(device, Subscriber):
        text += f"settings = {inline(device.model_dump(mode='json', exclude_defaults=True))}\n"
    return text
