"""One LLRP connection at work: the stream on one side, the daemon on the other, the session between them.

Two tasks: one listens and answers, so that keepalives are answered while the daemon is busy; the other hands over.
Between them waits a bounded number of rows; when it is reached nobody listens any more, and the reader holds.
"""

import asyncio
import logging
from collections.abc import Iterable

from core.records import SECOND
from drivers.base import Fatal, Link, SetOutput, Start, Stop
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.llrp_session import CLOSING_SECONDS, Said, Session
from drivers.codecs.llrp_setup import Reading
from drivers.codecs.notice import Notice
from drivers.streams import Stream
from drivers.waiting import MAX_ROWS, Waiting

log = logging.getLogger(__name__)

STEP = SECOND // 10
"""A change of the gateway's time against the loop's clock from which on it was set."""


class Connection:
    """From the first byte to the last."""

    def __init__(
        self, reading: Reading, stream: Stream, link: Link, device: str, limit: int = MAX_ROWS
    ) -> None:
        self._stream = stream
        self._link = link
        self._device = device
        self._loop = asyncio.get_running_loop()
        self._anchor = link.now() - self._micros()
        self._session = Session(reading, link.now(), self._loop.time(), link.synchronised)
        self._waiting = Waiting(limit)
        self._reading = asyncio.Event()
        self._noticed = ""

    async def run(self) -> None:
        """Raises what ended the connection; when cancelled, ends it cleanly first."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._waiting.hand_over_for_ever(self._link))
                tasks.create_task(self._obey())
        except asyncio.CancelledError:
            await self._stop()
            raise
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _listen(self) -> None:
        """Raises what ends the connection, after everything that came before it was handed over."""
        error: Exception | None = None
        while error is None:
            try:
                self._take(await self._stream.read(self._session.deadline))
                await self._make_room()
                error = self._session.error
            except (OSError, EOFError) as lost:
                error = lost
        await self._waiting.below(1)
        raise Fatal(str(error)) if isinstance(error, Unsupported) else error

    def _take(self, data: bytes) -> None:
        """`data` to the session, empty when its deadline is over; its answers to the reader, the rest to the daemon."""
        at, now = self._loop.time(), self._now()
        if data:
            self._link.tap(data)
            said = self._session.receive(data, now, at)
        else:
            said = self._session.timeout(now, at)
        self._answer(said)

    def _answer(self, said: Iterable[Said]) -> None:
        session = self._session
        self._stream.write(session.data_to_send())
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
            self._link.up(f"{session.info}; {session.clock}")

    def _notice(self, notice: Notice) -> None:
        """Counted always, told when it is not the same again."""
        self._link.count(notice.name)
        if notice.text != self._noticed:
            self._noticed = notice.text
            log.warning("%s: %s", self._device, notice.text)

    async def _make_room(self) -> None:
        """While the daemon is behind, the reader's silence is ours."""
        if self._waiting.rows >= self._waiting.limit:
            since = self._loop.time()
            await self._waiting.below(self._waiting.limit)
            self._session.postpone(self._loop.time() - since)

    async def _obey(self) -> None:
        """Orders, from when the reader is reading; those not taken wait for the next connection."""
        await self._reading.wait()
        session = self._session
        async for order in self._link.orders:
            at = self._loop.time()
            match order:
                case SetOutput(port, high):
                    self._answer(session.set_output(port, high, at))
                case Start():
                    self._answer(session.start(at))
                case Stop():
                    self._answer(session.stop(at))

    async def _stop(self) -> None:
        """Say good-bye, and hand over what was still on its way; bounded in time, and what it leaves is counted."""
        session = self._session
        session.close(self._loop.time())
        try:
            self._answer(())
            async with asyncio.timeout(CLOSING_SECONDS):
                while session.error is None and not session.closed:
                    self._take(await self._stream.read(session.deadline))
                    if self._waiting.rows >= self._waiting.limit:
                        await self._waiting.hand_over(self._link)
        except (OSError, EOFError, ProtocolError) as lost:
            log.info("%s: not ended cleanly: %s", self._device, lost)
        except Exception:  # a fault of ours: what is waiting is handed over all the same
            log.exception("%s: not ended cleanly", self._device)
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._waiting.hand_over(self._link)
        except Exception as error:  # whatever the daemon's end says now, the cancellation goes on
            log.warning("%s: %d records were left behind: %s", self._device, self._waiting.rows, error)
            self._link.count("left_behind", self._waiting.rows)

    def _now(self) -> int:
        """The gateway's time; a step of it, and whether it is right by now, is told to the session."""
        now = self._link.now()
        self._session.clock.synchronised = self._link.synchronised
        step = now - self._micros() - self._anchor
        if abs(step) > STEP:
            self._anchor += step
            self._session.shift(step)
        return now

    def _micros(self) -> int:
        return int(self._loop.time() * SECOND)
