"""Numbers in few bytes: a column is stored without what all of its rows share.

A packed column is one byte that names its form and what follows from it; the number of rows and the dtype are
known to the reader. All numbers are little-endian.

    CONSTANT  one item
    PLAIN     the items
    OFFSET    int64 base, a byte w, then unsigned offsets from the base in w bytes each
    DELTA     int64 first item, then a packed column of the differences between neighbours
    SCALED    a byte that names one of `SCALES`, then a packed column of int32; see there
    DEGREES   a packed column of int32, ten-millionths: float64 = int / 10^7, as most trackers tell positions

Three-byte offsets are two planes: the low two bytes of all rows, then the high bytes of all rows. There is no general
compression: zlib would cost ten times the rest of a commit.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
"""One-dimensional: int64, int32, int16, uint16, uint8, float64 or float32."""

CONSTANT, PLAIN, OFFSET, DELTA, SCALED, DEGREES = range(6)
SCALES = tuple(np.float32(scale) for scale in (1.0, 100.0, 16.0, 2.0 * np.pi / 4096.0))
"""float32 = int / scale, or int * scale where the scale is below one: whole units; the hundredths of a dBm of
Impinj's peak RSSI; the sixteenths of a Hz of its Doppler frequency; the 4096 steps of its phase angle."""

FEW = 64
"""Below this many rows the search for a narrow form costs more time than its bytes are worth."""

_BASE = struct.Struct("<BqB")
_FIRST = struct.Struct("<Bq")
_MANY = 1024
_UNSIGNED: dict[int, np.dtype[np.unsignedinteger[Any]]] = {
    1: np.dtype(np.uint8),
    2: np.dtype(np.uint16),
    4: np.dtype(np.uint32),
}


def pack(column: Column) -> bytes:
    """The column in the smallest form that is cheap to find; bit for bit what `unpack` gives back."""
    n, size = len(column), column.dtype.itemsize
    plain = column.tobytes()
    if n and plain == plain[:size] * n:
        return bytes((CONSTANT,)) + plain[:size]
    if n < FEW:
        return _pack_few(column, plain)
    if column.dtype.kind != "f":
        return _pack_integers(column, plain)
    return _pack_floats(column, plain) if column.dtype.itemsize == 4 else _pack_degrees(column, plain)


def _pack_few(column: Column, plain: bytes) -> bytes:
    if column.dtype.itemsize == 8 and column.dtype.kind == "i" and plain:
        values: list[int] = column.tolist()
        low = min(values)
        if max(values) - low < 1 << 32:
            return _BASE.pack(OFFSET, low, 4) + (column - low).astype(_UNSIGNED[4]).tobytes()
    return bytes((PLAIN,)) + plain


def _pack_integers(column: Column, plain: bytes) -> bytes:
    low, high = int(column.min()), int(column.max())
    width = _width(high - low)
    if width > 2 and column.dtype.itemsize == 8:
        deltas = column[1:] - column[:-1]  # may wrap; so does the sum that takes them back
        if _width(int(deltas.max()) - int(deltas.min())) < width:
            return _FIRST.pack(DELTA, int(column[0])) + pack(deltas)
    if width >= column.dtype.itemsize:
        return bytes((PLAIN,)) + plain
    return _BASE.pack(OFFSET, low, width) + _offsets(column, low, width)


def _width(span: int) -> int:
    """Bytes that hold 0..span; 8 when four do not."""
    return next((width for width in (1, 2, 3, 4) if span < 1 << 8 * width), 8)


def _offsets(column: Column, low: int, width: int) -> bytes:
    """Offsets from `low`, subtracted in the narrow type: modulo its range that is the same, and faster."""
    dtype = _UNSIGNED[4 if width == 3 else width]
    offsets = column.astype(dtype) - dtype.type(low & ((1 << 8 * dtype.itemsize) - 1))
    if width == 3:
        return bytes(offsets.astype(_UNSIGNED[2]).tobytes() + (offsets >> 16).astype(_UNSIGNED[1]).tobytes())
    return bytes(offsets.tobytes())


def _pack_floats(column: Column, plain: bytes) -> bytes:
    n = len(column)
    with np.errstate(all="ignore"):
        for index, scale in enumerate(SCALES):
            if n > _MANY and _unscale(_whole(column[:FEW], scale), scale).tobytes() != plain[: 4 * FEW]:
                continue
            whole = _whole(column, scale)
            if _unscale(whole, scale).tobytes() == plain:
                return bytes((SCALED, index)) + _pack_integers(whole, whole.tobytes())
    return bytes((PLAIN,)) + plain


def _pack_degrees(column: Column, plain: bytes) -> bytes:
    with np.errstate(all="ignore"):
        whole = np.rint(column * 1e7).astype(np.int32)
    if (whole / 1e7).tobytes() == plain:
        return bytes((DEGREES,)) + _pack_integers(whole, whole.tobytes())
    return bytes((PLAIN,)) + plain


def _whole(column: Column, scale: np.float32) -> NDArray[np.int32]:
    """The integers that may stand for the column; they do if `_unscale` gives every bit of it back."""
    return np.rint(column * scale if scale >= 1 else column / scale).astype(np.int32)


def _unscale(whole: NDArray[np.int32], scale: np.float32) -> NDArray[np.float32]:
    exact = whole.astype(np.float32)
    return exact / scale if scale >= 1 else exact * scale


def unpack(data: bytes, at: int, n: int, dtype: np.dtype[Any]) -> tuple[Column, int]:
    """The column of n rows that starts at data[at], and where the next one starts.

    Raises ValueError when the bytes are not a packed column.
    """
    form = data[at]
    if form == CONSTANT:
        end = at + 1 + dtype.itemsize
        return np.frombuffer(data, dtype, 1, at + 1).repeat(n), end
    if form == PLAIN:
        return np.frombuffer(data, dtype, n, at + 1), at + 1 + n * dtype.itemsize
    if form == OFFSET:
        return _unpack_offsets(data, at, n, dtype)
    if form == DELTA:
        deltas, end = unpack(data, at + _FIRST.size, n - 1, dtype)
        return np.cumsum(np.concatenate((np.array(_FIRST.unpack_from(data, at)[1:], dtype), deltas))), end
    if form == SCALED:
        whole, end = unpack(data, at + 2, n, np.dtype(np.int32))
        return _unscale(whole, SCALES[data[at + 1]]), end
    if form == DEGREES:
        whole, end = unpack(data, at + 1, n, np.dtype(np.int32))
        return whole / 1e7, end
    raise ValueError(f"{form} is no form of a packed column")


def _unpack_offsets(data: bytes, at: int, n: int, dtype: np.dtype[Any]) -> tuple[Column, int]:
    _, low, width = _BASE.unpack_from(data, at)
    at += _BASE.size
    if width == 3:
        high = np.frombuffer(data, _UNSIGNED[1], n, at + 2 * n).astype(np.int64)
        offsets = np.frombuffer(data, _UNSIGNED[2], n, at) + (high << 16)
    else:
        offsets = np.frombuffer(data, _UNSIGNED[width], n, at).astype(np.int64)
    return (offsets + low).astype(dtype), at + width * n
