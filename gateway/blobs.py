"""The inputs of one commit as one blob: a directory of who said what, and the columns of all their reads.

    head       version u8, inputs u32, reads u32, bytes of sources u32, bytes of texts u32
    sources    the distinct device ids, a line feed between them
    directory  per input: source u16, kind u8, columns u8, arrival int64, size u32
    texts      the fields of every input that is no `Reads`, a JSON array each
    columns    of all reads, one after the other: time, tag, antenna, rssi, count, phase, doppler, channel

`kind` 0 is `Reads`, and `size` its rows; else it counts from one in `OCCURRENCES`, and `size` is the length of its
text. `columns` has a bit for each of the last three columns; an input without it has no rows there. All numbers are
little-endian. So eight inputs of twelve reads cost one row of the journal and one search for narrow columns.
"""

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter

import numpy as np

from core.records import (
    Alive,
    AntennaState,
    Body,
    Codes,
    Dictionary,
    Down,
    Dropped,
    Gpi,
    Idle,
    Input,
    Reads,
    Scan,
    Shift,
    Up,
)
from gateway.columns import Column, pack, unpack

VERSION = 1
OCCURRENCES = (Alive, Down, Up, AntennaState, Gpi, Shift, Dropped, Idle, Scan)
"""All that an input can be but `Reads`; a new kind goes to the end, for the position is written down."""

_HEAD = struct.Struct("<BIIII")
_ENTRY = struct.Struct("<HBBqI")
_KINDS: dict[type[Body], int] = {kind: at for at, kind in enumerate(OCCURRENCES, 1)}
_FIELDS: dict[type[Body], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in OCCURRENCES
}
_DTYPES = {"time": "<i8", "tag": "<i4", "antenna": "<u2", "rssi": "<f4", "count": "<i4"}
_OPTIONAL = {"phase": "<f4", "doppler": "<f4", "channel": "<i4"}
_COLUMNS = {name: np.dtype(code) for name, code in (_DTYPES | _OPTIONAL).items()}
_BITS = tuple(1 << at for at in range(len(_OPTIONAL)))
_ALWAYS = (0,) * len(_DTYPES)
_columns_of = attrgetter(*_COLUMNS)

CodesOf = Callable[[Dictionary], Codes]
"""The journal's code for each code of a dictionary: int32, one per id."""


def encode(inputs: Sequence[Input], codes_of: CodesOf) -> bytes:
    """The inputs as one blob.

    Raises ValueError for columns of unequal length or another dtype than `Reads` names, IndexError for a tag code
    that its dictionary does not have.
    """
    sources: dict[str, int] = {}
    directory: list[bytes] = []
    texts: list[bytes] = []
    batches: list[tuple[Column | None, ...]] = []
    reads = 0
    for one in inputs:
        source = sources.setdefault(one.source, len(sources))
        body = one.body
        if isinstance(body, Reads):
            columns = _checked(one.source, body)
            batches.append((columns[0], codes_of(body.tags)[body.tag], *columns[2:]))
            directory.append(_ENTRY.pack(source, 0, _present(columns), one.arrival, len(body)))
            reads += len(body)
        else:
            texts.append(_text(body))
            directory.append(_ENTRY.pack(source, _KINDS[type(body)], 0, one.arrival, len(texts[-1])))
    names = "\n".join(sources).encode()
    head = _HEAD.pack(VERSION, len(inputs), reads, len(names), sum(map(len, texts)))
    return b"".join((head, names, *directory, *texts, *_pack_all(batches)))


def _text(body: Body) -> bytes:
    names = _FIELDS.get(type(body))
    if names is None:
        raise ValueError(f"{type(body).__name__} is no body of an input; add it to OCCURRENCES")
    return json.dumps([getattr(body, name) for name in names], separators=(",", ":")).encode()


def _checked(source: str, batch: Reads) -> tuple[Column | None, ...]:
    """The columns in order, once they were found to be what `Reads` promises."""
    n = len(batch)
    columns: tuple[Column | None, ...] = _columns_of(batch)
    for column, (name, dtype) in zip(columns, _COLUMNS.items(), strict=True):
        if column is None:
            if name in _DTYPES:
                raise ValueError(f"{source}: the column {name} is missing")
        elif (column.dtype is not dtype and column.dtype != dtype) or column.size != n:
            found = f"{column.dtype}{list(column.shape)}"
            raise ValueError(f"{source}: the column {name} should be {dtype.name}[{n}] and is {found}")
    return columns


def _present(columns: tuple[Column | None, ...]) -> int:
    phase, doppler, channel = columns[-3:]
    return (phase is not None) | (doppler is not None) << 1 | (channel is not None) << 2


def _pack_all(batches: Sequence[tuple[Column | None, ...]]) -> Iterator[bytes]:
    """Every column of all batches, packed; one without rows is left out."""
    for column in zip(*batches, strict=True):
        parts = [part for part in column if part is not None and len(part)]
        if parts:
            yield pack(parts[0] if len(parts) == 1 else np.concatenate(parts))


def decode(blob: bytes, tags: Dictionary) -> list[Input]:
    """What `encode` was given, with `tags` in place of each batch's own dictionary; columns may be read-only.

    Raises ValueError for a blob of another version, for one that is cut short and for a tag code that `tags` lacks.
    """
    if not blob or blob[0] != VERSION:
        raise ValueError(f"a blob of version {blob[0] if blob else 'nothing'}: only {VERSION} is understood")
    try:
        return _decode(blob, tags)
    except (struct.error, IndexError, TypeError) as error:
        raise ValueError(f"not a blob of inputs: {error}") from error


def _decode(blob: bytes, tags: Dictionary) -> list[Input]:
    _, count, _, name_bytes, text_bytes = _HEAD.unpack_from(blob)
    at = _HEAD.size
    sources = blob[at : at + name_bytes].decode().split("\n")
    at += name_bytes
    entries = list(_ENTRY.iter_unpack(blob[at : at + count * _ENTRY.size]))
    at += count * _ENTRY.size
    bodies = _Bodies(blob, tags, at, at + text_bytes, [entry for entry in entries if not entry[1]])
    return [
        Input(sources[source], arrival, bodies.occurrence(kind, size) if kind else bodies.reads(bits, size))
        for source, kind, bits, arrival, size in entries
    ]


class _Bodies:
    """Hands out the bodies of a blob in the order of its directory."""

    def __init__(
        self, blob: bytes, tags: Dictionary, texts: int, columns: int, batches: list[tuple[int, ...]]
    ) -> None:
        self._blob = blob
        self._tags = tags
        self._text = texts
        self._columns: dict[str, Column] = {}
        self._taken = dict.fromkeys(_COLUMNS, 0)
        for (name, dtype), bit in zip(_COLUMNS.items(), _ALWAYS + _BITS, strict=True):
            n = sum(size for _, _, bits, _, size in batches if bits & bit == bit)
            if n:
                self._columns[name], columns = unpack(blob, columns, n, dtype)
            else:
                self._columns[name] = np.empty(0, dtype)
        if columns != len(blob):
            raise ValueError(f"a blob of {columns} bytes has {len(blob)}")
        codes = self._columns["tag"]
        if len(codes) and not 0 <= codes.min() <= codes.max() < len(tags):
            raise ValueError(f"tag codes {codes.min()} to {codes.max()}: {len(tags)} are known")

    def occurrence(self, kind: int, size: int) -> Body:
        start, self._text = self._text, self._text + size
        body: Body = OCCURRENCES[kind - 1](*json.loads(self._blob[start : self._text]))
        return body

    def reads(self, bits: int, n: int) -> Reads:
        time, tag, antenna, rssi, count = (self._take(name, n) for name in _DTYPES)
        optional = (
            self._take(name, n) if bits & bit else None for name, bit in zip(_OPTIONAL, _BITS, strict=True)
        )
        return Reads(self._tags, time, tag, antenna, rssi, count, *optional)

    def _take(self, name: str, n: int) -> Column:
        start = self._taken[name]
        self._taken[name] = start + n
        return self._columns[name][start : start + n]
