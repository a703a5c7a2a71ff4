"""A simulated world, through Zebra readers on a real broker into the running daemon: its events are the truth.

All of it happened a few minutes ago: the readers had kept it, and tell it as fast as the broker takes it.
"""

import asyncio
from pathlib import Path

from gateway.app import Daemon
from gateway.clock import Clock
from simulators.clock import SECOND
from simulators.deliveries import sightings
from simulators.layout import docks, site_toml
from simulators.llrp_reports import Sighting
from simulators.score import compare
from simulators.traffic import Scenario
from simulators.world import World
from simulators.zebra import SimulatedZebra
from tests.broker_site import reader
from tests.fix_daemon import Row, events, reads, until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import SENTINEL, all_up, daemon, heard, now

KEEPS = ("persistence true", "max_inflight_messages 2000", "max_queued_messages 100000")
MILLISECOND = 1000
AGAIN = 20
Seen = list[tuple[Sighting, int]]


def configured(world: World, folder: Path, port: int) -> Path:
    """Each reader of the world as a Zebra on the broker."""
    text = site_toml(world.scenario.layout, world.truth.items)
    for name in world.scenario.layout.readers:
        recorded = f'id = "{name}"\nkind = "recorded"\n'
        assert recorded in text
        there = f'kind = "zebra"\nbroker = "main"\ntopic = "zebra/{name}/data"\n'
        text = text.replace(recorded, f'id = "{name}"\n{there}')
    file = folder / "waypost.toml"
    file.write_text(f'{text}[[broker]]\nid = "main"\nurl = "mqtt://127.0.0.1:{port}"\n')
    return file


def pieces(world: World, name: str) -> list[Seen]:
    """What a reader saw, 20 s at a time, with the times that it tells."""
    return [[(one, one.time or 0) for _, one in sightings(piece, world.epcs)] for piece in world.play(name)]


async def tell(port: int, devices: dict[str, SimulatedZebra], told: dict[str, list[Seen]]) -> None:
    """Some pieces of each reader, the last reads of each piece twice."""
    for name, device in devices.items():
        async with reader(port, name) as client:
            for seen in told[name]:
                await device.tell(client, seen)
                device.number -= len(seen[-AGAIN:])
                await device.tell(client, seen[-AGAIN:])


async def wait_for(one: Daemon, journal: Path, wanted: set[Row]) -> None:
    await until(lambda: wanted <= set(reads(journal)), "all that was told is in the journal")


def test_the_events_are_the_truth_though_the_broker_restarts_and_readers_tell_twice_and_late(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """Kept while Waypost was away, over a restart of the broker; told in a wrong order; cut off while it is fetched."""
    mosquitto.start(*KEEPS)
    world = World(
        Scenario(
            157, now() // SECOND * SECOND - 300 * SECOND, 200.0, docks(1, rooms=1), 160.0, 10.0, 3.0,
            visits=1.0, tags=(1, 2), registered=0.8,
        )
    )  # fmt: skip
    file, journal = configured(world, tmp_path, mosquitto.port), tmp_path / "waypost.db"
    names = world.scenario.layout.readers
    devices = {name: SimulatedZebra(f"zebra/{name}/data", as_array=name != names[0]) for name in names}
    played = {name: pieces(world, name) for name in names}
    half = {name: len(one) // 2 for name, one in played.items()}
    first = {name: one[: half[name]] for name, one in played.items()}
    rest = {name: [*one[half[name] + 1 :], one[half[name]]] for name, one in played.items()}
    wanted = {(name, tag, port, at // MILLISECOND * MILLISECOND) for name, tag, port, at in heard(world)}

    async def main() -> None:
        async with daemon(file, Clock()) as one:
            await until(lambda: all_up(one), "the broker has let us in")
        await tell(mosquitto.port, devices, first)
        mosquitto.stop()
        mosquitto.start(*KEEPS)
        async with daemon(file, Clock()) as one:
            await until(lambda: one.brokers["main"].messages > 0, "it is fetched")
            mosquitto.stop()
            mosquitto.start(*KEEPS)
            await until(lambda: all_up(one), "the broker has let us in again")
            await tell(mosquitto.port, devices, rest)
            await wait_for(one, journal, wanted)
            at = now() // MILLISECOND * MILLISECOND
            last = {name: [[(Sighting(1, SENTINEL), at)]] for name in names}
            await tell(mosquitto.port, devices, last)
            await wait_for(one, journal, {(name, SENTINEL.hex().upper(), 1, at) for name in names})

    asyncio.run(main())
    found = reads(journal)
    assert {row for row in found if row[1] != SENTINEL.hex().upper()} == wanted
    assert max(found.values()) > 1, "some came twice, and were counted once"
    score = compare(world.truth, (event for event in events(journal) if event.tag != SENTINEL.hex().upper()))
    assert score.perfect, score
    assert score.right == len(world.truth.crossings) > 5
    assert score.ends == 2 * len(world.truth.visits) > 0
