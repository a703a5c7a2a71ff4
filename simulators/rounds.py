"""People on their rounds with handhelds: who pulls which trigger before what, and where that puts things.

The same seed gives the same rounds to the last tag. Where a thing is comes from the plan, never from what is told of it.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulators.clock import SECOND
from simulators.epc import sgtin96
from simulators.llrp_reports import Sighting

APART = (5 * SECOND // 4, 5 * SECOND // 2)
"""Microseconds between two pulls, at least and at most: what comes within a second of itself is one instant."""

_COMPANY = 9_506_000


@dataclass(frozen=True, slots=True)
class Thing:
    """Has a tag and a label; `code` is what its label says."""

    id: str
    epc: bytes
    code: str


@dataclass(frozen=True, slots=True)
class Pull:
    """At `time` (microseconds UTC): a badge, the label of one thing, or the tags of several; `who` is whose hand it is."""

    time: int
    handheld: str
    who: str | None
    badge: bool = False
    label: Thing | None = None
    tags: tuple[Thing, ...] = ()

    @property
    def code(self) -> str | None:
        """What the barcode reader reads, None if the radio does."""
        if self.badge:
            return self.who
        return None if self.label is None else self.label.code

    @property
    def sightings(self) -> list[Sighting]:
        """What the radio hears."""
        return [Sighting(1, thing.epc, rssi=-50.0 - number) for number, thing in enumerate(self.tags)]


@dataclass(frozen=True, slots=True)
class Move:
    """By whose hand a thing was first seen in a zone; `was` is where it had been, None if nobody knew."""

    thing: str
    zone: str
    was: str | None
    who: str | None


def things(count: int) -> tuple[Thing, ...]:
    """So many."""
    return tuple(Thing(f"thing-{n}", sgtin96(_COMPANY, 7, n), f"THING {n:03}") for n in range(count))


def rounds(
    seed: int, start: int, handhelds: Sequence[str], among: Sequence[Thing], pulls: int
) -> tuple[Pull, ...]:
    """So many pulls in turn; whoever takes a handheld for the first time, and now and then another one, shows a badge."""
    chance = random.Random(f"rounds {seed}")
    holders: dict[str, str] = {}
    told: list[Pull] = []
    time = start
    while len(told) < pulls:
        time += chance.randint(*APART)
        handheld = chance.choice(handhelds)
        who = holders.get(handheld)
        if who is None or chance.random() < 0.15:
            holders[handheld] = f"EMP-{chance.randint(1, 4)}"
            told.append(Pull(time, handheld, holders[handheld], badge=True))
        elif chance.random() < 0.4:
            told.append(Pull(time, handheld, who, label=chance.choice(among)))
        else:
            seen = tuple(chance.sample(among, chance.randint(1, min(4, len(among)))))
            told.append(Pull(time, handheld, who, tags=seen))
    return tuple(told)


def moves(pulls: Iterable[Pull], zones: Mapping[str, str]) -> list[Move]:
    """What the pulls mean, in order; `zones` of the handhelds."""
    where: dict[str, str] = {}
    found: list[Move] = []
    for pull in pulls:
        zone = zones[pull.handheld]
        for thing in pull.tags if pull.label is None else (pull.label,):
            if where.get(thing.id) != zone:
                found.append(Move(thing.id, zone, where.get(thing.id), pull.who))
                where[thing.id] = zone
    return found
