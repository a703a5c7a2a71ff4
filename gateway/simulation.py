"""Simulated readers for the devices of a configuration, as `waypost simulate` runs them."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.site import Antenna, Site
from gateway.configuration import Configuration

if TYPE_CHECKING:
    from simulators.layout import Door, Layout, Room


class CannotSimulate(Exception):
    """The configuration asks for what the simulated world does not have; the text names it and the remedy."""


def ports(configuration: Configuration) -> dict[str, int]:
    """The TCP port of each LLRP device; they are served on this machine's loopback, whatever host the URL names."""
    found: dict[str, int] = {}
    for device in configuration.settings.device:
        url = urlsplit(getattr(device, "url", ""))
        if device.kind != "llrp" or url.scheme != "tcp":
            continue
        port = url.port or 5084
        if port in found.values():
            text = (
                f"{device.id}: port {port} is another device's; give each a port of its own to simulate them"
            )
            raise CannotSimulate(text)
        found[device.id] = port
    if not found:
        raise CannotSimulate("no device of kind llrp with a url tcp://HOST:PORT; add one")
    return found


def layout(site: Site, devices: Mapping[str, int]) -> "Layout":
    """The doors and rooms that the devices' antennas look at."""
    from simulators.layout import Layout

    places: dict[tuple[str, str], list[Antenna]] = {}
    for source in site.sources:
        if source.id in devices:
            for antenna in source.antennas:
                place = antenna.portal or antenna.zone or ""
                places.setdefault((source.id, place), []).append(antenna)
    doors, rooms = [], []
    for (device, place), antennas in places.items():
        portal = next((one for one in site.portals if one.id == place), None)
        if portal is not None:
            doors.append(_door(device, portal.id, portal.between, antennas))
        else:
            zone = next(one for one in site.zones if one.id == place)
            rooms.append(_room(device, zone.id, zone.inside, antennas))
    return Layout(site.id, tuple(doors), tuple(rooms))


def _door(device: str, portal: str, between: tuple[str, str], antennas: list[Antenna]) -> "Door":
    from simulators.layout import Door

    near = tuple(one.port for one in antennas if one.side == between[0])
    far = tuple(one.port for one in antennas if one.side == between[1])
    if not near or not far:
        raise CannotSimulate(f"{portal}: {device} needs an antenna on each side of the portal to simulate it")
    return Door(portal, between, device, near, far)


def _room(device: str, zone: str, inside: str | None, antennas: list[Antenna]) -> "Room":
    from simulators.layout import Room

    return Room(zone, inside or zone, device, tuple(one.port for one in antennas))


async def simulate(configuration: Configuration, seconds: float, seed: int) -> None:
    """Play traffic to whoever connects, in real time."""
    from simulators.llrp import SimulatedReader
    from simulators.traffic import Scenario
    from simulators.world import World

    devices = ports(configuration)
    start = time.time_ns() // 1000
    world = World(Scenario(seed, start, seconds, layout(configuration.site, devices)))
    async with AsyncExitStack() as stack:
        readers = {
            name: await stack.enter_async_context(SimulatedReader(port=port))
            for name, port in devices.items()
        }
        played = (
            reader.play(world.play(name), world.epcs)
            for name, reader in readers.items()
            if name in world.scenario.layout.readers
        )
        await asyncio.gather(*played)
        await asyncio.sleep(max(world.truth.end / 1e6 - time.time(), 0))
