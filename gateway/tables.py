"""The journal's tables as they are read: columns in the order of their parse functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway import refusals
from gateway.heads import COLUMNS
from gateway.rows import RowDamaged, checksum

T = TypeVar("T")
Parse = Callable[[Any], T]
"""From a row as SQLite gives it; raises RowDamaged."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are wanted; None = all. Times in microseconds UTC: since <= time < until. `id` is how it begins."""

    item: str | None = None
    tag: str | None = None
    place: str | None = None
    kind: str | None = None
    since: int | None = None
    until: int | None = None
    id: str | None = None

    def sql(self) -> tuple[str, tuple[str | int, ...]]:
        """Conditions that begin with AND, and their parameters."""
        comparisons = {
            " AND item = ?": self.item,
            " AND tag = ?": self.tag,
            " AND place = ?": self.place,
            " AND kind = ?": self.kind,
            " AND time >= ?": self.since,
            " AND time < ?": self.until,
            " AND instr(id, ?) = 1": self.id,
        }
        wanted = {text: value for text, value in comparisons.items() if value is not None}
        return "".join(wanted), tuple(wanted.values())


ALL = Filter()


@dataclass(frozen=True, slots=True)
class Table:
    """How rows of a table are fetched by their key: `columns` in the order that `parse` wants."""

    name: str
    key: str
    columns: str


EVENT = Table("event", "seq", "seq, id, time, kind, item, tag, place, body, crc")
GAP = Table("gap", "seq", "seq, source, since, until, reason, filled, crc")
INPUT = Table("input", "number", f"{COLUMNS}, body, crc")
POISON = Table("poison", "seq", "seq, time, error, tags, body, crc")
QUARANTINE = Table("quarantine", "id", refusals.COLUMNS)
SNAPSHOT = Table("snapshot", "number", "number, inputs, events, data, crc")


SNAPSHOTS = 2
"""That are kept: should the newest be damaged, the one before does, with more inputs to step again."""
SnapshotRow = tuple[int, int, int, bytes, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the pipeline after input `inputs` and event `events`, both of commit `number`."""

    number: int
    inputs: int
    events: int
    data: bytes

    def row(self) -> SnapshotRow:
        """As it is stored."""
        columns = (self.number, self.inputs, self.events)
        return (*columns, self.data, checksum(self.data, *columns))


def row_snapshot(row: SnapshotRow) -> Snapshot:
    """The snapshot of a row. Raises RowDamaged."""
    *columns, data, crc = row
    if checksum(data, *columns) != crc:
        raise RowDamaged(f"snapshot {row[0]} is not as it was written: wrong checksum")
    return Snapshot(row[0], row[1], row[2], data)
