"""Columns as PostgreSQL's binary arrays, each in one piece: psycopg makes them of lists element by element, which
takes three times the CPU time.

The format is that of array_recv (PostgreSQL's src/backend/utils/adt/arrayfuncs.c): dimensions, flags, type of the
elements, number of elements, lower bound, then each element behind its length, -1 for a null.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow

_HEAD = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_NULL = _LENGTH.pack(-1)
_JSONB_VERSION = b"\x01"
_TEXT, _JSONB, _TIMESTAMPTZ = 25, 3802, 1184
_NUMBERS = {"int32": 23, "int64": 20, "float32": 700, "float64": 701}
"""Types of elements (pg_type.dat): the numbers of built-in types never change."""
_EPOCH = 946_684_800_000_000
"""2000-01-01, from which PostgreSQL counts, in microseconds since 1970."""
_EARLIEST = np.iinfo(np.int64).min + _EPOCH
"""What is not after this cannot be counted from 2000, or would be taken for -infinity."""


class Array(bytes):
    """One as it goes over the wire; the statement casts it, which tells its type."""


Parameters = Mapping[str, str | int | Array | None]
"""Of a statement."""


class _Unchanged(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


def register(connection: AsyncConnection[TupleRow]) -> None:
    """Let statements of a connection take arrays."""
    connection.adapters.register_dumper(Array, _Unchanged)


def numbers(values: NDArray[np.generic], null: NDArray[np.bool_] | None = None) -> Array:
    """int32, int64, float32 or float64, of any length but 0; elements at which `null` is true are null."""
    return _fixed(values, _NUMBERS[values.dtype.name], null)


def times(microseconds: NDArray[np.int64]) -> Array:
    """timestamptz of microseconds UTC since 1970; ValueError for one that PostgreSQL could not have."""
    if microseconds.min() <= _EARLIEST:
        raise ValueError(f"time {microseconds.min()} is out of range")
    return _fixed(microseconds - _EPOCH, _TIMESTAMPTZ, None)


def texts(values: Sequence[str | None]) -> Array:
    """text, None for a null; UnicodeEncodeError for a lone surrogate."""
    return _joined(_TEXT, len(values), map(element, values), None in values)


def documents(values: Sequence[str]) -> Array:
    """jsonb of JSON texts; UnicodeEncodeError for a lone surrogate that is not escaped."""
    return _joined(_JSONB, len(values), [element(value, _JSONB_VERSION) for value in values], False)


def chosen(elements: Sequence[bytes], codes: NDArray[np.int32]) -> Array:
    """text by the position in `elements`, which `element` made."""
    return _joined(_TEXT, len(codes), map(elements.__getitem__, codes.tolist()), False)


def element(value: str | None, prefix: bytes = b"") -> bytes:
    """One element: its length and its bytes."""
    if value is None:
        return _NULL
    body = prefix + value.encode()
    return _LENGTH.pack(len(body)) + body


def _joined(type: int, count: int, elements: Iterable[bytes], nulls: bool) -> Array:
    return Array(_HEAD.pack(1, nulls, type, count, 1) + b"".join(elements))


def _fixed(values: NDArray[np.generic], type: int, null: NDArray[np.bool_] | None) -> Array:
    body = np.empty(len(values), [("length", ">i4"), ("value", values.dtype.newbyteorder(">"))])
    body["length"] = values.dtype.itemsize
    body["value"] = values
    if null is None or not null.any():
        return Array(_HEAD.pack(1, 0, type, len(values), 1) + body.tobytes())
    body["length"][null] = -1
    octets = body.view(np.uint8).reshape(len(values), -1)
    kept = np.ones(octets.shape, np.bool_)
    kept[null, _LENGTH.size :] = False
    return Array(_HEAD.pack(1, 1, type, len(values), 1) + octets[kept].tobytes())
