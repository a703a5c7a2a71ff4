"""What trackers told at once and tell again as history, maybe in other words: the same tracker, time and place.

What comes again in the same words is known anyway, for ever. Some trackers say it with another frame, or with what their
odometer has by then; that is known as long as this lasts, of the newest fixes of each tracker.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence

from drivers.codecs.tracker_session import LATE, Position

TRACKERS = 10_000
"""That are remembered; the one that was heard least recently makes room."""

FIXES = 64
"""Of each: what a tracker had said when it lost its network."""

_Place = tuple[int, float, float]


class ToldBefore:
    """Of all trackers of a port."""

    def __init__(self, trackers: int = TRACKERS, fixes: int = FIXES) -> None:
        self._told: OrderedDict[str, deque[_Place]] = OrderedDict()
        self._trackers = trackers
        self._fixes = fixes

    def new(self, tracker: str, positions: Sequence[Position]) -> list[Position]:
        """Those that are live, and of the others those that were not told when they were."""
        told = self._of(tracker)
        found: list[Position] = []
        for one in positions:
            place = one.time, one.lat, one.lon
            if not one.flags & LATE:
                told.append(place)
            elif place in told:
                continue
            found.append(one)
        return found

    def _of(self, tracker: str) -> deque[_Place]:
        told = self._told.get(tracker)
        if told is None:
            told = self._told[tracker] = deque(maxlen=self._fixes)
        self._told.move_to_end(tracker)
        if len(self._told) > self._trackers:
            self._told.popitem(last=False)
        return told
