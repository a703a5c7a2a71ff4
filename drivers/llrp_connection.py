"""One LLRP connection at work: how a reader obeys, and says good-bye.

When the daemon takes no more nobody listens, and the reader holds.
"""

import asyncio

from drivers.base import Link, Order, SetOutput, Start, Stop
from drivers.clocked_connection import ClockedConnection
from drivers.codecs.llrp_session import CLOSING_SECONDS, Session
from drivers.codecs.llrp_setup import Reading
from drivers.streams import Stream
from drivers.waiting import MAX_ROWS


class Connection(ClockedConnection[Session]):
    """From the first byte to the last."""

    def __init__(
        self, reading: Reading, stream: Stream, link: Link, device: str, limit: int = MAX_ROWS
    ) -> None:
        at = asyncio.get_running_loop().time()
        session = Session(reading, link.now(), at, link.synchronised)
        super().__init__(session, stream, link, device, CLOSING_SECONDS, limit)

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
