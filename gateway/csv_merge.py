"""Several files of recorded reads as one, by time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.records import Reads
from gateway.csv_reads import Block, CsvReads


def merged(files: Sequence[CsvReads]) -> Iterator[Block]:
    """The rows of several files by time; inside one file the order stays, equal times go by the order of files."""
    if len(files) == 1:
        yield from files[0].blocks()
        return
    sources = [one.blocks() for one in files]
    held: list[Block | None] = [next(source, None) for source in sources]
    while live := [number for number, block in enumerate(held) if block is not None]:
        # up to the earliest end of the blocks in hand, nothing can come between any more
        bound = min(int(block.at[-1]) for block in held if block is not None)
        taken: list[Block] = []
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
        yield _by_time(taken)


def _by_time(blocks: list[Block]) -> Block:
    at = np.concatenate([block.at for block in blocks])
    order = np.argsort(at, kind="stable")
    one = Block(_stacked([block.reads for block in blocks]), np.concatenate([b.reader for b in blocks]), at)
    return one.pick(order)


def _stacked(parts: list[Reads]) -> Reads:
    """All rows; a column that only some files have is filled with "unreported" for the others."""
    return Reads(
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


def _filled(columns: list[NDArray[np.float32] | None], parts: list[Reads]) -> NDArray[np.float32] | None:
    if all(column is None for column in columns):
        return None
    return np.concatenate(
        [
            np.full(len(one), np.nan, np.float32) if column is None else column
            for column, one in zip(columns, parts, strict=True)
        ]
    )
