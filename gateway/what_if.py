"""What would other settings have said? Two lists of events of the same records, held against each other."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from core.events import Event
from core.records import SECOND

NEAR = 30 * SECOND
"""Two passes of one subject at one door whose times are no farther apart may be the same one, seen otherwise."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An event that only the other settings give (`appears`), only the file's do (`vanishes`), or that both give with
    another direction or another zone before (`flips`). `time` in microseconds UTC."""

    change: Literal["appears", "vanishes", "flips"]
    before: Event | None
    after: Event | None

    @property
    def event(self) -> Event:
        """The one that is shown: as the other settings have it, if they have it."""
        one = self.after or self.before
        assert one is not None
        return one


@dataclass(frozen=True, slots=True)
class Comparison:
    """differences  by time, of one instant in the order of decision
    same         events that both give; `redated` of them with another time, or another beginning
    """

    differences: list[Difference]
    same: int
    redated: int


def standing(events: Iterable[Event]) -> list[Event]:
    """Those that were not taken back, in order of decision."""
    kept: dict[str, Event] = {}
    for one in events:
        if one.retracts is None:
            kept[one.id] = one
        else:
            kept.pop(one.retracts, None)
    return list(kept.values())


def compared(before: Iterable[Event], after: Iterable[Event]) -> Comparison:
    """What stands at the end of each: by identity, then the same kind, subject and place within `NEAR`.

    The settings decide where a pass begins, and so its identity: two that are near one another are one that was seen
    otherwise, and not one that is gone and another that has come.
    """
    old, new = ({one.id: one for one in standing(events)} for events in (before, after))
    pairs = [(old[id], new[id]) for id in old if id in new]
    pairs += _near(
        [one for id, one in old.items() if id not in new], [one for id, one in new.items() if id not in old]
    )
    met = {one.id for pair in pairs for one in pair}
    found = [Difference("flips", one, other) for one, other in pairs if _way(one) != _way(other)]
    found += [Difference("vanishes", one, None) for id, one in old.items() if id not in met]
    found += [Difference("appears", None, one) for id, one in new.items() if id not in met]
    kept = [(one, other) for one, other in pairs if _way(one) == _way(other)]
    redated = sum(one.id != other.id or one.time != other.time for one, other in kept)
    found.sort(key=lambda one: one.event.time)
    return Comparison(found, len(kept), redated)


def _way(one: Event) -> tuple[str | None, str | None]:
    return one.direction, one.from_place


def _near(old: list[Event], new: list[Event]) -> Iterator[tuple[Event, Event]]:
    """Pairs of what is left, the nearest first; each once."""
    by_what: defaultdict[tuple[str, str | None, str | None], list[Event]] = defaultdict(list)
    for one in sorted(new, key=attrgetter("time")):
        by_what[_what(one)].append(one)
    near = [(one, other) for one in old for other in _around(by_what[_what(one)], one.time)]
    near.sort(key=lambda pair: (abs(pair[0].time - pair[1].time), pair[0].id, pair[1].id))
    taken: set[str] = set()
    for one, other in near:
        if one.id not in taken and other.id not in taken:
            taken |= {one.id, other.id}
            yield one, other


def _around(events: list[Event], time: int) -> list[Event]:
    """Of events by time those within `NEAR` of a time."""
    begin = bisect_left(events, time - NEAR, key=attrgetter("time"))
    return events[begin : bisect_right(events, time + NEAR, key=attrgetter("time"))]


def _what(one: Event) -> tuple[str, str | None, str | None]:
    return one.kind, one.item or one.tag or one.source, one.place
