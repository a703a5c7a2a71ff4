"""Which reads were already delivered: exact, within a bounded memory."""

import numpy as np
from numpy.typing import NDArray

from core.records import Times

Cells = NDArray[np.int32]

_TIME_BITS = 40
_CHUNK = 8_192


def key(cell: Cells, time: Times, origin: int) -> Times:
    """int64 keys that order by cell, then time; `time - origin` must lie in [0, 2**40) microseconds (12 days)."""
    return (cell.astype(np.int64) << _TIME_BITS) | (time - origin)


class _Chunk:
    """Keys of one stretch of input, sorted by cell and time."""

    __slots__ = ("first", "keys", "last")

    def __init__(self, cell: Cells, time: Times, ordered: bool = False) -> None:
        self.first, self.last = int(time.min()), int(time.max())
        self.keys = key(cell, time, self.first)
        if not ordered:
            self.keys.sort()

    def __len__(self) -> int:
        return len(self.keys)

    def columns(self) -> tuple[Cells, Times]:
        return (self.keys >> _TIME_BITS).astype(np.int32), (self.keys & ((1 << _TIME_BITS) - 1)) + self.first


class Seen:
    """The (cell, time) pairs of the recent past; a cell is a (source, tag, antenna).

    A read is looked for here only when it is not newer than its cell's newest, so the memory costs an append per
    batch in normal running. Policy: pairs older than `horizon` microseconds, and the oldest beyond `limit` pairs
    (8 bytes each), are forgotten: a duplicate that comes later than that counts as another sighting.
    """

    def __init__(self, limit: int = 1_000_000, horizon: int = 600_000_000) -> None:
        self.limit = limit
        self.horizon = horizon
        self._fresh: set[tuple[int, int]] = set()
        self._chunks: list[_Chunk] = []
        self._rows = 0
        self._tidy = 64

    def add_one(self, cell: int, time: int) -> None:
        """Remember one pair."""
        self._fresh.add((cell, time))
        if len(self._fresh) >= 4_096:
            self._flush()

    def add(self, cell: Cells, time: Times) -> None:
        """Remember columns of pairs, ordered by cell, then time."""
        if len(cell):
            self._append(_Chunk(cell, time, ordered=True))

    def has_one(self, cell: int, time: int) -> bool:
        """Was this pair remembered?"""
        if (cell, time) in self._fresh:
            return True
        return any(
            chunk.first <= time <= chunk.last
            and _holds(chunk.keys, np.array([(cell << _TIME_BITS) | (time - chunk.first)], np.int64))[0]
            for chunk in self._chunks
        )

    def has(self, cell: Cells, time: Times) -> NDArray[np.bool_]:
        """Which of these pairs were remembered; bool[n]."""
        self._flush()
        found = np.zeros(len(cell), np.bool_)
        for chunk in self._chunks:
            at = np.flatnonzero((time >= chunk.first) & (time <= chunk.last))
            if len(at):
                found[at] |= _holds(chunk.keys, key(cell[at], time[at], chunk.first))
        return found

    def _flush(self) -> None:
        if self._fresh:
            pairs = np.array(sorted(self._fresh), np.int64)
            self._fresh.clear()
            self._append(_Chunk(pairs[:, 0].astype(np.int32), pairs[:, 1], ordered=True))

    def _append(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self._rows += len(chunk)
        if len(self._chunks) > self._tidy or self._rows > self.limit:
            self._compact()
            self._tidy = len(self._chunks) + 64

    def _compact(self) -> None:
        """Merge runs of small chunks, forget what is too old or too much."""
        newest = max(chunk.last for chunk in self._chunks)
        kept = [chunk for chunk in self._chunks if chunk.last >= newest - self.horizon]
        merged: list[_Chunk] = []
        small: list[_Chunk] = []
        for chunk in kept:
            small.append(chunk)
            if sum(map(len, small)) >= _CHUNK or chunk is kept[-1]:
                merged.append(small[0] if len(small) == 1 else _join(small))
                small = []
        self._rows = sum(map(len, merged))
        while self._rows > self.limit:
            self._rows -= len(merged.pop(0))
        self._chunks = merged

    def restore(self, cell: Cells, time: Times) -> None:
        """Remember what `columns` gave."""
        if len(cell):
            self._append(_Chunk(cell, time))

    def columns(self) -> tuple[Cells, Times]:
        """Everything remembered, oldest chunk first: for the snapshot."""
        self._flush()
        parts = [chunk.columns() for chunk in self._chunks]
        if not parts:
            return np.empty(0, np.int32), np.empty(0, np.int64)
        return np.concatenate([cell for cell, _ in parts]), np.concatenate([time for _, time in parts])


def _holds(keys: Times, wanted: Times) -> NDArray[np.bool_]:
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: NDArray[np.bool_] = keys[at] == wanted
    return found


def _join(chunks: list[_Chunk]) -> _Chunk:
    parts = [chunk.columns() for chunk in chunks]
    return _Chunk(np.concatenate([cell for cell, _ in parts]), np.concatenate([time for _, time in parts]))
