"""Where trackers are: the last valid fix of each, and which fixes were delivered before."""

from collections import Counter, OrderedDict
from hashlib import blake2b
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from core.delivered import Delivered, Keys
from core.records import Fix, Fixes, Flag, rows_of

TRACKERS = 10_000
"""Trackers that are remembered; the one that was heard least recently makes room."""

_NUMBERS = {"time": "<i8", "lat": "<f8", "lon": "<f8", "alt": "<f4", "speed": "<f4", "course": "<f4"}
_NUMBERS |= {"accuracy": "<f4", "satellites": "<i2", "flags": "u1"}
_ROW = np.dtype(list(_NUMBERS.items()))
"""What a fix says in numbers, without gaps."""

_BUT_LATE = np.uint8(0xFF & ~Flag.LATE)
_COARSE = int(Flag.COARSE)  # a flag as such costs more than all else where it is asked for each row


class Positions:
    """The memory of all trackers of a site.

    last  the newest valid fix of each tracker that had one, the tracker that was heard last at the end
    """

    def __init__(self, limit: int = TRACKERS) -> None:
        self.last: OrderedDict[str, Fix] = OrderedDict()
        self.delivered = Delivered()
        self._limit = limit

    def take(self, batch: Fixes, counts: Counter[str]) -> NDArray[np.int64]:
        """Remember a batch; returns the rows that were not delivered before, int64[k].

        The same fix is the same tracker, time, and everything else that it says, but for whether it was kept back: what
        was not answered when it was told at once comes again as history. Counted: fixes = fix_duplicates +
        fixes_accepted, of which fixes_invalid have no position that the receiver stands by.
        """
        kept = self.delivered.take_all(_keys(batch))
        valid = kept[(batch.flags[kept] & Flag.VALID) > 0]
        self._note(batch, valid)
        counts["fixes"] += len(batch)
        counts["fixes_accepted"] += len(kept)
        counts["fix_duplicates"] += len(batch) - len(kept)
        if len(valid) < len(kept):
            counts["fixes_invalid"] += len(kept) - len(valid)
        return kept

    def _note(self, batch: Fixes, rows: NDArray[np.int64]) -> None:
        """Valid rows, in order; all at once, as long as that forgets nobody who is heard again in the same batch."""
        trackers = batch.tracker[rows].tolist()
        ranks = (2 * batch.time[rows] + ((batch.flags[rows] & Flag.COARSE) == 0)).tolist()
        newest: dict[int, int] = {}
        for at, tracker in enumerate(trackers):
            before = newest.pop(tracker, at)
            newest[tracker] = at if ranks[before] <= ranks[at] else before
        if len(rows) > 1 and len(self.last) + len(newest) > self._limit:
            for row in rows:
                self._note(batch, row[None])
            return
        for fix in rows_of(batch.pick(rows[list(newest.values())])):
            self._put(fix)

    def _put(self, fix: Fix) -> None:
        before = self.last.get(fix.tracker)
        if before is None or rank(before) <= rank(fix):
            self.last[fix.tracker] = fix
        self.last.move_to_end(fix.tracker)
        if len(self.last) > self._limit:
            self.last.popitem(last=False)


def rank(fix: Fix) -> int:
    """What has the higher one tells more of where a tracker is now: it is newer, or as new and not blurred."""
    return 2 * fix.time + (not fix.flags & _COARSE)


def _keys(batch: Fixes) -> Keys:
    """uint64[n]: hashes of all that each row says."""
    table = np.empty(len(batch), _ROW)
    for name in _NUMBERS:
        table[name] = getattr(batch, name)
    table["flags"] &= _BUT_LATE
    numbers, width, ids = table.tobytes(), _ROW.itemsize, batch.trackers.ids
    digests = b"".join(
        blake2b(numbers[at : at + width] + f"{ids[tracker]}\0{text}".encode(), digest_size=8).digest()
        for at, tracker, text in zip(
            range(0, len(numbers), width),
            batch.tracker.tolist(),
            batch.attributes or repeat(""),
            strict=False,
        )
    )
    return np.frombuffer(digests, ">u8").astype(np.uint64)
