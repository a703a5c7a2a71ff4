"""One connection to a scanner at work that only talks: it is told nothing, so orders are refused."""

import asyncio
import logging
from collections.abc import Callable

from drivers.base import Link, Order
from drivers.codecs.stream_session import StreamSession
from drivers.conversation import Conversation
from drivers.streams import Stream

log = logging.getLogger(__name__)


async def listen(stream: Stream, session: Callable[[float], StreamSession], link: Link, device: str) -> None:
    """Until the connection is lost; `session` gets the loop's time."""
    at = asyncio.get_running_loop().time()
    await _Connection(session(at), stream, link, device).run()


class _Connection(Conversation[StreamSession]):
    """From the first byte to the last."""

    def obey(self, order: Order) -> None:
        """A person pulls the trigger."""
        self.link.count("orders_refused")
        log.warning("%s: %s: a scanner of this kind takes no orders", self.device, type(order).__name__)
