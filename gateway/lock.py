"""One writer per journal, also against a second process: an advisory lock on a file beside it."""

import errno
import fcntl
import os
from pathlib import Path

from gateway.database import JournalError, JournalFailed, JournalUnusable, explained


class Lock:
    """Held until `release` or the end of the process. Raises JournalUnusable when another process has it.

    It is on a file of its own: closing any descriptor of SQLite's files would let go of SQLite's locks on them.
    """

    def __init__(self, path: Path) -> None:
        place = path.with_name(path.name + ".lock")
        try:
            with explained(path):
                self._descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except JournalFailed as error:
            raise self._no_place(path, error) from error
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

    @staticmethod
    def _no_place(path: Path, error: JournalFailed) -> JournalError:
        """Nothing can be made there, which says nothing about the disk unless it has failed."""
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno == errno.EIO:
            return error
        return JournalUnusable(
            f"journal {path}: no file can be made in {path.parent}: {cause.strerror}; "
            "let [journal] path name a file in a directory on a local disk"
        )
