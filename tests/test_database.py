"""What SQLite's and the system's errors become."""

import errno
import sqlite3
from pathlib import Path

import pytest

from gateway.database import (
    JournalDamaged,
    JournalError,
    JournalFailed,
    JournalFull,
    JournalUnreadable,
    JournalUnusable,
    explain,
    explained,
    is_refusal,
)

PATH = Path("/var/lib/waypost/waypost.db")


def failure(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_NAME"
    return error


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (sqlite3.SQLITE_FULL, JournalFull, "make room on this disk"),
        (sqlite3.SQLITE_CORRUPT, JournalDamaged, "is damaged"),
        (sqlite3.SQLITE_CORRUPT_INDEX, JournalDamaged, "is damaged"),
        (sqlite3.SQLITE_NOTADB, JournalDamaged, "is damaged"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, JournalUnusable, "give this user write permission"),
        (sqlite3.SQLITE_CANTOPEN, JournalUnusable, "not mounted read-only"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, JournalFailed, "end the program that writes to it"),
        (sqlite3.SQLITE_IOERR_FSYNC, JournalFailed, "replace it if it is failing"),
        (sqlite3.SQLITE_IOERR_READ, JournalUnreadable, "cannot be read"),
        (sqlite3.SQLITE_IOERR_CORRUPTFS, JournalUnreadable, "cannot be read"),
        (sqlite3.SQLITE_NOMEM, JournalFailed, "as SQLite says it"),
    ],
)
def test_errors_of_sqlite(code: int, kind: type[JournalError], says: str) -> None:
    error = explain(failure(code), PATH)
    assert type(error) is kind
    assert says in str(error)
    assert str(PATH) in str(error)
    assert "as SQLite says it (SQLITE_NAME)" in str(error)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, JournalFull),
        (errno.EDQUOT, JournalFull),
        (errno.EROFS, JournalUnusable),
        (errno.EACCES, JournalUnusable),
        (errno.EIO, JournalFailed),
        (errno.EFBIG, JournalFailed),
    ],
)
def test_errors_of_the_system(code: int, kind: type[JournalError]) -> None:
    error = explain(OSError(code, "as the system says it"), PATH)
    assert type(error) is kind
    assert "as the system says it" in str(error)


def test_an_error_of_ours_stays_what_it_is() -> None:
    ours = JournalFull("no room")
    with pytest.raises(JournalFull) as caught, explained(PATH):
        raise ours
    assert caught.value is ours


def test_a_value_that_does_not_fit_is_no_fault_of_the_file() -> None:
    assert is_refusal(failure(sqlite3.SQLITE_CONSTRAINT_NOTNULL))
    assert is_refusal(sqlite3.ProgrammingError("type 'list' is not supported"))
    assert not is_refusal(failure(sqlite3.SQLITE_IOERR_WRITE))
