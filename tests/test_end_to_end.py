"""The simulated world, through real sockets, into the running daemon: its events are what really happened."""

import asyncio
from pathlib import Path

import pytest

from simulators.clock import SECOND, RunningClock
from simulators.layout import docks
from simulators.llrp_device import Setup
from simulators.llrp_models import FX9600
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import events, gaps, reads, until
from tests.fix_site import (
    LEAD,
    START,
    Blindness,
    Wall,
    all_up,
    configure,
    daemon,
    filled_right,
    heard,
    pause_until,
    stage,
)
from tests.virtual_loop import run

SETTLED = 60
"""Seconds after the world's end by which every silence of 30 s is noticed."""


@pytest.mark.parametrize(
    ("doors", "seed", "tags", "setup"),
    [(2, 126, 4, Setup()), (2, 162, 3, Setup(FX9600)), (3, 50, 4, Setup(merges=True))],
)
def test_the_events_of_a_world_are_the_truth(
    tmp_path: Path, doors: int, seed: int, tags: int, setup: Setup
) -> None:
    """Some minutes at some doors and a room, heard live; strays and unregistered tags among them."""
    seconds, layout = (240.0 if tags == 3 else 260.0), docks(doors, rooms=1)
    world = World(
        Scenario(seed, START, seconds, layout, 60.0, 20.0, 5.0, visits=1.0, tags=(1, tags), registered=0.8)
    )

    async def main() -> None:
        async with stage(world, tmp_path, setup) as (clock, site, _):
            await site.play()
            await pause_until(clock, seconds + SETTLED)

    run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right == len(world.truth.crossings) > 10
    assert score.ends == 2 * len(world.truth.visits) > 0
    assert {stray.kind for stray in world.truth.strays} == {"one-sided", "parked"}
    found = reads(journal)
    assert set(found) == heard(world)
    assert max(found.values()) == 1
    assert gaps(journal) == []


def busy(seed: int, doors: int = 2) -> World:
    """Three minutes at some doors."""
    layout = docks(doors, rooms=0)
    return World(Scenario(seed, START, 180.0, layout, 120.0, 20.0, 20.0, tags=(2, 6), registered=0.9))


async def away(site: SimulatedSite, clock: RunningClock, since: float, to: float) -> None:
    """No network between these seconds of the world."""
    await pause_until(clock, since)
    for reader in site.readers.values():
        reader.cut_network()
    await pause_until(clock, to)
    for reader in site.readers.values():
        reader.restore_network()


def test_what_readers_held_while_the_network_was_away_is_not_lost(tmp_path: Path) -> None:
    world = busy(7)

    async def main() -> None:
        async with stage(world, tmp_path) as (clock, site, _):
            playing = asyncio.create_task(site.play())
            for since, to in ((20, 21), (50, 95), (120, 128)):
                await away(site, clock, since, to)
            await playing
            await pause_until(clock, 180 + SETTLED)

    run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert score.right > 10
    found = reads(journal)
    assert set(found) == heard(world)
    assert max(found.values()) == 1
    blind = Blindness.of(gaps(journal))
    assert all(filled_right(gap, found) for gap in gaps(journal))
    for device in world.scenario.layout.readers:
        assert all(blind.covers(device, START + second * SECOND) for second in (55, 90, 125))
        assert not blind.covers(device, START + 21 * SECOND), "a second of silence is no outage"


def test_a_site_that_was_off_all_day_catches_up(tmp_path: Path) -> None:
    world = busy(4)

    async def main() -> None:
        clock = RunningClock(START - LEAD * SECOND)
        async with SimulatedSite(world, clock) as site:
            file = configure(site, tmp_path)
            async with daemon(file, Wall(clock).clock()) as first:
                await until(lambda: all_up(first), "the readers are up")
            await site.play()
            assert all(reader.ledger.held == reader.ledger.seen > 0 for reader in site.readers.values())
            async with daemon(file, Wall(clock).clock()):
                await pause_until(clock, 180 + SETTLED)

    run(main())
    journal = tmp_path / "waypost.db"
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert not any(event.late for event in events(journal)), "a backlog in order is not late"
    found = reads(journal)
    assert set(found) == heard(world)
    assert [(gap.source, gap.filled) for gap in gaps(journal)] == [
        (device, len(world.sightings(device))) for device in world.scenario.layout.readers
    ]


def test_what_a_reader_had_no_room_for_lies_in_a_gap(tmp_path: Path) -> None:
    world = busy(4)

    async def main() -> None:
        async with stage(world, tmp_path, Setup(capacity=200)) as (clock, site, _):
            playing = asyncio.create_task(site.play())
            await away(site, clock, 40, 120)
            await playing
            assert all(reader.ledger.overflowed > 0 for reader in site.readers.values())
            await pause_until(clock, 180 + SETTLED)

    run(main())
    journal = tmp_path / "waypost.db"
    lost = heard(world) - set(reads(journal))
    blind = Blindness.of(gaps(journal))
    assert lost
    assert all(blind.covers(device, time) for device, _, _, time in lost)
    score = compare(world.truth, events(journal))
    doors = {door.id: door.reader for door in world.scenario.layout.doors}
    assert score.right > 0
    assert (score.strays, score.wrong) == ((), ())
    assert all(blind.covers(doors[crossing.portal], crossing.time) for crossing in score.missed)
