"""Simulators for the devices of a configuration that have a position: receivers on site, and trackers that call."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.base import Settings
from drivers.bound import UDP
from drivers.codecs.gpsd import PORT as GPSD_PORT
from drivers.gpsd import Gpsd
from drivers.gt06 import Gt06
from drivers.h02 import H02
from drivers.http_road import HttpRoad
from drivers.nmea import Nmea, place, says_baud
from drivers.osmand import OsmAnd
from drivers.owntracks_http import OwnTracksHttp
from drivers.queclink import Queclink
from drivers.road import Road
from drivers.serial_port import SerialPort
from drivers.streams import SCHEMES, Address, address
from drivers.teltonika import Teltonika
from gateway.stand_ins import HOST, CannotSimulate, StandIn, free_path

if TYPE_CHECKING:
    from simulators.clock import Clock
    from simulators.fleet import Fleet
    from simulators.nmea import SimulatedReceiver
    from simulators.trackers import SimulatedTracker

TRACKERS = 4
"""At each port, unless its settings name them."""
EVERY = 5.0
"""Seconds between two reports of a tracker."""
_IMEI = 15


def on_the_road(device: Settings, fleet: "Fleet", clock: "Clock") -> StandIn | None:
    """None if there is no simulator for such a device. Raises CannotSimulate."""
    match device:
        case Nmea():
            return _receiver(device, fleet, clock)
        case Gpsd(url=url):
            port = address(url, GPSD_PORT, GPSD_PORT).port
            return StandIn(f"tcp://{HOST}:{port}", _gpsd(device, port, fleet, clock), port)
        case Road():
            return _callers(device, fleet, clock)
    return None


@asynccontextmanager
async def at_work(several: Sequence[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """They run while the context lasts."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in several]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _callers(device: Road, fleet: "Fleet", clock: "Clock") -> StandIn | None:
    to = address(device.url, *device.usual_ports, device.schemes)
    kind = _kind(device, to.scheme)
    if kind is None:
        return None
    start, behind = fleet.world.scenario.start, "/phone" if isinstance(device, OwnTracksHttp) else ""
    trackers = [
        kind(name, fleet.receiver(f"{name}{behind}", EVERY), start, EVERY, fleet.faults(number))
        for number, name in enumerate(_names(device, behind))
    ]
    return StandIn(f"{len(trackers)} trackers call {HOST}:{to.port}", _calling(trackers, to, clock))


def _kind(device: Road, scheme: str) -> "type[SimulatedTracker] | None":
    from simulators.gt06 import SimulatedGt06
    from simulators.h02 import SimulatedH02
    from simulators.phones import SimulatedOsmAnd, SimulatedOwnTracksHttp
    from simulators.queclink import SimulatedQueclink
    from simulators.teltonika import SimulatedTeltonika, SimulatedTeltonikaUdp

    match device:
        case HttpRoad(password=str()):
            return None  # they have none to tell
        case OsmAnd():
            return SimulatedOsmAnd
        case OwnTracksHttp():
            return SimulatedOwnTracksHttp
        case Teltonika():
            return SimulatedTeltonikaUdp if scheme == UDP else SimulatedTeltonika
        case Gt06():
            return SimulatedGt06
        case H02():
            return SimulatedH02
        case Queclink():
            return SimulatedQueclink
    return None


def _names(device: Road, behind: str) -> Sequence[str]:
    """Those that may deliver, or some that nobody has; what the gateway names them by has `behind` behind it."""
    own = zlib.crc32(device.id.encode()) % 10**9
    phones = isinstance(device, HttpRoad)
    if device.trackers is None:
        numbers = range(TRACKERS)
        return [f"{device.id}-{number}" if phones else f"35{own:09}{number:04}" for number in numbers]
    found = [name.removesuffix(behind) for name in device.trackers if name.endswith(behind)]
    if not phones:
        found = [name for name in found if name.isdigit() and len(name) == _IMEI]
    if not found:
        form = f"USER{behind}" if phones else f"an IMEI of {_IMEI} digits"
        raise CannotSimulate(
            f"{device.id}: none of its trackers is {form}; leave them out while it is simulated"
        )
    return found[:TRACKERS]


@asynccontextmanager
async def _calling(
    trackers: "Sequence[SimulatedTracker]", to: Address, clock: "Clock"
) -> AsyncIterator[None]:
    from simulators.datagram_stream import open_datagrams

    over = open_datagrams if to.scheme == UDP else asyncio.open_connection
    async with at_work([one.call(HOST, to.port, clock, over) for one in trackers]):
        yield


def _receiver(device: Nmea, fleet: "Fleet", clock: "Clock") -> StandIn:
    from simulators.nmea import SimulatedReceiver
    from simulators.nmea_dialects import DIALECTS

    dialect, to = DIALECTS["u-blox"], place(device.url)
    if isinstance(to, SerialPort) and says_baud(device.url):
        dialect = replace(dialect, baud=to.baud)
    receiver = SimulatedReceiver(fleet.receiver(device.tracker or device.id), dialect)
    if isinstance(to, SerialPort):
        path = free_path(Path(to.path), device)
        return StandIn(f"serial://{to.path}", _on_port(receiver, path, clock))
    if to.scheme == SCHEMES[0]:
        return StandIn(f"tcp://{HOST}:{to.port}", _on_server(receiver, to.port, clock), to.port)
    return StandIn(f"{UDP}://{HOST}:{to.port}", _sending(receiver, to, clock))


@asynccontextmanager
async def _on_port(receiver: "SimulatedReceiver", path: Path, clock: "Clock") -> AsyncIterator[None]:
    from simulators.nmea_lines import ReceiverPort

    with ReceiverPort(receiver, path, clock):
        yield


@asynccontextmanager
async def _on_server(receiver: "SimulatedReceiver", port: int, clock: "Clock") -> AsyncIterator[None]:
    from simulators.nmea_lines import ReceiverServer

    async with ReceiverServer(receiver, clock, port).served():
        yield


@asynccontextmanager
async def _sending(receiver: "SimulatedReceiver", to: Address, clock: "Clock") -> AsyncIterator[None]:
    from simulators.nmea_lines import ReceiverSender

    async with ReceiverSender(receiver, clock).to(HOST, to.port):
        yield


@asynccontextmanager
async def _gpsd(device: Gpsd, port: int, fleet: "Fleet", clock: "Clock") -> AsyncIterator[None]:
    from simulators.gpsd import GpsdReceiver, SimulatedGpsd

    names = device.trackers or {"/dev/ttyACM0": device.tracker or device.id}
    receivers = {path: GpsdReceiver(fleet.receiver(name)) for path, name in names.items()}
    async with SimulatedGpsd(receivers, clock).served(port):
        yield
