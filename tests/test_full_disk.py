"""The journal's disk is full, read-only or failing while the daemon runs, or the journal is damaged when it starts."""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.events import Event
from gateway.app import LOST
from gateway.database import PAGE
from gateway.quarantine import quarantined, salvage
from simulators.clock import SECOND, RunningClock
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.faults.shim import build
from tests.fix_bad_disk import BACK, BAD, STOPPED, WORLD
from tests.fix_daemon import ROOT, Daemon, events, gaps, reads, running, until
from tests.fix_site import (
    LATENESS,
    LEAD,
    SENTINEL,
    START,
    Blindness,
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

STOPPED_AT = START / 1e6 + STOPPED


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes a disk bad."""
    return build(tmp_path_factory.mktemp("shim"))


def lived(shim: Path, *arguments: str | Path) -> tuple[dict[str, Any], list[str]]:
    """What `tests.fix_bad_disk` saw, and the lines that it logged."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fix_bad_disk", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen, done.stderr.splitlines()


WORDS = {
    "full": "make room on this disk",
    "failing": "see the kernel's log",
    "read-only": "not mounted read-only",
}


@pytest.mark.parametrize("fault", ["full", "failing", "read-only"])
def test_a_minute_in_which_nothing_can_be_written_costs_nothing(
    tmp_path: Path, shim: Path, fault: str
) -> None:
    seen, log = lived(shim, fault, tmp_path)
    journal = tmp_path / "waypost.db"
    assert seen["before"] == seen["during"], "nothing that was decided is told before it is durable"
    assert "the journal cannot be written" in seen["status"]["health"]
    assert WORDS[fault] in seen["status"]["health"]
    assert seen["status"]["total"]["io_errors"] > 10
    assert {device["state"] for device in seen["status"]["devices"].values()} == {"up"}
    assert seen["after"]["health"] == "ok"
    errors = [line for line in log if line.startswith("ERROR")]
    assert len(errors) == len(set(errors)) <= 2, "each kind of trouble is one line"
    assert len([line for line in log if "works again" in line]) == 1
    assert set(reads(journal)) == heard(WORLD)
    assert gaps(journal) == []
    score = compare(WORLD.truth, events(journal))
    assert score.perfect, score


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_daemon_that_is_stopped_while_nothing_can_be_written_leaves_a_gap(
    tmp_path: Path, shim: Path, fault: str
) -> None:
    seen, log = lived(shim, fault, tmp_path, "stop")
    assert "could not be written before the end" in seen["ended"]
    assert not [line for line in log if "Traceback" in line]
    check_lost(tmp_path / "waypost.db", BAD - 2, STOPPED)


def check_lost(journal: Path, since: float, to: float) -> None:
    """What the daemon took between these seconds of the world is lost and in a gap; everything else is there once."""
    found, blind = reads(journal), Blindness.of(gaps(journal))
    lost = heard(WORLD) - set(found)
    assert lost
    assert all(blind.covers(device, time, LATENESS) for device, _, _, time in lost)
    assert all(START + since * SECOND < time < START + to * SECOND for _, _, _, time in lost)
    assert max(found.values()) == 1
    score = compare(WORLD.truth, events(journal))
    assert (score.wrong, score.strays) == ((), ())
    near = 8 * SECOND
    assert all(START + since * SECOND - near < one.time < START + to * SECOND + near for one in score.missed)


def test_a_file_that_may_not_grow_blocks_the_daemon_until_it_may(tmp_path: Path) -> None:
    """The command itself, at the speed of life, with a limit on the size of its files (setrlimit)."""
    plan = World(Scenario(8, now(), 18.0, docks(1, 0), 300.0, 0.0, 0.0, tags=(4, 8)))
    journal = tmp_path / "waypost.db"

    async def main() -> World:
        async with SimulatedSite(plan) as site, running(configure(site, tmp_path)) as one:
            await one.up(*site.readers)
            limit(one, 1000)
            world = begin(site)
            playing = asyncio.create_task(site.play())
            status = await one.until(lambda status: status["health"] != "ok", "the journal cannot be written")
            assert "the journal cannot be written" in status["health"]
            await playing
            told = len(heard(world))
            await one.until(lambda status: status["devices"]["door1"]["reads_total"] == told, "all was told")
            assert sum(reads(journal).values()) < len(heard(world))
            limit(one, resource.RLIM_INFINITY)
            await settled(site, one)
            assert (await one.status())["health"] == "ok"
            assert len(set(one.lines("ERROR"))) == len(one.lines("ERROR")) <= 2
            assert len(one.lines("works again")) == 1
            assert await one.stop() == 0
        return world

    world = asyncio.run(main())
    assert {row for row in reads(journal) if row[1] != SENTINEL.hex().upper()} == heard(world)
    score = compare(world.truth, events(journal))
    assert score.perfect, score
    assert gaps(journal) == []


def limit(one: Daemon, size: int) -> None:
    """No file of the daemon may be longer from now on."""
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def garbage(journal: Path) -> None:
    journal.write_bytes(random.Random(1).randbytes(100_000))


def half(journal: Path) -> None:
    os.truncate(journal, journal.stat().st_size // 2 // PAGE * PAGE)


def zeroed_head(journal: Path) -> None:
    data = bytearray(journal.read_bytes())
    data[:100] = bytes(100)
    journal.write_bytes(data)


def _can_be_read(place: Path, before: list[Event]) -> list[Event]:
    """The events that stand in what is left of a journal: only others may be told again, and with the same ids.

    Where nothing is left the state begins anew, and then nothing that was told before can be told again.
    """
    left = salvage(place)
    if left is None:
        return before
    with left:
        return [event for _, event in left.events()]


def _what(event: Event) -> tuple[str | None, ...]:
    """What an event says, but for when and how surely."""
    return event.kind, event.item, event.tag, event.place, event.from_place, event.direction


@pytest.mark.parametrize("damage", [garbage, half, zeroed_head])
def test_a_damaged_journal_is_put_aside_and_the_site_keeps_running(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    journal = tmp_path / "waypost.db"

    async def main() -> list[Event]:
        clock = RunningClock(START - LEAD * SECOND)
        wall = Wall(clock)
        async with SimulatedSite(WORLD, clock) as site:
            file = configure(site, tmp_path)
            async with daemon(file, wall.clock()) as one:
                await until(lambda: all_up(one), "the readers are up")
                playing = asyncio.create_task(site.play())
                await pause_until(clock, STOPPED)
            before = events(journal)
            damage(journal)
            os.utime(journal, (STOPPED_AT, STOPPED_AT))
            await pause_until(clock, BACK)
            async with daemon(file, wall.clock()):
                await playing
                await pause_until(clock, 240)
            return before

    before = run(main())
    (place,) = quarantined(journal)
    assert str(place) in caplog.text
    after = events(journal)
    assert not {event.id for event in _can_be_read(place, before)} & {event.id for event in after}
    told = {event.id: event for event in before}
    again = [one for one in after if one.id in told]  # judged by the reads that are left
    assert [_what(one) for one in again] == [_what(told[one.id]) for one in again]
    assert sorted(gap.source for gap in gaps(journal)) == ["door1", "door2"]
    for gap in gaps(journal):
        assert gap.to > START + BACK * SECOND
        if damage is half:  # what is left tells the last sign of life that is left
            assert gap.since < START + (STOPPED - 10) * SECOND
        else:
            assert (gap.since, gap.reason) == (START + STOPPED * SECOND, LOST)
    assert set(reads(journal)) == {row for row in heard(WORLD) if row[3] >= START + STOPPED * SECOND}
    score = compare(WORLD.truth, list({event.id: event for event in [*before, *after]}.values()))
    assert (score.wrong, score.strays) == ((), ())
    for crossing in score.missed:  # it was half through the door, and that half is lost
        assert abs(crossing.time - START - STOPPED * SECOND) < 6 * SECOND
