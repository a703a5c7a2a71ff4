"""A simulated world in a journal, as a daemon at its doors writes it: inputs, and the events they cause."""

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import numpy as np

from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Input, Reads
from core.site import Site
from gateway.configuration import load
from gateway.csv_merge import merged
from gateway.journal import Journal
from gateway.recorded_files import recorded
from simulators.world import World

STEP = SECOND // 2
"""How often a reader reports."""


def inputs(world: World) -> list[Input]:
    """What the readers of a world deliver, in order of arrival: twice a second their reads, then a sign of life."""
    tags = Dictionary([epc.hex().upper() for epc in world.epcs])
    heard = [one for reader in world.scenario.layout.readers for one in _reports(world, reader, tags)]
    return sorted(heard, key=attrgetter("arrival"))


def _reports(world: World, reader: str, tags: Dictionary) -> Iterator[Input]:
    seen = world.sightings(reader)
    start = world.scenario.start
    for at in range(start + STEP, start + round(world.scenario.seconds) * SECOND + 5 * SECOND, STEP):
        rows = slice(*np.searchsorted(seen.sent, [at - STEP, at]).tolist())
        count = np.ones(rows.stop - rows.start, np.int32)
        if len(count):
            antenna = seen.antenna[rows].astype(np.uint16)
            rssi = seen.rssi[rows].astype(np.float32)
            yield Input(
                reader,
                at,
                Reads(tags, seen.time[rows], seen.tag[rows].astype(np.int32), antenna, rssi, count),
            )
        yield Input(reader, at, Alive(at - SECOND // 10))


def write(path: Path, site: Site, heard: list[Input]) -> list[Event]:
    """A journal of them; returns the events in it."""
    pipeline, journal, events = Pipeline(site), Journal.open(path, site.id), list[Event]()
    for input in heard:
        decided = pipeline.step(input)
        journal.commit([input], decided.events, decided.gaps)
        events += decided.events
    journal.close()
    return events


def write_inputs(folder: Path) -> None:
    """The recording `r.csv` of a folder in the journal of its `site.toml`, with the signs of life of a replay."""
    site = load(folder / "site.toml").site
    given = recorded([folder / "r.csv"])
    heard: list[Input] = []
    for block in merged(given.reads):
        for row in range(len(block.reader)):
            source, at = given.readers.ids[block.reader[row]], int(block.at[row])
            heard += [Input(source, at, block.reads.slice(row, row + 1)), Input(source, at, Alive(at))]
    last = heard[-1].arrival
    heard += [Input(heard[-1].source, last + n * SECOND, Alive(last + n * SECOND)) for n in range(1, 20)]
    write(folder / "waypost.db", site, heard)
