"""Reads of a labelled world, as every decider of the accuracy benchmark gets them, and what ours makes of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.events import Event
from core.records import Dictionary, Floats, Reads, Times
from core.site import Site
from gateway.csv_reads import Block
from gateway.replay import Replay


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Reads in the order of their delivery; columns of length n.

    time, sent int64 microseconds UTC; tag int32; reader int32; port uint16
    place int32  what the antenna looks at: a side of a door (-1, 1, or 0 for neither), or the number of a zone
    dbm   float32  what simple rules get;  said float32: what the reader reports
    """

    time: Times
    sent: Times
    tag: NDArray[np.int32]
    reader: NDArray[np.int32]
    port: NDArray[np.uint16]
    place: NDArray[np.int32]
    dbm: Floats
    said: Floats

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a decider said of a tag: to which place it went (at a door: +1 far, -1 near, 0 unknown), when
    that was, and when it was decided (microseconds UTC)."""

    tag: int
    place: int
    time: int
    decided: int


def replayed(site: Site, readers: tuple[str, ...], epcs: tuple[str, ...], reads: Labelled) -> list[Event]:
    """The standing events of `site`, through the daemon's own pipeline and in virtual time, as `waypost replay` does."""
    names, tags = Dictionary(), Dictionary()
    for reader in readers:
        names.code(reader)
    for epc in epcs:
        tags.code(epc)
    n = len(reads)
    if not n:
        return []
    columns = Reads(tags, reads.time, reads.tag, reads.port, reads.said, np.ones(n, np.int32))
    block = Block(columns, reads.reader, np.maximum.accumulate(reads.time))
    return standing(Replay(site, names).run([block]))


def standing(events: Iterable[Event]) -> list[Event]:
    """The events that were not taken back."""
    known = list(events)
    gone = {event.retracts for event in known if event.kind == "retracted"}
    return [event for event in known if event.kind != "retracted" and event.id not in gone]
