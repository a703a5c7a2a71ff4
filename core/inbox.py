"""Unknown tags of a site that neither follows nor ignores them: a list from which an operator registers them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cells import Lookups
from core.records import Reads

_LONG_AGO, _NEVER = -(1 << 62), 1 << 62


@dataclass(frozen=True, slots=True)
class Listed:
    """An unknown tag: first and last read (microseconds), sightings, source (its id) and antenna port of the last."""

    tag: str
    first: int
    last: int
    reads: int
    source: str
    port: int


class Inbox:
    """The list, as columns.

    first, last int64[n] microseconds; reads int64[n] sightings; source int32[n], port int32[n] of the last read
    """

    COLUMNS = ("first", "last", "reads", "source", "port")

    def __init__(self, source_ids: Sequence[str], room: int = 64) -> None:
        self.source_ids = source_ids
        self.tags: list[str] = []
        self.first: NDArray[np.int64] = np.full(room, _NEVER, np.int64)
        self.last: NDArray[np.int64] = np.full(room, _LONG_AGO, np.int64)
        self.reads: NDArray[np.int64] = np.zeros(room, np.int64)
        self.source: NDArray[np.int32] = np.zeros(room, np.int32)
        self.port: NDArray[np.int32] = np.zeros(room, np.int32)
        self._numbers: dict[str, int] = {}
        self._lookups = [Lookups(self._number) for _ in source_ids]

    @property
    def size(self) -> int:
        """Tags in the list."""
        return len(self.tags)

    def _number(self, tag: str, _: int) -> int:
        """The number of a tag, added if it is new."""
        number = self._numbers.get(tag)
        if number is None:
            number = self._numbers[tag] = len(self.tags)
            if number == len(self.first):
                self._grow()
            self.tags.append(tag)
        return number

    def _grow(self) -> None:
        more = Inbox((), len(self.first))
        for name in self.COLUMNS:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(more, name)]))

    def hear(self, source: int, reads: Reads, unknown: NDArray[np.int64]) -> None:
        """The rows of `unknown` tags in a source's batch; of the same instant, the last to arrive is the last."""
        reads = Reads(
            reads.tags,
            reads.time[unknown],
            reads.tag[unknown],
            reads.antenna[unknown],
            reads.rssi[unknown],
            reads.count[unknown],
        )
        tags = self._lookups[source].of(reads.tags).many(reads)
        np.minimum.at(self.first, tags, reads.time)
        np.add.at(self.reads, tags, reads.count)
        order = np.lexsort((reads.time, tags))
        ends = np.append(np.flatnonzero(np.diff(tags[order])), len(order) - 1)
        rows = order[ends]
        rows = rows[reads.time[rows] >= self.last[tags[rows]]]
        newer = tags[rows]
        self.last[newer], self.source[newer], self.port[newer] = reads.time[rows], source, reads.antenna[rows]

    def newest(self, limit: int) -> Iterator[Listed]:
        """Those heard last, the last one first."""
        order = np.argsort(-self.last[: self.size], kind="stable")[:limit].tolist()
        for at in order:
            first, last, reads, source, port = (int(getattr(self, name)[at]) for name in self.COLUMNS)
            yield Listed(self.tags[at], first, last, reads, self.source_ids[source], port)

    def evict(self, many: int) -> list[int]:
        """Forget those unheard for the longest time; the sources that heard them last."""
        if not many:
            return []
        kept = np.ones(self.size, np.bool_)
        kept[np.argsort(self.last[: self.size], kind="stable")[:many]] = False
        sources: list[int] = self.source[: self.size][~kept].tolist()
        columns = [getattr(self, name)[: self.size][kept] for name in self.COLUMNS]
        self.restore([self.tags[at] for at in np.flatnonzero(kept).tolist()], columns)
        return sources

    def restore(self, tags: list[str], columns: list[NDArray[np.int64]]) -> None:
        """Another list in the place of this one."""
        fresh = Inbox((), max(64, len(tags)))
        for name, column in zip(self.COLUMNS, columns, strict=True):
            getattr(fresh, name)[: len(tags)] = column
            setattr(self, name, getattr(fresh, name))
        self.tags, self._numbers = tags, {tag: number for number, tag in enumerate(tags)}
        for lookups in self._lookups:
            lookups.clear()

    def shift(self, by: int) -> None:
        """The clock that dated the reads was wrong by `by` microseconds."""
        self.first[: self.size] += by
        self.last[: self.size] += by
