"""How far the journal has come: a row per commit, whose columns are sums from the beginning of the epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.records import Fixes, Input, Reads
from gateway.rows import RowDamaged, checksum

COLUMNS = "number, time, inputs, reads, fixes, events, gaps, size, base"
"""Of an input row, before body and crc."""

HeadRow = tuple[int, int, int, int, int, int, int, int, int]
InputRow = tuple[int, int, int, int, int, int, int, int, int, bytes, int]


@dataclass(frozen=True, slots=True)
class Head:
    """The columns of an input row.

    number  of the commit
    time    microseconds UTC, arrival of its newest input, or of the one before
    inputs, reads, fixes, events, gaps   how many there have been, with this commit: its last sequence numbers
    size    bytes of the bodies so far
    base    generation of its tag codes
    """

    number: int = 0
    time: int = 0
    inputs: int = 0
    reads: int = 0
    fixes: int = 0
    events: int = 0
    gaps: int = 0
    size: int = 0
    base: int = 0

    def after(self, inputs: Sequence[Input], events: int, gaps: int, body: bytes, base: int) -> "Head":
        """The head of the commit that follows."""
        return Head(
            self.number + 1,
            inputs[-1].arrival if inputs else self.time,
            self.inputs + len(inputs),
            self.reads + sum(len(one.body) for one in inputs if isinstance(one.body, Reads)),
            self.fixes + sum(len(one.body) for one in inputs if isinstance(one.body, Fixes)),
            self.events + events,
            self.gaps + gaps,
            self.size + len(body),
            base,
        )

    def row(self, body: bytes) -> InputRow:
        """The row of this commit."""
        columns = self.columns()
        return (*columns, body, checksum(body, *columns))

    def columns(self) -> HeadRow:
        """In the order of `COLUMNS`."""
        return (
            self.number, self.time, self.inputs, self.reads, self.fixes, self.events, self.gaps, self.size,
            self.base,
        )  # fmt: skip


def split_row(row: InputRow) -> tuple[Head, bytes]:
    """The head and the body of an input row. Raises RowDamaged."""
    *columns, body, crc = row
    if checksum(body, *columns) != crc:
        raise RowDamaged(f"the inputs of commit {row[0]} are not as they were written: wrong checksum")
    return Head(*row[:9]), body
