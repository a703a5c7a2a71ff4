"""The shim of shim.c: how it is built, preloaded, and controlled by the process that it is in."""

import ctypes
import errno
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent


def build(directory: Path) -> Path:
    """Compile the shim. Raises when there is no C compiler: it is in Debian's package gcc."""
    library = directory / "shim.so"
    sources = [
        "-shared",
        "-fPIC",
        "-O1",
        "-U_FORTIFY_SOURCE",
        "-Wall",
        "-Wextra",
        "-Werror",
        str(HERE / "shim.c"),
        "-ldl",
    ]
    subprocess.run(["cc", "-o", str(library), *sources], check=True)
    return library


def run(mode: str, directory: Path, *arguments: str, library: Path | None = None) -> str:
    """Run `tests.faults.modes` in a process of its own, with the shim if there is one; returns what it prints."""
    environment: Mapping[str, str] = os.environ | (
        {"LD_PRELOAD": str(library)} if library is not None else {}
    )
    command = [sys.executable, "-m", "tests.faults.modes", mode, str(directory), *arguments]
    done = subprocess.run(
        command,
        cwd=HERE.parent.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{mode} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


class Shim:
    """The shim in this very process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)

    def watch(self, path: Path, log: Path | None = None) -> None:
        """Watch the files whose path begins with `path`."""
        self._library.shim_watch(os.fsencode(path), os.fsencode(log) if log is not None else b"")

    def arm(self, first: int, count: int = 1, error: int = errno.EIO, half: bool = False) -> None:
        """Let the calls first, first + 1, ... fail; counts from here. -1 = none."""
        self._library.shim_arm(ctypes.c_long(first), ctypes.c_long(count), error, int(half))

    def arm_reads(self, first: int, count: int = 1) -> None:
        """The same for reads, with EIO."""
        self._library.shim_arm_reads(ctypes.c_long(first), ctypes.c_long(count))

    def read_only(self, on: bool) -> None:
        """Let opening for writing fail with EROFS."""
        self._library.shim_read_only(int(on))

    def full(self, on: bool) -> None:
        """Let writing that would make a file longer fail with ENOSPC."""
        self._library.shim_full(int(on))

    def mark(self, text: str) -> None:
        """A line of our own in the log."""
        self._library.shim_mark(text.encode())

    @property
    def calls(self) -> int:
        """Writes and the like since `arm`."""
        return int(self._library.shim_calls())

    @property
    def reads(self) -> int:
        """Reads since `arm_reads`."""
        return int(self._library.shim_reads())
