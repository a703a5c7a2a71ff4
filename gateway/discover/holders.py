"""Who has a serial port: a port that somebody holds is not even opened.

What locks a port in the kernel (flock, TIOCEXCL) shows when it is opened, see drivers/serial_port.py. Here is looked
for the others: programs that have it open without a lock, as far as this user may see them (root sees all), lock files
of UUCP's kind, and the kernel's own console.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.discover.kernel import told

ROOT = Path("/")


def holder(path: str, root: Path = ROOT) -> str | None:
    """Who has the port open, in words; None if nobody is seen. `root`: where /proc, /sys and /run are."""
    real = os.path.realpath(path)
    if real.startswith("/dev/pts/"):
        return None  # whoever made a pseudo-terminal may hold both of its ends
    name = os.path.basename(real)
    return _console(name, root) or _locked(name, root) or next(_openers(real, root), None)


def _console(name: str, root: Path) -> str | None:
    consoles = told(root / "sys/class/tty/console/active").split()
    return "the kernel, as its console" if name in consoles else None


def _locked(name: str, root: Path) -> str | None:
    """A lock file names the process; one that has ended has left it behind."""
    for folder in ("run/lock", "var/lock"):
        number = told(root / folder / f"LCK..{name}")
        if number.isdecimal() and (root / "proc" / number).exists():
            return _process(root / "proc" / number)
    return None


def _openers(real: str, root: Path) -> Iterator[str]:
    for process in (root / "proc").iterdir():
        if not process.name.isdecimal() or process.name == str(os.getpid()):
            continue
        try:
            handles = list((process / "fd").iterdir())
        except OSError:
            continue  # another user's, or it has just ended
        for handle in handles:
            try:
                if os.readlink(handle) == real:
                    yield _process(process)
            except OSError:
                continue


def _process(process: Path) -> str:
    name = told(process / "comm") or "a program"
    return f"{name} (process {process.name})"
