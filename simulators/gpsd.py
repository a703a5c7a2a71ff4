"""A gpsd on a free port of the loopback interface, whose receivers follow given tracks."""

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators.clock import Alarm, Clock, RunningClock
from simulators.receiver import Place, Receiver

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = {"class": "VERSION", "release": "3.25", "rev": "3.25", "proto_major": 3, "proto_minor": 15}


@dataclass(frozen=True, slots=True)
class GpsdReceiver:
    """`rate` of fixes, 1/s; from when to when there is no fix (`tunnel`, microseconds UTC); its dates are so many `eras` of
    1024 weeks too early."""

    track: Receiver
    rate: float = 1.0
    tunnel: tuple[int, int] = (0, 0)
    eras: int = 0

    @property
    def period(self) -> int:
        """Microseconds between two fixes."""
        return round(1_000_000 / self.rate)

    def place(self, time: int) -> Place | None:
        """Where it is, None if it does not know."""
        place = self.track.at(time)
        return None if self.tunnel[0] <= time < self.tunnel[1] or not place.good else place


class SimulatedGpsd(asyncio.Protocol):
    """For one client at a time. Receivers by the path of their device.

    told  what was reported: device, time, place
    deaf  it answers nothing and tells nothing any more, though the connection stands
    """

    def __init__(self, receivers: Mapping[str, GpsdReceiver], clock: Clock | None = None) -> None:
        self.receivers = receivers
        self.clock: Clock = clock or RunningClock()
        self.url = ""
        self.told: list[tuple[str, int, Place]] = []
        self.deaf = False
        self.polls = 0
        self.gone = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._alarms: dict[str, Alarm] = {}
        self._rest = b""

    @contextlib.asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator["SimulatedGpsd"]:
        """It listens while the context lasts; on a free port if it is 0."""
        server = await asyncio.get_running_loop().create_server(lambda: self, "127.0.0.1", port)
        self.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            if self._transport is not None:
                self._transport.abort()
                await self.gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest = transport, b""
        self.gone.clear()
        self._say(_VERSION)

    def connection_lost(self, error: Exception | None) -> None:
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        self._transport = None
        self.gone.set()

    def data_received(self, data: bytes) -> None:
        *asked, self._rest = (self._rest + data).split(b";")
        for one in asked:
            self._answer(one.strip())

    def hang_up(self) -> None:
        """gpsd ends."""
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, asked: bytes) -> None:
        command, _, parameters = asked.partition(b"=")
        if command == b"?WATCH":
            self._say({"class": "DEVICES", "devices": [self._device(path) for path in self.receivers]})
            self._say({"class": "WATCH", **json.loads(parameters)})
            for path, receiver in self.receivers.items():
                self._wait(path, -(-self.clock.now() // receiver.period) * receiver.period)
        elif command == b"?POLL":
            self.polls += 1
            self._say({"class": "POLL", "active": len(self.receivers), "tpv": [], "sky": []})
        else:
            self._say({"class": "ERROR", "message": f"Unrecognized request '{asked.decode()}'"})

    def _device(self, path: str) -> dict[str, object]:
        return {"class": "DEVICE", "path": path, "driver": "u-blox", "bps": 9600}

    def _wait(self, path: str, time: int) -> None:
        self._alarms[path] = self.clock.call_at(time, lambda: self._report(path, time))

    def _report(self, path: str, time: int) -> None:
        """Two reports of one time, as gpsd has them: the second knows more."""
        receiver = self.receivers[path]
        self._wait(path, time + receiver.period)
        place = receiver.place(time)
        shown = _EPOCH + timedelta(microseconds=time) - receiver.eras * timedelta(weeks=1024)
        head = {
            "class": "TPV",
            "device": path,
            "time": f"{shown:%Y-%m-%dT%H:%M:%S}.{time % 1_000_000 // 1000:03d}Z",
        }
        if place is None:
            self._say({**head, "mode": 1})
            return
        sky = {"class": "SKY", "device": path, "hdop": place.hdop, "uSat": place.satellites}
        where = {"lat": round(place.lat, 9), "lon": round(place.lon, 9)}
        more = {"altMSL": round(place.alt, 3)}
        if not math.isnan(place.speed):
            more |= {"speed": round(place.speed, 3), "track": round(place.course, 4)}
        self._say(sky)
        self._say({**head, "mode": 2, **where})
        self._say({**head, "mode": 3, **where, **more, **_errors(place)})
        if not self.deaf:
            self.told.append((path, time, place))

    def _say(self, what: Mapping[str, object]) -> None:
        if self._transport is not None and not self.deaf:
            self._transport.write(json.dumps(what, separators=(",", ":")).encode() + b"\r\n")


def _errors(place: Place) -> dict[str, float]:
    """Of 95 % of the positions: of a circle, and of each axis."""
    axis = round(1.96 * place.accuracy, 3)
    return {"eph": round(2.45 * place.accuracy, 3), "epx": axis, "epy": axis}
