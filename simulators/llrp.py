"""An LLRP reader on a TCP port of this machine, for tests and demos.

    async with SimulatedReader() as reader:          # listens on a free port: reader.port, reader.url
        await reader.see(Sighting(antenna=1, epc=bytes.fromhex("3034257bf7194e4000001a81")))
        reader.gpi(1, True)
        await reader.until(lambda: reader.ledger.sent == 1)

Many readers live in one event loop. They know nothing but their clock: with a `SteppedClock` time stands still
until the test moves it, with a `RunningClock` they play a world in real time or faster.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from types import TracebackType

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import decode_message
from drivers.codecs.llrp_frames import Frames
from simulators.clock import Alarm, Clock, RunningClock
from simulators.deliveries import deliver
from simulators.llrp_device import Device, Setup
from simulators.llrp_outbox import Ledger
from simulators.llrp_reports import Sighting
from simulators.llrp_requests import receive
from simulators.world import Sightings


class SimulatedReader:
    """A reader that is switched on when it is made, and has a network while its context lasts.

    `tls` makes it listen with TLS; `port` 0 is a free one.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        clock: Clock | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.clock: Clock = clock or RunningClock()
        self.device = Device(setup or Setup(), self.clock.now())
        self.malformed = 0
        self._port = port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connection: _Connection | None = None
        self._open: set[_Connection] = set()
        self._offline = False
        self._alarm: tuple[int, Alarm] | None = None
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def __aenter__(self) -> "SimulatedReader":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._incoming, "127.0.0.1", self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye to the client and close."""
        assert self._server is not None
        self._server.close()
        if self._connection is not None:
            self.device.goodbye(self.clock.now())
            self._pump()
        for connection in self._open:
            if self._offline or connection.transport.get_write_buffer_size():
                connection.transport.abort()
        await self.until(lambda: not self._open)
        await self._server.wait_closed()
        if self._alarm is not None:
            self._alarm[1].cancel()

    @property
    def port(self) -> int:
        """The TCP port, once it listens."""
        return self._port

    @property
    def url(self) -> str:
        """The address as a device's `url`."""
        return f"{'tls' if self._tls else 'tcp'}://127.0.0.1:{self._port}"

    @property
    def ledger(self) -> Ledger:
        """Where every sighting went."""
        return self.device.ledger

    @property
    def client(self) -> bool:
        """Somebody is connected."""
        return self._connection is not None

    # The world around it

    async def see(self, *sightings: Sighting) -> None:
        """Tags are read; gives the event loop a chance to carry the reports away."""
        for one in sightings:
            self.device.see(one, self.clock.now())
        self._pump()
        await asyncio.sleep(0)

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Read what a world says this reader hears, each tag when the clock shows its time of delivery.

        Where that is faster than life, it goes no faster than a connected client reads.
        """
        await deliver(pieces, epcs, self.clock, self._see_in_turn)

    async def _see_in_turn(self, *some: Sighting) -> None:
        await self.until(lambda: not self.client or self.device.outbox.filled < 0.5)
        await self.see(*some)

    def gpi(self, port: int, high: bool) -> None:
        """An input line goes high or low."""
        self.device.gpi(port, high, self.clock.now())
        self._pump()

    def antenna(self, port: int, plugged: bool) -> None:
        """An antenna is plugged in or falls off."""
        self.device.antenna(port, plugged, self.clock.now())
        self._pump()

    def exception(self, text: str) -> None:
        """Something goes wrong inside the reader."""
        self.device.exception(text, self.clock.now())
        self._pump()

    def power_cycle(self) -> None:
        """Off and on again: the connection, the configuration and everything held are gone, the uptime is 0."""
        self.drop_connection()
        self.device.power_cycle(self.clock.now())
        self._pump()

    # The network

    def drop_connection(self) -> None:
        """The connection ends without a word; what the sockets still hold may be lost, as on a real network."""
        if self._connection is not None:
            self._connection.transport.abort()
            self._forget_client()
            self._pump()

    def cut_network(self) -> None:
        """From now on nothing comes through in either direction, and nobody is told: a pulled cable."""
        self._offline = True
        if self._connection is not None:
            self._connection.transport.pause_reading()

    def restore_network(self) -> None:
        """The cable is back: a connection that nobody gave up goes on, and attempts to connect have failed."""
        self._offline = False
        for connection in self._open:
            if connection is self._connection:
                connection.transport.resume_reading()
            else:
                connection.transport.abort()
        self._pump()

    async def call(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Reader-initiated mode: connect to a gateway that listens. Raises OSError if it does not."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Connection(self, reader_initiated=True), host, port, ssl=tls)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that this reader does makes `condition` true."""
        if condition():
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, done))
        try:
            await done
        finally:
            self._waiting = [one for one in self._waiting if one[1] is not done]

    async def until_reading(self) -> None:
        """Wait until a ROSpec runs; what would be read before that is lost."""
        await self.until(lambda: self.device.runs.active is not None)

    # Inside

    def _incoming(self) -> "_Connection":
        return _Connection(self, reader_initiated=False)

    def _opened(self, connection: "_Connection", reader_initiated: bool) -> None:
        now = self.clock.now()
        self._open.add(connection)
        if self._offline:
            connection.transport.pause_reading()
        elif self._connection is not None:
            connection.transport.write(self.device.refuse(now))
            connection.transport.close()
        else:
            self._connection = connection
            self.device.connected(now, reader_initiated)
        self._pump()

    def _received(self, connection: "_Connection", data: bytes) -> None:
        if connection is not self._connection:
            return
        try:
            for frame in connection.frames.feed(data):
                if not self.device.hangup:
                    receive(self.device, decode_message(frame), self.clock.now())
        except ProtocolError:
            self.malformed += 1
            self.device.goodbye(self.clock.now())
        self._pump()

    def _closed(self, connection: "_Connection") -> None:
        self._open.discard(connection)
        if connection is self._connection:
            self._forget_client()
        self._pump()

    def _forget_client(self) -> None:
        self._connection = None
        self.device.disconnected(self.clock.now())

    def _pump(self) -> None:
        """After anything that happened: hand to the socket what it takes, set the alarm, wake who waits."""
        connection = self._connection
        if connection is not None and not self._offline:
            while connection.writable and (data := self.device.outbox.take()) is not None:
                connection.transport.write(data)
        if connection is not None and self.device.hangup:
            connection.hang_up(self._offline)
            self._forget_client()
        self._set_alarm()
        for condition, done in self._waiting:
            if not done.done() and condition():
                done.set_result(None)

    def _set_alarm(self) -> None:
        due = self.device.due()
        if self._alarm is not None:
            if self._alarm[0] == due:
                return
            self._alarm[1].cancel()
        self._alarm = None if due is None else (due, self.clock.call_at(due, self._rang))

    def _rang(self) -> None:
        self._alarm = None
        self.device.advance(self.clock.now())
        self._pump()


class _Connection(asyncio.Protocol):
    """One TCP connection; its first word is the reader's."""

    def __init__(self, reader: SimulatedReader, reader_initiated: bool) -> None:
        self._reader = reader
        self._reader_initiated = reader_initiated
        self.frames = Frames()
        self.writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._reader._opened(self, self._reader_initiated)

    def hang_up(self, offline: bool) -> None:
        """Close; what was written still goes out, if there is a network."""
        if offline:
            self.transport.abort()
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._reader._received(self, data)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self._reader._pump()

    def connection_lost(self, error: Exception | None) -> None:
        self._reader._closed(self)
