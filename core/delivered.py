"""What was delivered before: the keys of the newest records, in a table of 8 bytes a slot.

Policy. The table has two generations of `ROOM` keys each. A full one becomes the old one, and what the old one knew is
forgotten: so the `ROOM` newest keys are known at least, and twice as many at most.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROOM = 500_000
"""Keys of a generation."""

MANY = 64
"""Keys from which looking them up in columns is faster than one by one."""

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]


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

    def has_any(self, keys: Keys) -> Mask:
        """Which of them are there? None of them is 0."""
        found = np.zeros(len(keys), np.bool_)
        rows, slots = np.arange(len(keys)), self._slots(keys)
        while len(rows):
            there = self._table[slots]
            found[rows] = there == keys
            on = (there != keys) & (there != 0)
            rows, keys, slots = rows[on], keys[on], (slots[on] + 1) & self._mask
        return found

    def fill(self, keys: Keys) -> None:
        """Distinct keys that are not there; of those that want one slot the last has it, the others try the next."""
        self.size += len(keys)
        slots = self._slots(keys)
        while len(keys):
            free = self._table[slots] == 0
            self._table[slots[free]] = keys[free]
            left = self._table[slots] != keys
            keys, slots = keys[left], (slots[left] + 1) & self._mask

    def _slots(self, keys: Keys) -> NDArray[np.int64]:
        return (keys & np.uint64(self._mask)).astype(np.int64)


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

    def take_all(self, keys: Keys) -> NDArray[np.int64]:
        """Take one after the other: the places of those that were not known, int64[k]."""
        if len(keys) < MANY or self._new.size + len(keys) > self._room:
            return np.array([at for at, key in enumerate(keys.tolist()) if self.take(key)], np.int64)
        keys = np.maximum(keys, 1)
        known = self._new.has_any(keys)
        if self._old is not None:
            known |= self._old.has_any(keys)
        new = np.flatnonzero(~known)
        _, first = np.unique(keys[new], return_index=True)
        new = new[np.sort(first)]
        self._new.fill(keys[new])
        return new

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
