"""Where something is now, told by its standing events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.events import Event, rfc3339


@dataclass(slots=True)
class Whereabouts:
    """The fold of an item's events: the places it is in, each with the event that put it there."""

    places: dict[str, Event] = field(default_factory=dict)
    last: Event | None = None
    last_place: str | None = None

    def add(self, event: Event) -> None:
        """The next event in order of time."""
        if event.kind == "arrived" and event.place is not None:
            self.places[event.place] = event
            self.last_place = event.place
        elif event.kind == "departed" and event.place is not None:
            self.places.pop(event.place, None)
            self.last_place = event.place
        if event.kind in ("arrived", "departed", "passed", "found", "missing"):
            self.last = event


def whereabouts(events: Iterable[tuple[int, Event]]) -> Whereabouts:
    """From all events of one item, with their sequence numbers; what was retracted never was."""
    rows = list(events)
    gone = {event.retracts for _, event in rows if event.kind == "retracted"}
    standing = [
        (event.time, seq, event) for seq, event in rows if event.kind != "retracted" and event.id not in gone
    ]
    found = Whereabouts()
    for _, _, event in sorted(standing, key=lambda one: one[:2]):
        found.add(event)
    return found


def found_json(
    item: str, found: Whereabouts, inside: Mapping[str, str | None], read: int | None = None
) -> dict[str, str | float | None]:
    """The deepest zone of the set, ties to the freshest evidence. Position and accuracy need a tracker: null here.

    read  when it was read last, if that is known: what stays where it is tells no event
    """
    here = max(found.places.values(), key=lambda one: (_depth(one.place, inside), one.time), default=None)
    decided = here or found.last
    told = () if found.last is None else (found.last.time,)
    seen = max((*told, *(() if read is None else (read,))), default=None)
    return {
        "item": item,
        "place": None if here is None else here.place,
        "since": None if here is None else rfc3339(here.time),
        "last_place": found.last_place if here is None else here.place,
        "last_seen": None if seen is None else rfc3339(seen),
        "lat": None,
        "lon": None,
        "accuracy": None,
        "position_time": None,
        "confidence": None if decided is None else decided.confidence,
        "source": None if decided is None else decided.source,
    }


def _depth(place: str | None, inside: Mapping[str, str | None]) -> int:
    depth = 0
    while place is not None:
        depth, place = depth + 1, inside.get(place)
    return depth
