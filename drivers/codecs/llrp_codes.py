"""Dictionary codes of 96-bit EPCs, looked up many at a time.

An open-addressing table leads from a hash to a code, and the EPC stored under that code must be equal in full: a
hit is never wrong. Probing is bounded and what finds no slot goes through the dictionary itself, so EPCs made to
collide cost a constant each, never the square of their number.
"""

import numpy as np
from numpy.typing import NDArray

from core.records import Codes, Dictionary
from core.tags import tag_id

High = NDArray[np.uint64]
Low = NDArray[np.uint32]

NO_TAG = -1
"""The code of an EPC that names no tag: empty or all zero."""

_PROBES = 5
_SLOTS_PER_CODE = 8
_KEY = np.dtype([("high", np.uint64), ("low", np.uint32)])
_MIX_LOW = np.uint64(0xD6E8FEB86659FD93)
_MIX = np.uint64(0x9E3779B97F4A7C15)


class EpcCodes:
    """Codes in `tags` for EPC-96 values, given as native-endian words of their bytes 0..7 and 8..11.

    `text` counts the characters of the names that were added.
    """

    def __init__(self, tags: Dictionary) -> None:
        self.tags = tags
        self.text = 0
        self._high: High = np.zeros(0, np.uint64)
        self._low: Low = np.zeros(0, np.uint32)
        self._grow(1024)

    def find(self, high: High, low: Low) -> Codes:
        """int32[n]: the code of each EPC, added if it is new; NO_TAG for the all-zero EPC."""
        home = self._home(high, low)
        codes = self._slots.take(home)
        # A free slot holds -1 and the last entry of the columns stays zero: it can match the zero EPC alone.
        wrong = (self._high.take(codes) != high) | (self._low.take(codes) != low)
        if not wrong.any():
            return codes
        rows = np.flatnonzero(wrong)
        for probe in range(1, _PROBES):
            if not len(rows):
                return codes
            found = self._slots.take(home[rows] + probe & self._mask)
            right = (self._high.take(found) == high[rows]) & (self._low.take(found) == low[rows])
            codes[rows] = found
            rows = rows[~right]
        codes[rows] = self._learn(high[rows], low[rows])
        return codes

    def code(self, epc: bytes, bits: int) -> int:
        """The code of one EPC of any length; NO_TAG if it is empty or all zero."""
        name = tag_id(epc, bits)
        if not name.partition("/")[0].strip("0"):
            return NO_TAG
        known = len(self.tags)
        code = self.tags.code(name)
        if code == known:
            self.text += len(name)
        return code

    def _home(self, high: High, low: Low) -> NDArray[np.int64]:
        mixed = low * _MIX_LOW
        mixed ^= high
        mixed *= _MIX
        mixed >>= self._shift
        return mixed.view(np.int64)

    def _learn(self, high: High, low: Low) -> list[int]:
        """Codes by way of the dictionary; what is new gets a slot."""
        keys = np.empty(len(high), _KEY)
        keys["high"], keys["low"] = high, low
        data = keys.tobytes()
        known: dict[bytes, int] = {}
        codes = []
        for start in range(0, len(data), 12):
            epc = data[start : start + 12]
            code = known.get(epc)
            if code is None:
                code = known[epc] = self.code(epc, 96)
            codes.append(code)
        self._store(np.array(codes, np.int32), high, low)
        return codes

    def _store(self, codes: Codes, high: High, low: Low) -> None:
        if len(self.tags) >= len(self._high):
            self._grow(2 * len(self.tags))
        codes, first = np.unique(codes, return_index=True)
        new = codes >= 0
        codes, first = codes[new], first[new]
        self._high[codes], self._low[codes] = high[first], low[first]
        self._place(codes)

    def _grow(self, least: int) -> None:
        """Columns for more than `least` codes, and slots filled from what is known."""
        size = 1 << least.bit_length()
        high, low = np.zeros(size, np.uint64), np.zeros(size, np.uint32)
        high[: len(self._high)], low[: len(self._low)] = self._high, self._low
        self._high, self._low = high, low
        self._slots = np.full(size * _SLOTS_PER_CODE, NO_TAG, np.int32)
        self._mask = len(self._slots) - 1
        self._shift = np.uint64(65 - len(self._slots).bit_length())
        self._place(np.flatnonzero((high != 0) | (low != 0)).astype(np.int32))

    def _place(self, codes: Codes) -> None:
        home = self._home(self._high[codes], self._low[codes])
        for probe in range(_PROBES):
            at = home + probe & self._mask
            free = self._slots[at] < 0
            self._slots[at[free]] = codes[free]
            left = self._slots[at] != codes
            codes, home = codes[left], home[left]
