"""The daemon is restarted while a pallet goes through the door."""

import asyncio
from pathlib import Path

import pytest

from simulators.clock import sleep_until
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import Answer, events, gaps, passes, reads, running
from tests.fix_site import LATENESS, Blindness, begin, configure, heard, now, settled


@pytest.mark.parametrize("clean", [True, False])
def test_a_restart_in_the_middle_of_a_pass_loses_nothing_that_the_reader_held(
    tmp_path: Path, clean: bool
) -> None:
    """Stopped as the first pallet is in the plane of the door, cleanly or by SIGKILL, and started again."""
    plan = World(Scenario(8, now(), 18.0, docks(1, 0), 300.0, 0.0, 0.0, tags=(4, 8)))
    journal = tmp_path / "waypost.db"

    async def main() -> tuple[World, int]:
        async with SimulatedSite(plan) as site:
            file = configure(site, tmp_path)
            async with running(file) as daemon:
                await daemon.up(*site.readers)
                world = begin(site)
                playing = asyncio.create_task(site.play())
                await sleep_until(site.clock, world.truth.crossings[0].time)
                assert passes(journal) == []
                await (daemon.stop() if clean else daemon.kill())
                stopped = now()
            before = len(events(journal)), reads(journal).total()
            async with running(file) as daemon:
                await playing
                await settled(site, daemon)
                check_status(await daemon.status(), journal, *before)
                assert await daemon.stop() == 0
        return world, stopped

    world, stopped = asyncio.run(main())
    assert sum(stopped < row[3] for row in heard(world)) > 50
    lost = heard(world) - set(reads(journal))
    blind = Blindness.of(gaps(journal))
    if clean:
        assert lost == set()
    assert [row for row in lost if row[3] >= stopped] == []
    assert all(blind.covers(device, time, LATENESS) for device, _, _, time in lost)
    assert blind.covers("door1", stopped)
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    first = world.truth.crossings[0]
    assert [one.direction for one in passes(journal) if one.item == first.item] == [first.direction]


def check_status(status: Answer, journal: Path, events_before: int, reads_before: int) -> None:
    """The daemon's numbers begin with it, and add up."""
    total, (device,) = status["total"], status["devices"].values()
    assert total["reads"] == total["accepted"] == device["reads_total"] == device["reads"]["received"]
    assert total["reads"] == reads(journal).total() - reads_before
    assert total["events"] == len(events(journal)) - events_before
    assert total["gaps"] == len(gaps(journal)) == 1
