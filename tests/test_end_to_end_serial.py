"""A simulated world, over a pseudo-terminal, through a serial driver into the running daemon: its events are the truth.

The world is 25 times as fast as life, and the daemon's clock is the world's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Daemon
from simulators.clock import SECOND, RunningClock, sleep_until
from simulators.layout import docks, site_toml
from simulators.llrp_reports import Sighting
from simulators.m100 import SimulatedM100
from simulators.score import compare
from simulators.serial_line import PtyLine
from simulators.serial_module import SimulatedModule
from simulators.traffic import Scenario
from simulators.uhfreader import SimulatedUhfReader
from simulators.world import World
from tests.fix_daemon import events, gaps, reads, until
from tests.fix_site import START, Wall, daemon

SPEED = 25.0
LEAD, UNPLUGGED, SETTLED = 40, 120, 60
"""Seconds before the world begins; in it, while a pallet stands in the room and nothing else happens; and after it."""

IN_THE_LINE = 4096 + 8192
"""Bytes that Linux holds in a pseudo-terminal, at most: they are gone when it is pulled out."""

TAG_BYTES = 24
DEVICE = "room1"
MODULES: dict[str, Callable[[], SimulatedModule]] = {"m100": SimulatedM100, "uhfreader": SimulatedUhfReader}


@pytest.mark.parametrize("kind", MODULES)
def test_the_events_of_a_room_are_the_truth_though_the_adapter_is_pulled_out(
    tmp_path: Path, kind: str
) -> None:
    """It vanishes in the middle of a frame and comes back under the same name."""
    world = World(Scenario(24, START, 300.0, docks(1, 1), 150.0, 0.0, 0.0, visits=1.0, tags=(1, 3)))
    module = MODULES[kind]()

    async def main() -> int:
        clock = RunningClock(START - LEAD * SECOND, SPEED)
        with PtyLine(module, tmp_path / "usb-module", clock) as line:
            file = tmp_path / "waypost.toml"
            file.write_text(configuration(world, kind, line.url))
            async with daemon(file, Wall(clock).clock()) as one:
                await until(lambda: module.reading, "the module reads")
                playing = asyncio.create_task(line.play(world.play(DEVICE), world.epcs))
                await sleep_until(clock, START + UNPLUGGED * SECOND)
                await pull_out(line, one)
                await playing
                await sleep_until(clock, START + round(world.scenario.seconds + SETTLED) * SECOND)
            return line.lost

    overrun = asyncio.run(main())
    journal = tmp_path / "waypost.db"
    score = compare(replace(world.truth, crossings=(), strays=()), events(journal))
    assert score.perfect, score
    assert score.ends == 2 * len(world.truth.visits) == 6
    (gap,) = [gap for gap in gaps(journal) if gap.since > START]
    assert gap.source == DEVICE
    assert gap.since <= START + (UNPLUGGED + 5) * SECOND < gap.to
    found = reads(journal)
    assert {tag for _, tag, _, _ in found} <= {epc.hex().upper() for epc in world.epcs}
    lost = (module.ledger["told"] - found.total()) * TAG_BYTES
    assert 0 <= lost <= IN_THE_LINE + overrun
    assert module.ledger["unheard"] > 0


def configuration(world: World, kind: str, url: str) -> str:
    """The door is not watched here, the room by a module at `url`."""
    text = site_toml(world.scenario.layout, world.truth.items)
    head, room = text.split(f'id = "{DEVICE}"\nkind = "recorded"\n')
    return f'{head}id = "{DEVICE}"\nkind = "{kind}"\nurl = "{url}"\n{room}'


async def pull_out(line: PtyLine, one: Daemon) -> None:
    """The first half of a tag is the last that comes; plugged in again when the daemon has noticed."""
    said = line.module.see(Sighting(1, bytes.fromhex("E2800000000000000000FFFF")), line.clock.now())
    line.send(said[: len(said) // 2])
    line.unplug()
    health = one.links[DEVICE]
    await until(lambda: health.health.state == "down", "the daemon misses it")
    assert "its adapter is gone" in str(health.health.error)
    line.plug()
    await until(lambda: health.health.state == "up" and line.module.reading, "it reads again")
