"""Inputs on which the pipeline failed twice: set aside with their bytes, so that the fault can be found later."""

import json
from dataclasses import dataclass

import numpy as np

from core.records import Codes, Dictionary, Input, Reads
from gateway.blobs import decode, encode
from gateway.rows import RowDamaged, checksum

KEPT = 1000
"""Inputs that are kept; a newer one replaces the oldest."""
TEXT = 10_000
"""Characters of the error that are kept."""

PoisonRow = tuple[int, int, str, str, bytes, int]
"""seq, time, error, tags, body, checksum."""


@dataclass(frozen=True, slots=True)
class Poison:
    """time: arrival, microseconds UTC; input: None when not even the blob could be made, `error` shows it then."""

    time: int
    error: str
    input: Input | None


def poison_row(seq: int, input: Input, error: str) -> PoisonRow:
    """The row, with the tag ids that it needs: it must outlive the journal's own tag codes."""
    ids: list[str] = []
    body = b""
    try:
        alone, ids = _with_own_tags(input)
        body = encode([alone], _same)
    except (ValueError, IndexError, TypeError, AttributeError) as unfit:
        error = f"{error}; it cannot be stored as it is either ({unfit}): {input!r} {input.body!r}"
    columns = (seq, input.arrival, error[:TEXT], json.dumps(ids))
    return (*columns, body, checksum(body, *columns))


def _with_own_tags(input: Input) -> tuple[Input, list[str]]:
    reads = input.body
    if not isinstance(reads, Reads):
        return input, []
    used, own = np.unique(reads.tag, return_inverse=True)
    ids = [reads.tags.ids[code] for code in used.tolist()]
    columns = (reads.antenna, reads.rssi, reads.count, reads.phase, reads.doppler, reads.channel)
    alone = Reads(Dictionary(ids), reads.time, own.astype(np.int32), *columns)
    return Input(input.source, input.arrival, alone), ids


def _same(tags: Dictionary) -> Codes:
    return np.arange(len(tags), dtype=np.int32)


def row_poison(row: PoisonRow) -> tuple[int, Poison]:
    """The sequence number and the input of a row. Raises RowDamaged."""
    seq, time, error, tags, body, crc = row
    if checksum(body, seq, time, error, tags) != crc:
        raise RowDamaged(f"input {seq} of those set aside is not as it was written: wrong checksum")
    input = decode(body, Dictionary(json.loads(tags)))[0] if body else None
    return seq, Poison(time, error, input)
