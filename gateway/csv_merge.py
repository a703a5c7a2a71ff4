"""Several recorded files of one kind as one, by time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.records import Reads, Times
from gateway import fix_block
from gateway.csv_reads import Block
from gateway.fix_block import FixBlock


class Rows(Protocol):
    """Consecutive rows of a file, and when each of them arrived by virtual time."""

    @property
    def at(self) -> Times: ...

    def pick(self, rows: "slice | NDArray[np.intp]") -> Self: ...


B = TypeVar("B", bound=Rows)
C = TypeVar("C", bound=Rows, covariant=True)


class File(Protocol[C]):
    """What is read block by block."""

    def blocks(self) -> Iterator[C]: ...


def merged(files: Sequence[File[Block]]) -> Iterator[Block]:
    """The reads of several files by time; inside one file the order stays, equal times go by the order of files."""
    return _merged(files, _stacked)


def merged_fixes(files: Sequence[File[FixBlock]]) -> Iterator[FixBlock]:
    """The same of fixes."""
    return _merged(files, fix_block.stacked)


def _merged(files: Sequence[File[B]], stacked: Callable[[Sequence[B]], B]) -> Iterator[B]:
    sources = [_with_rows(one.blocks()) for one in files]
    if len(sources) == 1:
        yield from sources[0]
        return
    held: list[B | None] = [next(source, None) for source in sources]
    while live := [number for number, block in enumerate(held) if block is not None]:
        # up to the earliest end of the blocks in hand, nothing can come between any more
        bound = min(int(block.at[-1]) for block in held if block is not None)
        taken: list[B] = []
        for number in live:
            block = held[number]
            if block is None:
                continue
            end = int(np.searchsorted(block.at, bound, "right"))
            if end == len(block.at):
                taken.append(block)
                held[number] = next(sources[number], None)
            else:
                taken.append(block.pick(slice(0, end)))
                held[number] = block.pick(slice(end, None))
        one = stacked(taken)
        yield one.pick(np.argsort(one.at, kind="stable"))


def _with_rows(blocks: Iterator[B]) -> Iterator[B]:
    return (block for block in blocks if len(block.at))


def _stacked(blocks: Sequence[Block]) -> Block:
    """All rows; a column that only some files have is filled with "unreported" for the others."""
    parts = [block.reads for block in blocks]
    reads = Reads(
        parts[0].tags,
        np.concatenate([one.time for one in parts]),
        np.concatenate([one.tag for one in parts]),
        np.concatenate([one.antenna for one in parts]),
        np.concatenate([one.rssi for one in parts]),
        np.concatenate([one.count for one in parts]),
        _filled([one.phase for one in parts], parts),
        _filled([one.doppler for one in parts], parts),
        None
        if all(one.channel is None for one in parts)
        else np.concatenate(
            [np.zeros(len(one), np.int32) if one.channel is None else one.channel for one in parts]
        ),
    )
    return Block(reads, np.concatenate([b.reader for b in blocks]), np.concatenate([b.at for b in blocks]))


def _filled(columns: list[NDArray[np.float32] | None], parts: list[Reads]) -> NDArray[np.float32] | None:
    if all(column is None for column in columns):
        return None
    return np.concatenate(
        [
            np.full(len(one), np.nan, np.float32) if column is None else column
            for column, one in zip(columns, parts, strict=True)
        ]
    )
