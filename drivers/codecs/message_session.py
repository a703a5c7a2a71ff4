"""A device that talks by messages: each is whole, so all that a session keeps is what one message says of the next.

It outlives connections to the broker: where a device numbers its events, a hole is found across them.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.records import SECOND, Body, Times
from drivers.codecs.json_values import Malformed, objects, shown
from drivers.codecs.message_reads import MessageReads
from drivers.codecs.notice import Notice


@dataclass(frozen=True, slots=True)
class Message:
    """What a broker delivered, and when it arrived here (microseconds UTC).

    retained  the broker had kept it: it tells how things were, and nothing is seen by it
    """

    topic: str
    payload: bytes
    retained: bool
    arrival: int


AHEAD = SECOND
"""By more than this a device's time may not be after its arrival: such a clock is wrong."""
UNTOLD = int(np.iinfo(np.int64).min)
"""Stands in a column of times where there is none."""
UNSET = 1_577_836_800 * SECOND
"""Microseconds UTC: 2020. A clock that says less was never set."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What the device is to be told."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class State:
    """The device, or its will, says that it is there or gone; `text` names it, or the reason."""

    online: bool
    text: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life that comes at a steady pace: from now on its absence means something."""


@dataclass(frozen=True, slots=True)
class Connected:
    """One of the trackers for which the device stands was heard, or its will says that it has gone."""

    tracker: str
    online: bool


Said = Body | Notice | State | Heartbeat | Connected


@dataclass(frozen=True, slots=True)
class Presence:
    """Where a device's state stands: a message that contains `down` (its will) or `up` on `topic`, often retained."""

    topic: str
    down: bytes
    up: bytes

    def told(self, payload: bytes) -> bool | None:
        """Is the device there? None if neither is said. Whole words count: who is disconnected is not connected."""
        for word, online in ((self.down, False), (self.up, True)):
            if re.search(rb"(?<!\w)" + re.escape(word) + rb"(?!\w)", payload):
                return online
        return None


class MessageSession(ABC):
    """One device. `counts` is taken and cleared by whoever owns the session.

    synchronised  are the arrivals right, as far as the gateway knows? Whoever owns the session keeps it true
    """

    def __init__(self, presence: Presence | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.reads = MessageReads(self.counts)
        self.synchronised = True
        self._presence = presence
        self._ahead = 0

    def receive(self, messages: Sequence[Message]) -> Iterator[Said]:
        """What they say, in order; reads of several messages are joined."""
        for message in messages:
            try:
                for said in self._one(message):
                    yield from self.gathered()
                    yield said
            except Malformed as error:
                yield from self.gathered()
                yield self.malformed(message, error)
        yield from self.gathered()

    def begin(self) -> Sequence[Publication]:
        """What the device is told when a connection begins."""
        return ()

    def start(self) -> Sequence[Publication]:
        """What it is told that it should read; nothing if it takes no such order."""
        return self.begin()

    def stop(self) -> Sequence[Publication]:
        """What it is told that it should not read; nothing if it takes no such order."""
        return ()

    def stamp(self, time: int, arrival: int) -> int:
        """A device's time as the gateway takes it, microseconds UTC.

        A time before the arrival is believed, since it may have been kept; one after it shows by how much the clock
        is ahead, at least, until it says the right time again. Of a clock that was never set the arrival counts.
        """
        if time < UNSET:
            self.counts["clock_unset"] += 1
            return arrival
        ahead = time - arrival
        if abs(ahead) <= AHEAD:
            self._ahead = 0
        elif ahead > self._ahead:
            self._ahead = ahead
            self.counts["clock_ahead"] += 1
        return time - self._ahead

    def stamps(self, times: Times, arrivals: Times) -> Times:
        """`stamp` of each, int64[n]; where a time is UNTOLD, the arrival counts."""
        if not self._ahead and ((times >= UNSET) & (times - arrivals <= AHEAD)).all():
            return times
        pairs = zip(times.tolist(), arrivals.tolist(), strict=True)
        return np.array([came if at == UNTOLD else self.stamp(at, came) for at, came in pairs], np.int64)

    def gathered(self) -> Iterator[Said]:
        """The tags that were gathered by now; none are left behind."""
        reads = self.reads.take()
        if reads is not None:
            yield reads

    def each(
        self, message: Message, records: object, tell: Callable[[dict[str, object]], Iterator[Said]]
    ) -> Iterator[Said]:
        """What the records of a message say, one or an array of them; one that makes no sense costs no other."""
        several = records if isinstance(records, list) else [records]
        first, left_out = None, 0
        for record in several:
            try:
                for one in objects([record]):
                    yield from tell(one)
            except Malformed as error:
                first, left_out = first or error, left_out + 1
        if first is not None:
            yield self.without(message, first, left_out, len(several))

    def without(self, message: Message, error: Malformed, left_out: int, n: int) -> Notice:
        """What is told of a message of n records, of which some make no sense; `error` is that of the first."""
        self.counts["malformed_records"] += left_out
        more = f"; {left_out} of its {n} records left out" if n > 1 else ""
        return self.malformed(message, Malformed(f"{error}{more}"))

    def malformed(self, message: Message, error: Malformed) -> Notice:
        """What is told of a message that makes no sense."""
        return Notice("malformed", f"a message on {shown(message.topic)} cannot be understood: {error}")

    @abstractmethod
    def understand(self, message: Message) -> Iterator[Said]:
        """Gather its tags, and tell the rest. Raises Malformed; what stood before it counts."""

    def _one(self, message: Message) -> Iterator[Said]:
        presence = self._presence
        if presence is not None and message.topic == presence.topic:
            online = presence.told(message.payload)
            if online is not None:
                yield State(
                    online, "says that it is connected" if online else "its will says that it has gone"
                )
                return
        if message.retained:
            self.counts["retained"] += 1
            return
        if message.payload:  # an empty one clears what the broker kept
            yield from self.understand(message)
