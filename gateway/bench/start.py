"""From the start of `waypost run` to the READY=1 that systemd waits for."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.bench import site
from gateway.bench.live import Failed
from gateway.bench.rows import Row

PATIENCE = 30.0
"""Seconds to wait for READY=1."""
_NOBODY = range(1, 9)
"""Ports where no reader listens."""


def start(folder: Path, rounds: int = 5) -> Iterator[Row]:
    """Wall time of whole processes, the median of a few."""
    with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
        path = site.configuration(Path(made), _NOBODY, zones=False)
        ready = [_until_ready(path) for _ in range(rounds)]
    text = f"{len(_NOBODY)} readers configured, median of {rounds}, {min(ready):.2f} to {max(ready):.2f} s"
    yield Row("start: READY", "waypost run to READY=1", statistics.median(ready), "s", text, 1.0, "lower")
    bare = statistics.median(_run(["-c", "pass"]) for _ in range(rounds))
    code = "import gateway.commands.run, gateway.app, gateway.notify"
    full = statistics.median(_run(["-c", code]) for _ in range(rounds))
    text = f"Python alone: {bare:.2f} s"
    yield Row("start: imports", "Python and the daemon's modules", full, "s", text, None, "lower")


def _run(arguments: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True)
    return time.perf_counter() - began


def _until_ready(path: Path) -> float:
    name = f"waypost-bench-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind("\0" + name)
        environment = {**os.environ, "NOTIFY_SOCKET": "@" + name}
        began = time.perf_counter()
        command = [sys.executable, "-m", "gateway.cli", "run", str(path)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as daemon:
            try:
                return _ready(notified, began)
            finally:
                daemon.terminate()


def _ready(notified: socket.socket, began: float) -> float:
    notified.settimeout(PATIENCE)
    while True:
        try:
            said = notified.recv(4096)
        except TimeoutError:
            raise Failed(f"waypost run was not ready within {PATIENCE:g} s") from None
        if b"READY=1" in said.splitlines():
            return time.perf_counter() - began
