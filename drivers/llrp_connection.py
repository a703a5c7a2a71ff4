"""One LLRP connection at work: how a reader obeys, says good-bye, and learns that the gateway's clock was set.

When the daemon takes no more nobody listens, and the reader holds.
"""

import asyncio

from drivers.base import Link, Order, SetOutput, Start, Stop
from drivers.clock_steps import ClockSteps
from drivers.codecs.llrp_session import CLOSING_SECONDS, Session
from drivers.codecs.llrp_setup import Reading
from drivers.conversation import Conversation
from drivers.streams import Stream
from drivers.waiting import MAX_ROWS


class Connection(Conversation[Session]):
    """From the first byte to the last."""

    def __init__(
        self, reading: Reading, stream: Stream, link: Link, device: str, limit: int = MAX_ROWS
    ) -> None:
        at = asyncio.get_running_loop().time()
        session = Session(reading, link.now(), at, link.synchronised)
        super().__init__(session, stream, link, device, CLOSING_SECONDS, limit)
        self._steps = ClockSteps(link.now(), at)

    def info(self, info: str) -> str:
        """With what its clock is worth."""
        return f"{info}; {self.session.clock}"

    def obey(self, order: Order) -> None:
        """Everything."""
        at = self.loop.time()
        match order:
            case SetOutput(port, high):
                self.answer(self.session.set_output(port, high, at))
            case Start():
                self.answer(self.session.start(at))
            case Stop():
                self.answer(self.session.stop(at))

    async def leave(self) -> None:
        """Say good-bye, and take what was still on its way."""
        self.session.close(self.loop.time())
        await self.converse_until(lambda: self.session.closed)

    def now(self) -> int:
        """The gateway's time; a step of it, and whether it is right by now, is told to the session."""
        now = self.link.now()
        self.session.clock.synchronised = self.link.synchronised
        step = self._steps.step(now, self.loop.time())
        if step:
            self.session.shift(step)
        return now
