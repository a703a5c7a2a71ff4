"""SQLite's write-ahead log from outside, checked against what SQLite itself makes of it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import wal

PAGE = 1024
FRAME = wal.FRAME.size + PAGE


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A database with six commits in its log, of which the fourth has several frames."""
    place = tmp_path / "waypost.db"
    db = sqlite3.connect(place, isolation_level=None)
    for pragma in (f"page_size={PAGE}", "journal_mode=WAL", "wal_autocheckpoint=0"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE t (x)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for number in range(6):
        db.execute("INSERT INTO t VALUES (?)", (str(number) * (3000 if number == 3 else 5),))
    yield place
    db.close()


def recovered(log: bytes, path: Path) -> int:
    """The frames that SQLite takes from the log."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    wal.log_of(copy).write_bytes(log)
    db = sqlite3.connect(copy)
    frames: int = db.execute("PRAGMA wal_checkpoint").fetchone()[1]
    db.close()
    return frames


def commits(log: bytes) -> list[int]:
    """Where the commit frames begin."""
    return [at for at in range(wal.HEADER.size, len(log), FRAME) if wal.FRAME.unpack_from(log, at)[1]]


def test_a_sound_log_has_no_lost_commits(path: Path) -> None:
    log = wal.read(path)
    frames = (len(log) - wal.HEADER.size) // FRAME
    assert wal.valid_frames(log) == recovered(log, path) == frames > 7
    assert not wal.lost_commits(log, frames)


def test_valid_frames_are_those_that_sqlite_recovers(path: Path) -> None:
    log = wal.read(path)
    for at in range(0, len(log), 301):
        damaged = log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]
        assert wal.valid_frames(damaged) == recovered(damaged, path)
        assert wal.valid_frames(log[:at]) == recovered(log[:at], path)


def test_a_log_that_a_crash_cut_or_tore_has_lost_nothing(path: Path) -> None:
    log = wal.read(path)
    for before, commit in zip([wal.HEADER.size - FRAME, *commits(log)], commits(log), strict=False):
        for at in range(before + FRAME, commit + FRAME, 97):
            torn = log[:at] + bytes(50) + log[at + 50 : commit + FRAME]
            assert not wal.lost_commits(torn, wal.valid_frames(torn))
            assert not wal.lost_commits(log[:at], wal.valid_frames(log[:at]))


def test_damage_in_front_of_two_later_commits_is_a_loss(path: Path) -> None:
    log = wal.read(path)
    for at in range(wal.HEADER.size + 30, commits(log)[-3] + FRAME, 31):
        damaged = log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]
        assert wal.lost_commits(damaged, wal.valid_frames(damaged))


def test_a_damaged_header_is_a_loss_and_an_empty_one_is_none(path: Path) -> None:
    log = wal.read(path)
    assert wal.lost_commits(b"?" + log[1:], 0)
    assert wal.valid_frames(b"?" + log[1:]) == 0
    assert not wal.lost_commits(bytes(len(log)), 0)
    assert not wal.lost_commits(log[:10], 0)
    assert not wal.lost_commits(b"", 0)


def test_writing_again_changes_nothing(path: Path) -> None:
    log = wal.read(path)
    wal.write_again(path, log)
    assert wal.read(path) == log


def test_no_log_is_an_empty_one(tmp_path: Path) -> None:
    assert wal.read(tmp_path / "none.db") == b""
    wal.write_again(tmp_path / "none.db", b"")
    assert not list(tmp_path.iterdir())


def test_a_mended_log_is_read_to_its_last_sound_commit(path: Path) -> None:
    log = wal.read(path)
    frames = wal.valid_frames(log)
    assert wal.mended(log) == log
    for at in range(wal.HEADER.size, commits(log)[-3], 301):
        mended = wal.mended(log[:at] + bytes([log[at] ^ 64]) + log[at + 1 :])
        assert wal.valid_frames(mended) == recovered(mended, path) == frames
    torn = log[: commits(log)[-1] + 30] + bytes(50) + log[commits(log)[-1] + 80 :]
    assert wal.valid_frames(wal.mended(torn)) == wal.valid_frames(torn) < frames
    assert wal.mended(b"no log") == b"no log"
