"""One connection to a serial module at work.

It listens while the daemon is busy, so that what is read keeps the time of its arrival. A serial line cannot be held
back: when MAX_ROWS wait, nobody listens until there is room, and what the port's buffers do not hold meanwhile is lost,
which shows as `noise`.
"""

import asyncio
import logging
from collections.abc import Callable

from drivers.base import Link, Order, SetOutput, Start, Stop
from drivers.codecs.module_session import ModuleSession
from drivers.conversation import Conversation
from drivers.serial_port import Where, open_bytes
from drivers.waiting import MAX_ROWS

log = logging.getLogger(__name__)


async def talk(
    to: Where, session: Callable[[float], ModuleSession], link: Link, device: str, limit: int = MAX_ROWS
) -> None:
    """Open the port and let a new session speak, until the connection is lost; `session` gets the loop's time."""
    at = asyncio.get_running_loop().time
    async with open_bytes(to) as stream:
        await _Connection(session(at()), stream, link, device, limit=limit).run()


class _Connection(Conversation[ModuleSession]):
    """From the first byte to the last."""

    def obey(self, order: Order) -> None:
        """These devices have no outputs."""
        at, now = self.loop.time(), self.now()
        match order:
            case Start():
                self.answer(self.session.start(now, at))
            case Stop():
                self.answer(self.session.stop(now, at))
            case SetOutput(port):
                self.link.count("orders_refused")
                log.warning("%s: output %d: this kind of device has no outputs here", self.device, port)

    async def leave(self) -> None:
        """Let the module rest: nobody listens to it from now on."""
        if self.session.info is not None:
            self.session.close(self.now(), self.loop.time())
            await self.converse_until(lambda: self.session.closed)
