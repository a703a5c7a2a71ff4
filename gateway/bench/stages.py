"""Row by row, what each step on the way of a read costs: CPU time of this process, no socket, no other thread."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from core.pipeline import Pipeline
from core.records import Input, Reads
from core.site import Antenna, Portal, Site, Source, Tags, Zone
from gateway.bench.codec import PER_TAG, START, Decoding, decoded, recorded
from gateway.bench.rows import Row
from gateway.bench.scene import Cast
from gateway.bench.script import SIZES
from gateway.journal import Journal
from gateway.merging import concatenate

_FIRST = 10.0
"""Seconds of record time after which passes and visits end as fast as they begin."""
POPULATIONS = (2_000, 100_000)
BATCHES = (1, 12, 100, 1_000, 20_000)
_ALONE = (1,)
_SETTLED = 32
"""Rounds of all tags after which visits are told and the tags parked at the portal are known to be."""


def stages(seconds: float, folder: Path, populations: Sequence[int] = POPULATIONS) -> Iterator[Row]:
    """The codec, the pipeline's step, the journal's commit, each at every size that matters."""
    share = seconds / (len(populations) * (2 + 2 * len(BATCHES)))
    for tags in populations:
        for sizes, text in ((SIZES, "50 tags per message, sizes mixed"), (_ALONE, "1 tag per message")):
            yield Row(
                f"codec {sum(sizes) // len(sizes)}/{tags}",
                "frame, verify, tag codes, columns",
                codec(tags, sizes, share),
                "ns/read",
                f"{text}, {tags:,} tags, CPU",
            )
        reads = decoded(recorded(Cast(tags), SIZES, (_SETTLED + 1) * tags + 200_000))
        for batch in BATCHES:
            yield Row(
                f"step {batch}/{tags}",
                "the pipeline's step",
                step(reads, tags, batch, share),
                "ns/read",
                f"batches of {batch:,}, {tags:,} parked tags, CPU",
            )
        for batch in BATCHES:
            with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
                cpu, wall = commit(reads, batch, share, Path(made) / "journal.db")
            yield Row(
                f"commit {batch}/{tags}",
                "blob and commit, synchronous=FULL",
                cpu,
                "ns/read",
                f"batches of {batch:,}, {tags:,} tags, CPU; {wall:,.0f} ns/read with the wait for the disk",
            )
    yield event_row(seconds / 10)


def codec(tags: int, sizes: tuple[int, ...], seconds: float) -> float:
    """ns of CPU per read, from received bytes to columns, once every tag is known."""
    pieces = recorded(Cast(tags), sizes, max(2 * tags, 100_000))
    decoding = Decoding()
    for data, now in pieces:
        decoding.take(data, now)
    reads, spent = 0, 0.0
    while spent < seconds or not reads:
        began = time.process_time()
        for data, now in pieces:
            reads += len(decoding.take(data, now))
        spent += time.process_time() - began
    return spent * 1e9 / reads


def site(tags: int, max_pass: float = 0.5) -> Site:
    """Two zones and a portal; tags parked there are known to be after `max_pass` and the gap, in seconds."""
    antennas = (
        Antenna(1, portal="dock", side="yard"),
        Antenna(2, portal="dock", side="warehouse"),
        Antenna(3, zone="bay-0"),
        Antenna(4, zone="bay-1"),
    )
    bays = tuple(Zone(f"bay-{bay}", leave="silence", silence=5.0) for bay in (0, 1))
    return Site(
        "bench",
        (Zone("yard"), Zone("warehouse"), *bays),
        (Portal("dock", ("yard", "warehouse"), max_pass=max_pass),),
        (Source("door", antennas),),
        tags=Tags(limit=max(200_000, tags)),
    )


def cut(batches: Sequence[Reads], size: int) -> Iterator[Reads]:
    """The same reads in batches of `size`, the last ones of each stretch left out."""
    for reads in joined(batches, size):
        for at in range(0, len(reads) - size + 1, size):
            yield reads.slice(at, at + size)


def joined(batches: Sequence[Reads], size: int) -> Iterator[Reads]:
    """Batches joined until each has at least `size` reads."""
    several: list[Reads] = []
    for reads in batches:
        several.append(reads)
        if sum(map(len, several)) >= size:
            yield concatenate(several)
            several = []


def step(batches: Sequence[Reads], tags: int, size: int, seconds: float) -> float:
    """ns of CPU per read in `Pipeline.step`, once all tags are known to be where they are."""
    pipeline = Pipeline(site(tags))
    heard = used = 0
    while heard < _SETTLED * tags and used < len(batches) - 1:
        pipeline.step(_input(batches[used]))
        heard += len(batches[used])
        used += 1
    reads, spent = 0, 0.0
    for batch in cut(batches[used:], size):
        began = time.process_time()
        pipeline.step(_input(batch))
        spent += time.process_time() - began
        reads += len(batch)
        if spent > seconds:
            break
    return spent * 1e9 / max(1, reads)


def _input(reads: Reads) -> Input:
    return Input("door", int(reads.time[-1]), reads)


def event_row(seconds: float) -> Row:
    """What an event costs in the step: passes through a portal and visits to two zones, few reads each."""
    cast = Cast(0, 400, 200, visit=10.0)
    pipeline, events, reads, spent = Pipeline(site(cast.tags, max_pass=5.0)), 0, 0, 0.0
    pieces = recorded(cast, SIZES, round(PER_TAG * cast.tags * (_FIRST + 5.0)))
    for batch in cut(decoded(pieces), 100):
        began = time.process_time()
        decided = pipeline.step(_input(batch))
        if batch.time[0] > START + _FIRST * 1e6:
            spent += time.process_time() - began
            events += len(decided.events)
            reads += len(batch)
        if spent > seconds and events:
            break
    return Row(
        "step event",
        "the pipeline's step where tags come and go",
        spent * 1e6 / max(1, events),
        "us/event",
        f"{events:,} events of {reads:,} reads in batches of 100, CPU, the reads included",
    )


def commit(batches: Sequence[Reads], size: int, seconds: float, path: Path) -> tuple[float, float]:
    """ns of CPU, and of time, per read in `Journal.commit` and `tend`."""
    journal = Journal.open(path, "bench")
    several = [_input(reads) for reads in islice(cut(batches, size), 2_000)]
    journal.commit(several[:1])
    reads, began, cpu = 0, time.perf_counter(), time.process_time()
    for input in several[1:]:
        journal.commit([input])
        journal.tend()
        reads += size
        if time.perf_counter() - began > seconds:
            break
    spent = time.process_time() - cpu, time.perf_counter() - began
    journal.close()
    return spent[0] * 1e9 / max(1, reads), spent[1] * 1e9 / max(1, reads)
