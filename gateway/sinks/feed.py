"""What is to be sent, out of a journal: batches of a line in order, and holes where something is missing.

One feed reads one journal, in a thread of its own; no transaction lasts longer than one window of rows.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import TypeVar

from core.records import Fixes, Reads
from gateway import redating
from gateway.database import JournalDamaged
from gateway.quarantine import Salvage
from gateway.reader import Reader
from gateway.redating import Step, dated_events, dated_gaps, noted
from gateway.refusals import Place, Refusal
from gateway.rows import EventRow, GapRow
from gateway.sinks.contract import STREAMS, B, Batch, Events, Gaps, Hole, Line, Positions, Readings, Stream
from gateway.sinks.readings import RowsQueue
from gateway.tables import EVENT, GAP

ROWS = 5_000
"""Rows of a batch at most."""
BYTES = 1 << 20
"""Bytes of the rows of a batch at most, but for a single row that has more."""
PIECE = 64
"""Rows that are fetched at once: how many of them have room in a batch shows only then."""
_COLUMNS = 140
"""Bytes of a typical row without its body."""

Row = TypeVar("Row", EventRow, GapRow)


class Feed:
    """One journal as a sink sees it. Numbers are those of the epoch, which begin with 1; what was decided before the
    gateway knew the time has the time that it should have had.

    strict   a reader that raises where it finds damage, None for a journal that was put aside
    salvage  one that steps over it
    offsets  by device, microseconds that its own times lack

    Methods raise JournalError where the disk does not answer.
    """

    def __init__(self, strict: Reader | None, salvage: Salvage, offsets: Mapping[str, int]) -> None:
        self._strict = strict
        self._salvage = salvage
        self._reads = RowsQueue(Reads, strict, salvage, offsets)
        self._fixes = RowsQueue(Fixes, strict, salvage, offsets)
        self.site, self.epoch = salvage.site, salvage.epoch
        self._before = {stream: salvage.before(stream) for stream in STREAMS}

    def close(self) -> None:
        """Let go of the file."""
        self._salvage.close()
        if self._strict is not None:
            self._strict.close()

    def line(self, stream: Stream) -> Line:
        """Whose numbers they are."""
        return Line(self.site, self.epoch, stream)

    def before(self, stream: Stream) -> int:
        """What to add to a number of the epoch to have the journal's."""
        return self._before[stream]

    def cursor(self, sink: str, stream: Stream, default: int) -> int:
        """How far the sink had come by the journal itself, in its own numbers."""
        return self._salvage.cursors().get((sink, stream), default)

    def refusals(self, sink: str) -> list[tuple[Place, Refusal]]:
        """What the sink's destination refused and nobody has settled yet."""
        return list(self._salvage.refusals(sink))

    def refused(self, sink: str) -> list[Place]:
        """Of which rows that is so."""
        return [place for place, _ in self._salvage.refusals(sink)]

    def head(self, stream: Stream) -> int:
        """The newest number."""
        return max(self._head(stream) - self._before[stream], 0)

    def _head(self, stream: Stream) -> int:
        last = 0
        if stream in ("events", "gaps"):
            last = (self._strict or self._salvage).span(EVENT if stream == "events" else GAP)[1]
            if self._strict is not None:
                return last
        head = (self._strict or self._salvage).head()  # whose sums hold though the end of a table be damaged
        return max(last, int(getattr(head, stream)))

    def mark(self, stream: Stream, number: int) -> str | None:
        """The `mark` of the row with this number; None if it is not there, and for reads and fixes."""
        at = number + self._before[stream]
        rows: Sequence[EventRow | GapRow] = ()
        if stream == "events":
            rows = self._salvage.event_rows(at, at)
        elif stream == "gaps":
            rows = self._salvage.gap_rows(at, at)
        return _mark(rows[0]) if rows else None

    def next(self, stream: Stream, after: int) -> Batch | Hole | None:
        """What follows number `after`: rows, or a hole if the next one is missing; None when nothing does yet."""
        line, at = self.line(stream), after + self._before[stream]
        rows: Events | Gaps | Readings | Positions
        if stream == "events":
            events, missing = self._rows(stream, at, Reader.event_rows, _event_size)
            events = dated_events(self._steps(), _within_bytes(events))
            rows, count = Events(_events(events, self._before[stream])), len(events)
        elif stream == "gaps":
            gaps, missing = self._rows(stream, at, Reader.gap_rows, _gap_size)
            gaps = dated_gaps(self._steps(), gaps)
            rows, count = Gaps(_gaps(gaps, self._before[stream])), len(gaps)
        elif stream == "reads":
            parts, missing = self._columns(stream, self._reads, at)
            rows, count = Readings(parts), sum(len(reads) for _, reads in parts)
        else:
            fixes, missing = self._columns(stream, self._fixes, at)
            rows, count = Positions(fixes), sum(len(some) for _, some in fixes)
        if missing:
            return self._hole(line, after + 1, after + missing)
        return Batch(line, after + 1, after + count, rows) if count else None

    def _steps(self) -> list[Step]:
        return noted(self._salvage.get(redating.KEY))

    def _rows(
        self,
        stream: Stream,
        after: int,
        fetch: Callable[[Reader, int, int], list[Row]],
        size_of: Callable[[Row], int],
    ) -> tuple[list[Row], int]:
        """Rows behind `after` without a hole, or how many are missing there."""
        last = min(self._head(stream), after + ROWS)
        found: list[Row] = []
        size = 0
        for low in range(after + 1, last + 1, PIECE):
            piece = self._sound(fetch, low, min(low + PIECE - 1, last))
            found += piece
            size += sum(map(size_of, piece))
            if size > BYTES:
                break
        if not found or found[0][0] > after + 1:
            return [], max((found[0][0] - 1 if found else last) - after, 0)
        return [
            row for _, row in takewhile(lambda pair: pair[1][0] == after + 1 + pair[0], enumerate(found))
        ], 0

    def _sound(self, fetch: Callable[[Reader, int, int], list[Row]], first: int, last: int) -> list[Row]:
        try:
            return fetch(self._strict or self._salvage, first, last)
        except JournalDamaged:
            return fetch(self._salvage, first, last)

    def _columns(
        self, stream: Stream, queue: RowsQueue[B], after: int
    ) -> tuple[tuple[tuple[str, B], ...], int]:
        parts, missing = queue.take(after, ROWS)
        if not parts and not missing and self._strict is None:  # nothing will come behind the damage
            missing = max(self._head(stream) - after, 0)
        return parts, missing

    def _hole(self, line: Line, first: int, last: int) -> Hole:
        """As far as one reason explains it; damage is what the journal itself has no reason for."""
        before = self._before[line.stream]
        drops = [drop for drop in self._salvage.ledger() if drop.stream == line.stream]
        for drop in drops:
            if drop.first - before <= first <= drop.last - before:
                return Hole(line, first, drop.last - before, "dropped", drop.reason)
        known = [drop.first - before - 1 for drop in drops if drop.first - before > first]
        return Hole(line, first, min([last, *known]), "unreadable", "this part of the journal is damaged")


def mark(batch: Batch) -> str | None:
    """By which the last row of a batch is known again: an event's id, a gap's checksum, nothing of reads and fixes."""
    if isinstance(batch.rows, Readings | Positions):
        return None
    return _mark(batch.rows.rows[-1])


def _mark(row: EventRow | GapRow) -> str:
    return row[1] if len(row) == 9 else str(row[6])


def _event_size(row: EventRow) -> int:
    return _COLUMNS + len(row[7])


def _gap_size(row: GapRow) -> int:
    return _COLUMNS + len(row[4])


def _events(rows: list[EventRow], before: int) -> tuple[EventRow, ...]:
    """With the numbers of the epoch."""
    return tuple((row[0] - before, *row[1:]) for row in rows) if before else tuple(rows)


def _gaps(rows: list[GapRow], before: int) -> tuple[GapRow, ...]:
    """With the numbers of the epoch."""
    return tuple((row[0] - before, *row[1:]) for row in rows) if before else tuple(rows)


def _within_bytes(rows: list[EventRow]) -> list[EventRow]:
    """As many as have room in a batch, and at least one."""
    sizes = accumulate(map(_event_size, rows))
    return [
        row for place, (row, size) in enumerate(zip(rows, sizes, strict=True)) if size <= BYTES or not place
    ]
