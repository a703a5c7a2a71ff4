"""The inputs of one commit as one blob: a directory of who said what, and the columns of all their reads.

    head       version u8, inputs u32, reads u32, bytes of sources u32, bytes of texts u32
    sources    the distinct device ids, a line feed between them
    directory  per input: source u16, kind u8, columns u8, arrival int64, size u32
    texts      of every input that has some: an occurrence's fields as a JSON array, the attributes of fixes
    columns    of all reads, one after the other: time, tag, antenna, rssi, count, phase, doppler, channel
               of all fixes: time, tracker, lat, lon, alt, speed, course, accuracy, satellites, flags

`kind` 0 is `Reads` and 255 `Fixes`, and `size` its rows; else it counts from one in `OCCURRENCES`, and `size` is the
length of its text. `columns` has a bit for each of the last three columns of reads; an input without it has no rows
there. Its one bit of fixes says whether they have attributes: u32 bytes, then a line for each row. All numbers are
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
    Fixes,
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
FIXES = 255
"""The kind of `Fixes`."""
OCCURRENCES = (Alive, Down, Up, AntennaState, Gpi, Shift, Dropped, Idle, Scan)
"""What an input can be that has no columns; a new kind goes to the end, for the position is written down."""

_HEAD = struct.Struct("<BIIII")
_ENTRY = struct.Struct("<HBBqI")
_LENGTH = struct.Struct("<I")
_KINDS: dict[type[Body], int] = {kind: at for at, kind in enumerate(OCCURRENCES, 1)}
_FIELDS: dict[type[Body], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in OCCURRENCES
}
_READS = {"time": "<i8", "tag": "<i4", "antenna": "<u2", "rssi": "<f4", "count": "<i4"}
_OPTIONAL = {"phase": "<f4", "doppler": "<f4", "channel": "<i4"}
_FIXES = {"time": "<i8", "tracker": "<i4", "lat": "<f8", "lon": "<f8", "alt": "<f4", "speed": "<f4"}
_FIXES |= {"course": "<f4", "accuracy": "<f4", "satellites": "<i2", "flags": "u1"}
_BITS = dict(zip(_OPTIONAL, (1, 2, 4), strict=True))

Columns = tuple[Column | None, ...]


class _Table:
    """The columns of one kind of batch, by name, with their dtypes; the ids are coded in column `code`."""

    def __init__(self, columns: dict[str, str], code: str) -> None:
        self.columns = {name: np.dtype(given) for name, given in columns.items()}
        self.code = list(columns).index(code)
        self.of = attrgetter(*columns)


_READ_TABLE = _Table(_READS | _OPTIONAL, "tag")
_FIX_TABLE = _Table(_FIXES, "tracker")

CodesOf = Callable[[Dictionary], Codes]
"""The journal's code for each code of a dictionary: int32, one per id."""


def encode(inputs: Sequence[Input], codes_of: CodesOf) -> bytes:
    """The inputs as one blob.

    Raises ValueError for columns of unequal length or another dtype than `Reads` and `Fixes` name, IndexError for a
    code that its dictionary does not have.
    """
    sources: dict[str, int] = {}
    directory: list[bytes] = []
    texts: list[bytes] = []
    reads: list[Columns] = []
    fixes: list[Columns] = []
    rows = 0
    for one in inputs:
        source = sources.setdefault(one.source, len(sources))
        body = one.body
        if isinstance(body, Reads):
            columns = _checked(one.source, body, _READ_TABLE)
            reads.append(_coded(columns, codes_of(body.tags), _READ_TABLE))
            directory.append(_ENTRY.pack(source, 0, _present(columns), one.arrival, len(body)))
            rows += len(body)
        elif isinstance(body, Fixes):
            columns = _checked(one.source, body, _FIX_TABLE)
            fixes.append(_coded(columns, codes_of(body.trackers), _FIX_TABLE))
            directory.append(_ENTRY.pack(source, FIXES, body.attributes is not None, one.arrival, len(body)))
            texts.append(_attributes(one.source, body))
        else:
            texts.append(_text(body))
            directory.append(_ENTRY.pack(source, _KINDS[type(body)], 0, one.arrival, len(texts[-1])))
    names = "\n".join(sources).encode()
    head = _HEAD.pack(VERSION, len(inputs), rows, len(names), sum(map(len, texts)))
    return b"".join((head, names, *directory, *texts, *_pack_all(reads), *_pack_all(fixes)))


def _text(body: Body) -> bytes:
    names = _FIELDS.get(type(body))
    if names is None:
        raise ValueError(f"{type(body).__name__} is no body of an input; add it to OCCURRENCES")
    return json.dumps([getattr(body, name) for name in names], separators=(",", ":")).encode()


def _attributes(source: str, batch: Fixes) -> bytes:
    if batch.attributes is None:
        return b""
    lines = "\n".join(batch.attributes)
    if len(batch.attributes) != len(batch) or lines.count("\n") >= max(len(batch), 1):
        raise ValueError(f"{source}: attributes should be {len(batch)} texts of one line each")
    data = lines.encode()
    return _LENGTH.pack(len(data)) + data


def _checked(source: str, batch: Reads | Fixes, table: _Table) -> Columns:
    """The columns in order, once they were found to be what the batch's kind promises."""
    n = len(batch)
    columns: Columns = table.of(batch)
    for column, (name, dtype) in zip(columns, table.columns.items(), strict=True):
        if column is None:
            if name not in _OPTIONAL:
                raise ValueError(f"{source}: the column {name} is missing")
        elif (column.dtype is not dtype and column.dtype != dtype) or column.size != n:
            found = f"{column.dtype}{list(column.shape)}"
            raise ValueError(f"{source}: the column {name} should be {dtype.name}[{n}] and is {found}")
    return columns


def _coded(columns: Columns, codes: Codes, table: _Table) -> Columns:
    """With the journal's codes in place of the batch's own."""
    own = columns[table.code]
    return (*columns[: table.code], codes[own], *columns[table.code + 1 :])


def _present(columns: Columns) -> int:
    phase, doppler, channel = columns[-3:]
    return (phase is not None) | (doppler is not None) << 1 | (channel is not None) << 2


def _pack_all(batches: Sequence[Columns]) -> Iterator[bytes]:
    """Every column of all batches, packed; one without rows is left out."""
    for column in zip(*batches, strict=True):
        parts = [part for part in column if part is not None and len(part)]
        if parts:
            yield pack(parts[0] if len(parts) == 1 else np.concatenate(parts))


def decode(blob: bytes, tags: Dictionary) -> list[Input]:
    """What `encode` was given, with `tags` in place of each batch's own dictionary; columns may be read-only.

    Raises ValueError for a blob of another version, for one that is cut short and for a code that `tags` lacks.
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
    bodies = _Bodies(blob, tags, at, at + text_bytes, entries)
    return [
        Input(sources[source], arrival, bodies.next(kind, bits, size))
        for source, kind, bits, arrival, size in entries
    ]


class _Rows:
    """The columns of all batches of a kind, handed out in the order of the directory."""

    def __init__(self, blob: bytes, at: int, table: _Table, sizes: dict[str, int], ids: int) -> None:
        self._columns: dict[str, Column] = {}
        self._taken = dict.fromkeys(table.columns, 0)
        for name, dtype in table.columns.items():
            if sizes[name]:
                self._columns[name], at = unpack(blob, at, sizes[name], dtype)
            else:
                self._columns[name] = np.empty(0, dtype)
        self.end = at
        codes = list(self._columns.values())[table.code]
        if len(codes) and not 0 <= codes.min() <= codes.max() < ids:
            raise ValueError(f"tag codes {codes.min()} to {codes.max()}: {ids} are known")

    def take(self, name: str, n: int) -> Column:
        """The next rows of a column."""
        start = self._taken[name]
        self._taken[name] = start + n
        return self._columns[name][start : start + n]


class _Bodies:
    """Hands out the bodies of a blob in the order of its directory."""

    def __init__(
        self, blob: bytes, tags: Dictionary, texts: int, columns: int, entries: list[tuple[int, ...]]
    ) -> None:
        self._blob = blob
        self._tags = tags
        self._text = texts
        reads = [(bits, size) for _, kind, bits, _, size in entries if not kind]
        fixes = sum(size for _, kind, _, _, size in entries if kind == FIXES)
        wanted = {name: _BITS.get(name, 0) for name in _READ_TABLE.columns}
        sizes = {name: sum(size for bits, size in reads if bits & bit == bit) for name, bit in wanted.items()}
        self._reads = _Rows(blob, columns, _READ_TABLE, sizes, len(tags))
        sizes = dict.fromkeys(_FIX_TABLE.columns, fixes)
        self._fixes = _Rows(blob, self._reads.end, _FIX_TABLE, sizes, len(tags))
        if self._fixes.end != len(blob):
            raise ValueError(f"a blob of {self._fixes.end} bytes has {len(blob)}")

    def next(self, kind: int, bits: int, size: int) -> Body:
        """The next body: its kind, its columns, and its rows or the length of its text."""
        if kind == FIXES:
            return self._next_fixes(bool(bits), size)
        if kind:
            body: Body = OCCURRENCES[kind - 1](*json.loads(self._next_text(size)))
            return body
        time, tag, antenna, rssi, count = (self._reads.take(name, size) for name in _READS)
        optional = (self._reads.take(name, size) if bits & bit else None for name, bit in _BITS.items())
        return Reads(self._tags, time, tag, antenna, rssi, count, *optional)

    def _next_fixes(self, attributes: bool, rows: int) -> Fixes:
        time, tracker, *rest = (self._fixes.take(name, rows) for name in _FIXES)
        lat, lon, alt, speed, course, accuracy, satellites, flags = rest
        columns = (time, tracker, lat, lon, alt, speed, course, accuracy, satellites, flags)
        if not attributes:
            return Fixes(self._tags, *columns)
        (length,) = _LENGTH.unpack(self._next_text(_LENGTH.size))
        lines = self._next_text(length).decode().split("\n") if rows else []
        return Fixes(self._tags, *columns, tuple(lines))

    def _next_text(self, size: int) -> bytes:
        start, self._text = self._text, self._text + size
        return self._blob[start : self._text]
