"""The line of a simulated serial module: a pseudo-terminal under a name of its own, or a TCP port, as device servers have.

As on a UART nothing is held back: what the host does not take while the line's buffer is full is lost.
"""

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from simulators.clock import Alarm, Clock, RunningClock, sleep_until
from simulators.deliveries import sightings
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule
from simulators.world import Sightings

_CHUNK = 4096


class Line:
    """A module with a clock; `send` is set while somebody can hear it."""

    def __init__(self, module: SimulatedModule, clock: Clock | None = None) -> None:
        self.module = module
        self.clock: Clock = clock or RunningClock()
        self._alarm: Alarm | None = None

    def send(self, data: bytes) -> None:
        """To the host."""
        raise NotImplementedError

    def see(self, sighting: Sighting) -> None:
        """A tag answers the module."""
        self.say(self.module.see(sighting, self.clock.now()))

    def _received(self, data: bytes) -> None:
        self.say(self.module.receive(data, self.clock.now()))

    def say(self, data: bytes) -> None:
        """What the module has to say, to the host; then it is called again when it is due."""
        if data:
            self.send(data)
        if self._alarm is not None:
            self._alarm.cancel()
        due = self.module.due()
        self._alarm = None if due is None else self.clock.call_at(due, self._rang)

    def _rang(self) -> None:
        self.say(self.module.advance(self.clock.now()))

    def _rest(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Let the module see `pieces` of a world, each sighting in its time."""
        for piece in pieces:
            for sent, sighting in sightings(piece, epcs):
                await sleep_until(self.clock, sent)
                self.see(sighting)


class PtyLine(Line):
    """A pseudo-terminal, under the name `path` while it is plugged in.

    lost  bytes that nobody took in time
    """

    def __init__(self, module: SimulatedModule, path: Path, clock: Clock | None = None) -> None:
        super().__init__(module, clock)
        self.path = path
        self.lost = 0
        self._ends: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        return f"serial://{self.path}"

    def __enter__(self) -> "PtyLine":
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        """The adapter is there, with its module freshly powered."""
        near, far = os.openpty()
        tty.setraw(far)
        os.set_blocking(near, False)
        # The far end stays open here: without anybody there, the near one would report an error for ever.
        self._ends = near, far
        self.path.symlink_to(os.ttyname(far))
        asyncio.get_running_loop().add_reader(near, self._readable, near)

    def unplug(self) -> None:
        """The adapter vanishes, and with it the module's power."""
        if self._ends is not None:
            near, far = self._ends
            self._ends = None
            self.path.unlink()
            asyncio.get_running_loop().remove_reader(near)
            os.close(near)
            os.close(far)
            self.module.power_cycle()
            self._rest()

    def send(self, data: bytes) -> None:
        sent = 0
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                sent = os.write(self._ends[0], data)
        self.lost += len(data) - sent

    def _readable(self, near: int) -> None:
        self._received(os.read(near, _CHUNK))


class TcpLine(Line, asyncio.Protocol):
    """A serial device server on the loopback interface, for one client; `port` 0 is a free one."""

    def __init__(self, module: SimulatedModule, clock: Clock | None = None, port: int = 0) -> None:
        super().__init__(module, clock)
        self.url = ""
        self._port = port
        self.gone = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator["TcpLine"]:
        """It listens while the context lasts."""
        server = await asyncio.get_running_loop().create_server(lambda: self, "127.0.0.1", self._port)
        self.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self._rest()
            if self._transport is not None:
                self._transport.abort()
                await self.gone.wait()

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def hang_up(self) -> None:
        """The device server drops its client."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.gone.clear()

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.gone.set()
