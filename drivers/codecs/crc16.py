"""The checksums of trackers: CRC-16/ARC and CRC-16/X-25, both reflected, two bytes at a time."""

from array import array
from functools import cache

import numpy as np
from numpy.typing import NDArray

_ARC, _X25 = 0xA001, 0x8408
"""The polynomials 0x8005 and 0x1021, the lowest bit first."""

_BLOCK = 512
"""Bytes that are worth a look-up together."""


def arc(data: bytes) -> int:
    """CRC-16/ARC, as Teltonika's frames have it; "123456789" gives 0xBB3D."""
    return _run(data, 0, _ARC)


def x25(data: bytes) -> int:
    """CRC-16/X-25 (CRC-ITU), as GT06 has it; "123456789" gives 0x906E."""
    return _run(data, 0xFFFF, _X25) ^ 0xFFFF


def _run(data: bytes, state: int, polynomial: int) -> int:
    """A CRC is linear: what a byte adds depends on itself and on how far it is from the end, so that a block is one look-up."""
    at = 0
    while len(data) - at >= _BLOCK:
        added, distances = _blocks(polynomial)
        block = np.frombuffer(data, np.uint8, _BLOCK, at).astype(np.intp)
        block[0] ^= state & 0xFF
        block[1] ^= state >> 8
        state = int(np.bitwise_xor.reduce(added.take(block + distances)))
        at += _BLOCK
    return _run_short(data[at:], state, _table(polynomial))


def _run_short(data: bytes, state: int, table: "array[int]") -> int:
    for word in np.frombuffer(data, "<u2", len(data) // 2).tolist():
        state = table[state ^ word]
    if len(data) % 2:
        state = (state >> 8) ^ table[((state ^ data[-1]) & 0xFF) << 8]
    return state


@cache
def _table(polynomial: int) -> "array[int]":
    """What two bytes add, the first one in the low half; 0 and a byte add what the byte adds alone."""
    state = np.arange(1 << 16)
    for _ in range(16):
        state = (state >> 1) ^ (state & 1) * polynomial
    return array("H", state.astype(np.uint16).tobytes())


@cache
def _blocks(polynomial: int) -> tuple[NDArray[np.uint16], NDArray[np.intp]]:
    """What each byte adds at each distance from a block's end, one after the other; where those of each place begin."""
    first = np.frombuffer(_table(polynomial), np.uint16)[::256]
    rows = [first]
    while len(rows) < _BLOCK:
        rows.append((rows[-1] >> 8) ^ first[rows[-1] & 0xFF])
    return np.concatenate(rows), np.arange(_BLOCK - 1, -1, -1) * 256
