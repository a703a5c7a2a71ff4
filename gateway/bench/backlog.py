"""A journal full of events that nobody has fetched yet: what an outage of the database leaves behind."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from core.events import Event, Identity
from gateway.journal import Journal

SITE = "bench"
START = 1_760_000_000_000_000
SPACING = 100_000
"""Microseconds between two events."""
COMMIT = 5_000
"""Events that are written at once."""
PALLETS, DOORS = 2_000, 8


def events(first: int, count: int) -> Iterator[Event]:
    """Numbers `first` and so on of an endless day: pallets that arrive, pass a door and depart."""
    identity = Identity(SITE)
    for number in range(first, first + count):
        yield _event(number, random.Random(number), identity)


def _event(number: int, chance: random.Random, identity: Identity) -> Event:
    time, pallet = START + number * SPACING, chance.randrange(PALLETS)
    door = f"door-{chance.randrange(DOORS)}"
    kind = ("arrived", "passed", "departed")[number % 3]
    passed = kind == "passed"
    reads = chance.randint(4, 60)
    sides = {"first": time - 600_000, "last": time + 600_000, "reads": reads // 2}
    return Event(
        id=identity.event(kind, str(pallet), door, number, 0),
        time=time,
        detected=time + 2_300_000,
        kind=kind,
        item=f"pallet-{pallet}",
        tag=f"30340789000C0E42DF{pallet:06X}",
        place=door if passed else "warehouse",
        from_place="yard",
        direction="in" if passed else None,
        time_error=0.35,
        confidence=0.97 if passed else None,
        reads=reads,
        source=door,
        evidence={"near": sides, "far": sides} if passed else {},
    )


def fill(path: Path, count: int) -> None:
    """Make a journal that holds as many events."""
    journal = Journal.open(path, SITE)
    source = events(1, count)
    while part := list(islice(source, COMMIT)):
        journal.commit((), part)
        journal.tend()
    journal.close()
