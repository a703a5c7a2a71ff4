"""A device that tells positions of trackers by messages: who may, whose clock is wrong, and one batch of a message."""

from collections.abc import Iterator, Sequence

from core.records import Dictionary
from drivers.codecs.fix_clock import FixClocks
from drivers.codecs.fix_values import counter_of
from drivers.codecs.gps_calendar import BUILT
from drivers.codecs.json_values import Malformed, shown
from drivers.codecs.message_session import Message, MessageSession, Presence, Said
from drivers.codecs.notice import Notice
from drivers.codecs.tracker_columns import fixes
from drivers.codecs.tracker_session import Admits, Position, everybody

_MOST_TRACKERS = 10_000
_NAMED = 50
"""Trackers that may not deliver which have counters of their own."""


class FixMessages(MessageSession):
    """One [[device]], which stands for any number of trackers.

    admits  who may deliver
    offset  microseconds that are added to all times behind the journal: the clocks are judged with it
    """

    def __init__(self, admits: Admits = everybody, offset: int = 0, presence: Presence | None = None) -> None:
        super().__init__(presence)
        self._admits = admits
        self._offset = offset
        self._clocks = FixClocks()
        self._trackers = Dictionary()
        self._strangers = set[str]()

    def admitted(self, tracker: str) -> bool:
        """May it deliver? Counted if not."""
        if self._admits(tracker):
            return True
        self.counts["refused"] += 1
        if len(self._strangers) < _NAMED:
            self._strangers.add(tracker)
        if tracker in self._strangers:
            self.counts[f"{tracker}: refused"] += 1
        return False

    def tell(
        self, message: Message, tracker: str, positions: Sequence[Position], left_out: Sequence[str]
    ) -> Iterator[Said]:
        """Its positions, with the times that they have."""
        now = max(message.arrival, BUILT) - self._offset
        settled, doubts = self._clocks.settle(tracker, positions, now, self.synchronised)
        self.counts.update([*left_out, *doubts])
        if len(self._trackers) > _MOST_TRACKERS:
            self._trackers = Dictionary()
        yield fixes(self._trackers, [(tracker, settled)])

    def malformed(self, message: Message, error: Malformed) -> Notice:
        """What can not be a position is counted under a name of its own."""
        text = f"a message on {shown(message.topic)} cannot be understood: {error}"
        return Notice(counter_of(error), text)
