"""From the wire to the durable event, as fast as the gateway takes it: one reader, real TCP, one core."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.bench.host import Mark
from gateway.bench.live import live
from gateway.bench.rows import Row
from gateway.bench.scene import Cast
from gateway.bench.script import SIZES, Script

PASSERS, VISITORS = 700, 300
EVENTS = 500
"""Events per second that the traffic makes at least."""
WARM_UP = 10.0
"""Seconds after the first read: passes and visits end as fast as they begin."""
SETTLED = 3.0
"""Times the usual events per second, below which the first sight of all tags is over."""


@dataclass(frozen=True, slots=True)
class Load:
    """One row: how many tags, in messages of which sizes, and what is to be reached in reads/s.

    moving   tags that make the events
    parked   the ports at which the tags are that do not move
    silence  seconds after which a zone's visit ends; all tags have to be read within it
    """

    name: str
    tags: int
    sizes: tuple[int, ...]
    target: float
    moving: int = PASSERS + VISITORS
    parked: tuple[int, ...] = (1, 2, 3, 4)
    silence: float = 5.0

    @property
    def cast(self) -> Cast:
        """Who moves, and who is parked."""
        moving = min(self.tags, self.moving)
        visitors = moving * VISITORS // (PASSERS + VISITORS)
        return Cast(self.tags - moving, moving - visitors, visitors, self.parked, visit=10.0, stay=3.0)


LOADS = (
    Load("wire", 2_000, SIZES, 3e6),
    Load("wire 100,000 tags", 100_000, SIZES, 1.5e6, 4_000, (3, 4), silence=60.0),
    Load("wire 1 tag per message", 2_000, (1,), 1e6),
)


def wire(seconds: float, folder: Path, load: Load, warm_up: float = WARM_UP) -> Iterator[Row]:
    """Reads per second that become durable, the CPU time of one, and the events that were among them."""
    script = Script((load.cast,), load.sizes, rounds=max(1, 6400 // sum(load.sizes)))
    with live(script, folder, silence=load.silence) as running:
        before = running.settled(warm_up, 90.0, SETTLED * EVENTS)
        time.sleep(seconds)
        after = running.mark()
    yield from _rows(load, before, after)


def _rows(load: Load, before: Mark, after: Mark) -> Iterator[Row]:
    reads, elapsed = after.reads - before.reads, after.at - before.at
    commits, events = after.commits - before.commits, after.events - before.events
    size = sum(load.sizes) / len(load.sizes)
    text = (
        f"loopback TCP, one core, synchronous=FULL, {load.tags:,} tags at 4 antennas, {size:g} tags per message, "
        f"{elapsed:.1f} s"
    )
    yield Row(load.name, "reads made durable", reads / elapsed, "reads/s", text, load.target)
    cpu = (after.cpu - before.cpu) * 1e9 / max(1, reads)
    used = (after.cpu - before.cpu) / elapsed
    text = f"of the gateway's process, {used:.0%} of its core; {commits:,} commits"
    yield Row(f"{load.name}: CPU", "CPU time of a read", cpu, "ns/read", text)
    yield Row(
        f"{load.name}: events", "events among them", events / elapsed, "events/s", "made durable", EVENTS
    )
