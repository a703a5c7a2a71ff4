"""A simulated world for the devices of a configuration, as `waypost simulate` plays it through their stand-ins."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from core.site import Antenna, Site
from drivers.subscriber import Subscriber
from gateway.broker_stand_ins import on_broker
from gateway.configuration import Configuration
from gateway.road_stand_ins import on_the_road
from gateway.stand_ins import CannotSimulate, Player, StandIn, stand_in

if TYPE_CHECKING:
    from simulators.clock import Clock
    from simulators.fleet import Fleet
    from simulators.gps_world import GpsWorld
    from simulators.layout import Door, Layout, Room
    from simulators.world import World

STAYS_PER_HOUR = 30.0
"""In each room, beside what comes through doors: a site may have none."""


def stand_ins(configuration: Configuration, clock: "Clock", fleet: "Fleet") -> dict[str, StandIn | None]:
    """Of each device by its id; None where there is no simulator for it. Raises CannotSimulate."""
    settings, folder = configuration.settings, configuration.path.parent
    brokers = {one.id: one for one in settings.broker}
    found: dict[str, StandIn | None] = {}
    ports: dict[int, str] = {}
    for device in settings.device:
        if isinstance(device, Subscriber):
            made = on_broker(device, brokers[device.broker], folder, clock, fleet)
        else:
            made = stand_in(device, clock) or on_the_road(device, fleet, clock)
        found[device.id] = made
        if made is not None and made.port is not None and ports.setdefault(made.port, device.id) != device.id:
            raise CannotSimulate(
                f"{device.id}: port {made.port} is {ports[made.port]}'s; on one machine each needs one of its own"
            )
    if not any(found.values()):
        raise CannotSimulate(
            "there is no simulator for any of these devices; add one of kind llrp, tcp://HOST"
        )
    return found


def layout(site: Site, devices: Collection[str]) -> "Layout":
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

    near = _ports(one for one in antennas if one.side == between[0])
    far = _ports(one for one in antennas if one.side == between[1])
    if not near or not far:
        raise CannotSimulate(f"{portal}: {device} needs an antenna on each side of the portal to simulate it")
    return Door(portal, between, device, near, far)


def _room(device: str, zone: str, inside: str | None, antennas: list[Antenna]) -> "Room":
    from simulators.layout import Room

    return Room(zone, inside or zone, device, _ports(antennas))


def _ports(antennas: Iterable[Antenna]) -> tuple[int, ...]:
    """Of a simulated reader; 0 stands for any of its ports, and the first is one."""
    return tuple(max(one.port, 1) for one in antennas)


async def simulate(
    configuration: Configuration,
    seconds: float,
    seed: int,
    tell: Callable[[Mapping[str, StandIn | None], str], None],
) -> None:
    """Play one world, from now on, through the stand-ins of all devices; `tell` gets them and the truth (JSON) before it begins.

    Raises CannotSimulate and OSError.
    """
    from simulators.clock import RunningClock, sleep_until
    from simulators.fleet import Fleet
    from simulators.traffic import Scenario
    from simulators.world import World

    clock = RunningClock()
    fleet = Fleet(_roads(seed, clock.now(), seconds))
    found = stand_ins(configuration, clock, fleet)
    made = {name: one for name, one in found.items() if one is not None}
    happens = Scenario(
        seed, clock.now(), seconds, layout(configuration.site, made), stays_per_hour=STAYS_PER_HOUR
    )
    world = World(happens)
    async with AsyncExitStack() as stack:
        players = {name: await stack.enter_async_context(one.player) for name, one in made.items()}
        tell(found, _truth(world, fleet.world))
        await _play({name: one for name, one in players.items() if one is not None}, world)
        await sleep_until(clock, world.truth.end)


def _roads(seed: int, start: int, seconds: float) -> "GpsWorld":
    """Livelier than life: who watches does not want to wait for an hour until a van leaves."""
    from simulators.gps_scenario import GpsScenario
    from simulators.gps_world import GpsWorld

    return GpsWorld(GpsScenario(seed, start, seconds, spread=1500.0, stay=(10.0, 120.0), pause=(5.0, 60.0)))


def _truth(world: "World", roads: "GpsWorld") -> str:
    """Of the tags, and of what has a position under `road`."""
    from simulators.gps_truth import gps_truth

    found = json.loads(world.truth.to_json())
    return json.dumps({**found, "road": gps_truth(roads)} if roads.assets else found, indent=1)


async def _play(players: Mapping[str, Player], world: "World") -> None:
    try:
        async with asyncio.TaskGroup() as playing:
            for name in world.scenario.layout.readers:
                playing.create_task(players[name].play(world.play(name), world.epcs))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
