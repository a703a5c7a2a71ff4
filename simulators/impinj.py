"""An Impinj reader with the IoT device interface on a TCP port of this machine, for tests and demos: HTTP or HTTPS.

async with SimulatedImpinj() as reader:          # reader.url is http://127.0.0.1:PORT
    await reader.see(Sighting(antenna=1, epc=bytes.fromhex("E28011700000020D2A412182")))
"""

import asyncio
import json
import ssl
from collections.abc import Iterable
from http import HTTPStatus
from types import TracebackType

from simulators.clock import SECOND, Alarm, Clock, RunningClock
from simulators.deliveries import deliver
from simulators.impinj_device import BASE, Device, Setup
from simulators.llrp_reports import Sighting
from simulators.world import Sightings

PLENTY = 1 << 16
"""Bytes that may wait for the socket; what is behind them is held."""


class SimulatedImpinj:
    """A reader that has a network while its context lasts.

    tls      makes it listen with TLS; `port` 0 is a free one
    chunked  how its stream is framed; else it ends with the connection
    """

    def __init__(
        self,
        setup: Setup | None = None,
        clock: Clock | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        chunked: bool = True,
    ) -> None:
        self.clock: Clock = clock or RunningClock()
        self.device = Device(setup or Setup())
        self.chunked = chunked
        self.port = port
        self.connections = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._streams: list[_Connection] = []
        self._quiet = False
        self._alarm: Alarm | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "SimulatedImpinj":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_connections()
        while self._open:
            await self._change()
        await self._server.wait_closed()
        if self._alarm is not None:
            self._alarm.cancel()

    @property
    def url(self) -> str:
        """The address as a device's `url`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def streaming(self) -> int:
        """How many streams there are."""
        return len(self._streams)

    async def until_streaming(self) -> None:
        """Somebody reads its stream, and it reads tags."""
        while not self._streams or self.device.status != "running":
            await self._change()

    # The world around it

    async def see(self, *seen: Sighting) -> None:
        """Tags are read; gives the event loop a chance to carry them away."""
        for one in seen:
            self.device.see(one, self.clock.now())
        self._pump()
        await asyncio.sleep(0)

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Read what a world says this reader hears, each tag when the clock shows its time of delivery."""
        await deliver(pieces, epcs, self.clock, self.see)

    def gpi(self, port: int, high: bool) -> None:
        """An input line goes high or low."""
        self._happens("gpiTransition", {"gpi": port, "transition": "low-to-high" if high else "high-to-low"})

    def antenna(self, port: int, plugged: bool) -> None:
        """An antenna is plugged in or falls off."""
        self._happens("antennaConnected" if plugged else "antennaDisconnected", {"antennaPort": port})

    def turn(self, status: str) -> None:
        """Somebody or a trigger makes it idle, armed or running."""
        self.device.turn(status, self.clock.now())
        self._pump()

    def cut_in_an_event(self) -> None:
        """The network breaks when half of the next event is through; the other half is lost."""
        self.device.say("antennaActivation", {"antennaPort": 1}, self.clock.now())
        taken = self.device.take(self.clock.now()) or b""
        for stream in self._streams:
            stream.say(taken[: len(taken) // 2])
        self.drop_connections(at_once=False)

    def drop_connections(self, at_once: bool = True) -> None:
        """All clients see their connections break; what was written is lost, or goes out before."""
        for one in tuple(self._open):
            one.transport.abort() if at_once else one.transport.close()

    def hold(self, quiet: bool) -> None:
        """It says nothing on its streams any more, signs of life neither; or goes on."""
        self._quiet = quiet
        self._pump()

    def power_cycle(self) -> None:
        """Off and on again."""
        self.drop_connections()
        self.device.power_cycle()

    # What clients do

    def asked(
        self, connection: "_Connection", method: str, path: str, authorization: str, body: bytes
    ) -> None:
        """A request; the answer goes out, or the stream begins."""
        self.connections += 1
        user = self.device.login(authorization)
        if user is None:
            connection.answer(401, {"message": "Unauthorized"})
        elif not path.startswith(f"{BASE}/"):
            connection.answer(404, None)
        elif (method, path) == ("GET", f"{BASE}/data/stream") and self.device.interface == "rest":
            self._begin(connection, user)
        else:
            connection.answer(*self.device.answer(method, path.removeprefix(BASE), body, self.clock.now()))
        self._pump()

    def _begin(self, connection: "_Connection", user: str) -> None:
        mine = [one for one in self._streams if one.user == user]
        if len(mine) >= self.device.setup.streams:
            if self.device.setup.refuses:
                connection.answer(503, {"message": "Too many streams"})
                return
            mine[0].end()
        self.device.begin()
        connection.begin(user, self.chunked)
        self._streams.append(connection)
        self._wake()

    def opened(self, connection: "_Connection") -> None:
        """A client is there."""
        self._open.add(connection)

    def closed(self, connection: "_Connection") -> None:
        """A client is gone."""
        self._open.discard(connection)
        if connection in self._streams:
            self._streams.remove(connection)
        self._wake()

    def _happens(self, kind: str, about: dict[str, object]) -> None:
        self.device.say(kind, about, self.clock.now())
        self._pump()

    def _pump(self) -> None:
        """To the newest stream what its socket takes."""
        stream = self._streams[-1] if self._streams else None
        while stream is not None and not self._quiet and stream.transport.get_write_buffer_size() < PLENTY:
            taken = self.device.take(self.clock.now())
            if taken is None:
                break
            stream.say(taken)
            self._rest()
        if self._alarm is None and stream is not None:
            self._rest()
        self._wake()

    def _rest(self) -> None:
        """The next sign of life is due when nothing was said for the interval."""
        if self._alarm is not None:
            self._alarm.cancel()
        interval = int(str(self.device.stream["keepAliveIntervalSeconds"])) * SECOND
        self._alarm = self.clock.call_at(self.clock.now() + interval, self._rang)

    def _rang(self) -> None:
        self._alarm = None
        if self._streams and not self._quiet:
            self._streams[-1].say(b"\r\n")
        self._pump()

    def _wake(self) -> None:
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class _Connection(asyncio.Protocol):
    """One client: a request, and its answer or a stream."""

    def __init__(self, reader: SimulatedImpinj) -> None:
        self._reader = reader
        self._received = b""
        self._chunked = False
        self.user = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.transport.set_write_buffer_limits(PLENTY, PLENTY // 2)
        self._reader.opened(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if end and len(body) >= int(fields.get("content-length", "0")):
            self._received = b""
            method, path, _ = first.split(" ")
            self._reader.asked(self, method, path, fields.get("authorization", ""), body)

    def connection_lost(self, error: Exception | None) -> None:
        self._reader.closed(self)

    def resume_writing(self) -> None:
        self._reader._pump()

    def answer(self, status: int, told: object) -> None:
        """And hang up."""
        body = b"" if told is None else json.dumps(told).encode()
        login = 'WWW-Authenticate: Basic realm="Impinj"\r\n' if status == 401 else ""
        length = "" if status == 204 else f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._head(status, f"{login}{length}Connection: close\r\n")
        self.transport.write(body)
        self.transport.close()

    def begin(self, user: str, chunked: bool) -> None:
        """The stream."""
        self.user, self._chunked = user, chunked
        self._head(200, "Content-Type: application/json\r\n" + "Transfer-Encoding: chunked\r\n" * chunked)

    def say(self, data: bytes) -> None:
        """A piece of the stream."""
        self.transport.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """The stream is over."""
        if self._chunked:
            self.transport.write(b"0\r\n\r\n")
        self.transport.close()

    def _head(self, status: int, fields: str) -> None:
        self.transport.write(
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nServer: nginx\r\n{fields}\r\n".encode()
        )
