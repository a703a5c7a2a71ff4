"""Where a text stands in a list: a hash table of four bytes a slot, for lists of a hundred thousand tags.

A dict of the same would take ninety bytes a text, most of them for the positions as objects. This one is open
addressing with linear probing (Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm L); it is
slower than a dict, and looked into when something is new.
"""

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FREE, _GONE = -1, -2


class Index:
    """Positions of distinct texts in `texts`, which the owner keeps; a text that was put must stay where it is."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._slots = array("i", [_FREE]) * 8
        self._used = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def room(self) -> int:
        """Slots."""
        return len(self._slots)

    def find(self, text: str) -> int:
        """The position of a text, -1 if it has none."""
        return max(-1, self._slots[self._slot(text)])

    def put(self, text: str, position: int) -> None:
        """From now on the text is found there."""
        slot = self._slot(text)
        if self._slots[slot] == _FREE:
            if 3 * (self._used + 1) > 2 * len(self._slots):
                self._rebuild()
                slot = self._slot(text)
            self._used += 1
            self._size += 1
        self._slots[slot] = position

    def remove(self, text: str) -> None:
        """Forget a text that was put, before it leaves the list."""
        slot = self._slot(text)
        if self._slots[slot] >= 0:
            self._slots[slot] = _GONE
            self._size -= 1

    def _slot(self, text: str) -> int:
        """Where the text is, or the free slot where it would be."""
        slots, mask = self._slots, len(self._slots) - 1
        at = hash(text) & mask
        while (position := slots[at]) != _FREE and (position == _GONE or self._texts[position] != text):
            at = at + 1 & mask
        return at

    def _rebuild(self) -> None:
        """Room for as many again, without those that are gone."""
        found = np.array(self._slots, np.int32)
        positions = found[found >= 0]
        room = 1 << max(3, (3 * len(positions)).bit_length())
        hashes = np.array([hash(self._texts[one]) for one in positions.tolist()], np.int64)
        slots = _placed(positions, hashes & (room - 1), room)
        self._slots = array("i", slots.tobytes())
        self._used = len(positions)


def _placed(positions: NDArray[np.int32], home: NDArray[np.int64], room: int) -> NDArray[np.int32]:
    """Slots in which each position stands at its home or behind it, without a free one between."""
    slots = np.full(room, _FREE, np.int32)
    while len(positions):
        free = slots[home] == _FREE
        slots[home[free]] = positions[free]  # of several at one slot the last one stays
        left = slots[home] != positions
        positions, home = positions[left], home[left] + 1 & (room - 1)
    return slots
