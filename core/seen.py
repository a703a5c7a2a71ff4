"""Which reads were already delivered: exact, within a bounded memory."""

from collections.abc import Iterable, Sequence
from itertools import chain

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
    """Keys of one stretch of input, sorted by cell and time; `heard` is the newest time when it came in."""

    __slots__ = ("first", "heard", "keys", "last")

    def __init__(self, cell: Cells, time: Times, heard: int, ordered: bool = False) -> None:
        self.first, self.last, self.heard = int(time.min()), int(time.max()), heard
        self.keys = key(cell, time, self.first)
        if not ordered:
            self.keys.sort()

    def __len__(self) -> int:
        return len(self.keys)

    def columns(self) -> tuple[Cells, Times]:
        return (self.keys >> _TIME_BITS).astype(np.int32), (self.keys & ((1 << _TIME_BITS) - 1)) + self.first

    def forget(self, gone: NDArray[np.bool_]) -> None:
        """`gone` bool[m]: which cells are forgotten; the last entry stands for those beyond."""
        cell = np.minimum(self.keys >> _TIME_BITS, len(gone) - 1)
        self.keys = self.keys[~gone[cell]]


class Seen:
    """The (cell, time) pairs of the recent past; a cell is a (source, tag, antenna).

    A read is looked for here only when it is not newer than its cell's newest, so the memory costs an append per
    batch in normal running. Policy: pairs that came in more than `horizon` microseconds ago, and the oldest beyond
    `limit` pairs (8 bytes each), are forgotten: a duplicate that comes later than that counts as another sighting.
    """

    def __init__(self, limit: int = 1_000_000, horizon: int = 600_000_000) -> None:
        self.limit = limit
        self.horizon = horizon
        self._fresh: set[tuple[int, int]] = set()
        self._chunks: list[_Chunk] = []
        self._rows = 0
        self._newest = 0
        self._tidy = 64

    def add_pairs(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Remember a few pairs."""
        self._fresh.update(pairs)
        if len(self._fresh) >= 4_096:
            self._flush()

    def add(self, cell: Cells, time: Times) -> None:
        """Remember columns of pairs, ordered by cell, then time."""
        if len(cell):
            self._append(cell, time, ordered=True)

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
            pairs = np.fromiter(chain.from_iterable(self._fresh), np.int64, 2 * len(self._fresh)).reshape(
                -1, 2
            )
            self._fresh.clear()
            self._append(pairs[:, 0].astype(np.int32), pairs[:, 1])

    def _append(self, cell: Cells, time: Times, ordered: bool = False) -> None:
        self._newest = max(self._newest, int(time.max()))
        for part in _fitting(time):
            self._chunks.append(_Chunk(cell[part], time[part], self._newest, ordered))
            self._rows += len(self._chunks[-1])
        if len(self._chunks) > self._tidy or self._rows > self.limit:
            self._compact()
            self._tidy = len(self._chunks) + 64

    def _compact(self) -> None:
        """Merge runs of small chunks, forget what is too old or too much."""
        groups: list[list[_Chunk]] = []
        for chunk in self._chunks:
            if chunk.heard < self._newest - self.horizon:
                continue
            if groups and _fits(groups[-1], chunk):
                groups[-1].append(chunk)
            else:
                groups.append([chunk])
        merged = [_join(group) if len(group) > 1 else group[0] for group in groups]
        self._rows = sum(map(len, merged))
        while self._rows > self.limit:
            self._rows -= len(merged.pop(0))
        self._chunks = merged

    def restore(self, cell: Cells, time: Times) -> None:
        """Remember what `columns` gave."""
        if len(cell):
            self._append(cell, time)

    def shift(self, by: int) -> None:
        """The clock that dated them was wrong by `by` microseconds: devices deliver the same reads with other times."""
        self._fresh = {(cell, time + by) for cell, time in self._fresh}
        self._newest += by
        for chunk in self._chunks:
            chunk.first, chunk.last, chunk.heard = chunk.first + by, chunk.last + by, chunk.heard + by

    def forget(self, cells: Sequence[int]) -> None:
        """Nothing was read in these cells."""
        self._flush()
        gone = np.zeros(max(cells) + 2, np.bool_)
        gone[cells] = True
        for chunk in self._chunks:
            chunk.forget(gone)
        self._chunks = [chunk for chunk in self._chunks if len(chunk)]
        self._rows = sum(map(len, self._chunks))

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


def _fitting(time: Times) -> list[slice | NDArray[np.bool_]]:
    """Parts whose times fit a chunk's keys: all of them, unless days lie between them."""
    if int(time.max()) - int(time.min()) < 1 << _TIME_BITS:
        return [slice(None)]
    period = time >> _TIME_BITS
    return [period == one for one in sorted(set(period.tolist()))]


def _fits(group: list[_Chunk], chunk: _Chunk) -> bool:
    """Is a group of chunks still small, and would it be one stretch with another one?"""
    together = [*group, chunk]
    span = max(one.last for one in together) - min(one.first for one in together)
    return sum(map(len, group)) < _CHUNK and span < 1 << _TIME_BITS


def _join(chunks: list[_Chunk]) -> _Chunk:
    parts = [chunk.columns() for chunk in chunks]
    cell, time = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return _Chunk(cell, time, max(chunk.heard for chunk in chunks))
