"""Rows that a destination refused, as the journal keeps them until an operator has looked."""

import sqlite3
from dataclasses import dataclass

from gateway.rows import RowDamaged, checksum

KEPT = 10_000
"""Refusals that are kept; a newer one replaces the oldest, which the journal's ledger then has."""
COLUMNS = "id, sink, epoch, stream, seq, time, reason, body, crc"

RefusalRow = tuple[int, str, str, str, int, int, str, str, int]
"""id, sink, epoch, stream, seq, time, reason, body, checksum."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which row: number `seq` of a stream in an epoch, refused by this sink."""

    sink: str
    epoch: str
    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """When (microseconds UTC) and why a row was refused, and the row as text."""

    time: int
    reason: str
    body: str


def write_refusal(db: sqlite3.Connection, place: Place, refusal: Refusal) -> None:
    """Inside the caller's transaction; the same row refused again replaces the first. Raises sqlite3.Error."""
    key = (place.sink, place.epoch, place.stream, place.seq)
    columns = (*key, refusal.time, refusal.reason, refusal.body)
    db.execute(
        "INSERT INTO quarantine (sink, epoch, stream, seq, time, reason, body, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (sink, epoch, stream, seq) DO UPDATE SET "
        "time = excluded.time, reason = excluded.reason, body = excluded.body, crc = excluded.crc",
        (*columns, checksum(b"", *columns)),
    )


def delete_refusal(db: sqlite3.Connection, place: Place) -> None:
    """Inside the caller's transaction. Raises sqlite3.Error."""
    db.execute(
        "DELETE FROM quarantine WHERE sink = ? AND epoch = ? AND stream = ? AND seq = ?",
        (place.sink, place.epoch, place.stream, place.seq),
    )


def row_refusal(row: RefusalRow) -> tuple[int, Place, Refusal]:
    """The id, the place and the refusal of a row. Raises RowDamaged."""
    id = row[0]
    if checksum(b"", *row[1:8]) != row[8]:
        raise RowDamaged(f"refusal {id} is not as it was written: its checksum does not match")
    return id, Place(*row[1:5]), Refusal(*row[5:8])
