"""Which of the reads of a subject are behind an event.

An event's id is made of the time of the first record of its visit or pass (`core.events.Identity`). So the right one of
all reads can be told: it is the one from which the id comes out again. What is shown then is proven to be the pass or
visit that was decided, and not one near it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.events import Event, Identity
from core.records import SECOND
from core.site import Portal, Site
from gateway.sightings import Sighting

REVISIONS = 16
"""Times that an identity may have been taken back and told again, for its id to be recognised."""
AROUND = 60 * SECOND
"""Of an event that is no pass, so much before it is looked at."""
VISIT = 600 * SECOND
"""Of a visit that ended, no more than its last ten minutes."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The reads, by time. `anchor`: microseconds of the one that the event's id was made from, None if none of them."""

    reads: list[Sighting]
    anchor: int | None


def door_of(event: Event, site: Site) -> Portal | None:
    """The portal at which an event was decided: that of a pass, or of the pass that put its subject into a zone."""
    name = event.place if event.kind == "passed" else event.evidence.get("portal")
    return next((one for one in site.portals if one.id == name), None)


def since(event: Event, site: Site) -> int:
    """The earliest read that may be behind an event, microseconds UTC."""
    door = door_of(event, site)
    if door is not None:
        return event.time - round((door.max_pass + door.gap) * SECOND)
    return event.time - (VISIT if event.kind == "departed" else AROUND)


def behind(event: Event, heard: Sequence[Sighting], site: Site) -> Behind:
    """Of what was heard of the event's subject, from `since` on, by the time it was decided."""
    door = door_of(event, site)
    if door is not None:
        at_door = [one for one in heard if one.place == door.id]
        anchor = _anchor(event, at_door, site)
        return Behind(_run(at_door, event.time if anchor is None else anchor, door), anchor)
    anchor = _anchor(event, heard, site)
    first = anchor if anchor is not None else min((one.time for one in heard), default=event.time)
    return Behind([one for one in heard if _concerns(one, event, first)], anchor)


def _anchor(event: Event, heard: Sequence[Sighting], site: Site) -> int | None:
    identity, subject = Identity(site.id), event.item or event.tag or ""
    for time in dict.fromkeys(one.time for one in heard):
        for revision in range(REVISIONS):
            if identity.event(event.kind, subject, event.place, time, revision) == event.id:
                return time
    return None


def _concerns(one: Sighting, event: Event, first: int) -> bool:
    """Of a visit the reads in its zone; of one that silence ended also where its subject was heard instead."""
    if event.kind == "departed":
        return one.time >= first and (one.place == event.place or one.time >= event.time)
    if event.kind == "missing":
        return one.time <= event.time
    elsewhere = event.kind == "arrived" and one.device != event.source and one.place != event.place
    return one.time >= min(first, event.time) and not elsewhere


def _run(heard: Sequence[Sighting], time: int, door: Portal) -> list[Sighting]:
    """The reads of a pass: those that follow one another by no more than the door's gap, around a time."""
    return next((run for run in runs(heard, door.gap) if run[0].time <= time <= run[-1].time), [])


def runs(heard: Sequence[Sighting], gap: float) -> Iterator[list[Sighting]]:
    """Reads by time, parted where more than `gap` seconds lie between two."""
    start = 0
    for number, (one, other) in enumerate(pairwise(heard), 1):
        if other.time - one.time > gap * SECOND:
            yield list(heard[start:number])
            start = number
    if heard:
        yield list(heard[start:])
