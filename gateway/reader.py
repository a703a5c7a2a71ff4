"""Reading a journal, also one that a daemon is writing to.

Rows are fetched in windows of sequence numbers, and no transaction lasts longer than one of them: a slow reader
must not keep the write-ahead log from being moved into the file.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from core.events import Event, Gap
from core.offset import corrected
from core.records import Body, Dictionary, Fixes, Input, Reads, Scan
from gateway import database
from gateway.blobs import decode
from gateway.database import JournalDamaged, JournalMissing
from gateway.heads import Head, split_row
from gateway.notes import Cursor
from gateway.poison import Poison, row_poison
from gateway.refusals import Place, Refusal, row_refusal
from gateway.retention import STREAMS, Drop, ledger
from gateway.rows import EventRow, GapRow, RowDamaged, checksum, row_event, row_gap, sound_event, sound_gap
from gateway.tables import (
    ALL,
    EVENT,
    GAP,
    INPUT,
    POISON,
    QUARANTINE,
    SNAPSHOT,
    Filter,
    Parse,
    Snapshot,
    Table,
    row_snapshot,
)
from gateway.tag_codes import add_tags

NO_OFFSETS: Mapping[str, int] = MappingProxyType({})
WINDOW = 512
"""Sequence numbers of events and gaps that are fetched at once."""
FILTERED = 1 << 14
"""The same, where a filter picks a few of them."""
INPUTS = 16
"""The same of commits, whose bodies may have a megabyte each."""

T = TypeVar("T")


def open_read_only(path: Path) -> "Reader":
    """For commands about the past; works while a daemon runs.

    Raises JournalMissing, JournalUnusable, JournalDamaged, JournalFailed.
    """
    with database.explained(path):
        if not path.exists():
            raise JournalMissing(f"there is no journal {path}; has the daemon run with this [journal] path?")
        database.check_is_file(path)
        db = database.connect_read_only(path)
        try:
            return Reader(db, path)
        except BaseException:
            db.close()
            raise


class Reader:
    """What a journal holds.

    Methods raise JournalDamaged where a row is not what was written, and JournalFailed.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._db = db
        self._tags: dict[int, Dictionary] = {}
        database.check_format(db, path)
        self.site = self._required("site")
        self.epoch = self._required("epoch")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def version(self) -> int:
        """Another number as soon as something was committed since this was asked last."""
        return int(self._query("PRAGMA data_version")[0][0])

    def get(self, key: str) -> str | None:
        """What the daemon keeps under `key`."""
        for value, crc in self._query("SELECT value, crc FROM meta WHERE key = ?", key):
            if checksum(b"", key, value) != crc:
                raise JournalDamaged(f"journal {self.path} is damaged: {key} has a wrong checksum")
            return str(value)
        return None

    def _required(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise JournalDamaged(f"journal {self.path} is damaged: it does not say its {key}")
        return value

    def before(self, stream: str) -> int:
        """The last number of a stream that is not of this epoch: an epoch's own numbers begin with 1 behind it."""
        found: dict[str, int] = json.loads(self.get("before") or "{}")
        return found.get(stream, 0)

    def head(self) -> Head:
        """How far the journal has come."""
        return self.head_of(self.span(INPUT)[1])

    def head_of(self, commit: int) -> Head:
        """How far it had come with a commit."""
        heads = self._parsed(INPUT, commit, commit, split_row)
        return heads[0][0] if heads else Head()

    def events(self, after: int = 0, wanted: Filter = ALL) -> Iterator[tuple[int, Event]]:
        """Sequence numbers and events behind `after`, in order; those that were there when this was called."""
        sql, parameters = wanted.sql()
        first, last = self.span(EVENT)
        for low, high in _windows(max(first, after + 1), last, FILTERED if sql else WINDOW):
            yield from self._parsed(EVENT, low, high, row_event, sql, parameters)

    def last_events(self, count: int, wanted: Filter = ALL) -> list[tuple[int, Event]]:
        """The newest `count` events that are wanted, in order."""
        return list(islice(self.events_back(wanted), count))[::-1]

    def events_back(
        self, wanted: Filter = ALL, skip: Callable[[EventRow], bool] = lambda row: False
    ) -> Iterator[tuple[int, Event]]:
        """Sequence numbers and events, the newest first; those that were there when this was called.

        skip  says which rows are of no use, before they are looked into: that is most of the work
        """
        sql, parameters = wanted.sql()
        first, high = self.span(EVENT)
        size = FILTERED if sql else WINDOW
        while high >= first:
            low = max(first, high - size + 1)
            found = self._parsed(
                EVENT, low, high, lambda row: None if skip(row) else row_event(row), sql, parameters
            )
            yield from (one for one in reversed(found) if one is not None)
            high = low - 1

    def gaps(self, after: int = 0) -> Iterator[tuple[int, Gap]]:
        """Sequence numbers and gaps behind `after`, in order."""
        return self.scan(GAP, after, WINDOW, row_gap)

    def event_rows(self, first: int, last: int) -> list[EventRow]:
        """The rows of events `first` to `last` that are there, in order."""
        return self._parsed(EVENT, first, last, sound_event)

    def gap_rows(self, first: int, last: int) -> list[GapRow]:
        """The rows of gaps `first` to `last` that are there, in order."""
        return self._parsed(GAP, first, last, sound_gap)

    def cursors(self) -> dict[Cursor, int]:
        """How far the sinks have come; one whose row is damaged is left out: it begins again."""
        rows = self._query("SELECT name, stream, seq, crc FROM cursor")
        return {
            (name, stream): seq for name, stream, seq, crc in rows if checksum(b"", name, stream, seq) == crc
        }

    def refusals(self, sink: str | None = None) -> Iterator[tuple[Place, Refusal]]:
        """What the sinks', or one sink's, destinations refused, the oldest first."""
        for _, place, refusal in self.scan(QUARANTINE, 0, WINDOW, row_refusal):
            if sink is None or place.sink == sink:
                yield place, refusal

    def poison(self, after: int = 0) -> Iterator[tuple[int, Poison]]:
        """Sequence numbers and inputs that were set aside."""
        return self.scan(POISON, after, INPUTS, row_poison)

    def ledger(self) -> Iterator[Drop]:
        """What was deleted."""
        for stream in STREAMS:
            with database.explained(self.path), self._checked():
                drops = [drop for _, drop in ledger(self._db, stream)]
            yield from drops

    def inputs(self, after: int = 0) -> Iterator[tuple[int, Input]]:
        """Sequence numbers and inputs behind `after`, in order, as far as they are still there."""
        for head, found in self._commits("inputs", after):
            first = head.inputs - len(found) + 1
            for seq, one in enumerate(found, first):
                if seq > after:
                    yield seq, one

    def commits_to(self, event: int, since: int) -> tuple[int, int]:
        """The first commit that arrived at `since` or later, and the one that wrote an event, by its number.

        Where the clock was set back, the first may be another one near it: arrivals are taken to grow.
        """
        first, last = self.span(INPUT)
        last = self._first_beyond("events", event - 1, first, last)
        return min(last, self._first_beyond("time", since - 1, first, last)), last

    def inputs_of(self, first: int, last: int) -> Iterator[Input]:
        """The inputs of commits `first` to `last`, in order."""
        for low, high in _windows(first, last, INPUTS):
            for head, body in self._parsed(INPUT, low, high, split_row):
                yield from self._decode(head, body)

    def rows(self, kind: type[Reads] | type[Fixes], after: int = 0) -> Iterator[tuple[int, Input]]:
        """The inputs with rows of reads, or of fixes, behind row `after`, each with the number of its last row."""
        column = "reads" if kind is Reads else "fixes"
        for head, found in self._commits(column, after):
            batches = [(one, len(one.body)) for one in found if isinstance(one.body, kind)]
            last = int(getattr(head, column)) - sum(rows for _, rows in batches)
            for one, rows in batches:
                last += rows
                if rows and last > after:
                    yield last, one

    def fixes_back(self) -> Iterator[tuple[Head, list[Input]]]:
        """The commits with fixes, the newest first: how far the journal had come, and its inputs of fixes in order."""
        first, high = self.span(INPUT)
        while high >= first:
            low = max(first, high - INPUTS + 1)
            commits = self._parsed(INPUT, low, high, split_row)
            before = [None, *(head.fixes for head, _ in commits)]
            for (head, body), sum_before in zip(reversed(commits), before[-2::-1], strict=True):
                if head.fixes == sum_before:
                    continue
                found = [one for one in self._decode(head, body) if isinstance(one.body, Fixes)]
                if found:
                    yield head, found
            high = low - 1
            if commits and commits[0][0].fixes == commits[-1][0].fixes:  # to where that sum was reached
                high = min(high, self._first_beyond("fixes", commits[0][0].fixes - 1, first, low))

    def last_read(
        self, tags: Collection[str], commits: int, offsets: Mapping[str, int] = NO_OFFSETS
    ) -> int | None:
        """The newest time at which one of the tags was read, microseconds UTC, in as many of the newest commits.

        offsets  by device, microseconds that its own times lack: the journal keeps these
        """
        first, last = self.span(INPUT)
        for low, high in reversed(list(_windows(max(first, last - commits + 1), last, INPUTS))):
            batches = [
                corrected(one.body, offsets.get(one.source, 0))
                for head, body in self._parsed(INPUT, low, high, split_row)
                for one in self._decode(head, body)
            ]
            times = [_newest(batch, tags) for batch in batches]
            if found := [time for time in times if time is not None]:
                return max(found)
        return None

    def snapshot(self) -> Snapshot | None:
        """The newest one whose checksum holds and behind which no input is missing."""
        oldest = self.span(INPUT)[0]
        numbers = self._query("SELECT number FROM snapshot ORDER BY number DESC")
        for (number,) in numbers:
            if number + 1 < oldest:
                break
            with suppress(JournalDamaged):
                found = self._parsed(SNAPSHOT, number, number, row_snapshot)
                if found:
                    return found[0]
        return None

    def _commits(self, column: str, after: int) -> Iterator[tuple[Head, list[Input]]]:
        first, last = self.span(INPUT)
        first = self._first_beyond(column, after, first, last)
        for low, high in _windows(first, last, INPUTS):
            for head, body in self._parsed(INPUT, low, high, split_row):
                yield head, self._decode(head, body)

    def _first_beyond(self, column: str, after: int, low: int, high: int) -> int:
        """The first commit whose sum in `column` is beyond `after`: a search by halves, for the sums grow."""
        while low < high:
            middle = (low + high) // 2
            found = self._query(f"SELECT {column} FROM input WHERE number = ?", middle)
            if found and found[0][0] <= after:
                low = middle + 1
            else:
                high = middle
        return low

    def _decode(self, head: Head, body: bytes) -> list[Input]:
        try:
            return decode(body, self.dictionary(head.base))
        except ValueError as error:
            raise JournalDamaged(f"journal {self.path}: inputs of commit {head.number}: {error}") from error

    def dictionary(self, base: int) -> Dictionary:
        """The tags of a generation; only the one that was asked for last is remembered."""
        if base not in self._tags:
            self._tags = {base: Dictionary()}
        known = self._tags[base]
        query = "SELECT first, base, ids, crc FROM tag WHERE base = ? AND first >= ? ORDER BY first"
        with self._checked():
            add_tags(known, self._query(query, base, base + len(known)))
        return known

    def scan(self, table: Table, after: int, size: int, parse: Parse[T]) -> Iterator[T]:
        first, last = self.span(table)
        for low, high in _windows(max(first, after + 1), last, size):
            yield from self._parsed(table, low, high, parse)

    def _parsed(
        self, table: Table, low: int, high: int, parse: Parse[T], sql: str = "", more: tuple[object, ...] = ()
    ) -> list[T]:
        query = f"SELECT {table.columns} FROM {table.name} WHERE {table.key} BETWEEN ? AND ?{sql} ORDER BY {table.key}"
        rows = self._query(query, low, high, *more)
        with self._checked():
            parsed = [parse(row) for row in rows]
        return parsed

    def span(self, table: Table) -> tuple[int, int]:
        """The first and the last key; (1, 0) when there are no rows."""
        query = (
            f"SELECT (SELECT min({table.key}) FROM {table.name}), (SELECT max({table.key}) FROM {table.name})"
        )
        first, last = self._query(query)[0]
        return (1, 0) if first is None else (first, last)

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except RowDamaged as error:
            raise JournalDamaged(f"journal {self.path} is damaged: {error}") from error
        except (TypeError, AttributeError) as error:
            raise JournalDamaged(
                f"journal {self.path} is damaged: a column of another type: {error}"
            ) from error

    def _query(self, sql: str, *parameters: object) -> list[Any]:
        """All rows at once, so that no transaction stays open."""
        with database.explained(self.path):
            return self._db.execute(sql, parameters).fetchall()


def _newest(reads: Body, tags: Collection[str]) -> int | None:
    if isinstance(reads, Scan):
        return reads.time if reads.tag in tags else None
    if not isinstance(reads, Reads):
        return None
    codes = [code for tag in tags if (code := reads.tags.find(tag)) >= 0]
    times = reads.time[np.isin(reads.tag, codes)]
    return int(times.max()) if len(times) else None


def _windows(first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    for low in range(first, last + 1, size):
        yield low, min(low + size - 1, last)
