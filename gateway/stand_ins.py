"""Which simulator stands in for which device of a configuration, and where it is; broker_stand_ins has those on
brokers, road_stand_ins those that have a position."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drivers.base import Driver, Settings
from drivers.codecs import mercury as mercury_codec
from drivers.impinj_http import ImpinjHttp
from drivers.input_device import input_path
from drivers.llrp import Llrp
from drivers.m100 import M100
from drivers.mercury import MOST_PORTS, Mercury
from drivers.scanner import Scanner
from drivers.secret import reveal
from drivers.serial_port import SerialPort, where
from drivers.ssi import Ssi
from drivers.streams import SCHEMES, WEB_SCHEMES, Address, address
from drivers.tsl import Tsl
from drivers.uhfreader import UhfReader
from drivers.web import PORT as WEB_PORT
from drivers.web import TLS_PORT as WEB_TLS_PORT
from drivers.wedge import Wedge

if TYPE_CHECKING:
    from simulators.clock import Clock
    from simulators.serial_line import Line
    from simulators.serial_module import SimulatedModule
    from simulators.world import Sightings

HOST = "127.0.0.1"
STRONGEST = 3300
"""Hundredths of dBm: what a simulated module allows, so that no setting is refused for its power."""
RETRY = 1.0
"""Seconds between two calls of a reader that calls us."""


Module = M100 | Mercury | Scanner | Ssi | Tsl | UhfReader
"""What speaks over a serial line."""


class CannotSimulate(Exception):
    """The configuration asks for what cannot be simulated here; the text names it and the remedy."""


class Player(Protocol):
    """A simulated device at work."""

    async def play(self, pieces: "Iterable[Sightings]", epcs: tuple[bytes, ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class StandIn:
    """at: where it is, in words;  port: that it takes on loopback, if any.

    player  it is there while the context lasts; None of what hears no tags, and plays by itself
    """

    at: str
    player: AbstractAsyncContextManager[Player | None]
    port: int | None = None


def stand_in(device: Settings, clock: "Clock") -> StandIn | None:
    """For a device with a connection of its own; None if there is no simulator for such a one.

    Raises CannotSimulate.
    """
    match device:
        case Llrp(url=url):
            return _llrp(address(url, *Llrp.usual_ports), clock)
        case ImpinjHttp():
            return _impinj(device, clock)
        case M100() | Mercury() | Scanner() | Ssi() | Tsl() | UhfReader():
            return _module(device, clock)
        case Wedge(url=url):
            return StandIn(url, _typing(free_path(Path(input_path(url)), device), clock))
    return None


def _llrp(to: Address, clock: "Clock") -> StandIn | None:
    from simulators.llrp import SimulatedReader

    if to.scheme == "tcp":
        return StandIn(f"tcp://{HOST}:{to.port}", SimulatedReader(clock=clock, port=to.port), to.port)
    if to.scheme == "listen":
        return StandIn(f"calls {HOST}:{to.port}", _calling(to.port, clock))
    return None


@asynccontextmanager
async def _calling(port: int, clock: "Clock") -> AsyncIterator[Player]:
    """A reader that calls whoever listens, again and again."""
    from simulators.llrp import SimulatedReader

    async def call(reader: SimulatedReader) -> None:
        while True:
            if not reader.client:
                with suppress(OSError):
                    await reader.call(HOST, port)
            await asyncio.sleep(RETRY)

    async with SimulatedReader(clock=clock) as reader:
        calling = asyncio.create_task(call(reader))
        try:
            yield reader
        finally:
            calling.cancel()


def _impinj(device: ImpinjHttp, clock: "Clock") -> StandIn | None:
    from simulators.impinj import SimulatedImpinj
    from simulators.impinj_device import Setup

    to = address(device.url, WEB_PORT, WEB_TLS_PORT, WEB_SCHEMES)
    if to.scheme != "http":
        return None
    try:
        password = reveal(device.password)
    except LookupError as error:
        raise CannotSimulate(f"{device.id}: its password is not there: {error}") from None
    setup = Setup(users={device.user: password}, presets=("default", *filter(None, [device.preset])))
    return StandIn(f"http://{HOST}:{to.port}", SimulatedImpinj(setup, clock, port=to.port), to.port)


def _module(device: Module, clock: "Clock") -> StandIn | None:
    to = where(device.url, 9600, *device.usual_ports[:1])  # on a pseudo-terminal no rate means anything
    if isinstance(to, SerialPort):
        return StandIn(f"serial://{to.path}", _on_port(device, free_path(Path(to.path), device), clock))
    if to.scheme == SCHEMES[0]:
        return StandIn(f"tcp://{HOST}:{to.port}", _on_server(device, to.port, clock), to.port)
    return None


def free_path(path: Path, device: Driver) -> Path:
    """The place for a link or a pipe; one that a simulator left behind is taken away."""
    if path.is_symlink() and not path.exists():
        path.unlink()
    remedy = "set its url to a path in a folder of your own while it is simulated, as serial:///tmp/desk"
    if path.exists():
        raise CannotSimulate(f"{device.id}: {path} is there already; {remedy}")
    if not path.parent.is_dir():
        raise CannotSimulate(f"{device.id}: there is no folder {path.parent}; {remedy}")
    return path


@asynccontextmanager
async def _on_port(device: Module, path: Path, clock: "Clock") -> AsyncIterator[Player]:
    from simulators.serial_line import PtyLine

    module = _made(device)
    with PtyLine(module, path, clock) as line:
        yield _player(line, module)


@asynccontextmanager
async def _on_server(device: Module, port: int, clock: "Clock") -> AsyncIterator[Player]:
    from simulators.serial_line import TcpLine

    module = _made(device)
    async with TcpLine(module, clock, port).served() as line:
        yield _player(line, module)


@asynccontextmanager
async def _typing(path: Path, clock: "Clock") -> AsyncIterator[Player]:
    """A keyboard in the form of a pipe."""
    from simulators.clerk import Clerk
    from simulators.wedge import SimulatedWedge

    with SimulatedWedge(path) as keys:
        yield Clerk(keys.read, clock)


def _made(device: Module) -> "SimulatedModule":
    """A module that is as the settings want it."""
    from simulators.m100 import SimulatedM100
    from simulators.mercury import SimulatedMercury
    from simulators.scanner import SimulatedScanner
    from simulators.ssi import SimulatedSsi
    from simulators.tsl import SimulatedTsl
    from simulators.uhfreader import SimulatedUhfReader

    match device:
        case M100():
            return SimulatedM100(most_power=STRONGEST)
        case Mercury(region=region):
            ports = tuple(range(1, MOST_PORTS + 1))
            return SimulatedMercury((mercury_codec.REGIONS[region],), ports, STRONGEST)
        case UhfReader():
            return SimulatedUhfReader()
        case Tsl():
            return SimulatedTsl()
        case Ssi():
            return SimulatedSsi()
        case Scanner():
            return SimulatedScanner()


def _player(line: "Line", module: "SimulatedModule") -> Player:
    """Who works with it: a handheld and a scanner are in somebody's hand."""
    from simulators.clerk import Clerk
    from simulators.hand import Hand
    from simulators.scanner import SimulatedScanner
    from simulators.ssi import SimulatedSsi
    from simulators.tsl import SimulatedTsl

    match module:
        case SimulatedTsl():
            return Hand(line, module)
        case SimulatedScanner():
            return Clerk(lambda label: line.send(module.read(label)), line.clock)
        case SimulatedSsi():
            return Clerk(lambda label: line.say(module.read(label, line.clock.now())), line.clock)
    return line
