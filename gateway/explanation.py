"""Why was this said? An event of the journal with everything that it was decided by.

What is not in the journal is not made up: it is told what is missing, and why.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from core.events import Event, Gap, Identity
from core.records import SECOND
from core.site import Site
from gateway.behind import Behind, behind, door_of, since
from gateway.reader import Reader
from gateway.second_look import WARM, Look, look_again
from gateway.sightings import sightings
from gateway.source_health import Health, health
from gateway.tables import Filter

COMMITS = 20_000
"""That are looked through at most, the newest before the decision: at one a second, more than five hours."""
ALIKE = 10
"""Events that are named when a prefix fits several."""
MARGIN = 60 * SECOND
"""So far may a record's time be ahead of its arrival."""


class NoSuchEvent(Exception):
    """No event of the journal begins like that, or several do; the text says which and what to do."""


@dataclass(slots=True)
class Explanation:
    """What there is to say.

    taken_back  the row that retracts the event; `of` the event that this row itself retracts
    before      the same subject's event in the journal before this one
    beside      what was decided of the same subject with it: a pass and what it did to the zones
    gap         of a device event, the interval in which it was not heard
    look        of a pass, what it was decided by
    notes       what could not be found, and why
    """

    event: Event
    taken_back: Event | None = None
    of: Event | None = None
    before: Event | None = None
    beside: list[Event] = field(default_factory=list)
    gap: Gap | None = None
    behind: Behind = field(default_factory=lambda: Behind([], None))
    look: Look | None = None
    health: list[Health] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_event(journal: Reader, prefix: str) -> tuple[int, Event]:
    """The event whose id is, or begins with, `prefix`. Raises NoSuchEvent, JournalError."""
    wanted = prefix.strip().lower()
    found = list(islice(journal.events_back(Filter(id=wanted)), ALIKE + 1)) if wanted else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise NoSuchEvent(
            f"EVENT = {prefix!r}: no event of {journal.path} begins like that; "
            "waypost events --json tells their ids, and what is past its retention is gone"
        )
    more = " and more" if len(found) > ALIKE else ""
    ids = ", ".join(one.id for _, one in found[:ALIKE])
    raise NoSuchEvent(f"EVENT = {prefix!r}: several events begin like that; write more of {ids}{more}")


def explain(journal: Reader, site: Site, seq: int, event: Event) -> Explanation:
    """Everything about event number `seq`. Raises JournalError."""
    told = Explanation(event)
    told.taken_back = _by_id(journal, Identity(site.id).retraction(event.id))
    if event.retracts is not None:
        told.of = _by_id(journal, event.retracts)
        if told.of is None:
            told.notes.append(
                f"the event that it takes back, {event.retracts}, is not in the journal any more"
            )
    if event.kind in ("device_down", "device_up"):
        _device(told, journal, site)
    else:
        _subject(told, journal, site, seq)
    return told


def _by_id(journal: Reader, id: str) -> Event | None:
    return next((one for _, one in journal.events_back(Filter(id=id))), None)


def _device(told: Explanation, journal: Reader, site: Site) -> None:
    """A device was lost or came back: the gap around it, and what its link did meanwhile."""
    event = told.event
    gaps = [gap for _, gap in journal.gaps() if gap.source == event.source]
    told.gap = next((gap for gap in gaps if gap.since <= event.time <= gap.to), None)
    if told.gap is None:
        told.notes.append("no gap has been written for it yet: that is done when the device has caught up")
    told.before = next(
        (
            one
            for _, one in journal.events_back(Filter(until=event.time))
            if one.source == event.source and one.kind in ("device_down", "device_up")
        ),
        None,
    )
    told.health = health(journal, site, [event.source or ""], (), event.time, event.detected)


def _subject(told: Explanation, journal: Reader, site: Site, seq: int) -> None:
    event = told.event if told.of is None else told.of
    told.before, told.beside = _neighbours(journal, seq, event)
    event = _deciding(event, told.beside)
    begin = since(event, site)
    first, last = _commits(told, journal, seq, begin - MARGIN)
    heard = sightings(journal.inputs_of(first, last), site, _tags(event, site))
    told.behind = behind(event, [one for one in heard if begin <= one.time <= event.detected], site)
    if told.behind.anchor is None:
        told.notes.append(_unproven(event, told.behind))
    elif door_of(event, site) is not None:
        _look(told, journal, site, event, last)
    devices = {one.device for one in told.behind.reads} | {event.source or ""}
    inputs = journal.inputs_of(first, last)
    told.health = health(journal, site, sorted(devices), inputs, begin, event.detected)


def _deciding(event: Event, beside: list[Event]) -> Event:
    """The pass that put its subject into a zone, or out of one, where that is what happened; else the event itself."""
    portal = event.evidence.get("portal")
    return next((one for one in beside if one.kind == "passed" and one.place == portal), event)


def _commits(told: Explanation, journal: Reader, seq: int, since: int) -> tuple[int, int]:
    first, last = journal.commits_to(seq, since)
    if last - first >= COMMITS:
        first = last - COMMITS + 1
        told.notes.append(f"only the last {COMMITS} commits before the decision were looked through")
    return first, last


def _tags(event: Event, site: Site) -> Collection[str]:
    """All tags of its subject: those of an item are one stream."""
    owner = next((one for one in site.items if one.id == event.item), None)
    own = () if event.tag is None else (event.tag,)
    return {*own, *(owner.tags if owner is not None else ())}


def _unproven(event: Event, found: Behind) -> str:
    if not found.reads:
        return "no read of it is left in the journal where it was decided"
    if event.kind == "departed":
        return "its visit began before the reads that are shown"
    return (
        "its id comes out of none of the reads that are left, so they are only those of that time and place"
    )


def _neighbours(journal: Reader, seq: int, event: Event) -> tuple[Event | None, list[Event]]:
    """What was told of the same subject before, and at the same moment."""
    wanted = Filter(item=event.item) if event.item is not None else Filter(tag=event.tag)
    beside: list[Event] = []
    for number, one in journal.events(max(0, seq - ALIKE), wanted):
        if number > seq + ALIKE:
            break
        if one.detected == event.detected and one.id != event.id:
            beside.append(one)
    earlier = (one for number, one in journal.events_back(wanted) if number < seq and one not in beside)
    return next((one for one in earlier if one.id != event.id), None), beside


def _look(told: Explanation, journal: Reader, site: Site, event: Event, last: int) -> None:
    """What the pass was decided by, out of the inputs around it."""
    door, anchor = door_of(event, site), told.behind.anchor
    assert door is not None
    assert anchor is not None
    first, _ = journal.commits_to(1 << 62, min(anchor, event.time) - WARM)
    inputs = journal.inputs_of(max(first, last - COMMITS + 1), last)
    told.look = look_again(event, door.id, anchor, inputs, site)
    if told.look is None:
        told.notes.append("the inputs that are left, under the configuration of today, give another decision")
    elif not told.look.same:
        told.notes.append(
            "under the configuration of today it comes out with other figures than it was told with"
        )
