"""An hour with devices that come and go all the time: what is held does not grow, and each change is one line of the log."""

import asyncio
import gc
import logging
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.app import Daemon
from gateway.link import Health
from simulators.clock import SECOND, RunningClock, sleep_until
from simulators.llrp import SimulatedReader
from simulators.llrp_reports import Sighting
from simulators.mercury import SimulatedMercury
from simulators.serial_line import Line, TcpLine
from simulators.uhfreader import SimulatedUhfReader
from tests.fix_daemon import gaps
from tests.fix_site import START, Wall, daemon
from tests.virtual_loop import run

MINUTE = 60 * SECOND
WARM, END = 20 * MINUTE, 60 * MINUTE
"""Since the start: when everything has happened often, and when it is looked at again."""

UP, DOWN = (30, 120), (1, 40)
"""Seconds for which a device stays, and stays away."""

GROWTH = 1.02
"""Python's objects at the end, against those after the warm time."""

ABOUT_THE_SITE = 2
"""Lines: that it runs, and that it has stopped."""

KINDS = {
    "reader": 'kind = "llrp"',
    "shelf": 'kind = "mercury"\nregion = "na"',
    "gate": 'kind = "uhfreader"\nscan = 2.5',
    "nobody": 'kind = "m100"',
}
TAG = Sighting(1, bytes(11) + b"\1")
Turn = Callable[[], object]


def configured(folder: Path, urls: dict[str, str]) -> Path:
    text = '[site]\nid = "leeds"\n[[zone]]\nid = "hall"\nleave = "silence"\n'
    for name, kind in KINDS.items():
        text += f'[[device]]\nid = "{name}"\n{kind}\nurl = "{urls[name]}"\nantennas = [{{ port = 1, zone = "hall" }}]\n'
    file = folder / "waypost.toml"
    file.write_text(text)
    return file


async def flap(
    clock: RunningClock, chance: random.Random, go: Turn, come: Turn, see: Callable[[], Awaitable[None]]
) -> None:
    """Until it is cancelled; a tag is seen while the device is there."""
    while True:
        await sleep_until(clock, clock.now() + chance.randint(*UP) * SECOND)
        await see()
        await asyncio.sleep(1)
        go()
        await sleep_until(clock, clock.now() + chance.randint(*DOWN) * SECOND)
        come()


def seen(line: Line) -> Callable[[], Awaitable[None]]:
    async def see() -> None:
        line.see(TAG)

    return see


class Changes:
    """What the log may say of each device: one line per change of its health."""

    def __init__(self, one: Daemon) -> None:
        self.counts = Counter(name for name, link in one.links.items() if link.health.state != "connecting")
        self._before: dict[str, Health] = {name: link.health for name, link in one.links.items()}
        self._links = one.links
        for link in one.links.values():
            link.listeners.append(self._changed)

    def _changed(self, device: str) -> None:
        now = self._links[device].health
        self.counts[device] += now.state != self._before[device].state
        self._before[device] = now

    def end(self) -> None:
        """The daemon stops: that is no change of a device."""
        for link in self._links.values():
            link.listeners.remove(self._changed)


@dataclass(frozen=True, slots=True)
class Held:
    """By this process: Python's objects, tasks, open files."""

    objects: int
    tasks: int
    files: int


def held() -> Held:
    gc.collect()
    return Held(len(gc.get_objects()), len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")))


def test_an_hour_of_devices_that_come_and_go(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One is cut off without a word, one is hung up on, one calls from afar, and one is never there."""
    caplog.set_level(logging.INFO)

    async def main() -> tuple[Changes, Held, Held]:
        clock = RunningClock(START)
        reader = SimulatedReader(clock=clock)
        lines = [TcpLine(module, clock) for module in (SimulatedMercury(), SimulatedUhfReader())]
        async with reader, lines[0].served(), lines[1].served():
            urls = (reader.url, *(line.url for line in lines), f"serial://{tmp_path}/nobody")
            file = configured(tmp_path, dict(zip(KINDS, urls, strict=True)))
            async with daemon(file, Wall(clock).clock()) as one:
                changes = Changes(one)
                turns = [
                    (reader.cut_network, reader.restore_network, lambda: reader.see(TAG)),
                    *((line.hang_up, lambda: None, seen(line)) for line in lines),
                ]
                flapping = [
                    asyncio.create_task(flap(clock, random.Random(number), *turn))
                    for number, turn in enumerate(turns)
                ]
                await sleep_until(clock, START + WARM)
                warm = held()
                await sleep_until(clock, START + END)
                end = held()
                for task in flapping:
                    task.cancel()
                await asyncio.gather(*flapping, return_exceptions=True)
                changes.end()
        return changes, warm, end

    changes, warm, end = run(main())
    lines = Counter(record.getMessage().partition(": ")[0] for record in caplog.records)
    assert changes.counts["nobody"] == 1
    assert min(changes.counts[name] for name in KINDS if name != "nobody") > 40
    assert {name: lines[name] for name in KINDS} == changes.counts
    assert sum(lines.values()) == changes.counts.total() + ABOUT_THE_SITE
    assert end.objects < warm.objects * GROWTH
    assert abs(end.tasks - warm.tasks) <= len(KINDS)
    assert abs(end.files - warm.files) <= len(KINDS)
    found = Counter(gap.source for gap in gaps(tmp_path / "waypost.db"))
    assert all(found[name] >= changes.counts[name] // 2 for name in KINDS if name != "nobody")
