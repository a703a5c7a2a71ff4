"""What a benchmark runs on, and how fast that is at this moment."""

import os
import platform
import socket
import sqlite3
import statistics
import time
from pathlib import Path

import numpy as np

CALIBRATION = 3_000_000
"""Additions of the loop that is timed between the measurements."""


def machine(folder: Path) -> dict[str, str | int | float]:
    """Processor, versions, and the filesystem that the journals are written to."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sqlite": sqlite3.sqlite_version,
        "filesystem": filesystem(folder),
        "loop_s": round(calibrate(), 3),
        "load": round(os.getloadavg()[0], 2),
    }


def calibrate(rounds: int = 3) -> float:
    """CPU seconds that a loop of 3,000,000 additions takes, the median of a few: how busy the machine is."""
    return statistics.median(_loop() for _ in range(rounds))


def _loop() -> float:
    began, x = time.process_time(), 0
    for i in range(CALIBRATION):
        x += i
    return time.process_time() - began


def cpu_model() -> str:
    """As /proc/cpuinfo names it; boards name themselves in the device tree."""
    board = Path("/proc/device-tree/model")
    if board.exists():
        return board.read_text().strip("\0\n")
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def filesystem(folder: Path) -> str:
    """Type and device of the mount that `folder` is on (proc(5), mounts)."""
    best, found = "", "unknown"
    path = f"{folder.resolve()}/"
    for line in Path("/proc/mounts").read_text().splitlines():
        device, mount, kind, *_ = line.split()
        if path.startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, found = mount, f"{kind} on {device}"
    return found


def pin(core: int) -> None:
    """Keep this process, and the threads that it will start, on one core."""
    os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})


def rss(process: str = "self") -> float:
    """Resident memory in MB (1e6 bytes) of a process (proc(5), status: VmRSS)."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def written() -> int:
    """Bytes that this process has caused to be sent to the storage layer (proc(5), io: write_bytes)."""
    for line in Path("/proc/self/io").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "write_bytes":
            return int(value)
    return 0


def free_port() -> int:
    """A TCP port of loopback at which nobody listens now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
