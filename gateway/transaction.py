"""What one commit writes: rows that were made before the transaction begins, so that it is short."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from core.events import Event, Gap
from core.records import Input
from gateway.blobs import encode
from gateway.database import PAGE
from gateway.heads import Head
from gateway.notes import NOTHING, Notes
from gateway.poison import poison_row
from gateway.rows import EventRow, GapRow, event_row, gap_row
from gateway.tables import SNAPSHOTS, Snapshot, SnapshotRow
from gateway.tag_codes import TagCodes

_COLUMNS = 140
"""Bytes of a typical event row without its body."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """The rows of one commit. `head` is the journal's after it."""

    head: Head
    codes: TagCodes
    body: bytes
    events: list[EventRow]
    gaps: list[GapRow]
    snapshot: SnapshotRow | None
    poison: tuple[Input, str] | None
    notes: Notes

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, whatever its numbers: equal for the same commit tried again."""
        events = [row[1] for row in self.events]
        return self.body, events, [row[1:-1] for row in self.gaps], self.snapshot is None, self.poison

    @property
    def weight(self) -> int:
        """About how many bytes of pages it makes."""
        tables = (
            self.body,
            self.events,
            self.gaps,
            self.snapshot,
            self.poison,
            self.notes.values,
            self.notes.cursors,
            self.notes.refusals,
        )
        texts = sum(len(row[7]) + _COLUMNS for row in self.events) + len(self.gaps) * _COLUMNS
        snapshot = 0 if self.snapshot is None else len(self.snapshot[3])
        return sum(map(bool, tables)) * PAGE + len(self.body) + texts + snapshot

    def write(self, db: sqlite3.Connection) -> None:
        """All rows, inside the caller's transaction. Raises sqlite3.Error."""
        tags = self.codes.unsaved()
        if tags is not None:
            db.execute("INSERT INTO tag VALUES (?, ?, ?, ?)", tags)
        db.execute("INSERT INTO input VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self.head.row(self.body))
        if self.events:
            db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self.events)
        if self.gaps:
            db.executemany("INSERT INTO gap VALUES (?, ?, ?, ?, ?, ?, ?)", self.gaps)
        if self.snapshot is not None:
            _write_snapshot(db, self.snapshot)
        if self.poison is not None:
            _write_poison(db, *self.poison)
        self.notes.write(db)


def prepare(
    before: Head,
    codes: TagCodes,
    inputs: Sequence[Input],
    events: Sequence[Event] = (),
    gaps: Sequence[Gap] = (),
    snapshot: bytes | None = None,
    poison: tuple[Input, str] | None = None,
    notes: Notes = NOTHING,
) -> Transaction:
    """The commit that follows `before`. Raises ValueError or IndexError for what cannot be written."""
    body = encode(inputs, codes.codes)
    head = before.after(inputs, len(events), len(gaps), body, codes.base)
    saved = None if snapshot is None else Snapshot(head.number, head.inputs, head.events, snapshot).row()
    return Transaction(
        head,
        codes,
        body,
        [event_row(seq, event) for seq, event in enumerate(events, before.events + 1)],
        [gap_row(seq, gap) for seq, gap in enumerate(gaps, before.gaps + 1)],
        saved,
        poison,
        notes,
    )


def _write_snapshot(db: sqlite3.Connection, row: SnapshotRow) -> None:
    db.execute("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)", row)
    older = "SELECT number FROM snapshot ORDER BY number DESC LIMIT -1 OFFSET ?"
    db.execute(f"DELETE FROM snapshot WHERE number IN ({older})", (SNAPSHOTS,))


def _write_poison(db: sqlite3.Connection, input: Input, error: str) -> None:
    (last,) = db.execute("SELECT max(seq) FROM poison").fetchone()
    seq = (last or 0) + 1
    db.execute("INSERT INTO poison VALUES (?, ?, ?, ?, ?, ?)", poison_row(seq, input, error))
