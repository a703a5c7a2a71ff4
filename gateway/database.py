"""SQLite as the journal uses it: how a file is opened, and what its errors mean."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

APPLICATION = 0x57_50_4A_4C
"""SQLite's application_id of a journal: WPJL."""

VERSION = 2
PAGE = 2048
_LOG_LIMIT = f"journal_size_limit={8 << 20}"
"""Bytes to which the write-ahead log is cut back once it has been moved into the file."""


class JournalError(OSError):
    """Something is wrong with the journal; the text names the file, the reason and the remedy."""


class JournalMissing(JournalError):
    """There is no journal at this path."""


class JournalUnusable(JournalError):
    """An operator must change something: path, permissions, mount, site, version, another daemon."""


class JournalFull(JournalError):
    """The disk is full. Nothing that was acknowledged is lost; the commit can be tried again."""


class JournalFailed(JournalError):
    """The disk answered with an error, or somebody else holds the file. The commit can be tried again."""


class JournalUnreadable(JournalFailed):
    """The disk does not give back what it holds."""


class JournalDamaged(JournalError):
    """What is on the disk is not what was written, or a read that failed made it look so."""


class CommitsLost(JournalDamaged):
    """What was acknowledged is not there any more, and no second look will find it."""


_READ_ERRORS = (
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_DATA,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
)
_REFUSALS = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_RANGE,
)


def is_refusal(error: sqlite3.Error) -> bool:
    """Is it about a value that was to be written, and not about the file?"""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in _REFUSALS


def explain(error: sqlite3.Error | OSError, path: Path) -> JournalError:
    """The error in our words, by SQLite's result code or by errno."""
    if isinstance(error, OSError):
        return _explain_errno(error, path)
    name = getattr(error, "sqlite_errorname", None) or "no result code"
    cause = f"{error} ({name})"
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return _full(path, cause)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return JournalDamaged(f"journal {path} is damaged: {cause}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _forbidden(path, cause)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalFailed(f"journal {path} is locked: {cause}; end the program that writes to it")
    if getattr(error, "sqlite_errorcode", 0) in _READ_ERRORS:
        return JournalUnreadable(f"journal {path} cannot be read: {cause}")
    return _failing(path, cause)


def _explain_errno(error: OSError, path: Path) -> JournalError:
    cause = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(path, cause)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return _forbidden(path, cause)
    return _failing(path, cause)


def _full(path: Path, cause: str) -> JournalFull:
    return JournalFull(f"journal {path}: {cause}; make room on this disk, or lower [journal] max_bytes")


def _failing(path: Path, cause: str) -> JournalFailed:
    return JournalFailed(
        f"journal {path}: {cause}; see the kernel's log for this disk and replace it if it is failing"
    )


def _forbidden(path: Path, cause: str) -> JournalUnusable:
    return JournalUnusable(
        f"journal {path} cannot be written: {cause}; give this user write permission on the file and on "
        f"{path.parent}, and see that the file system is not mounted read-only"
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the system leave as a JournalError."""
    try:
        yield
    except JournalError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise explain(error, path) from error
    except UnicodeDecodeError as error:  # sqlite3 itself, about a message or a name
        raise JournalDamaged(f"journal {path} is damaged: a text is none: {error}") from error


def check_is_file(path: Path) -> None:
    """Raises JournalUnusable for a directory, about which SQLite is vague."""
    if path.is_dir():
        raise JournalUnusable(f"journal {path} is a directory; let [journal] path name a file")


def check_place(path: Path) -> None:
    """Raises JournalUnusable where no journal can be written."""
    with explained(path):
        check_is_file(path)
    if not path.parent.is_dir():
        raise JournalUnusable(f"journal {path}: there is no directory {path.parent}; make it")
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK):
        raise _forbidden(path, f"no write access to {place}")


def _opened(name: str, uri: bool = False) -> sqlite3.Connection:
    db = sqlite3.connect(name, uri=uri, isolation_level=None, check_same_thread=False)
    db.text_factory = _text
    return db


def _text(data: bytes) -> str:
    """Text that is damaged is for the checksum of its row to find: sqlite3 would fail on it without a result code."""
    return data.decode("utf-8", "replace")


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes: autocommit, write-ahead log, every commit synchronised.

    The file is a journal or empty. Checkpoints are the caller's: SQLite hides the errors of automatic ones.
    Raises sqlite3.Error, and JournalUnusable for a file that is not ours.
    """
    db = _opened(os.fspath(path))
    try:
        if not is_empty(db):
            check_format(db, path)
        db.execute(f"PRAGMA page_size={PAGE}")
        (mode,) = db.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise JournalUnusable(f"journal {path}: its file system has no shared memory; use a local disk")
        for setting in ("synchronous=FULL", "secure_delete=OFF", "wal_autocheckpoint=0", _LOG_LIMIT):
            db.execute(f"PRAGMA {setting}")
        db.execute("BEGIN IMMEDIATE")  # a file that may not be written says so here, not at the first commit
        db.execute("ROLLBACK")
    except BaseException:
        db.close()
        raise
    return db


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that only reads, also while a daemon writes. Raises sqlite3.Error."""
    uri = _read_only(path)
    db = _opened(uri, uri=True)
    try:
        db.execute("SELECT 1 FROM sqlite_schema")
    except sqlite3.OperationalError:
        db.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        # A journal that was closed well, in a place where we may not make the -shm file that SQLite asks for.
        db = _opened(uri + "&immutable=1", uri=True)
    return db


def connect_damaged(path: Path) -> sqlite3.Connection:
    """A connection that only reads, also a file that was cut short. Raises sqlite3.Error."""
    db = _opened(_read_only(path), uri=True)
    db.execute("PRAGMA writable_schema=ON")  # else SQLite opens no file that is shorter than its head says
    return db


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=ro"


def is_empty(db: sqlite3.Connection) -> bool:
    """Nothing was ever created in it."""
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return not tables


def create(db: sqlite3.Connection) -> None:
    """The tables of a new journal; inside the caller's transaction."""
    for statement in files("gateway").joinpath("sql/journal.sql").read_text().split(";\n"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id={APPLICATION}")
    db.execute(f"PRAGMA user_version={VERSION}")


def check_format(db: sqlite3.Connection, path: Path) -> None:
    """Raises JournalUnusable for somebody else's database and for another version."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise JournalUnusable(f"{path} is a database, but no journal; let [journal] path name another file")
    if version != VERSION:
        raise JournalUnusable(
            f"journal {path} has version {version}, and this program understands {VERSION}; install the release "
            "that wrote it, or let [journal] path name a new file"
        )
