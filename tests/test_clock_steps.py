"""Somebody sets the clock: what is decided does not change."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Event
from core.records import Shift
from simulators.clock import SECOND, RunningClock, sleep_until
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import events, gaps, inputs, reads, running, until
from tests.fix_site import (
    LEAD,
    SENTINEL,
    START,
    Wall,
    all_up,
    begin,
    configure,
    daemon,
    heard,
    now,
    pause_until,
    settled,
)
from tests.virtual_loop import run

HOUR = 3600 * SECOND
WORLD = World(Scenario(2, START, 180.0, docks(2, 0), 120.0, 20.0, 20.0, tags=(2, 6), registered=0.9))


def stepped(folder: Path, steps: tuple[int, ...]) -> list[Event]:
    """The world's events when the wall clock is set to be wrong by one step after the other, once in half a minute."""

    async def main() -> None:
        clock = RunningClock(START - LEAD * SECOND)
        wall = Wall(clock)
        async with SimulatedSite(WORLD, clock) as site, daemon(configure(site, folder), wall.clock()) as one:
            await until(lambda: all_up(one), "the readers are up")
            playing = asyncio.create_task(site.play())
            for number, step in enumerate(steps, 1):
                await pause_until(clock, 30.0 * number)
                wall.step = step
            await playing
            await pause_until(clock, 240)

    folder.mkdir()
    run(main())
    assert gaps(folder / "waypost.db") == []
    return events(folder / "waypost.db")


def test_a_clock_that_is_stepped_by_an_hour_changes_nothing(tmp_path: Path) -> None:
    undisturbed = stepped(tmp_path / "a", ())
    score = compare(WORLD.truth, undisturbed)
    assert score.perfect, score
    assert score.right > 10
    assert stepped(tmp_path / "b", (HOUR, -HOUR, 0)) == undisturbed


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_clock_that_is_right_only_after_a_minute_costs_no_pass(tmp_path: Path, step: int) -> None:
    """A gateway without a battery-backed clock: what it told before the synchronisation is dated wrong, and once."""

    async def main() -> None:
        clock = RunningClock(START - LEAD * SECOND)
        wall = Wall(clock)
        wall.step, wall.synchronised = step, False
        async with (
            SimulatedSite(WORLD, clock) as site,
            daemon(configure(site, tmp_path), wall.clock()) as one,
        ):
            await until(lambda: all_up(one), "the readers are up")
            playing = asyncio.create_task(site.play())
            await pause_until(clock, 60)
            wall.step, wall.synchronised = 0, True
            await playing
            await pause_until(clock, 240)

    run(main())
    found = events(tmp_path / "waypost.db")
    (shift,) = [one.body for one in inputs(tmp_path / "waypost.db") if isinstance(one.body, Shift)]
    assert shift.by == -step
    by_then = [shifted(event, step) if abs(event.time - START) > HOUR / 2 else event for event in found]
    assert (
        3 < sum(event.kind == "passed" and event in found for event in by_then) < len(WORLD.truth.crossings)
    )
    score = compare(WORLD.truth, by_then)
    assert score.perfect, score


def shifted(event: Event, step: int) -> Event:
    """The event as it would have been told by a clock that was right."""
    return replace(event, time=event.time - step)


def test_a_daemon_under_a_clock_that_is_stepped_tells_the_truth(tmp_path: Path) -> None:
    """The same in a process whose system clock is set: an hour forward, then two back, while pallets pass."""
    plan = World(Scenario(5, now(), 24.0, docks(2, 0), 600.0, 150.0, 0.0, tags=(2, 6), registered=0.7))
    offset, journal = tmp_path / "offset", tmp_path / "waypost.db"
    offset.write_text("+0\n")
    # faketime itself would stand between us and the daemon: only its library is taken
    library = subprocess.check_output(["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], text=True).strip()
    environment = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }

    async def main() -> World:
        async with SimulatedSite(plan) as site, running(configure(site, tmp_path), environment) as one:
            await one.up(*site.readers)
            world = begin(site)
            playing = asyncio.create_task(site.play())
            for second, step in ((8, "+3600\n"), (16, "-3600\n")):
                await sleep_until(site.clock, world.truth.start + second * SECOND)
                offset.with_suffix(".new").write_text(step)
                offset.with_suffix(".new").rename(offset)
                assert abs(_wall_clock(environment) - now() - int(step) * SECOND) < HOUR // 2
            await playing
            await settled(site, one)
            assert len(one.lines("down")) == 0
            assert await one.stop() == 0
        return world

    world = asyncio.run(main())
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert {row for row in reads(journal) if row[1] != SENTINEL.hex().upper()} == heard(world)
    assert gaps(journal) == []


def _wall_clock(environment: Mapping[str, str]) -> int:
    """Microseconds UTC, as processes of that environment see them."""
    command = [sys.executable, "-c", "import time; print(time.time_ns() // 1000)"]
    return int(subprocess.check_output(command, env={**os.environ, **environment}))
