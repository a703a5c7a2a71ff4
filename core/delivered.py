"""What was delivered before: the keys of the newest records, in a table of 8 bytes a slot.

Policy. The table has two generations of `ROOM` keys each. A full one becomes the old one, and what the old one knew is
forgotten: so the `ROOM` newest keys are known at least, and twice as many at most.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROOM = 500_000
"""Keys of a generation."""

Keys = NDArray[np.uint64]


class _Generation:
    """A hash table with linear probing; 0 is a free slot. Pages that were never touched cost no memory."""

    def __init__(self, room: int) -> None:
        slots = 1 << (2 * room - 1).bit_length()
        self.size = 0
        self._mask = slots - 1
        self._table: Keys = np.zeros(slots, np.uint64)
        self._view = self._table.data

    def slot(self, key: int) -> int:
        """Where the key is, or where it would be."""
        view, mask = self._view, self._mask
        at = key & mask
        while view[at] not in (key, 0):
            at = (at + 1) & mask
        return at

    def has(self, key: int) -> bool:
        """Is it there?"""
        return bool(self._view[self.slot(key)])

    def add(self, key: int) -> None:
        """A key that is not there."""
        self._view[self.slot(key)] = key
        self.size += 1

    def keys(self) -> Keys:
        """All of them."""
        keys: Keys = self._table[self._table != 0]
        return keys

    def fill(self, keys: Keys) -> None:
        """Distinct keys into an empty table; of those that want one slot the last has it, the others try the next."""
        self.size = len(keys)
        slots = (keys & np.uint64(self._mask)).astype(np.int64)
        while len(keys):
            free = self._table[slots] == 0
            self._table[slots[free]] = keys[free]
            left = self._table[slots] != keys
            keys, slots = keys[left], (slots[left] + 1) & self._mask


class Delivered:
    """Keys are hashes of 64 bits: of a million others, one is taken for another in 10^13 cases once."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._new = _Generation(room)
        self._old: _Generation | None = None

    def take(self, key: int) -> bool:
        """Remember a key; False if it was known."""
        key = key or 1
        if self._new.has(key) or (self._old is not None and self._old.has(key)):
            return False
        if self._new.size >= self._room:
            self._old, self._new = self._new, _Generation(self._room)
        self._new.add(key)
        return True

    def generations(self) -> Iterator[bytes]:
        """The keys of each generation, the old one first: for the snapshot."""
        for one in (self._old, self._new):
            if one is not None:
                yield one.keys().tobytes()

    def restore(self, generations: list[bytes]) -> None:
        """What `generations` gave."""
        for data in generations:
            if self._new.size:
                self._old, self._new = self._new, _Generation(self._room)
            self._new.fill(np.frombuffer(data, np.uint64))
