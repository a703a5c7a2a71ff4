"""Cells: one per (source, tag, antenna) that was ever heard, and the table that finds them for a whole batch."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop

import numpy as np
from numpy.typing import NDArray

from core.growth import grown
from core.index import Index
from core.records import Codes, Dictionary, Reads

Cell = NDArray[np.int32]
Name = tuple[str, str, int]
"""Tag, source and antenna port of a cell."""

UNRESOLVED = -1
NEVER = -(1 << 62)
"""The newest read of a cell that has none."""
PORTS = 256
"""Ports from PORTS - 1 on share a column of the look-up table."""


_BLANK = {"track": -1, "watch": -1, "side": 0, "last": NEVER, "next": -1}
"""The columns over all cells, and what stands where there is none."""
CELL_COLUMNS = tuple(_BLANK)


class Cells:
    """Columns over all cells.

    track int32[n]  the visit or pass that its reads belong to;  watch int32[n] the track of all evidence, or -1
    side  int8[n]   of the portal: 0 or 1;  last int64[n] newest read, microseconds, or NEVER;  next int32[n] another
                  cell of the same tag, or -1;  tags, sources, ports: what a cell is

    The track of a free number is -1. One that was given up is not free before nobody can mean the old cell by it.
    """

    def __init__(self, source_ids: Sequence[str], room: int = 256) -> None:
        self.source_ids = source_ids
        self.size = 0
        self.track: Cell = np.full(room, -1, np.int32)
        self.watch: Cell = np.full(room, -1, np.int32)
        self.side: NDArray[np.int8] = np.zeros(room, np.int8)
        self.last: NDArray[np.int64] = np.full(room, NEVER, np.int64)
        self.tags: list[str] = []
        self.sources = array("i")
        self.ports = array("i")
        self.next: Cell = np.full(room, -1, np.int32)
        self.by_tag = Index(self.tags)
        """The newest cell of each tag."""
        self.free: list[int] = []
        """A heap of the numbers below `size` that are free: the least is taken first."""
        self.given_up: list[int] = []
        self._views()

    def _views(self) -> None:
        """The same columns for one row at a time: a memoryview's item costs a third of an array's."""
        self.m_track, self.m_watch = self.track.data, self.watch.data
        self.m_side, self.m_last = self.side.data, self.last.data

    def add(self, tag: str, source: int, port: int, track: int, watch: int, side: int) -> int:
        """A new cell; returns its number."""
        if self.free:
            number = heappop(self.free)
            self.tags[number], self.sources[number], self.ports[number] = tag, source, port
        else:
            number = self._append(tag, source, port)
        self.next[number] = self.by_tag.find(tag)
        self.by_tag.put(tag, number)
        self.track[number], self.watch[number], self.side[number] = track, watch, side
        return number

    def _append(self, tag: str, source: int, port: int) -> int:
        number = self.size
        if number == len(self.track):
            for name, blank in _BLANK.items():
                setattr(self, name, grown(getattr(self, name), blank))
            self._views()
        self.size += 1
        self.tags.append(tag)
        self.sources.append(source)
        self.ports.append(port)
        return number

    def remove(self, tag: str) -> None:
        """Give the cells of a tag up."""
        gone = list(self.of_tag(tag))
        self.by_tag.remove(tag)
        for cell in gone:
            self.tags[cell] = ""
            for name, blank in _BLANK.items():
                getattr(self, name)[cell] = blank
        self.given_up += gone

    def release(self) -> None:
        """What was given up is free."""
        self.free += self.given_up
        heapify(self.free)
        self.given_up.clear()

    def of_tag(self, tag: str) -> Iterator[int]:
        """The cells of a tag, newest first."""
        cell = self.by_tag.find(tag)
        while cell >= 0:
            yield cell
            cell = int(self.next[cell])

    def name(self, cell: int) -> Name:
        """Tag, source and port: orders cells whatever order they appeared in."""
        return self.tags[cell], self.source_ids[self.sources[cell]], self.ports[cell]


Resolve = Callable[[str, int], int]
"""Tag and port to a cell number or a `Refusal`."""


class Lookup:
    """The cells of one source's dictionary: a dense table [tag code, column of the port], filled as tags appear.

    A cache: it can be dropped at any time. Its size is the dictionary's length times the ports in use times 4 bytes.
    """

    def __init__(self, tags: Dictionary, resolve: Resolve) -> None:
        self.tags = tags
        self._resolve = resolve
        self._column = np.full(PORTS, -1, np.int32)
        self._columns = 0
        self._columns_of: dict[int, int] = {}
        self._table: Cell = np.full((max(64, len(tags)), 1), UNRESOLVED, np.int32)
        self._view, self._room = self._table.data, len(self._table)

    def one(self, tag: int, port: int) -> int:
        """The cell, or the refusal, of one read."""
        column = self._columns_of.get(port)
        if column is None or tag >= self._room:
            column = self._prepare(port)
        found = self._view[tag, column]
        if found == UNRESOLVED:
            found = self._view[tag, column] = self._resolve(self.tags.ids[tag], port)
        return found

    def known(self, tag: int, port: int) -> int:
        """The cell, or the refusal, of one read; `UNRESOLVED` when `one` has not been asked yet."""
        column = self._columns_of.get(port)
        return UNRESOLVED if column is None or tag >= self._room else self._view[tag, column]

    def forget(self, tag: str) -> None:
        """The tag's cells are given up."""
        code = self.tags.find(tag)
        if 0 <= code < len(self._table):
            self._table[code] = UNRESOLVED

    def _prepare(self, port: int) -> int:
        """Room for the dictionary's newest tags, and a column for the port."""
        slot = min(port, PORTS - 1)
        column = int(self._column[slot])
        if column < 0:
            column = self._add_column(slot)
        if len(self.tags) > self._room:
            self._grow()
        self._columns_of[port] = column
        self._view, self._room = self._table.data, len(self._table)
        return column

    def many(self, reads: Reads) -> Cell:
        """int32[n]: the cell, or the refusal, of each read; new ones are resolved in order of arrival."""
        slot = np.minimum(reads.antenna, PORTS - 1)
        column = self._column[slot]
        if column.min(initial=0) < 0:
            for port in dict.fromkeys(slot[column < 0].tolist()):
                self._add_column(port)
            column = self._column[slot]
        if len(self.tags) > len(self._table):
            self._grow()
        found: Cell = self._table[reads.tag, column]
        new = np.flatnonzero(found == UNRESOLVED)
        if len(new):
            self._fill(reads.tag[new], reads.antenna[new])
            found = self._table[reads.tag, column]
        return found

    def _fill(self, tags: Codes, ports: NDArray[np.uint16]) -> None:
        for tag, port in dict.fromkeys(zip(tags.tolist(), ports.tolist(), strict=True)):
            self.one(tag, port)

    def _add_column(self, slot: int) -> int:
        column = self._column[slot] = self._columns
        self._columns += 1
        if column >= self._table.shape[1]:
            self._table = np.concatenate([self._table, np.full_like(self._table, UNRESOLVED)], axis=1)
            self._view = self._table.data
        return int(column)

    def _grow(self) -> None:
        more = max(len(self.tags), 2 * len(self._table)) - len(self._table)
        room = np.full((more, self._table.shape[1]), UNRESOLVED, np.int32)
        self._table = np.concatenate([self._table, room])
        self._view, self._room = self._table.data, len(self._table)


class Lookups:
    """A source's look-up tables, one per live dictionary. Policy: the `LIMIT` last used are kept."""

    LIMIT = 4

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._tables: list[Lookup] = []

    def of(self, tags: Dictionary) -> Lookup:
        """The table of a dictionary, made when it is new."""
        for at, table in enumerate(self._tables):
            if table.tags is tags:
                if at:
                    self._tables.insert(0, self._tables.pop(at))
                return table
        made = Lookup(tags, self._resolve)
        self._tables = [made, *self._tables[: self.LIMIT - 1]]
        return made

    def forget(self, tag: str) -> None:
        """The tag's cells are given up."""
        for table in self._tables:
            table.forget(tag)

    def clear(self) -> None:
        """What was resolved has other numbers now."""
        self._tables.clear()
