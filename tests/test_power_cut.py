"""The power is cut, again and again, at any moment: what was acknowledged stays, and what was not seen is a gap."""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from core.pipeline import Pipeline
from gateway.clock import Clock
from gateway.configuration import load
from gateway.reader import open_read_only
from simulators.layout import docks, site_toml
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.truth import Crossing
from simulators.world import World
from tests import fix_receipts
from tests.fix_daemon import ROOT, events, gaps, inputs, reads, running
from tests.fix_site import LATENESS, SENTINEL, Blindness, begin, configure, daemon, heard, now, settled
from tests.torture import SEED

ROUNDS = 25
NEAR = 6_000_000
"""Microseconds before and after a crossing in which its pallet is heard."""


def test_twenty_five_power_cuts_lose_nothing_that_no_gap_tells(tmp_path: Path) -> None:
    """Three doors with readers that hold their reports while nobody listens.

    LLRP has no receipts for reports: what was on its way to a daemon that dies is gone, and must lie in a gap.
    """
    plan = World(Scenario(5, now(), 55.0, docks(3, 0), 600.0, 40.0, 20.0, tags=(2, 8)))
    journal = tmp_path / "waypost.db"
    cuts: list[int] = []

    async def cut_the_power(file: Path, chance: random.Random, longest: float) -> None:
        async with running(file) as daemon:
            if chance.random() < 0.8:
                await daemon.answers()
            await asyncio.sleep(chance.uniform(0, longest))  # the moment is to be any, also while it starts
            known = events(journal), reads(journal)
            await daemon.kill()
        cuts.append(now())
        assert events(journal)[: len(known[0])] == known[0]
        assert known[1] <= reads(journal)

    async def main() -> World:
        async with SimulatedSite(plan) as site:
            file = configure(site, tmp_path)
            began = time.monotonic()
            async with running(file) as daemon:
                await daemon.up(*site.readers)
                # a machine that is slow to start is as slow to take what the readers have held
                longest = max(1.3, time.monotonic() - began)
                assert await daemon.stop() == 0
            world = begin(site)
            playing = asyncio.create_task(site.play())
            chance = random.Random(SEED)
            for _ in range(ROUNDS):
                await cut_the_power(file, chance, longest)
            async with running(file) as daemon:
                await playing
                await settled(site, daemon)
                assert await daemon.stop() == 0
        return world

    world = asyncio.run(main())
    _check_reads(world, journal, cuts)
    _check_events(world, journal)
    _check_against_itself(journal)


def test_a_receipt_resolves_when_another_process_could_read_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(site_toml(fix_receipts.WORLD.scenario.layout, {}))

    async def main() -> None:
        async with daemon(tmp_path / "waypost.toml", Clock()) as one:
            rows = 0
            with open_read_only(tmp_path / "waypost.db") as journal:
                for message in fix_receipts.messages()[:100]:
                    await (await one.links[message.device].emit(message.reads))
                    rows += len(message.reads)
                    assert journal.head().reads == rows

    asyncio.run(main())


def test_what_was_acknowledged_is_there_once_after_twenty_five_power_cuts(tmp_path: Path) -> None:
    """Devices that wait for receipts and send again what was not acknowledged: then nothing at all is missing."""
    command = [sys.executable, "-m", "tests.fix_receipts", str(tmp_path), str(ROUNDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["broken"] == [], "rounds after which something acknowledged was not in the journal"
    assert seen["unacknowledged"] == 0 < seen["last"]
    journal, told = tmp_path / "waypost.db", heard(fix_receipts.WORLD)
    found = reads(journal)
    assert set(found) == told
    score = compare(fix_receipts.WORLD.truth, events(journal))
    assert score.perfect, score
    assert score.right > 10
    assert len({event.id for event in events(journal)}) == len(events(journal))
    counts = _check_against_itself(journal)
    assert counts["accepted"] == len(told)
    assert counts["duplicates"] == found.total() - len(told) > 0


def _check_reads(world: World, journal: Path, cuts: list[int]) -> None:
    """Every read of the world is there once or in a gap; and so is every moment at which the power was cut."""
    found, told, blind = reads(journal), heard(world), Blindness.of(gaps(journal))
    assert max(found.values()) == 1
    assert {row[1] for row in set(found) - told} == {SENTINEL.hex().upper()}
    lost = told - set(found)
    assert [row for row in lost if not blind.covers(row[0], row[3], LATENESS)] == []
    for device in world.scenario.layout.readers:
        assert [cut for cut in cuts if not blind.covers(device, cut)] == []


def _check_events(world: World, journal: Path) -> None:
    """Nothing is told twice or invented; a pass of which two thirds were heard is told, with its direction."""
    told = events(journal)
    assert len({event.id for event in told}) == len(told)
    score = compare(world.truth, told)
    assert score.strays == ()
    heard_well = [one for one in world.truth.crossings if _share(world, journal, one) > 2 / 3]
    assert len(heard_well) > 10
    assert not set(heard_well) & set(score.missed)
    assert not {one.item for one in heard_well} & {event.item for event in score.wrong}


def _share(world: World, journal: Path, crossing: Crossing) -> float:
    """How much of what was heard of a crossing is in the journal."""
    tags = world.truth.items[crossing.item or ""]
    near = {row for row in heard(world) if row[1] in tags and abs(row[3] - crossing.time) < NEAR}
    return len(near & set(reads(journal))) / len(near)


def _check_against_itself(journal: Path) -> Counter[str]:
    """All inputs, stepped once more without any interruption, decide what stands in the journal; the counts of that."""
    pipeline = Pipeline(load(journal.with_name("waypost.toml")).site)
    decided = [pipeline.step(input) for input in inputs(journal)]
    assert [event for one in decided for event in one.events] == events(journal)
    assert [gap for one in decided for gap in one.gaps] == gaps(journal)
    return sum(pipeline.counts.values(), Counter())
