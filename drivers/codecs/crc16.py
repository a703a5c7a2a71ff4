"""The checksums of trackers: CRC-16/ARC (polynomial 0xA001 reflected, begins with 0) and CRC-16/X-25."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0xA001
_BLOCK = 512
_SHORT = 48


def arc(data: bytes | memoryview) -> int:
    """CRC-16/ARC of `data`, as Teltonika's frames have it; "123456789" gives 0xBB3D.

    A CRC is linear: what a byte adds depends on itself and on how far it is from the end, so that a block is one look-up.
    """
    state = 0
    if len(data) <= _SHORT:
        table = _bytes()
        for byte in data:
            state = (state >> 8) ^ table[(state ^ byte) & 0xFF]
        return state
    table_of_all, far = _rows()
    for start in range(0, len(data), _BLOCK):
        block = np.frombuffer(data[start : start + _BLOCK], np.uint8).astype(np.intp)
        n = len(block)
        block[0] ^= state & 0xFF
        if n > 1:
            block[1] ^= state >> 8
        rest = state >> 8 if n == 1 else 0
        block += far[_BLOCK - n :]
        state = int(np.bitwise_xor.reduce(table_of_all.take(block))) ^ rest
    return state


@cache
def _bytes() -> tuple[int, ...]:
    return _table(_POLYNOMIAL)


def _table(polynomial: int) -> tuple[int, ...]:
    """What each byte adds."""
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        found.append(byte)
    return tuple(found)


@cache
def _rows() -> tuple[NDArray[np.uint16], NDArray[np.intp]]:
    """What each byte adds at each distance from the end, one after the other; and where each of a block begins in it."""
    first = np.array(_bytes(), np.uint16)
    rows = [first]
    while len(rows) < _BLOCK:
        rows.append((rows[-1] >> 8) ^ first[rows[-1] & 0xFF])
    return np.concatenate(rows), np.arange(_BLOCK - 1, -1, -1) * 256


def x25(data: bytes) -> int:
    """CRC-16/X-25 (CRC-ITU) of `data`, as GT06 has it: polynomial 0x8408 reflected; "123456789" gives 0x906E."""
    table = _x25_bytes()
    state = 0xFFFF
    for byte in data:
        state = (state >> 8) ^ table[(state ^ byte) & 0xFF]
    return state ^ 0xFFFF


@cache
def _x25_bytes() -> tuple[int, ...]:
    return _table(0x8408)
