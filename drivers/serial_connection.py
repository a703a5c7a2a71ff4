"""One connection to a serial module at work: the stream on one side, the daemon on the other, the session between them.

It listens while the daemon is busy, so that what is read keeps the time of its arrival. A serial line cannot be held
back: when MAX_ROWS wait, nobody listens until there is room, and what the port's buffers do not hold meanwhile is lost,
which shows as `noise`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from drivers.base import Fatal, Link, SetOutput, Start, Stop
from drivers.codecs.errors import Unsupported
from drivers.codecs.module_session import ModuleSession, Said
from drivers.codecs.notice import Notice
from drivers.serial_port import Where, open_bytes
from drivers.streams import Stream
from drivers.waiting import MAX_ROWS, Waiting

log = logging.getLogger(__name__)

CLOSING_SECONDS = 2.0
"""How long the daemon may take for what was read before a stop."""


async def talk(
    to: Where, session: Callable[[float], ModuleSession], link: Link, device: str, limit: int = MAX_ROWS
) -> None:
    """Open the port and let a new session speak, until the connection is lost; `session` gets the loop's time."""
    async with open_bytes(to) as stream:
        await _Connection(session(asyncio.get_running_loop().time()), stream, link, device, limit).run()


class _Connection:
    """From the first byte to the last."""

    def __init__(self, session: ModuleSession, stream: Stream, link: Link, device: str, limit: int) -> None:
        self._session = session
        self._stream = stream
        self._link = link
        self._device = device
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(limit)
        self._reading = asyncio.Event()
        self._noticed = ""

    async def run(self) -> None:
        """Raises what ended the connection; when cancelled, hands over what was read."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._waiting.hand_over_for_ever(self._link))
                tasks.create_task(self._obey())
        except asyncio.CancelledError:
            await self._leave()
            raise
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _listen(self) -> None:
        """Raises what ends the connection, after everything that came before it was handed over."""
        error: Exception | None = None
        try:
            self._answer(())
            while error is None:
                self._take(await self._stream.read(self._session.deadline))
                await self._make_room()
                error = self._session.error
        except (OSError, EOFError) as lost:
            error = lost
        await self._waiting.below(1)
        raise Fatal(str(error)) if isinstance(error, Unsupported) else error

    def _take(self, data: bytes) -> None:
        at, now = self._loop.time(), self._link.now()
        if data:
            self._link.tap(data)
            self._answer(self._session.receive(data, now, at))
        else:
            self._answer(self._session.timeout(now, at))

    def _answer(self, said: Iterable[Said]) -> None:
        session = self._session
        for one in said:
            if isinstance(one, Notice):
                self._notice(one)
            else:
                self._waiting.put(one)
        for name, n in session.counts.items():
            self._link.count(name, n)
        session.counts.clear()
        if session.info is not None and not self._reading.is_set():
            self._reading.set()
            self._link.up(session.info)
        self._stream.write(session.data_to_send())

    def _notice(self, notice: Notice) -> None:
        """Counted always, told when it is not the same again."""
        self._link.count(notice.name)
        if notice.text != self._noticed:
            self._noticed = notice.text
            log.warning("%s: %s", self._device, notice.text)

    async def _make_room(self) -> None:
        """While the daemon is behind, the module's silence is ours."""
        if self._waiting.rows >= self._waiting.limit:
            since = self._loop.time()
            await self._waiting.below(self._waiting.limit)
            self._session.postpone(self._loop.time() - since)

    async def _obey(self) -> None:
        """Orders, from when the module is reading; those not taken wait for the next connection."""
        await self._reading.wait()
        async for order in self._link.orders:
            at, now = self._loop.time(), self._link.now()
            match order:
                case Start():
                    self._answer(self._session.start(now, at))
                case Stop():
                    self._answer(self._session.stop(now, at))
                case SetOutput(port):
                    self._link.count("orders_refused")
                    log.warning("%s: output %d: this kind of device has no outputs here", self._device, port)

    async def _leave(self) -> None:
        """Hand over what was read; bounded in time, and what is left behind is counted."""
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._waiting.hand_over(self._link)
        except Exception as error:  # whatever the daemon's end says now, the cancellation goes on
            log.warning("%s: %d records were left behind: %s", self._device, self._waiting.rows, error)
            self._link.count("left_behind", self._waiting.rows)
