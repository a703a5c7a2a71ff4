"""Which sentence is the last of an epoch? A receiver sends the same ones in the same order, so what was last before the
time changed, twice in a row, is the last again (gpsd has it like that). So a fix need not wait for the next second.
"""

_ENOUGH = 2
_MOST = 64
_ID = 5
"""Bytes of a sentence that say who talks and of what kind it is."""


class LastSentence:
    """One receiver. A sentence is known by its kind, and by how many of that kind the epoch had: of GSV there are several."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}
        self._newest = self._candidate = (b"", 0)
        self._known: tuple[bytes, int] | None = None
        self._in_a_row = 0
        self._wanted = _ENOUGH

    def is_it(self, body: bytes) -> bool:
        """A sentence of the present epoch came; is it the last?"""
        id = body[:_ID]
        n = self._seen[id] = self._seen.get(id, 0) + 1
        self._newest = (id, n)
        return self._newest == self._known

    def foretold(self) -> None:
        """The epoch was ended because of it."""
        self._seen.clear()

    def ended(self) -> None:
        """The epoch ended without it: what came last was the last."""
        if self._newest == self._candidate:
            self._in_a_row += 1
        else:
            self._candidate, self._in_a_row = self._newest, 1
        if self._in_a_row >= self._wanted:
            self._known = self._candidate
        self._seen.clear()

    def was_not(self) -> None:
        """Another sentence of an epoch came that was ended: it takes longer to believe the next time."""
        if self._known is not None:
            self._known = None
            self._wanted = min(2 * self._wanted, _MOST)
        self._in_a_row = 0
