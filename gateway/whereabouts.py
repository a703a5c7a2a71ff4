"""Where something is now, told by its standing events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isnan

from core.events import Event, rfc3339
from core.records import Fix

When = tuple[int, int]
"""Time of an event, microseconds UTC, and its sequence number: what comes later counts."""

_TELLING = ("arrived", "departed", "passed", "found", "missing")
"""Kinds of events that say where something was."""


@dataclass(slots=True)
class Whereabouts:
    """The fold of a subject's standing events in any order; as large as the places it ever was in.

    at    for each place the newest event that says whether it is there
    last  the newest event that says where it was
    """

    at: dict[str, tuple[When, Event]] = field(default_factory=dict)
    last: Event | None = None
    _last: When = (-(1 << 63), 0)

    def add(self, seq: int, event: Event) -> None:
        """One more of its events."""
        when = (event.time, seq)
        if event.kind in ("arrived", "departed") and event.place is not None:
            known = self.at.get(event.place)
            if known is None or known[0] < when:
                self.at[event.place] = (when, event)
        if event.kind in _TELLING and self._last < when:
            self.last, self._last = event, when

    def settles(self, seq: int, time: int, kind: str, place: str | None) -> bool:
        """Would such an event change nothing?"""
        when = (time, seq)
        known = self.at.get(place) if place is not None and kind in ("arrived", "departed") else None
        if kind in ("arrived", "departed") and place is not None and (known is None or known[0] < when):
            return False
        return kind not in _TELLING or self._last >= when

    def deepest(self, inside: Mapping[str, str | None]) -> Event | None:
        """What put it into the deepest place that it is in, the freshest among equals; None if it is in none.

        inside  zone -> the zone around it
        """
        arrived = ((when, event) for when, event in self.at.values() if event.kind == "arrived")
        found = max(arrived, key=lambda one: (_depth(one[1].place, inside), one[0]), default=None)
        return None if found is None else found[1]

    @property
    def last_place(self) -> str | None:
        """Where it arrived or departed last."""
        newest = max(self.at.items(), key=lambda one: one[1][0], default=None)
        return None if newest is None else newest[0]


def whereabouts(newest_first: Iterable[tuple[int, Event]]) -> Whereabouts:
    """From all events of one subject with their sequence numbers, the newest first; what was retracted never was.

    A retraction comes before what it takes back, and is forgotten with it.
    """
    found, gone = Whereabouts(), set[str | None]()
    for seq, event in newest_first:
        if event.kind == "retracted":
            gone.add(event.retracts)
        elif event.id in gone:
            gone.remove(event.id)
        else:
            found.add(seq, event)
    return found


def found_json(
    item: str,
    found: Whereabouts,
    inside: Mapping[str, str | None],
    read: int | None = None,
    fix: Fix | None = None,
) -> dict[str, str | float | None]:
    """The deepest zone of the set, ties to the freshest evidence, and the position that a tracker gave.

    read  when it was read last, if that is known: what stays where it is tells no event
    fix   the last valid one of its trackers
    """
    here = found.deepest(inside)
    decided = here or found.last
    told = None if found.last is None else found.last.time
    fixed = None if fix is None else fix.time
    seen = max((time for time in (told, read, fixed) if time is not None), default=None)
    return {
        "item": item,
        "place": None if here is None else here.place,
        "since": None if here is None else rfc3339(here.time),
        "last_place": found.last_place if here is None else here.place,
        "last_seen": None if seen is None else rfc3339(seen),
        "lat": None if fix is None else fix.lat,
        "lon": None if fix is None else fix.lon,
        "accuracy": None if fix is None or isnan(fix.accuracy) else round(fix.accuracy, 3),
        "position_time": None if fix is None else rfc3339(fix.time),
        "confidence": None if decided is None else decided.confidence,
        "source": None if decided is None else decided.source,
    }


def _depth(place: str | None, inside: Mapping[str, str | None]) -> int:
    depth = 0
    while place is not None:
        depth, place = depth + 1, inside.get(place)
    return depth
