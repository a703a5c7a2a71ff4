"""Rooms of four antennas that hear each other's zones: where is a tag, and how often is it said to have moved?

A read is right if the tag is said to be where it truly is at that time, by what was known `LAG` later. A move is false
if the tag was not within `LAG` of it in the zone that it is said to have come to.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.site import Antenna, Site, Source, Zone
from gateway.bench.accuracy_figures import Figure, clustered
from gateway.bench.accuracy_reads import Labelled, Told, replayed
from gateway.bench.accuracy_rules import DEFAULT, RETAIL, SECOND, Rule, fixed_windows, mobility

if TYPE_CHECKING:
    from simulators.rooms import Labels

LAG = 5 * SECOND
OURS = "waypost"
NOWHERE = -1
RULES: dict[str, Rule] = {
    "EdgeX": lambda reads: mobility(reads, DEFAULT),
    "EdgeX retail": lambda reads: mobility(reads, RETAIL),
    "windows": lambda reads: fixed_windows(reads, 5.0),
}


def room_figures(rooms: int, seconds: float) -> Iterator[Figure]:
    """Zone accuracy and false moves of every decider, over rooms of `seconds` each."""
    from simulators.rooms import Room, labelled

    counted: dict[str, list[tuple[int, int, int]]] = {}
    for seed in range(rooms):
        labels = labelled(Room(seconds=seconds), seed)
        reads = as_reads(labels)
        said = {OURS: ours(labels, reads), "last read": last_read(reads)}
        for column, rule in RULES.items():
            said[column] = from_the_first(reads, rule(reads))
        for column, told in said.items():
            counted.setdefault(column, []).append(held_against(labels, reads, told))
    for column, several in counted.items():
        yield from _figures(column, several, seconds)


def _figures(column: str, several: Sequence[tuple[int, int, int]], seconds: float) -> Iterator[Figure]:
    right, reads, false = (list(numbers) for numbers in zip(*several, strict=True))
    low, high = clustered(right, reads)
    value = 100.0 * sum(right) / sum(reads)
    yield Figure(
        "rooms", "four zones", "reads right", column, value, "%", 100.0 * low, 100.0 * high, sum(reads)
    )
    minutes = len(several) * seconds / 60.0
    spread = np.random.default_rng(1).choice(false, (400, len(false))).sum(axis=1) / minutes
    low, high = np.percentile(spread, (2.5, 97.5))
    rate = sum(false) / minutes
    yield Figure(
        "rooms", "four zones", "false moves", column, rate, "/min", float(low), float(high), sum(false)
    )


def as_reads(labels: "Labels") -> Labelled:
    """The room's reads; the place of a port is the number of its zone."""
    seen = labels.sightings
    place = seen.antenna.astype(np.int32) - 1
    reader = np.zeros(len(seen), np.int32)
    return Labelled(seen.time, seen.sent, seen.tag, reader, seen.antenna, place, seen.rssi, seen.rssi)


def ours(labels: "Labels", reads: Labelled) -> list[Told]:
    """What the daemon says: `arrived`, and `departed` as a move to nowhere."""
    from simulators.rooms import READER, ZONES

    epcs = tuple(epc.hex().upper() for epc in labels.epcs)
    code = {epc: n for n, epc in enumerate(epcs)}
    zones = tuple(Zone(f"zone-{n}") for n in range(ZONES))
    antennas = tuple(Antenna(n + 1, zone=zone.id) for n, zone in enumerate(zones))
    events = replayed(Site("bench", zones, (), (Source(READER, antennas),)), (READER,), epcs, reads)
    where: dict[str, str] = {}
    told = []
    for event in sorted(events, key=lambda event: (event.time, event.kind == "arrived")):
        if event.tag is None or event.place is None or event.kind not in ("arrived", "departed"):
            continue
        if event.kind == "arrived":
            where[event.tag] = event.place
            told.append(Told(code[event.tag], int(event.place[5:]), event.time, event.detected))
        elif where.get(event.tag) == event.place:
            told.append(Told(code[event.tag], NOWHERE, event.time, event.detected))
    return told


def last_read(reads: Labelled) -> list[Told]:
    """Every read is where its antenna looks."""
    columns = (column.tolist() for column in (reads.tag, reads.place, reads.time))
    told, where = [], dict[int, int]()
    for tag, place, time in zip(*columns, strict=True):
        if where.get(tag) != place:
            where[tag] = place
            told.append(Told(tag, place, time, time))
    return told


def from_the_first(reads: Labelled, told: Sequence[Told]) -> list[Told]:
    """Moves, and before them where each tag was read first: so the rules begin."""
    tags, rows = np.unique(reads.tag, return_index=True)
    begun = [
        Told(int(tag), int(reads.place[row]), int(reads.time[row]), int(reads.time[row]))
        for tag, row in zip(tags, rows, strict=True)
    ]
    return begun + list(told)


def held_against(labels: "Labels", reads: Labelled, told: Sequence[Told]) -> tuple[int, int, int]:
    """Reads that were right, all reads, false moves."""
    said: dict[int, list[Told]] = {}
    for one in told:
        said.setdefault(one.tag, []).append(one)
    right = false = 0
    for tag in range(len(labels.epcs)):
        mine = sorted(said.get(tag, []), key=lambda one: one.time)
        time = reads.time[reads.tag == tag]
        right += int(np.count_nonzero(_known(mine, time) == labels.zone(tag, time)))
        arrivals = [one for one in mine if one.place != NOWHERE]
        false += sum(_false(labels, one) for one in arrivals[1:])
    return right, len(reads), false


def _known(told: Sequence[Told], time: np.ndarray) -> np.ndarray:
    """Where a tag was said to be at those times, by what was decided `LAG` after them."""
    known = sorted((max(one.time, one.decided - LAG), n, one.place) for n, one in enumerate(told))
    since = np.array([at for at, _, _ in known], np.int64)
    places = np.array([NOWHERE, *(place for _, _, place in known)], np.int32)
    return np.asarray(places[np.searchsorted(since, time, side="right")])


def _false(labels: "Labels", move: Told) -> bool:
    around = move.time + np.arange(-LAG, LAG + 1, SECOND // 4)
    return move.place not in labels.zone(move.tag, around)
