"""One Impinj reader at work: its event stream on one connection, calls to its web server on others beside it."""

import asyncio
import logging
from collections.abc import Callable

from core.records import SECOND
from drivers.base import Fatal, Link, Order, SetOutput, Start, Stop
from drivers.clocked_connection import ClockedConnection
from drivers.codecs import impinj_rest as rest
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.impinj_refusals import ended
from drivers.codecs.impinj_rest import Status, Wanted
from drivers.codecs.impinj_session import Session
from drivers.codecs.notice import Notice
from drivers.codecs.reader_clock import ReaderClock
from drivers.codecs.rest import Call, Script
from drivers.streams import Stream, open_stream
from drivers.waiting import MAX_ROWS
from drivers.web import WebServer

log = logging.getLogger(__name__)

STATUS_SECONDS = 60.0
"""Between two looks at the reader's clock: while a long backlog comes, nothing else tells it."""

ORDERS = 4
"""That may wait for the reader's answer to the ones before."""

_LOST = (OSError, EOFError, ProtocolError, Unsupported)


async def talk(
    server: WebServer, wanted: Wanted, link: Link, device: str, watchdog: float, limit: int = MAX_ROWS
) -> None:
    """Find out who the reader is, then read its stream until that is lost."""
    try:
        reader = await server.carry_out(rest.introduced(wanted, watchdog))
        clock = ReaderClock(link.synchronised)
        await _looked(server, clock, link.now)
    except Unsupported as error:
        raise Fatal(str(error)) from None
    async with open_stream(server.to, server.trust) as stream:
        request = server.request(Call("GET", "/data/stream"))
        at = asyncio.get_running_loop().time()
        session = Session(request, wanted.user, reader.name, clock, at, watchdog)
        connection = _Connection(session, stream, link, device, limit, server, wanted)
        connection.answer(reader.notices)
        await connection.run()


class _Connection(ClockedConnection[Session]):
    """From the request for the stream to its end."""

    def __init__(
        self,
        session: Session,
        stream: Stream,
        link: Link,
        device: str,
        limit: int,
        server: WebServer,
        wanted: Wanted,
    ) -> None:
        super().__init__(session, stream, link, device, limit=limit)
        self._server = server
        self._wanted = wanted
        self._orders: asyncio.Queue[Order] = asyncio.Queue(ORDERS)

    def obey(self, order: Order) -> None:
        """In turn, beside the stream."""
        try:
            self._orders.put_nowait(order)
        except asyncio.QueueFull:
            self.answer(
                [Notice("orders_refused", f"{order} comes too soon: the reader has others to carry out")]
            )

    async def run(self) -> None:
        """The stream, and beside it everything that the reader is asked and told."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(super().run())
                tasks.create_task(self._attend())
        except BaseExceptionGroup as several:
            error = several.exceptions[0]
            if isinstance(error, EOFError) and self.session.info is not None:
                raise ended(self._wanted.user) from None
            raise error from None

    async def _attend(self) -> None:
        await self._carry_out(rest.reading(self._wanted))
        while True:
            await self._look()
            try:
                async with asyncio.timeout(STATUS_SECONDS):
                    order = await self._orders.get()
            except TimeoutError:
                continue
            await self._carry_out(self._script(order))

    def _script(self, order: Order) -> Script[list[Notice]]:
        match order:
            case SetOutput(port, high):
                return rest.output(port, high)
            case Stop():
                return rest.stopped()
            case Start():
                return rest.restarted(self._wanted.preset)

    async def _carry_out(self, script: Script[list[Notice]]) -> None:
        try:
            self.answer(await self._server.carry_out(script))
        except _LOST as error:
            self._unanswered(error)

    async def _look(self) -> None:
        try:
            status = await _looked(self._server, self.session.clock, self.now)
        except _LOST as error:
            self._unanswered(error)
        else:
            self.session.listed(status.state)

    def _unanswered(self, error: Exception) -> None:
        """The stream goes on; if the reader is gone it will tell."""
        self.answer([Notice("unanswered", f"its web server cannot be asked: {error}")])


async def _looked(server: WebServer, clock: ReaderClock, now: Callable[[], int]) -> Status:
    """How the reader is; what its clock says is told to `clock`."""
    asked = asyncio.get_running_loop().time()
    status: Status = await server.carry_out(rest.looked(server.user))
    if status.time is not None:
        clock.connected(status.time, now())
        clock.answered(round((asyncio.get_running_loop().time() - asked) * SECOND))
    return status
