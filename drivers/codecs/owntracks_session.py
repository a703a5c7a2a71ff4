"""OwnTracks on a broker: the phones of a topic filter."""

from collections.abc import Iterator

from drivers.codecs import fix_values, owntracks
from drivers.codecs.fix_messages import FixMessages
from drivers.codecs.message_session import Message, Presence, Said, State
from drivers.codecs.notice import Notice
from drivers.codecs.tracker_session import Admits, everybody

_MOST_GONE = 10_000


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
        self._gone: dict[str, None] = {}

    def understand(self, message: Message) -> Iterator[Said]:
        """A position; or what else phones say, which is counted."""
        heard = owntracks.opened(message.payload)
        tracker = fix_values.tracker(owntracks.speaker(message.topic, heard))
        if not self.admitted(tracker):
            return
        if heard.kind == owntracks.WILL:
            yield from self._will(tracker)
            return
        self._back(tracker)
        if heard.kind in owntracks.POSITIONS:
            position, left_out = owntracks.position(heard)
            if position is not None:
                yield from self.tell(message, tracker, [position], left_out)
                return
        if heard.kind == owntracks.ENCRYPTED:
            yield Notice("encrypted", owntracks.SECRET)
        else:
            self.counts["regions" if heard.kind in owntracks.REGIONS else "other"] += 1

    def _will(self, tracker: str) -> Iterator[Said]:
        """Told by the broker: its connection was lost. `offline` is how many are so now."""
        if tracker not in self._gone:
            self._gone[tracker] = None
            self.counts["offline"] += 1
            if len(self._gone) > _MOST_GONE:
                self._back(next(iter(self._gone)))
        if self._alone:
            yield State(False, "its will says that it has gone")

    def _back(self, tracker: str) -> None:
        if tracker in self._gone:
            del self._gone[tracker]
            self.counts["offline"] -= 1
