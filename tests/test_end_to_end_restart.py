"""The daemon is restarted while a pallet goes through the door."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from simulators.clock import sleep_until
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import Answer, events, gaps, passes, reads, running
from tests.fix_site import LATENESS, Blindness, begin, configure, heard, now, settled


def test_a_restart_in_the_middle_of_a_pass_loses_nothing_that_the_reader_held(tmp_path: Path) -> None:
    """Stopped as the first pallet is in the plane of the door, cleanly and by SIGKILL, and started again."""

    for folder in ("clean", "killed"):
        (tmp_path / folder).mkdir()

    async def main() -> tuple[Restart, Restart]:
        return await asyncio.gather(
            restarted(tmp_path / "clean", True), restarted(tmp_path / "killed", False)
        )

    for restart in asyncio.run(main()):
        check(restart)


@dataclass(frozen=True)
class Restart:
    """What happened: in which world, and when the daemon ended."""

    journal: Path
    clean: bool
    world: World
    stopped: int


async def restarted(folder: Path, clean: bool) -> Restart:
    """A door for a few seconds, at the speed of life."""
    journal = folder / "waypost.db"
    plan = World(Scenario(8, now(), 18.0, docks(1, 0), 300.0, 0.0, 0.0, tags=(4, 8)))
    async with SimulatedSite(plan) as site:
        file = configure(site, folder)
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
    return Restart(journal, clean, world, stopped)


def check(restart: Restart) -> None:
    """The pass is there, once and in the right direction; only what was on its way to a killed daemon may be lost."""
    world, journal, stopped = restart.world, restart.journal, restart.stopped
    assert sum(stopped < row[3] for row in heard(world)) > 50
    lost = heard(world) - set(reads(journal))
    blind = Blindness.of(gaps(journal))
    assert not (lost and restart.clean)
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
