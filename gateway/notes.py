"""Small things that ride along with the next commit instead of costing one.

Values, how far the sinks have come, what they refused, and under which epoch the rows go.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from gateway import redating
from gateway.refusals import Place, Refusal, delete_refusal, write_refusal
from gateway.rows import checksum

K = TypeVar("K")
V = TypeVar("V")

RESERVED = ("site", "epoch", "before")
"""Keys of the journal itself. `before` is a JSON object: of each stream the last number that is not of this epoch."""

Cursor = tuple[str, str]
"""The name of a sink and the stream that it takes; behind a slash the epoch of a journal that was put aside."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is to be written; a cursor or a refusal at None is forgotten."""

    values: Mapping[str, str] = field(default_factory=dict)
    cursors: Mapping[Cursor, int | None] = field(default_factory=dict)
    refusals: Mapping[Place, Refusal | None] = field(default_factory=dict)

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
        for place, refusal in self.refusals.items():
            if refusal is None:
                delete_refusal(db, place)
            else:
                write_refusal(db, place, refusal)


NOTHING = Notes()


class Notebook:
    """What was noted since the last commit, and where every sink is; for any thread.

    volume  how many journals there were before this one since the daemon's start
    """

    def __init__(self) -> None:
        self.volume = 0
        self._lock = Lock()
        self._cursors: dict[Cursor, int] = {}
        self._values: dict[str, str] = {}
        self._moved: dict[Cursor, int | None] = {}
        self._refusals: dict[Place, Refusal | None] = {}

    def __bool__(self) -> bool:
        return bool(self._values or self._moved or self._refusals)

    def load(self, cursors: Mapping[Cursor, int]) -> None:
        """Where the sinks are by the file; what was noted since goes before."""
        with self._lock:
            known = {**cursors, **self._moved}
            self._cursors = {at: seq for at, seq in known.items() if seq is not None}

    def replaced(self, epoch: str) -> None:
        """The journal of this epoch was put aside, and its cursors with it; the numbers of the next begin anew."""
        with self._lock:
            self.volume += 1
            for key in (*RESERVED, redating.KEY):
                self._values.pop(key, None)
            known = {**self._cursors, **self._moved}
            live = {at: seq for at, seq in known.items() if seq is not None and "/" not in at[1]}
            aside = {(sink, f"{stream}/{epoch}"): seq for (sink, stream), seq in live.items()}
            self._moved = {**known, **aside, **dict.fromkeys(live, 0)}
            self._cursors = {at: seq for at, seq in self._moved.items() if seq is not None}

    def put(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        if key in RESERVED:
            raise ValueError(f"{key} is the journal's own; choose another key")
        with self._lock:
            self._values[key] = value

    def get(self, key: str) -> str | None:
        """What waits under `key`."""
        return self._values.get(key)

    def renew(self, epoch: str, before: Mapping[str, int]) -> None:
        """From now on rows are of another epoch, those behind number `before` of their stream included."""
        with self._lock:
            self._values["epoch"] = epoch
            self._values["before"] = json.dumps(dict(before))

    def cursor(self, sink: str, stream: str) -> int:
        """How far the sink is; a new one is registered at the beginning."""
        return self.begin(sink, stream, 0)

    def begin(self, sink: str, stream: str, at: int, volume: int | None = None) -> int:
        """How far the sink is; a new one is registered at this number, as `advance` does."""
        if (sink, stream) not in self._cursors:
            self.advance(sink, stream, at, volume)
        return self._cursors.get((sink, stream), at)

    @property
    def cursors(self) -> Mapping[Cursor, int]:
        """How far all registered sinks are."""
        return self._cursors.copy()

    def advance(self, sink: str, stream: str, seq: int, volume: int | None = None) -> None:
        """The sink has everything up to `seq`, a number of the journal that was in use at `volume`.

        It says nothing of the one that has taken that one's place meanwhile.
        """
        with self._lock:
            if volume is None or volume == self.volume:
                self._cursors[sink, stream] = seq
                self._moved[sink, stream] = seq

    def forget(self, sink: str, stream: str) -> None:
        """Nothing waits for this sink any more."""
        with self._lock:
            self._cursors.pop((sink, stream), None)
            self._moved[sink, stream] = None

    def refuse(self, place: Place, refusal: Refusal) -> None:
        """Keep a row that a destination refused."""
        with self._lock:
            self._refusals[place] = refusal

    def redeem(self, place: Place) -> None:
        """It is refused no more, or nobody wants it."""
        with self._lock:
            self._refusals[place] = None

    def notes(self) -> Notes:
        """What waits, as it is now."""
        with self._lock:
            return Notes(self._values.copy(), self._moved.copy(), self._refusals.copy())

    def written(self, notes: Notes) -> None:
        """These are durable; what changed meanwhile waits on."""
        with self._lock:
            _settle(self._values, notes.values)
            _settle(self._moved, notes.cursors)
            _settle(self._refusals, notes.refusals)


def _settle(waiting: dict[K, V], written: Mapping[K, V]) -> None:
    for key, value in written.items():
        if key in waiting and waiting[key] == value:
            del waiting[key]


def write_value(db: sqlite3.Connection, key: str, value: str) -> None:
    """A row of `meta`. Raises sqlite3.Error."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, checksum(b"", key, value)))
