"""One writer per journal, also against a second process: an advisory lock on a file beside it."""

import fcntl
import os
from pathlib import Path

from gateway.database import JournalUnusable, explained


class Lock:
    """Held until `release` or the end of the process. Raises JournalUnusable when another process has it.

    It is on a file of its own: closing any descriptor of SQLite's files would let go of SQLite's locks on them.
    """

    def __init__(self, path: Path) -> None:
        place = path.with_name(path.name + ".lock")
        with explained(path):
            self._descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise JournalUnusable(
                f"journal {path} is in use: another process holds {place}; stop that daemon first"
            ) from None

    def release(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)
