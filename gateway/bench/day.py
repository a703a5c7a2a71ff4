"""What a day writes to the journal's device.

The daemon's link, intake, writer and journal run for a shortened day on a clock that jumps from timer to timer
(`gateway.bench.virtual`), so the writer commits as often as it would in real time. Bytes are those of proc(5), io:
write_bytes, every page each time it is sent to the storage layer; the filesystem's own journal comes on top.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.records import Alive
from drivers.streams import INTERVAL
from gateway import configuration
from gateway.bench import site
from gateway.bench.codec import START, Decoding
from gateway.bench.machine import written
from gateway.bench.rows import Row
from gateway.bench.scene import Cast
from gateway.bench.script import Playback, Script
from gateway.bench.virtual import Inline, VirtualLoop
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.link import DeviceLink
from gateway.recovery import Pipelines
from gateway.writer import Writer

DAY = 86_400.0
READERS = 8
WARM_UP = 60.0
"""Seconds before the measured part: first sights are over, and the journal has its size."""
RATED = round(5_000 / READERS * INTERVAL)
"""Reads that one of them hands over at once at 5,000 reads/s."""


@dataclass(frozen=True, slots=True)
class Day:
    """What every one of the readers hears, in batches of so many reads; `part` of a day is measured, in seconds."""

    name: str
    what: str
    cast: Cast | None
    batch: int
    pause: float
    readers: int
    part: float


PALLETS = Cast(58, 40, ports=(1, 2), cycle=30.0, side=1.5, together=40)
"""A door with 58 parked tags, and every 30 s a pallet of 40 that passes within 3 s: about 62 tags in view."""

DAYS = (
    Day(
        "day: idle", "8 readers that hear nothing, signs of life every second", None, 0, 1.0, READERS, 7200.0
    ),
    Day(
        "day: one tag",
        "one tag parked at a door, read 10 times a second",
        Cast(1, ports=(1,)),
        1,
        0.1,
        1,
        3600.0,
    ),
    Day(
        "day: rated", "5,000 reads/s from 8 doors, pallets passing", PALLETS, RATED, INTERVAL, READERS, 240.0
    ),
)


@dataclass(frozen=True, slots=True)
class Written:
    """In the measured part: bytes sent to the device, bytes that the files are longer, commits, events."""

    device: int
    files: int
    commits: int
    events: int


def day_row(day: Day, folder: Path, seconds: float) -> Row:
    """MB per day; the measured part is that of `day` for 10 s and more."""
    part = day.part * min(1.0, seconds / 10)
    with (
        TemporaryDirectory(dir=folder, prefix=".bench-") as made,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        found = runner.run(_lived(day, part, Path(made)))
    scale = DAY / part
    text = (
        f"{day.what}; write_bytes of {part:,.0f} s, {found.commits * scale:,.0f} commits and "
        f"{found.events * scale:,.0f} events a day, the file grows by {found.files * scale / 1e6:,.1f} MB"
    )
    return Row(
        day.name, "bytes written to the journal's device in a day", found.device * scale / 1e6, "MB/day", text
    )


async def _lived(day: Day, part: float, folder: Path) -> Written:
    ports = range(5084, 5084 + day.readers)
    loaded = configuration.load(site.configuration(folder, ports, zones=False))
    loop, intake, thread = asyncio.get_running_loop(), Intake(), Inline()

    def now() -> int:
        return START + round(loop.time() * 1e6)

    journal = Journal.open(loaded.journal, loaded.site.id)
    known = frozenset(source.id for source in loaded.site.sources)
    writer = Writer(intake, journal, Pipelines(loaded.site), known, thread)
    await writer.recover()
    running = asyncio.create_task(writer.run())
    links = [DeviceLink(f"door-{number}", intake, now, lambda: True) for number in range(day.readers)]
    feeding = [asyncio.create_task(_feed(day, number, link)) for number, link in enumerate(links)]
    await asyncio.sleep(min(WARM_UP, part))
    before = written(), journal.size(), journal.counts().commits, writer.events
    await asyncio.sleep(part)
    after = written(), journal.size(), journal.counts().commits, writer.events
    for task in feeding:
        task.cancel()
    await asyncio.wait(feeding)
    writer.stop()
    await running
    journal.close()
    return Written(*(late - early for late, early in zip(after, before, strict=True)))


async def _feed(day: Day, number: int, link: DeviceLink) -> None:
    """What a driver would hand over, for ever; streams hand over together."""
    if day.cast is None:
        while True:
            await link.emit(Alive(link.now()))
            await asyncio.sleep(day.pause)
    playback = Playback(Script((day.cast,) * day.readers, (day.batch,), rounds=1), number)
    decoding, since = Decoding(), link.now()
    while True:
        await asyncio.sleep(day.pause)
        now = link.now()
        await link.emit(decoding.take(bytes(playback.block(since, now)), now))
        since = now


def days(seconds: float, folder: Path) -> Iterator[Row]:
    """All of them."""
    for day in DAYS:
        yield day_row(day, folder, seconds)
