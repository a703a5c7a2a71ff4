"""Opening the journal's file: is it ours, is it sound as far as the state depends on it, and how far has it come?"""

import sqlite3
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway import database, wal
from gateway.database import CommitsLost, JournalDamaged, JournalUnreadable, JournalUnusable, explained
from gateway.heads import Head, split_row
from gateway.notes import Cursor, write_value
from gateway.quarantine import Salvage, sync_directory
from gateway.reader import INPUTS, Reader
from gateway.tables import EVENT, GAP, INPUT, SNAPSHOT
from gateway.tag_codes import TagCodes


@dataclass(frozen=True, slots=True)
class File:
    """An open journal.

    db       the connection that writes; past: one that reads
    head     of the last commit; codes: the tag codes of its generation; cursors: how far the sinks have come
    """

    db: sqlite3.Connection
    past: Salvage
    head: Head
    codes: TagCodes
    cursors: dict[Cursor, int]

    def close(self) -> None:
        """The last connection moves the log into the file; what it cannot move stays in the log."""
        self.past.close()
        self.db.close()


def open_file(path: Path, site: str) -> File:
    """Open or make the journal of `site`.

    Raises JournalDamaged, JournalUnreadable, JournalUnusable, JournalFull, JournalFailed.
    """
    with explained(path):
        log = _log(path)
        try:
            return _opened(path, site, log)
        except CommitsLost:
            wal.put_back(path, log)  # its last connection has deleted it, and the lost commits are in there
            raise


def _opened(path: Path, site: str, log: bytes) -> File:
    with ExitStack() as undo:
        db = database.connect(path)
        undo.callback(db.close)
        _take_over(db, path, log)
        if database.is_empty(db):
            _create(db, path, site)
        past = database.connect_read_only(path)
        undo.callback(past.close)
        _check(Reader(past, path), site)
        salvage = Salvage(past, path)
        head = salvage.head()
        codes = TagCodes(head.base, salvage.dictionary(head.base))
        file = File(db, salvage, head, codes, salvage.cursors())
        undo.pop_all()
    return file


def _log(path: Path) -> bytes:
    try:
        log = wal.read(path)
    except OSError as error:
        raise JournalUnreadable(f"journal {path} cannot be read: {wal.log_of(path)}: {error}") from error
    wal.write_again(path, log)
    return log


def _take_over(db: sqlite3.Connection, path: Path, log: bytes) -> None:
    """Move what the log holds into the file, if there is room for it. Raises JournalDamaged."""
    moved = True
    try:
        frames: int = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
            raise
        moved = False
        frames = wal.valid_frames(log)
    if wal.lost_commits(log, frames):
        raise CommitsLost(f"journal {path} is damaged: {wal.log_of(path)} has commits that cannot be read")
    if moved:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _create(db: sqlite3.Connection, path: Path, site: str) -> None:
    db.execute("BEGIN IMMEDIATE")
    database.create(db)
    write_value(db, "site", site)
    write_value(db, "epoch", str(uuid.uuid4()))
    db.execute("COMMIT")
    sync_directory(path)


def _check(strict: Reader, site: str) -> None:
    """Whose it is, and all that the state will be rebuilt from. Raises JournalUnusable, JournalDamaged."""
    if strict.site != site:
        raise JournalUnusable(
            f"journal {strict.path} belongs to site {strict.site}, not to {site}; let [journal] path name another file"
        )
    head = strict.head()
    for table, newest in ((EVENT, head.events), (GAP, head.gaps)):
        last = strict.span(table)[1]
        if last != newest:
            raise JournalDamaged(
                f"journal {strict.path} is damaged: {table.name} {newest} should be the last and {last} is"
            )
    strict.dictionary(head.base)
    snapshot = strict.snapshot()
    if snapshot is not None or not strict.span(SNAPSHOT)[1]:
        for _ in strict.scan(INPUT, snapshot.number if snapshot else 0, INPUTS, split_row):
            pass
