"""Recorded rows with an outlook: which row of each reader comes next in order, as far as the recording was read ahead.

A reader's sign of life says that nothing older is on its way. A recording holds no signs of life, but the rows that
are still to come: a reader whose next row is older than virtual time has not got there yet. Its link was down and what
it had stored follows, or its clock is behind those of the others.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.records import Times
from gateway.csv_reads import Block

ROWS = 100_000
"""Rows that are read ahead, and a block more at most."""

Order = tuple[NDArray[np.intp], Times]
"""Places in a block of one reader's rows in order (each newer than all before it), and their times."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    block: Block
    in_order: dict[int, Order]


class Outlook:
    """The blocks of a recording, one after the other; about the newest one given, `next_time` tells what follows."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = iter(blocks)
        self._newest: dict[int, int] = {}
        self._window: deque[_Ahead] = deque()

    def __iter__(self) -> Iterator[Block]:
        """Every block in turn; at the end there is nothing in sight."""
        ahead = 0
        while True:
            while ahead < ROWS and (block := next(self._blocks, None)) is not None:
                self._window.append(_Ahead(block, self._in_order(block)))
                ahead += len(block.reader)
            if not self._window:
                return
            ahead -= len(self._window[0].block.reader)
            yield self._window[0].block
            self._window.popleft()

    def next_time(self, reader: int, row: int) -> int | None:
        """When the next row in order of a reader was sighted, from a row of the present block on; None = none in sight."""
        for ahead in self._window:
            places, times = ahead.in_order.get(reader, _NONE)
            at = int(np.searchsorted(places, row))
            if at < len(places):
                return int(times[at])
            row = 0
        return None

    def _in_order(self, block: Block) -> dict[int, Order]:
        found = {}
        for reader in np.unique(block.reader).tolist():
            places = np.flatnonzero(block.reader == reader)
            times = block.reads.time[places]
            newest = self._newest.get(reader, int(times[0]) - 1)
            peak = np.maximum.accumulate(np.concatenate([[newest], times]))
            news = times > peak[:-1]
            found[reader] = places[news], times[news]
            self._newest[reader] = int(peak[-1])
        return found


_NONE: Order = (np.empty(0, np.intp), np.empty(0, np.int64))
