"""Events held against the truth: what was found, missed, wrong, or never happened."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.events import Event
from simulators.truth import Crossing, Truth

SECOND = 1_000_000
SLACK = 3 * SECOND
"""Microseconds by which the time of a `passed` may be off and still mean that crossing."""

EDGE = 6 * SECOND
"""The same for the ends of a visit: a pallet takes 4 s from the edge of a room to its place."""

SILENCE = 40 * SECOND
"""Microseconds after the end of a visit by when a silence of 30 s has been noticed."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a run did. `strays` are `passed` events without a crossing, `wrong` those with a wrong or no direction.

    `ends` counts the beginnings and ends of visits that were due, `ends_found` those that have their `arrived` or
    `departed`, and `ends_false` the events in rooms that match none.
    """

    crossings: int
    right: int
    missed: tuple[Crossing, ...]
    wrong: tuple[Event, ...]
    strays: tuple[Event, ...]
    ends: int
    ends_found: int
    ends_false: tuple[Event, ...]

    @property
    def perfect(self) -> bool:
        """Every pass once in the right direction, no stray, every visit."""
        flaws = (self.missed, self.wrong, self.strays, self.ends_false)
        return not any(flaws) and self.ends_found == self.ends

    def __str__(self) -> str:
        return (
            f"{self.right} of {self.crossings} passes right, {len(self.missed)} missed, "
            f"{len(self.wrong)} in a wrong direction, {len(self.strays)} that never were; "
            f"{self.ends_found} of {self.ends} ends of visits, {len(self.ends_false)} that never were"
        )


def compare(truth: Truth, events: Iterable[Event], settled: int | None = None) -> Score:
    """Hold the standing events (retracted ones are left out) against `truth`.

    Facts after `settled` (microseconds UTC; None = the whole world) may but need not have their events yet.
    """
    standing = _standing(events)
    by = truth.end + SILENCE if settled is None else settled
    passes = _Pool([event for event in standing if event.kind == "passed"])
    right, due, missed, wrong = 0, 0, [], []
    for crossing in truth.crossings:
        found = passes.take("passed", crossing.item or crossing.tag, crossing.portal, crossing.time, SLACK)
        if found is None and crossing.time > by:
            continue
        due += 1
        if found is None:
            missed.append(crossing)
        elif found.direction == crossing.direction:
            right += 1
        else:
            wrong.append(found)
    rooms = {visit.zone for visit in truth.visits}
    ends = _Pool(
        [event for event in standing if event.kind in ("arrived", "departed") and event.place in rooms]
    )
    asked, found_ends = _visits(truth, ends, by)
    return Score(due, right, tuple(missed), tuple(wrong), passes.left(), asked, found_ends, ends.left())


class _Pool:
    """Events that have not been matched yet, by what they say."""

    def __init__(self, events: list[Event]) -> None:
        self._open: dict[tuple[str, str | None, str | None], list[Event]] = {}
        for event in events:
            self._open.setdefault((event.kind, event.item or event.tag, event.place), []).append(event)

    def take(self, kind: str, subject: str | None, place: str, time: int, slack: int) -> Event | None:
        """Remove and return the event nearest to `time`, if one is within `slack`."""
        candidates = self._open.get((kind, subject, place), [])
        best = min(candidates, key=lambda event: abs(event.time - time), default=None)
        if best is None or abs(best.time - time) > slack:
            return None
        candidates.remove(best)
        return best

    def left(self) -> tuple[Event, ...]:
        """What nothing in the truth explains."""
        return tuple(event for events in self._open.values() for event in events)


def _visits(truth: Truth, pool: _Pool, by: int) -> tuple[int, int]:
    asked = found = 0
    for visit in truth.visits:
        for kind, time, due in (
            ("arrived", visit.since, visit.since + EDGE),
            ("departed", visit.until, visit.until + SILENCE),
        ):
            event = pool.take(kind, visit.item or visit.tag, visit.zone, time, EDGE)
            asked += event is not None or due <= by
            found += event is not None
    return asked, found


def _standing(events: Iterable[Event]) -> list[Event]:
    known = list(events)
    gone = {event.retracts for event in known if event.kind == "retracted"}
    return [event for event in known if event.kind != "retracted" and event.id not in gone]
