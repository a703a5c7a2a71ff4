"""The journals of a site as feeds: what was put aside because it was damaged, and the one that is written to."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from gateway import database
from gateway.quarantine import Salvage, salvage
from gateway.reader import Reader
from gateway.sinks.feed import Feed

_mending = Lock()
"""A log that is being mended is not there for a moment; each sink has a thread of its own."""


def live(path: Path, offsets: Mapping[str, int]) -> Feed:
    """The journal that the daemon writes to. Raises JournalError."""
    with database.explained(path):
        database.check_is_file(path)
        db = database.connect_read_only(path)
        try:
            return Feed(Reader(db, path), Salvage(db, path), offsets)
        except BaseException:
            db.close()
            raise


def aside(path: Path, offsets: Mapping[str, int]) -> Feed | None:
    """One that was put aside; None when nothing of it can be read, or not even whose it is."""
    with _mending:
        found = salvage(path)
    if found is None:
        return None
    if not found.site or not found.epoch:
        found.close()
        return None
    return Feed(None, found, offsets)
