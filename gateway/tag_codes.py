"""Tag ids as numbers: the journal's own dictionary, and what each device's dictionary means in it.

Codes are never taken back, so the dictionary would grow with every stray tag for ever. It has generations instead:
a full one is followed by an empty one, and an old one is deleted with the last input that needs it.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np

from core.records import Codes, Dictionary
from gateway.rows import RowDamaged, checksum

GENERATION = 1 << 18
"""Tags after which a new generation starts; about 40 MB of memory."""
DICTIONARIES = 64
"""Devices' dictionaries whose codes are remembered; the least recently used one is forgotten."""

TagRow = tuple[int, int, str, int]
"""first, base, ids, checksum."""


class TagCodes:
    """The codes of one generation; new ones wait in memory until they were committed."""

    def __init__(self, base: int = 0, known: Dictionary | None = None) -> None:
        self.base = base
        self.known = Dictionary() if known is None else known
        self._saved = len(self.known)
        self._maps: OrderedDict[int, _Map] = OrderedDict()

    @property
    def full(self) -> bool:
        """Is it time for the next generation?"""
        return len(self.known) >= GENERATION

    def next(self) -> "TagCodes":
        """An empty generation, whose codes follow on this one's."""
        return TagCodes(self.base + len(self.known))

    def codes(self, tags: Dictionary) -> Codes:
        """int32[len(tags)]: the journal's code of each of the dictionary's, counted from this generation's base."""
        found = self._maps.get(id(tags))
        if found is None:
            found = self._maps[id(tags)] = _Map(tags)
            if len(self._maps) > DICTIONARIES:
                self._maps.popitem(last=False)
        else:
            self._maps.move_to_end(id(tags))
        return found.extended(self.known)

    def unsaved(self) -> TagRow | None:
        """The row that makes the codes durable that were given since `saved`; None when there are none."""
        if len(self.known) == self._saved:
            return None
        return tag_row(self.base + self._saved, self.base, self.known.ids[self._saved :])

    def saved(self) -> None:
        """The row was committed."""
        self._saved = len(self.known)


class _Map:
    """What the codes of one dictionary are here; it keeps the dictionary, so that its identity is not reused."""

    __slots__ = ("_codes", "_count", "_tags")

    def __init__(self, tags: Dictionary) -> None:
        self._tags = tags
        self._codes = np.empty(max(len(tags), 16), np.int32)
        self._count = 0

    def extended(self, known: Dictionary) -> Codes:
        count = len(self._tags)
        if count > self._count:
            if count > len(self._codes):
                self._codes = np.concatenate((self._codes, np.empty(count, np.int32)))
            new = self._tags.ids[self._count : count]
            self._codes[self._count : count] = [known.code(tag) for tag in new]
            self._count = count
        return self._codes[:count]


def tag_row(first: int, base: int, ids: list[str]) -> TagRow:
    """The row of codes first, first + 1, ..."""
    text = json.dumps(ids, separators=(",", ":"))
    return first, base, text, checksum(text.encode(), first, base)


def add_tags(known: Dictionary, rows: Iterable[TagRow]) -> None:
    """Add the rows of a generation, in order, to what is known of it. Raises RowDamaged."""
    for first, base, text, crc in rows:
        if checksum(text.encode(), first, base) != crc or first != base + len(known):
            raise RowDamaged(f"the tags from {first} on are not as they were written")
        for tag in json.loads(text):
            known.code(tag)
