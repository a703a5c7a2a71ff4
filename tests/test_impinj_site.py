"""Impinj readers through the running daemon, by their streams and on a real broker: its events are the truth."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.records import AntennaState, Idle
from gateway.app import Daemon
from gateway.clock import Clock
from simulators.clock import SECOND, RunningClock
from simulators.deliveries import sightings
from simulators.impinj import SimulatedImpinj
from simulators.impinj_device import Setup
from simulators.impinj_events import tag
from simulators.impinj_mqtt import SimulatedImpinjMqtt
from simulators.layout import docks, site_toml
from simulators.llrp_reports import Sighting
from simulators.score import compare
from simulators.traffic import Scenario
from simulators.world import World
from tests.broker_site import configured, reader, sighting
from tests.fix_daemon import events, gaps, inputs, reads, until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import LEAD, SENTINEL, START, Blindness, Wall, all_up, daemon, heard, now, pause_until
from tests.virtual_loop import run

SETTLED = 60
KEEPS = ("persistence true", "max_inflight_messages 2000", "max_queued_messages 50000")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", "impinj")


def toml(world: World, urls: dict[str, str]) -> str:
    text = site_toml(world.scenario.layout, world.truth.items, urls)
    return text.replace('kind = "llrp"', 'kind = "impinj-http"\npassword = "env:READER_PASSWORD"')


@asynccontextmanager
async def stage(
    world: World, folder: Path, setup: Setup
) -> AsyncIterator[tuple[RunningClock, dict[str, SimulatedImpinj], Daemon]]:
    """A world's readers and a daemon that reads their streams, a moment before the world begins."""
    clock = RunningClock(START - LEAD * SECOND)
    async with AsyncExitStack() as stack:
        readers = {
            name: await stack.enter_async_context(SimulatedImpinj(replace(setup), clock))
            for name in world.scenario.layout.readers
        }
        file = folder / "waypost.toml"
        file.write_text(toml(world, {name: one.url for name, one in readers.items()}))
        async with daemon(file, Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "the readers are up")
            yield clock, readers, one


def small(rooms: int, start: int = START) -> World:
    layout = docks(1, rooms=rooms)
    return World(
        Scenario(107, start, 200.0, layout, 120.0, 20.0, 5.0, visits=1.0, tags=(1, 4), registered=0.8)
    )


async def play(world: World, readers: dict[str, SimulatedImpinj]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for name, one in readers.items():
            tasks.create_task(one.play(world.play(name), world.epcs))


def test_the_events_of_a_world_are_the_truth(tmp_path: Path) -> None:
    """Read live."""
    world = small(rooms=1)

    async def main() -> None:
        async with stage(world, tmp_path, Setup()) as (clock, readers, _):
            await play(world, readers)
            await pause_until(clock, 200 + SETTLED)

    run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right == len(world.truth.crossings) > 5
    assert score.ends == 2 * len(world.truth.visits) > 0
    found = reads(journal)
    assert set(found) == heard(world)
    assert max(found.values()) == 1
    assert gaps(journal) == []


def test_streams_that_are_cut_and_told_again(tmp_path: Path) -> None:
    """In the middle of an event, while a pallet passes; what was held meanwhile, and lines that come a second time."""
    world = small(rooms=0)
    cuts = (30, 71, 120)

    async def main() -> None:
        async with stage(world, tmp_path, Setup(resends=25)) as (clock, readers, _):
            playing = asyncio.create_task(play(world, readers))
            for second in cuts:
                await pause_until(clock, second)
                for one in readers.values():
                    one.cut_in_an_event()
            await playing
            await pause_until(clock, 200 + SETTLED)

    run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right > 5
    found = reads(journal)
    assert set(found) == heard(world)
    assert max(found.values()) > 1, "some came twice, and were counted once"
    blind = Blindness.of(gaps(journal))
    assert all(blind.covers("door1", START + second * SECOND, slack=1.0) for second in cuts)


def test_a_reader_that_restarts_loses_what_it_held_and_that_is_a_gap(tmp_path: Path) -> None:
    world = small(rooms=0)

    async def main() -> None:
        async with stage(world, tmp_path, Setup()) as (clock, readers, one):
            playing = asyncio.create_task(play(world, readers))
            await pause_until(clock, 60)
            readers["door1"].power_cycle()
            await until(lambda: one.links["door1"].health.state == "down", "it is missed")
            await playing
            await pause_until(clock, 200 + SETTLED)
            assert one.links["door1"].health.state == "up"

    run(main())
    journal = tmp_path / "waypost.db"
    blind = Blindness.of(gaps(journal))
    assert blind.covers("door1", START + 60 * SECOND, slack=1.0)
    missing = heard(world) - set(reads(journal))
    assert all(blind.covers(device, time, slack=1.0) for device, _, _, time in missing)
    assert not set(reads(journal)) - heard(world)


def test_a_backlog_of_a_day_without_a_gateway(tmp_path: Path) -> None:
    """Nobody listened while all of it happened: it comes in order, with its own times, and nothing of it is of now."""
    world = small(rooms=0)

    async def main() -> None:
        clock = RunningClock(START - LEAD * SECOND)
        async with AsyncExitStack() as stack:
            readers = {
                name: await stack.enter_async_context(SimulatedImpinj(Setup(), clock))
                for name in world.scenario.layout.readers
            }
            file = tmp_path / "waypost.toml"
            file.write_text(toml(world, {name: one.url for name, one in readers.items()}))
            async with daemon(file, Wall(clock).clock()) as first:
                await until(lambda: all_up(first), "the readers are up")
            await play(world, readers)
            await pause_until(clock, 8 * 3600)
            async with daemon(file, Wall(clock).clock()):
                await pause_until(clock, 8 * 3600 + 300)

    run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right > 5
    assert not any(event.late for event in events(journal)), "a backlog in order is not late"
    assert set(reads(journal)) == heard(world)
    assert max(event.time for event in events(journal, "passed", "arrived")) < START + 260 * SECOND


def test_a_wrong_password_stops_that_device_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", "guess")

    async def main() -> str:
        async with SimulatedImpinj() as one:
            file = tmp_path / "waypost.toml"
            antennas = 'antennas = [{ port = 1, zone = "warehouse" }]\n'
            file.write_text(
                '[site]\nid = "leeds"\n[[zone]]\nid = "warehouse"\n[[device]]\nid = "dock1"\nkind = "impinj-http"\n'
                f'url = "{one.url}"\npassword = "env:READER_PASSWORD"\n{antennas}'
            )
            async with daemon(file, Clock()) as site:
                health = site.links["dock1"]
                await until(lambda: health.health.state == "failed", "it is stopped")
                return str(health.health.error)

    assert asyncio.run(main()).startswith("wrong user name or password for 'root'")


# Through a broker


def on_broker(world: World) -> str:
    """The devices of a world as Subscribers; the topic has the reader's name."""
    text = toml(world, {name: f"mqtt:{name}" for name in world.scenario.layout.readers})
    for name in world.scenario.layout.readers:
        there = f'kind = "impinj-http"\npassword = "env:READER_PASSWORD"\nurl = "mqtt:{name}"\n'
        assert there in text
        text = text.replace(there, f'kind = "impinj"\nbroker = "main"\ntopic = "rfid/{name}/#"\n')
    return text


def test_a_world_through_a_broker_that_tells_parts_of_it_twice(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """All of it happened while Waypost was away; the broker has kept it."""
    mosquitto.start(*KEEPS)
    begin = now() // SECOND * SECOND - 400 * SECOND
    world = small(rooms=0, start=begin)
    file = tmp_path / "waypost.toml"
    file.write_text(f'{on_broker(world)}[[broker]]\nid = "main"\nurl = "mqtt://127.0.0.1:{mosquitto.port}"\n')

    async def publish(name: str) -> None:
        device = SimulatedImpinjMqtt(f"rfid/{name}")
        async with reader(mosquitto.port, name) as client:
            for piece in world.play(name):
                seen = [(one, one.time or 0) for _, one in sightings(piece, world.epcs)]
                await device.tell(client, seen)
                await device.tell(client, seen[-20:])

    async def main() -> None:
        async with daemon(file, Clock()) as first:
            await until(lambda: all_up(first), "the broker has let us in")
        for name in world.scenario.layout.readers:
            await publish(name)
        async with daemon(file, Clock()) as second:
            wanted = len(heard(world))
            await until(lambda: len(set(reads(tmp_path / "waypost.db"))) >= wanted, "all of it is read")
            async with reader(mosquitto.port, "late") as client:
                for name in world.scenario.layout.readers:
                    time = now()
                    device = SimulatedImpinjMqtt(f"rfid/{name}")
                    await device.publish(client, tag(Sighting(1, SENTINEL), time, time, device.fields, name))
            await until(
                lambda: all(
                    link.last_read and link.last_read > begin + 390 * SECOND for link in second.links.values()
                ),
                "the last tag",
            )

    asyncio.run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right > 5
    found = reads(journal)
    assert {row for row in found if row[1] != SENTINEL.hex().upper()} == heard(world)
    assert max(found.values()) == 2


def test_states_of_a_reader_on_a_broker(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Its will, its antennas, its inventory, and what it threw away."""
    mosquitto.start()
    device = (
        '[[device]]\nid = "dock1"\nkind = "impinj"\nbroker = "main"\ntopic = "rfid/dock1/#"\n'
        'presence = { topic = "rfid/dock1/status" }\nantennas = [{ port = 1, zone = "warehouse" }]\n'
    )
    file = configured(tmp_path, mosquitto.port, device)
    told = SimulatedImpinjMqtt("rfid/dock1")

    async def main() -> None:
        async with reader(mosquitto.port, "dock1") as client, daemon(file, Clock()) as site:
            link = site.links["dock1"]
            await client.publish("rfid/dock1/status", "connection lost", 1, retain=True)
            await until(lambda: link.health.state == "down", "its will is known")
            assert link.health.error == "its will says that it has gone"
            await client.publish("rfid/dock1/status", "connected", 1, retain=True)
            await until(lambda: link.health.state == "up", "it is back")
            await told.tell(client, [(sighting(), now())])
            await told.say(client, "antennaDisconnected", now(), {"antennaPort": 1})
            await told.say(client, "inventoryStatus", now(), {"status": "armed"})
            await told.say(client, "overflow", now(), {"eventsPurged": 7})
            await until(lambda: link.counters["events_lost"] == 7, "all was read")
            await client.publish("rfid/dock1/status", "disconnected", 1, retain=True)
            await until(lambda: link.counters["malformed"] >= 1, "that is neither of the two")
            assert link.health.state == "up"

    asyncio.run(main())
    journal = tmp_path / "waypost.db"
    bodies = [input.body for input in inputs(journal)]
    assert [body.connected for body in bodies if isinstance(body, AntennaState)] == [False]
    assert [body.idle for body in bodies if isinstance(body, Idle)] == [True]
    assert any("threw away 7" in gap.reason for gap in gaps(journal))
