"""The rated load in real time: 5,000 reads/s from 8 readers at 8 doors, over real sockets."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gateway.bench.day import PALLETS, READERS
from gateway.bench.host import Mark
from gateway.bench.live import live
from gateway.bench.rows import Row
from gateway.bench.scene import Cast
from gateway.bench.script import Script

RATE = 5_000.0
KNOWN = 100_000
_SIZES = (4,)


def rated(seconds: float, folder: Path, known: int = KNOWN, warm_up: float = 5.0) -> Iterator[Row]:
    """Latency, share of a core and memory; then memory with many more tags."""
    script = Script((PALLETS,) * READERS, _SIZES, rounds=1, rate=RATE / READERS)
    with live(script, folder, zones=False, timed=True) as running:
        before = running.settled(warm_up, 2 * warm_up, 200.0)
        time.sleep(seconds)
        after = running.mark()
    yield from _rows(before, after)
    yield from _many(folder, known, warm_up)


def _rows(before: Mark, after: Mark) -> Iterator[Row]:
    elapsed, reads = after.at - before.at, after.reads - before.reads
    text = (
        f"{reads / elapsed:,.0f} reads/s from {READERS} readers over TCP, 4 tags per message, 500 tags in view, "
        f"{(after.events - before.events) / elapsed:.0f} events/s, {elapsed:.0f} s"
    )
    latency = np.cumsum(after.latency - before.latency)
    yield Row("rated: p50", "read to commit", percentile(latency, 0.50), "ms", text, None, "lower")
    yield Row("rated: p99", "read to commit", percentile(latency, 0.99), "ms", text, 100.0, "lower")
    commits = (after.commits - before.commits) / elapsed
    share = 100 * (after.cpu - before.cpu) / elapsed
    yield Row("rated: CPU", "share of one core", share, "%", f"{commits:.0f} commits/s", 10.0, "lower")
    yield Row("rated: memory", "resident", after.rss, "MB", "VmRSS of the gateway's process", 100.0, "lower")


def percentile(cumulative: np.ndarray, part: float) -> float:
    """ms below which that part of the reads was durable."""
    return float(np.searchsorted(cumulative, part * cumulative[-1]) + 1) / 10


def _many(folder: Path, known: int, warm_up: float) -> Iterator[Row]:
    """Tags in two zones, each heard at least once: when all of them have just come, and after a restart."""
    cast = Cast(known // READERS, ports=(3, 4))
    script = Script((cast,) * READERS, _SIZES, rounds=1, rate=RATE / READERS)
    with live(script, folder, silence=600.0) as running:
        mark = running.settled(known / RATE + warm_up, 3 * known / RATE + 2 * warm_up, 50.0)
        text = f"VmRSS when {known:,} tags have just come, {mark.events:,} events decided"
        yield Row("rated: tags that came", "resident", mark.rss, "MB", text)
        running.restart()
        mark = running.settled(2 * warm_up, 2 * warm_up, 50.0)
    text = f"VmRSS with {known:,} tags known since before the start, after {mark.reads:,} reads of theirs"
    yield Row("rated: tags known", "resident", mark.rss, "MB", text, 160.0, "lower")
