"""Rows of reads out of a journal's inputs, from any number on: each input is decoded once while they go on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.offset import corrected
from core.records import Input, Reads
from gateway.database import JournalDamaged


class Inputs(Protocol):
    """`Reader.reads`."""

    def reads(self, after: int, /) -> Iterator[tuple[int, Input]]: ...


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows `first` to `last` of the journal, of one device."""

    first: int
    last: int
    source: str
    reads: Reads


class ReadsQueue:
    """What one journal holds of reads.

    strict   raises where it finds damage, None for a journal that was put aside; salvage steps over it
    offsets  by device, microseconds that its own times lack
    """

    def __init__(self, strict: Inputs | None, salvage: Inputs, offsets: Mapping[str, int]) -> None:
        self._strict = strict
        self._salvage = salvage
        self._offsets = offsets
        self._inputs: Iterator[tuple[int, Input]] = iter(())
        self._piece: _Piece | None = None
        self._at = -1

    def take(self, after: int, rows: int) -> tuple[tuple[tuple[str, Reads], ...], int]:
        """At most `rows` rows behind number `after`, device by device, or how many are missing there."""
        if after != self._at:
            self._inputs, self._piece = (self._strict or self._salvage).reads(after), None
        parts: list[tuple[str, Reads]] = []
        at, ended = after, False
        while at - after < rows:
            piece = self._piece = self._piece or self._next(at)
            ended = piece is None
            if piece is None or piece.first > at + 1:
                break
            start = at + 1 - piece.first
            stop = min(len(piece.reads), start + rows - (at - after))
            parts.append((piece.source, piece.reads.slice(start, stop)))
            at = piece.first + stop - 1
            if at == piece.last:
                self._piece = None
        self._at = -1 if ended else at
        missing = self._piece.first - 1 - after if self._piece is not None and not parts else 0
        return tuple(parts), missing

    def _next(self, at: int) -> _Piece | None:
        try:
            found = next(self._inputs, None)
        except JournalDamaged:
            self._inputs = self._salvage.reads(at)
            found = next(self._inputs, None)
        if found is None:
            return None
        last, input = found
        reads = corrected(input.body, self._offsets.get(input.source, 0))
        if not isinstance(reads, Reads):
            raise TypeError(f"input {last} of the reads is a {type(reads).__name__}")
        return _Piece(last - len(reads) + 1, last, input.source, reads)
