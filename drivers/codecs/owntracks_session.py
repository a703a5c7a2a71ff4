"""OwnTracks on a broker: the phones of a topic filter."""

from collections import OrderedDict
from collections.abc import Iterator

from drivers.codecs import fix_values, owntracks
from drivers.codecs.fix_messages import FixMessages
from drivers.codecs.message_session import Connected, Message, Presence, Said, State
from drivers.codecs.notice import Notice
from drivers.codecs.tracker_session import Admits, everybody

_MOST_PHONES = 10_000
"""Whose state is remembered; the one that was heard least recently makes room."""


class Session(FixMessages):
    """All phones whose topics the filter covers; what each of them says of itself is of user/device.

    alone  only one phone can be meant: its will is the device's
    """

    def __init__(
        self,
        admits: Admits = everybody,
        offset: int = 0,
        presence: Presence | None = None,
        alone: bool = False,
    ) -> None:
        super().__init__(admits, offset, presence)
        self._alone = alone
        self._there: OrderedDict[str, bool] = OrderedDict()

    def understand(self, message: Message) -> Iterator[Said]:
        """A position; or what else phones say, which is counted."""
        heard = owntracks.opened(message.payload)
        tracker = fix_values.tracker(owntracks.speaker(message.topic, heard))
        if not self.admitted(tracker):
            return
        gone = heard.kind == owntracks.WILL
        yield from self._note(tracker, not gone)
        if gone:
            if self._alone:
                yield State(False, "its will says that it has gone")
            return
        if heard.kind in owntracks.POSITIONS:
            position, left_out = owntracks.position(heard)
            if position is not None:
                yield from self.tell(message, tracker, [position], left_out)
                return
        if heard.kind == owntracks.ENCRYPTED:
            yield Notice("encrypted", owntracks.SECRET)
        else:
            self.counts["regions" if heard.kind in owntracks.REGIONS else "other"] += 1

    def _note(self, tracker: str, online: bool) -> Iterator[Said]:
        """It was heard, or the broker told its will. `offline` is how many have gone so."""
        before = self._there.get(tracker)
        self._there[tracker] = online
        self._there.move_to_end(tracker)
        if gone := (not online) - (before is False):
            self.counts["offline"] += gone
        if online != bool(before):
            yield Connected(tracker, online)
        if len(self._there) > _MOST_PHONES:
            longest, was_there = self._there.popitem(last=False)
            if was_there:
                yield Connected(longest, False)
            else:
                self.counts["offline"] -= 1
