"""One connection to a device at work: the stream on one side, the daemon on the other, the session between them.

Two tasks: one listens and answers, also while the daemon is busy; the other hands over. Between them waits a bounded
number of rows; when it is reached nobody listens any more.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from drivers.base import Fatal, Link, Order
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.notice import Notice
from drivers.codecs.stream_session import Said, StreamSession
from drivers.complaints import Complaints
from drivers.streams import Stream
from drivers.waiting import MAX_ROWS, Waiting

log = logging.getLogger(__name__)

CLOSING_SECONDS = 2.0
"""How long the daemon may take for what was received before a stop."""

S = TypeVar("S", bound=StreamSession)


class Conversation(ABC, Generic[S]):
    """From the first byte to the last. What is particular to a kind of device: `obey`, `leave`, `now` and `info`.

    closing  seconds that the daemon may take for what is left at a clean stop
    limit    rows that may wait
    """

    def __init__(
        self,
        session: S,
        stream: Stream,
        link: Link,
        device: str,
        closing: float = CLOSING_SECONDS,
        limit: int = MAX_ROWS,
    ) -> None:
        self.session = session
        self.stream = stream
        self.link = link
        self.device = device
        self.loop = asyncio.get_running_loop()
        self.waiting = Waiting(limit)
        self._closing = closing
        self._reading = asyncio.Event()
        self._complaints = Complaints()

    @abstractmethod
    def obey(self, order: Order) -> None:
        """One order, while the device is reading."""

    async def leave(self) -> None:
        """What is to be done for a clean stop, before the rest is handed over; bounded in time."""
        return None

    async def converse_until(self, closed: Callable[[], bool]) -> None:
        """For `leave`: send what the session has to say, and take what still comes, until that holds.

        At most `closing` seconds; whatever ends it, what is waiting is handed over all the same.
        """
        try:
            self.answer(())
            async with asyncio.timeout(self._closing):
                while self.session.error is None and not closed():
                    self.take(await self.stream.read(self.session.deadline))
                    if self.waiting.rows >= self.waiting.limit:
                        await self.waiting.hand_over(self.link)
        except (OSError, EOFError, ProtocolError) as lost:
            log.info("%s: not ended cleanly: %s", self.device, lost)
        except Exception:  # a fault of ours
            log.exception("%s: not ended cleanly", self.device)

    def now(self) -> int:
        """The gateway's time, microseconds UTC."""
        return self.link.now()

    def info(self, info: str) -> str:
        """What is said of the device when it is up."""
        return info

    async def run(self) -> None:
        """Raises what ended the connection; when cancelled, ends it cleanly and hands over the rest."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self.waiting.hand_over_for_ever(self.link))
                tasks.create_task(self._obey())
        except asyncio.CancelledError:
            await self.leave()
            await self._hand_over_the_rest()
            raise
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _listen(self) -> None:
        """Raises what ends the connection, after everything that came before it was handed over."""
        error: Exception | None = None
        try:
            self.answer(())
            while error is None:
                self.take(await self.stream.read(self.session.deadline))
                await self._make_room()
                error = self.session.error
        except (OSError, EOFError) as lost:
            error = lost
        await self.waiting.below(1)
        raise Fatal(str(error)) if isinstance(error, Unsupported) else error

    def take(self, data: bytes) -> None:
        """`data` to the session, empty when its deadline is over; its answers to the device, the rest to the daemon."""
        at, now = self.loop.time(), self.now()
        if data:
            self.link.tap(data)
            self.answer(self.session.receive(data, now, at))
        else:
            self.answer(self.session.timeout(now, at))

    def answer(self, said: Said) -> None:
        """What the session has to say, to whom it concerns."""
        session = self.session
        for one in said:
            if isinstance(one, Notice):
                self._notice(one)
            else:
                self.waiting.put(one)
        for name, n in session.counts.items():
            self.link.count(name, n)
        session.counts.clear()
        if session.info is not None and not self._reading.is_set():
            self._reading.set()
            self.link.up(self.info(session.info))
        self.stream.write(session.data_to_send())  # it may raise, and what was said is safe then

    def _notice(self, notice: Notice) -> None:
        """Counted always, told when it is not the same again."""
        self.link.count(notice.name)
        line = self._complaints.line(notice, self.loop.time())
        if line is not None:
            log.warning("%s: %s", self.device, line)

    async def _make_room(self) -> None:
        """While the daemon is behind, the device's silence is ours."""
        if self.waiting.rows >= self.waiting.limit:
            since = self.loop.time()
            await self.waiting.below(self.waiting.limit)
            self.session.postpone(self.loop.time() - since)

    async def _obey(self) -> None:
        """Orders, from when the device is reading; those not taken wait for the next connection."""
        await self._reading.wait()
        async for order in self.link.orders:
            self.obey(order)

    async def _hand_over_the_rest(self) -> None:
        try:
            async with asyncio.timeout(self._closing):
                await self.waiting.hand_over(self.link)
        except Exception as error:  # whatever the daemon's end says now, the cancellation goes on
            log.warning("%s: %d records were left behind: %s", self.device, self.waiting.rows, error)
            self.link.count("left_behind", self.waiting.rows)
