"""A whole simulated site, and its hands: clocks."""

import asyncio
import tomllib

from simulators.clock import SECOND, RunningClock, SteppedClock, sleep_until
from simulators.layout import docks
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.llrp_client import Client, epcs, live, rospec


@live
async def test_a_world_of_the_past_comes_as_a_backlog() -> None:
    clock = RunningClock()
    scenario = Scenario(
        start=clock.now() - 200 * SECOND, seconds=120.0, layout=docks(2, 0), crossings_per_hour=120.0
    )
    world = World(scenario)
    async with SimulatedSite(world, clock) as site:
        devices = {device["id"]: device["url"] for device in tomllib.loads(site.toml())["device"]}
        assert devices == {id: reader.url for id, reader in site.readers.items()}
        clients = [asyncio.create_task(heard(site, id)) for id in site.readers]
        await site.reading()
        await site.play()
        for id, client in zip(site.readers, clients, strict=True):
            assert await client == [world.epcs[tag] for tag in world.sightings(id).tag]


async def heard(site: SimulatedSite, id: str) -> list[bytes]:
    """Every EPC that a client of the reader gets, to the end of the world."""
    total = len(site.world.sightings(id))
    async with Client(site.readers[id].port) as client:
        await client.next()
        await client.succeed("ADD_ROSPEC", rospec())
        await client.succeed("ENABLE_ROSPEC", rospec_id=1)
        found: list[bytes] = []
        while len(found) < total:
            found += epcs(await client.expect("RO_ACCESS_REPORT"))
        return found


@live
async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock, woken = SteppedClock(0), list[int]()

    async def sleeper(time: int) -> None:
        await sleep_until(clock, time)
        woken.append(time)

    async with asyncio.TaskGroup() as group:
        for time in (3 * SECOND, SECOND, 0, 2 * SECOND):
            group.create_task(sleeper(time))
        await asyncio.sleep(0)
        clock.advance(2.5)
        assert clock.now() == 2.5 * SECOND
        clock.advance(0.5)
    assert sorted(woken) == [0, SECOND, 2 * SECOND, 3 * SECOND]


@live
async def test_a_running_clock_wakes_its_sleepers() -> None:
    clock = RunningClock(start=0, speed=1000.0)
    await sleep_until(clock, SECOND)
    assert clock.now() >= SECOND


def test_what_was_cancelled_is_not_called() -> None:
    clock, called = SteppedClock(0), list[str]()
    clock.call_at(SECOND, lambda: called.append("kept"))
    clock.call_at(SECOND, lambda: called.append("cancelled")).cancel()
    clock.advance(2)
    assert called == ["kept"]


def test_calls_see_the_time_for_which_they_were_made() -> None:
    clock, seen = SteppedClock(0), list[int]()
    for time in (3, 1, 2):
        clock.call_at(time * SECOND, lambda: seen.append(clock.now()))
    clock.advance(10)
    assert seen == [SECOND, 2 * SECOND, 3 * SECOND]
