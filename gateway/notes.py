"""Small things that ride along with the next commit instead of costing one: values, and how far the sinks have come."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.rows import checksum

RESERVED = ("site", "epoch")
"""Keys of the journal itself."""

Cursor = tuple[str, str]
"""The name of a sink and the stream that it takes."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is to be written; a cursor at None is forgotten."""

    values: Mapping[str, str] = field(default_factory=dict)
    cursors: Mapping[Cursor, int | None] = field(default_factory=dict)

    def write(self, db: sqlite3.Connection) -> None:
        """Inside the caller's transaction. Raises sqlite3.Error."""
        for key, value in self.values.items():
            write_value(db, key, value)
        for (sink, stream), seq in self.cursors.items():
            if seq is None:
                db.execute("DELETE FROM cursor WHERE name = ? AND stream = ?", (sink, stream))
            else:
                row = (sink, stream, seq, checksum(b"", sink, stream, seq))
                db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)", row)


NOTHING = Notes()


class Notebook:
    """What was noted since the last commit, and where every sink is; sinks may call it from other threads."""

    def __init__(self) -> None:
        self._cursors: dict[Cursor, int] = {}
        self._values: dict[str, str] = {}
        self._moved: dict[Cursor, int | None] = {}

    def __bool__(self) -> bool:
        return bool(self._values or self._moved)

    def load(self, cursors: Mapping[Cursor, int]) -> None:
        """Where the sinks are by the file; what was noted since goes before."""
        moved = {at: seq for at, seq in self._moved.items() if seq is not None}
        self._cursors = {**cursors, **moved}

    def put(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        if key in RESERVED:
            raise ValueError(f"{key} is the journal's own; choose another key")
        self._values[key] = value

    def get(self, key: str) -> str | None:
        """What waits under `key`."""
        return self._values.get(key)

    def cursor(self, sink: str, stream: str) -> int:
        """How far the sink is; a new one is registered at the beginning."""
        if (sink, stream) not in self._cursors:
            self.advance(sink, stream, 0)
        return self._cursors[sink, stream]

    def advance(self, sink: str, stream: str, seq: int) -> None:
        """The sink has everything up to `seq`."""
        self._cursors[sink, stream] = seq
        self._moved[sink, stream] = seq

    def forget(self, sink: str, stream: str) -> None:
        """Nothing waits for this sink any more."""
        self._cursors.pop((sink, stream), None)
        self._moved[sink, stream] = None

    def notes(self) -> Notes:
        """What waits, as it is now."""
        return Notes(self._values.copy(), self._moved.copy())

    def written(self, notes: Notes) -> None:
        """These are durable; what changed meanwhile waits on."""
        for key, value in notes.values.items():
            if self._values.get(key) == value:
                del self._values[key]
        for at, seq in notes.cursors.items():
            if self._moved.get(at, -1) == seq:
                del self._moved[at]


def write_value(db: sqlite3.Connection, key: str, value: str) -> None:
    """A row of `meta`. Raises sqlite3.Error."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, checksum(b"", key, value)))
