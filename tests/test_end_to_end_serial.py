"""A simulated world, over pseudo-terminals, through serial drivers into the running daemon: its events are the truth.

Each room has a module of another kind. The world is 12 times as fast as life, and the daemon's clock is the world's.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from gateway.app import Daemon
from simulators.clock import SECOND, RunningClock, sleep_until
from simulators.layout import docks, site_toml
from simulators.llrp_reports import Sighting
from simulators.m100 import SimulatedM100
from simulators.mercury import SimulatedMercury
from simulators.score import compare
from simulators.serial_line import PtyLine
from simulators.serial_module import SimulatedModule
from simulators.traffic import Scenario
from simulators.uhfreader import SimulatedUhfReader
from simulators.world import World
from tests.fix_daemon import events, gaps, reads, until
from tests.fix_site import START, Wall, daemon

SPEED = 12.0
LEAD, UNPLUGGED, SETTLED = 5, 90, 50
"""Seconds before the world begins, when all modules read; in it, while a pallet stands in the first room and nothing
happens; and after it."""

IN_THE_LINE = 4096 + 8192
"""Bytes that Linux holds in a pseudo-terminal, at most: they are gone when it is pulled out."""

TAG_BYTES = 24
MODULES: dict[str, tuple[str, Callable[[], SimulatedModule]]] = {
    "room1": ('kind = "m100"', SimulatedM100),
    "room2": ('kind = "mercury"\nregion = "na"', SimulatedMercury),
    "room3": ('kind = "uhfreader"', SimulatedUhfReader),
}
PULLED = "room1"


def test_the_events_of_rooms_are_the_truth_though_an_adapter_is_pulled_out(tmp_path: Path) -> None:
    """It vanishes in the middle of a frame and comes back under the same name."""
    plan = World(Scenario(117, START, 240.0, docks(1, 3), 300.0, 0.0, 0.0, visits=1.0, tags=(1, 3)))

    async def main() -> tuple[World, int, dict[str, PtyLine]]:
        clock = RunningClock(START, SPEED)
        with ExitStack() as plugged:
            lines = {
                device: plugged.enter_context(PtyLine(make(), tmp_path / f"usb-{device}", clock))
                for device, (_, make) in MODULES.items()
            }
            file = tmp_path / "waypost.toml"
            file.write_text(configuration(plan, lines))
            async with daemon(file, Wall(clock).clock()) as one:
                await until(lambda: all(line.module.reading for line in lines.values()), "all read")
                start = clock.now() + LEAD * SECOND
                world = World(replace(plan.scenario, start=start))
                playing = asyncio.gather(
                    *(line.play(world.play(device), world.epcs) for device, line in lines.items())
                )
                await sleep_until(clock, start + UNPLUGGED * SECOND)
                pulled = await pull_out(lines[PULLED], one)
                await playing
                await sleep_until(clock, world.truth.end + SETTLED * SECOND)
        return world, pulled, lines

    world, pulled, lines = asyncio.run(main())
    journal = tmp_path / "waypost.db"
    score = compare(replace(world.truth, crossings=(), strays=()), events(journal))
    assert score.perfect, score
    assert score.ends == 2 * len(world.truth.visits) == 6
    start = world.scenario.start
    (gap,) = [gap for gap in gaps(journal) if gap.to > start]
    assert gap.source == PULLED
    assert start < gap.since <= pulled < gap.to
    found = reads(journal)
    assert {tag for _, tag, _, _ in found} <= {epc.hex().upper() for epc in world.epcs}
    for device, line in lines.items():
        heard = sum(n for (source, *_), n in found.items() if source == device)
        lost = (line.module.ledger["told"] - heard) * TAG_BYTES
        assert 0 <= lost <= line.lost + (IN_THE_LINE if device == PULLED else 0)
    assert lines[PULLED].module.ledger["unheard"] > 0


def configuration(world: World, lines: dict[str, PtyLine]) -> str:
    """The door is not watched here, each room by a module."""
    text = site_toml(world.scenario.layout, world.truth.items)
    for device, (kind, _) in MODULES.items():
        recorded = f'id = "{device}"\nkind = "recorded"\n'
        assert recorded in text
        text = text.replace(recorded, f'id = "{device}"\n{kind}\nurl = "{lines[device].url}"\n')
    return text


async def pull_out(line: PtyLine, one: Daemon) -> int:
    """The first half of a tag is the last that comes; plugged in again when the daemon has noticed.

    Returns when it was pulled out, microseconds UTC.
    """
    pulled = line.clock.now()
    said = line.module.see(Sighting(1, bytes.fromhex("E2800000000000000000FFFF")), line.clock.now())
    line.send(said[: len(said) // 2])
    line.unplug()
    link = one.links[PULLED]
    await until(lambda: link.health.state == "down", "the daemon misses it")
    assert "its adapter is gone" in str(link.health.error)
    line.plug()
    await until(lambda: link.health.state == "up" and line.module.reading, "it reads again")
    return pulled
