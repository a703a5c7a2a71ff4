"""What the journal deletes, when, and the ledger that says so.

Raw reads and fixes go first, events last. What is past its days waits for every registered sink; what is over a size does not.
Inputs since the newest snapshot are never deleted: the state is made of them. Deleted pages are used again, so the
file stays at its greatest size and needs no vacuum.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from gateway.heads import Head
from gateway.poison import KEPT as POISON_KEPT
from gateway.refusals import KEPT as REFUSALS_KEPT
from gateway.rows import RowDamaged, checksum

STREAMS = ("reads", "fixes", "events", "gaps", "poison", "quarantine")
"""That have a ledger; poison are the inputs that were set aside, quarantine the rows that a destination refused."""
AGED = "retention_days"
"""The reason of drops that were meant; all others are for want of room."""
DAY = 86_400_000_000
ROWS = 256
"""Rows that one commit deletes at most, of each stream, or twice the events that came."""
SIZE = 1 << 20
"""Bytes of bodies that one commit deletes at most, or twice what it adds."""
SLACK = 64
"""Once a limit is reached a 64th more than needed is deleted, so that not every commit has to."""
LOOK_SIZE, LOOK_COMMITS = 1 << 20, 64
"""Bytes or commits between two looks at the limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.

    max_bytes        the file without its free pages, and without its write-ahead log
    reads_max_bytes  bodies of inputs
    retention_days   of inputs, events and gaps
    """

    max_bytes: int = 4 << 30
    reads_max_bytes: int = 3 << 30
    retention_days: float = 400.0


DEFAULT = Limits()

_Commit = tuple[int, int, int, int, int, int]
"""Number, time, bytes so far, bytes of its body; how many reads and fixes there have been."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A row of the ledger: `first` to `last` of a stream were deleted because of `reason`, the limit's name.

    unsent  how many of them a registered sink did not have
    """

    stream: str
    first: int
    last: int
    reason: str
    unsent: int


class Retention:
    """Holds a journal to its limits, a bounded step at a time, inside the transactions of commits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._looked = Head()
        self._added = 0
        self._over = False

    def trim(self, db: sqlite3.Connection, head: Head, weight: int) -> list[Drop]:
        """Delete what is over a limit, if it is time to look; returns what was dropped.

        `head` is that of the transaction, `weight` about the bytes that it adds. Raises sqlite3.Error, RowDamaged.
        """
        self._added += weight
        if not self._over and self._added < LOOK_SIZE and head.number - self._looked.number < LOOK_COMMITS:
            return []
        excess = _used(db) - _target(self.limits.max_bytes, self._over)
        rows = max(ROWS, 2 * (head.events - self._looked.events))
        step = _Step(
            db, head, rows, max(SIZE, 2 * self._added), head.time - round(self.limits.retention_days * DAY)
        )
        self._looked, self._added = head, 0
        self._over = step.drop_inputs(excess, _target(self.limits.reads_max_bytes, self._over))
        if excess > 0 and step.inputs_exhausted:
            self._over = step.drop_oldest_events() or self._over
        step.drop_old()
        return step.drops

    def trim_poison(self, db: sqlite3.Connection, head: Head) -> list[Drop]:
        """Of the inputs that were set aside only the newest stay. Raises sqlite3.Error, RowDamaged."""
        step = _Step(db, head, ROWS, SIZE, 0)
        step.drop_poison()
        return step.drops

    def trim_refusals(self, db: sqlite3.Connection, head: Head) -> list[Drop]:
        """Of the rows that a destination refused only the newest stay. Raises sqlite3.Error, RowDamaged."""
        step = _Step(db, head, ROWS, SIZE, 0)
        step.drop_refusals()
        return step.drops


def _target(limit: int, over: bool) -> int:
    return limit - limit // SLACK if over else limit


def _used(db: sqlite3.Connection) -> int:
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)


class _Step:
    """One look at the limits: at most `most` rows of each stream and about `size` bytes are deleted."""

    def __init__(self, db: sqlite3.Connection, head: Head, most: int, size: int, cutoff: int) -> None:
        self.drops: list[Drop] = []
        self.inputs_exhausted = True
        self._db = db
        self._head = head
        self._most = most
        self._size = size
        self._cutoff = cutoff

    def drop_inputs(self, excess: int, reads_target: int) -> bool:
        """Drop the oldest inputs; returns whether a size was the reason."""
        (snapshot,) = self._db.execute("SELECT max(number) FROM snapshot").fetchone()
        rows: list[_Commit] = self._db.execute(
            "SELECT number, time, size, length(body), reads, fixes FROM input WHERE number <= ? ORDER BY number LIMIT ?",
            (min(snapshot or 0, self._head.number - 1), self._most),
        ).fetchall()
        if not rows:
            return False
        before = rows[0][2] - rows[0][3]
        over_reads = self._head.size - before - reads_target
        wanted = min(max(excess, over_reads), self._size)
        for_size = [row for row in rows if row[2] - row[3] - before < wanted]
        gone = for_size or self._aged_inputs(rows, before)
        self.inputs_exhausted = len(gone) == len(rows) < self._most
        if gone:
            number, *_, reads, fixes = gone[-1]
            self._db.execute("DELETE FROM input WHERE number <= ?", (number,))
            self._db.execute("DELETE FROM tag WHERE base < (SELECT base FROM input ORDER BY number LIMIT 1)")
            size_reason = "max_bytes" if excess > 0 else "reads_max_bytes"
            for stream, last in (("reads", reads), ("fixes", fixes)):
                self._enter(stream, last, size_reason if for_size else AGED)
        return bool(for_size)

    def _aged_inputs(self, rows: list[_Commit], before: int) -> list[_Commit]:
        reads, fixes = self._sent("reads"), self._sent("fixes")
        return list(
            takewhile(
                lambda row: (
                    row[1] < self._cutoff
                    and (reads is None or row[4] <= reads)
                    and (fixes is None or row[5] <= fixes)
                    and row[2] - row[3] - before < self._size
                ),
                rows,
            )
        )

    def drop_oldest_events(self) -> bool:
        """Drop the oldest events, whatever their age."""
        query = "SELECT max(seq) FROM (SELECT seq FROM event WHERE seq < ? ORDER BY seq LIMIT ?)"
        (last,) = self._db.execute(query, (self._head.events, self._most)).fetchone()
        if last is not None:
            self._delete("event", "events", last, "max_bytes")
        return last is not None

    def drop_poison(self) -> None:
        """Drop all but the newest inputs that were set aside."""
        self._drop_all_but("poison", "seq", POISON_KEPT)

    def drop_refusals(self) -> None:
        """Drop all but the newest rows that a destination refused."""
        self._drop_all_but("quarantine", "id", REFUSALS_KEPT)

    def _drop_all_but(self, table: str, key: str, kept: int) -> None:
        (newest,) = self._db.execute(f"SELECT max({key}) FROM {table}").fetchone()
        last = (newest or 0) - kept
        if last > 0:
            self._delete(table, table, last, f"{table}_kept", key)

    def drop_old(self) -> None:
        """Drop events and gaps that are past their days."""
        self._drop_aged("event", "time", "events", self._head.events)
        self._drop_aged("gap", "until", "gaps", self._head.gaps)

    def _drop_aged(self, table: str, time: str, stream: str, newest: int) -> None:
        query = f"SELECT seq, {time} FROM {table} WHERE seq < ? ORDER BY seq LIMIT ?"
        rows = self._db.execute(query, (newest, self._most)).fetchall()
        sent = self._sent(stream)
        aged = list(takewhile(lambda row: row[1] < self._cutoff and (sent is None or row[0] <= sent), rows))
        if aged:
            self._delete(table, stream, aged[-1][0], AGED)

    def _delete(self, table: str, stream: str, last: int, reason: str, key: str = "seq") -> None:
        self._db.execute(f"DELETE FROM {table} WHERE {key} <= ?", (last,))
        self._enter(stream, last, reason)

    def _sent(self, stream: str) -> int | None:
        """How far the slowest registered sink has come; None when there is none."""
        query = "SELECT min(seq) FROM cursor WHERE stream = ?"
        found: tuple[int | None] = self._db.execute(query, (stream,)).fetchone()
        return found[0]

    def _enter(self, stream: str, last: int, reason: str) -> None:
        """Into the ledger: what of the stream is gone since its last entry."""
        previous = list(ledger(self._db, stream))[-1:]
        first = previous[0][1].last + 1 if previous else 1
        if last < first:
            return
        sent = self._sent(stream)
        unsent = 0 if sent is None else max(0, last - max(first - 1, sent))
        self.drops.append(Drop(stream, first, last, reason, unsent))
        if previous and previous[0][1].reason == reason:
            id, old = previous[0]
            self._put(id, Drop(stream, old.first, last, reason, old.unsent + unsent))
        else:
            self._put(None, self.drops[-1])

    def _put(self, id: int | None, drop: Drop) -> None:
        columns = (drop.stream, drop.first, drop.last, drop.reason, drop.unsent)
        self._db.execute(
            "INSERT OR REPLACE INTO ledger (id, stream, first, last, reason, unsent, crc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (id, *columns, checksum(b"", *columns)),
        )


def ledger(db: sqlite3.Connection, stream: str) -> Iterator[tuple[int, Drop]]:
    """The entries of a stream in order, with their row ids. Raises RowDamaged."""
    query = "SELECT id, stream, first, last, reason, unsent, crc FROM ledger WHERE stream = ? ORDER BY id"
    for id, *columns, crc in db.execute(query, (stream,)):
        if checksum(b"", *columns) != crc:
            raise RowDamaged(f"entry {id} of the ledger is not as it was written: wrong checksum")
        yield id, Drop(*columns)
