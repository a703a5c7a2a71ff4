"""Devices that deliver to a daemon's intake, one input after the other, and wait for each receipt."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.records import Dictionary, Fix, Fixes, Input, fixes, rows_of
from core.site import Site, Source
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.reader import open_read_only
from gateway.recovery import Pipelines
from gateway.writer import Writer

NOW = 1_760_000_000_000_000
SITE = Site("leeds", sources=(Source("road"), Source("sky", offset=1.0), Source("door")))
KNOWN = frozenset(source.id for source in SITE.sources)


def track(tracker: str, first: int, count: int) -> list[Fix]:
    """A tracker that moves, one fix a second."""
    return [
        Fix(
            f"tracker:{tracker}",
            NOW + 1_000_000 * second,
            53.8 + 1e-5 * second,
            -1.55,
            speed=1.5,
            satellites=9,
            flags=1,
            attributes='{"ignition":true}' if second % 2 else "",
        )
        for second in range(first, first + count)
    ]


def road(*rows: Fix, source: str = "road") -> Input:
    """As a device delivers them."""
    return Input(source, NOW, fixes(Dictionary(), rows))


async def deliver(path: Path, inputs: list[Input]) -> int:
    """A daemon's life; returns the number of its commits. Every receipt resolves before the next input comes."""
    journal = Journal.open(path, SITE.id)
    with ThreadPoolExecutor(1) as thread:
        intake = Intake()
        writer = Writer(intake, journal, Pipelines(SITE), KNOWN, thread)
        await writer.recover()
        working = asyncio.ensure_future(writer.run())
        for input in inputs:
            await (await intake.put(input))
        writer.stop()
        await working
        commits = journal.head.number
    journal.close()
    return commits


def stored(path: Path) -> list[Fix]:
    """All fixes of a journal, in order."""
    with open_read_only(path) as past:
        bodies = [one.body for _, one in past.rows(Fixes)]
    return [fix for body in bodies if isinstance(body, Fixes) for fix in rows_of(body)]
