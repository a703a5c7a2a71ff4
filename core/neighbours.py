"""Echoes of a pass, at the doors beside and at the same door.

A reader at one door hears, more weakly, what goes through the next. Nobody goes through two doors between the same zones
at once: of two passes of one subject at such doors, the middle of each within the other, the weaker one is an echo.

A weak tag falls silent and is heard again while it still moves away. Nobody goes through a door twice in the same
direction within seconds without having come back: what looks like it is an echo of the first pass.
"""

from collections.abc import Iterator

from core.doors import Door, Judged
from core.portal import Movement, Verdict
from core.state import State

TELLING = (Movement.CROSSING, Movement.TURN_BACK)
"""Movements that say at which door the tag was: it was heard well enough to say what it did there."""


class Neighbours:
    """Finds the echoes among the passes of a state."""

    def __init__(self, state: State) -> None:
        self._state = state
        doors = state.doors.items()
        self._beside = {
            index: tuple(other for at, other in doors if at != index and _zones(other) == _zones(door))
            for index, door in doors
        }
        at_doors = (state.sources[number] for door in state.doors.values() for number in door.place.sources)
        # powers of different units can not be compared
        self._by_power = len({source.spec.rssi for source in at_doors}) == 1

    def rivals(self, door: Door, one: Judged) -> Iterator[tuple[Door, Judged]]:
        """The judged passes of the same subject at this door soon before and after, and at the doors beside meanwhile."""
        for two in door.ended.get(one.run.track, ()):
            if two.verdict is not None and (_soon(door, one, two) or _soon(door, two, one)):
                yield door, two
        beside = self._beside[door.place.index]
        if not beside:
            return
        tracks = self._state.tracks
        for track in self._state.subjects.tracks(tracks.subject[one.run.track]):
            for other in beside:
                if tracks.place[track] == other.place.index:
                    yield from ((other, two) for two in other.ended.get(track, ()) if _at_once(one, two))

    def is_echo(self, door: Door, one: Judged) -> bool:
        """Was the tag at a door beside instead, or had it passed already, as far as is judged?"""
        before: list[Judged] = []
        for other, two in self.rivals(door, one):
            if other is door:
                before += [two] if _soon(door, two, one) else []
            elif other.own(two).movement in TELLING and self._strength(other, two) > self._strength(
                door, one
            ):
                return True
        said = {two.seen.span: door.own(two) for two in before}
        crossed = [span for span, own in said.items() if own.movement is Movement.CROSSING]
        return bool(crossed) and _same_way(said[max(crossed)], door.own(one))

    def _strength(self, door: Door, one: Judged) -> tuple[float, int, str]:
        """What decides between two passes: the power that was heard, then the reads; a door's name if all is equal."""
        power = one.seen.power if self._by_power else 0.0
        return power, sum(one.seen.reads), door.place.id


def _soon(door: Door, one: Judged, other: Judged) -> bool:
    """Does the other pass follow within the time that a pass may take?"""
    return one.seen.span[1] < other.seen.span[0] <= one.seen.span[1] + door.place.max_pass


def _same_way(one: Verdict, other: Verdict) -> bool:
    crossed = one.movement is other.movement is Movement.CROSSING
    return crossed and one.direction == other.direction


def _zones(door: Door) -> frozenset[str]:
    return frozenset(() if door.place.portal is None else door.place.portal.between)


def _at_once(one: Judged, other: Judged) -> bool:
    """Is it judged, and is the middle of each within the other?"""
    return (
        other.verdict is not None
        and one.run.first <= other.seen.middle <= one.run.last
        and other.run.first <= one.seen.middle <= other.run.last
    )
