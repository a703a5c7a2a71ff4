"""Rows of reads, or of fixes, out of a journal's inputs, from any number on: each input is decoded once while they go on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol

from core.offset import corrected
from core.records import Fixes, Input, Reads
from gateway.database import JournalDamaged
from gateway.sinks.contract import B


class Inputs(Protocol):
    """`Reader.rows`."""

    def rows(self, kind: type[Reads] | type[Fixes], after: int, /) -> Iterator[tuple[int, Input]]: ...


@dataclass(frozen=True, slots=True)
class _Piece(Generic[B]):
    """Rows `first` to `last` of the journal, of one device."""

    first: int
    last: int
    source: str
    rows: B


class RowsQueue(Generic[B]):
    """What one journal holds of reads or of fixes.

    strict   raises where it finds damage, None for a journal that was put aside; salvage steps over it
    offsets  by device, microseconds that its own times lack
    """

    def __init__(
        self, kind: type[B], strict: Inputs | None, salvage: Inputs, offsets: Mapping[str, int]
    ) -> None:
        self._kind: type[B] = kind
        self._strict = strict
        self._salvage = salvage
        self._offsets = offsets
        self._inputs: Iterator[tuple[int, Input]] = iter(())
        self._piece: _Piece[B] | None = None
        self._at = -1

    def take(self, after: int, rows: int) -> tuple[tuple[tuple[str, B], ...], int]:
        """At most `rows` rows behind number `after`, device by device, or how many are missing there."""
        if after != self._at:
            self._inputs, self._piece = (self._strict or self._salvage).rows(self._kind, after), None
        parts: list[tuple[str, B]] = []
        at, ended = after, False
        while at - after < rows:
            piece = self._piece = self._piece or self._next(at)
            ended = piece is None
            if piece is None or piece.first > at + 1:
                break
            start = at + 1 - piece.first
            stop = min(len(piece.rows), start + rows - (at - after))
            parts.append((piece.source, piece.rows.slice(start, stop)))
            at = piece.first + stop - 1
            if at == piece.last:
                self._piece = None
        self._at = -1 if ended else at
        missing = self._piece.first - 1 - after if self._piece is not None and not parts else 0
        return tuple(parts), missing

    def _next(self, at: int) -> _Piece[B] | None:
        try:
            found = next(self._inputs, None)
        except JournalDamaged:
            self._inputs = self._salvage.rows(self._kind, at)
            found = next(self._inputs, None)
        if found is None:
            return None
        last, input = found
        rows = corrected(input.body, self._offsets.get(input.source, 0))
        if not isinstance(rows, self._kind):
            raise TypeError(f"input {last} of {self._kind.__name__} is a {type(rows).__name__}")
        return _Piece(last - len(rows) + 1, last, input.source, rows)
