"""One connection to a reader that has a clock of its own: its session learns what becomes of the gateway's clock."""

from typing import Generic, Protocol, TypeVar

from drivers.base import Link
from drivers.clock_steps import ClockSteps
from drivers.codecs.reader_clock import ReaderClock
from drivers.codecs.stream_session import StreamSession
from drivers.conversation import CLOSING_SECONDS, Conversation
from drivers.streams import Stream
from drivers.waiting import MAX_ROWS


class ClockedSession(StreamSession, Protocol):
    """A session that maps a reader's times."""

    clock: ReaderClock

    def shift(self, by: int, /) -> None:
        """The gateway's clock was set forward by `by` microseconds."""


S = TypeVar("S", bound=ClockedSession)


class ClockedConnection(Conversation[S], Generic[S]):
    """From the first byte to the last. What is particular to a kind of reader: `obey` and `leave`."""

    def __init__(
        self,
        session: S,
        stream: Stream,
        link: Link,
        device: str,
        closing: float = CLOSING_SECONDS,
        limit: int = MAX_ROWS,
    ) -> None:
        super().__init__(session, stream, link, device, closing, limit)
        self._steps = ClockSteps(link.now(), self.loop.time())

    def info(self, info: str) -> str:
        """With what its clock is worth."""
        return f"{info}; {self.session.clock}"

    def now(self) -> int:
        """The gateway's time; a step of it, and whether it is right by now, is told to the session."""
        now = self.link.now()
        self.session.clock.synchronised = self.link.synchronised
        step = self._steps.step(now, self.loop.time())
        if step:
            self.session.shift(step)
        return now
