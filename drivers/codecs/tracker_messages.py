"""A tracker's connection as messages that tell where they end: whole ones are taken out of the stream, and reported."""

from abc import ABC, abstractmethod

from drivers.codecs.errors import ProtocolError
from drivers.codecs.tracker_session import Admits, Report, TrackerSession, everybody

REFUSED = ("refused",)
"""What a report of a tracker counts that may not deliver; the connection ends, and nothing is wrong with its bytes."""

NONSENSE = 100
"""More messages that are none than such that are, after which a connection is over: to read on costs the others too much."""


class Messages(ABC):
    """One TCP connection; a `TrackerSession` but for `size` and `take`.

    admits   who may deliver
    tracker  who it is, where the stream does not begin with it
    """

    def __init__(self, admits: Admits = everybody, tracker: str = "") -> None:
        self.tracker = tracker
        self.error: ProtocolError | None = None
        self.data = b""
        self._admits = admits
        self._nonsense = 0

    @property
    def pending(self) -> int:
        """Bytes of a message that has begun."""
        return len(self.data)

    def receive(self, data: bytes, now: int) -> list[Report]:
        """What ends in `data`."""
        self.data += data
        said: list[Report] = []
        at = 0
        while self.error is None and (size := self.size(at)) and at + size <= len(self.data):
            said.append(self.take(self.data[at : at + size]))
            self._weigh(said[-1])
            at += size
        self.data = b"" if self.error is not None else self.data[at:]
        if self.error is not None and not (said and said[-1].counts == REFUSED):
            said.append(Report(self.tracker, counts=("malformed",)))
        return [one for one in said if one.positions or one.answer or one.counts]

    def _weigh(self, said: Report) -> None:
        """A message that is none; or one that is, and makes good for another."""
        if "malformed" in said.counts:
            self._nonsense += 1
            if self._nonsense > NONSENSE:
                self.error = ProtocolError(f"more than {NONSENSE} messages that are none; another protocol?")
        elif said.positions or said.answer:
            self._nonsense = max(0, self._nonsense - 1)

    def rest(self) -> list[Report]:
        """Nothing more will come: what was only waiting for it."""
        return []

    @abstractmethod
    def size(self, at: int) -> int:
        """Bytes of the message that begins there in `data`, 0 as long as that is not known; sets `error` if it is none."""

    @abstractmethod
    def take(self, message: bytes) -> Report:
        """What a whole one says."""

    def admit(self, tracker: str) -> bool:
        """It has said who it is; False = it may not deliver, and the connection is over."""
        if self._admits(tracker):
            self.tracker = tracker
            return True
        self.error = ProtocolError(f"{tracker} is not among `trackers`; add it, if it is yours")
        return False


def rest_of(session: TrackerSession) -> list[Report]:
    """What a session still has to say when its connection is over; one whose messages tell where they end has nothing."""
    return session.rest() if isinstance(session, Messages) else []
