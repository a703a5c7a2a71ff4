"""Where trackers are: the last valid fix of each, and which fixes were delivered before."""

from collections import Counter, OrderedDict
from hashlib import blake2b
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from core.delivered import Delivered
from core.records import Fix, Fixes, Flag, rows_of

TRACKERS = 10_000
"""Trackers that are remembered; the one that was heard least recently makes room."""

_ROW = Struct("<qddffffhB")
_VALID = int(Flag.VALID)  # a flag as such costs more than all else here


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

        The same fix is the same tracker, time, and everything else that it says. Counted: fixes = fix_duplicates +
        fixes_accepted, of which fixes_invalid have no position that the receiver stands by.
        """
        kept = list[int]()
        for number, fix in enumerate(rows_of(batch)):
            if self.delivered.take(_key(fix)):
                kept.append(number)
                self._note(fix, counts)
        counts["fixes"] += len(batch)
        counts["fixes_accepted"] += len(kept)
        counts["fix_duplicates"] += len(batch) - len(kept)
        return np.array(kept, np.int64)

    def _note(self, fix: Fix, counts: Counter[str]) -> None:
        if not fix.flags & _VALID:
            counts["fixes_invalid"] += 1
            return
        before = self.last.get(fix.tracker)
        if before is None or before.time <= fix.time:
            self.last[fix.tracker] = fix
        self.last.move_to_end(fix.tracker)
        if len(self.last) > self._limit:
            self.last.popitem(last=False)


def _key(fix: Fix) -> int:
    numbers = _ROW.pack(
        fix.time, fix.lat, fix.lon, fix.alt, fix.speed, fix.course, fix.accuracy, fix.satellites, fix.flags
    )
    texts = f"{fix.tracker}\0{fix.attributes}".encode()
    return int.from_bytes(blake2b(numbers + texts, digest_size=8).digest())
