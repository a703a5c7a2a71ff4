"""A damaged journal: put aside under another name, and read for what is left of it."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from core.records import Dictionary, Input
from gateway import database, wal
from gateway.database import JournalDamaged, JournalError, JournalUnusable
from gateway.heads import Head, split_row
from gateway.notes import Cursor
from gateway.reader import Reader
from gateway.retention import Drop
from gateway.tables import EVENT, GAP, INPUT, Parse, Snapshot, T, Table

KEPT = 8
"""Damaged journals beside the good one; then an operator has to look."""

_BITS = 40
_PARTS = ("", "-wal", "-shm")


def set_aside(path: Path) -> Path | None:
    """Rename the journal and its log to <name>.quarantine-<n>; returns that path, None when they were empty.

    The file goes first: a log without its file is recognised by `tidy` after a crash in between. Nothing that was put
    aside is ever deleted here: raises JournalUnusable when there are too many. Raises OSError.
    """
    if not any(_part(path, part).exists() and _part(path, part).stat().st_size for part in _PARTS[:2]):
        for part in _PARTS:
            _part(path, part).unlink(missing_ok=True)
        return None
    if len(quarantined(path)) >= KEPT:
        raise JournalUnusable(
            f"journal {path} is damaged, and so were the {KEPT} that are beside it as {path.name}.quarantine-<n>; "
            "replace this disk if it is failing, and move them away"
        )
    target = _name(path, _next(path))
    for part in _PARTS:
        _move(_part(path, part), _part(target, part))
    sync_directory(path)
    return target


def tidy(path: Path) -> None:
    """A log without its file is what a crash in `set_aside` left: it follows the file. Raises OSError."""
    if path.exists() or not _part(path, "-wal").exists():
        return
    others = quarantined(path)
    torn = bool(others) and not _part(others[-1], "-wal").exists()
    target = others[-1] if torn else _name(path, _next(path))
    for part in _PARTS[1:]:
        _move(_part(path, part), _part(target, part))
    sync_directory(path)


def sync_directory(path: Path) -> None:
    """Make names in the directory of `path` durable. Raises OSError."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def quarantined(path: Path) -> list[Path]:
    """The damaged journals that were put aside from `path`, the oldest first."""
    return [_name(path, number) for number in _numbers(path)]


def _numbers(path: Path) -> list[int]:
    prefix = f"{path.name}.quarantine-"
    ends = (other.name[len(prefix) :] for other in path.parent.iterdir() if other.name.startswith(prefix))
    return sorted(int(end) for end in ends if end.isdecimal())


def _next(path: Path) -> int:
    return max(_numbers(path), default=0) + 1


def _name(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.quarantine-{number}")


def _part(path: Path, part: str) -> Path:
    return path.with_name(path.name + part)


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.rename(target)


def last_written(path: Path) -> int:
    """Microseconds UTC since when nothing was written to a journal that was put aside, at the latest. Raises OSError."""
    parts = [_part(path, part) for part in _PARTS[:2]]
    return min(part.stat().st_mtime_ns // 1000 for part in parts if part.exists())


class Salvage(Reader):
    """A reader that steps over what is damaged, and counts it in `lost`.

    `site` and `epoch` are empty where even they cannot be read.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self.lost = 0
        super().__init__(db, path)

    def _required(self, key: str) -> str:
        try:
            return super()._required(key)
        except JournalDamaged:
            return ""

    def get(self, key: str) -> str | None:
        try:
            return super().get(key)
        except JournalError:
            self.lost += 1
            return None

    def head(self) -> Head:
        """Of the newest commit that can be read."""
        return self._newest_head()

    def ledger(self) -> Iterator[Drop]:
        try:
            drops = list(super().ledger())
        except JournalError:
            self.lost += 1
            return
        yield from drops

    def snapshot(self) -> Snapshot | None:
        try:
            return super().snapshot()
        except JournalError:
            self.lost += 1
            return None

    def cursors(self) -> dict[Cursor, int]:
        try:
            return super().cursors()
        except JournalError:
            self.lost += 1
            return {}

    def span(self, table: Table) -> tuple[int, int]:
        try:
            return super().span(table)
        except JournalError:
            return 1, self._last(table)

    def _last(self, table: Table) -> int:
        """The last key that a table of which the end is unreadable may have."""
        if table in (EVENT, GAP):
            head = self._newest_head()
            return head.events if table == EVENT else head.gaps
        powers = [1 << bit for bit in range(_BITS)]
        return 2 * max((power for power in powers if self._has_beyond(table, power)), default=0)

    def _newest_head(self) -> Head:
        first, last = self.span(INPUT)
        for number in range(last, first - 1, -1):
            found = self._parsed(INPUT, number, number, split_row)
            if found:
                return found[0][0]
        return Head()

    def _has_beyond(self, table: Table, key: int) -> bool:
        try:
            return bool(self._query(f"SELECT 1 FROM {table.name} WHERE {table.key} >= ? LIMIT 1", key))
        except JournalError:
            return False

    def _first_beyond(self, column: str, after: int, low: int, high: int) -> int:
        try:
            return super()._first_beyond(column, after, low, high)
        except JournalError:
            return low

    def _parsed(
        self, table: Table, low: int, high: int, parse: Parse[T], sql: str = "", more: tuple[object, ...] = ()
    ) -> list[T]:
        try:
            return super()._parsed(table, low, high, parse, sql, more)
        except JournalError:
            if low >= high:
                self.lost += 1
                return []
            middle = (low + high) // 2
            below = self._parsed(table, low, middle, parse, sql, more)
            return below + self._parsed(table, middle + 1, high, parse, sql, more)

    def dictionary(self, base: int) -> Dictionary:
        try:
            return super().dictionary(base)
        except JournalError:
            self.lost += 1
            return self._tags[base]  # as far as it goes: inputs with a code beyond it are lost

    def _decode(self, head: Head, body: bytes) -> list[Input]:
        try:
            return super()._decode(head, body)
        except JournalError:
            self.lost += 1
            return []


def _mend(path: Path) -> None:
    """Let SQLite read a log behind its damaged frames; the log as it was found stays beside it. Raises OSError."""
    log = wal.read(path)
    if wal.lost_commits(log, wal.valid_frames(log)):
        found = _part(path, "-wal.found")
        if not found.exists():
            wal.log_of(path).rename(found)
        wal.put_back(path, wal.mended(log))


def salvage(path: Path) -> Salvage | None:
    """A reader of what is left in a journal that was put aside; None when that is nothing."""
    try:
        with database.explained(path):
            _mend(path)
            db = database.connect_damaged(path)
            try:
                return Salvage(db, path)
            except BaseException:
                db.close()
                raise
    except JournalError:
        return None
