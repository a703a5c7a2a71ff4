"""A pass decided once more: the recorded inputs around it through a pipeline of their own, up to the same decision.

The event says what it was decided by, but rounded, and not what its companions said. The state in which it was decided
does, and the inputs make that state again: everything about a pass lies within its door's times. If another decision
comes out (the settings are others now, inputs are gone), that is told, and nothing is made up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.company import QUORUM
from core.doors import Door, Judged
from core.events import Event
from core.pipeline import Pipeline
from core.portal import MIN_READS, Movement, odds
from core.records import SECOND, Input
from core.site import Site

WARM = 300 * SECOND
"""So long before a pass the inputs are taken in: passes at the door that began earlier are not its companions."""

Figures = dict[str, int | float | str | bool | None]


@dataclass(frozen=True, slots=True)
class Companion:
    """A pass that overlaps by half or more: whose, what it was, its direction (+1, -1, 0) and what it says of that."""

    subject: str
    movement: str
    direction: int
    contrast: float
    reads: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What a pass was decided by.

    same        the event came out as it was told, to the last field but `detected`
    features    of its own reads; `company` what its companions say together
    odds        log-odds of a crossing, by direction; the greater one decides, and 0 is the threshold
    thresholds  that it had to meet
    """

    same: bool
    movement: str
    features: Figures
    company: Figures
    odds: dict[str, float]
    thresholds: Figures
    companions: list[Companion]


def look_again(event: Event, portal: str, anchor: int, inputs: Iterable[Input], site: Site) -> Look | None:
    """None if the event does not come out of the inputs again. `anchor`: microseconds of the pass's first read."""
    pipeline = Pipeline(site)
    known = {source.id for source in site.sources}
    for input in inputs:
        if input.source not in known:
            continue
        for one in pipeline.step(input).events:
            if one.id == event.id:
                return _look(pipeline, event, one, portal, anchor)
    return None


def _look(pipeline: Pipeline, told: Event, again: Event, portal: str, anchor: int) -> Look | None:
    state = pipeline.state
    door = next(one for one in state.doors.values() if one.place.id == portal)
    subject = told.item or told.tag
    for passes in door.ended.values():
        for one in passes:
            if one.run.first == anchor and _whose(pipeline, one) == subject and one.verdict is not None:
                return _described(pipeline, door, one, _same(told, again))
    return None


def _same(told: Event, again: Event) -> bool:
    names = ("time", "direction", "from_place", "confidence", "reads", "evidence")
    return all(getattr(told, name) == getattr(again, name) for name in names)


def _whose(pipeline: Pipeline, one: Judged) -> str:
    return pipeline.state.subjects.name(pipeline.state.tracks.subject[one.run.track])


def _described(pipeline: Pipeline, door: Door, one: Judged, same: bool) -> Look:
    seen, group = one.seen, door.company.of(one.seen)
    assert one.verdict is not None, "only what was judged is described"
    features: Figures = {
        "contrast": round(seen.contrast, 3),
        "order": round(seen.order, 3),
        "evidence": round(seen.evidence, 3),
        "seconds": round((seen.span[1] - seen.span[0]) / SECOND, 6),
        "static": seen.static,
    }
    company: Figures = {
        "members": group.members,
        "two_sided": group.two_sided,
        "agree": round(group.agree, 3),
        "sharpness": round(group.sharpness, 3),
        "counts": group.is_company,
    }
    sided = door.place.sided and seen.two_sided
    likely = {name: round(odds(seen, group, sign), 3) for name, sign in (("in", 1), ("out", -1)) if sided}
    beside = [
        _companion(pipeline, other) for other in door.companions([seen.span]) if other.run is not one.run
    ]
    return Look(same, one.verdict.movement, features, company, likely, _thresholds(door), beside)


def _companion(pipeline: Pipeline, one: Judged) -> Companion:
    movement = Movement.WEAK if one.verdict is None else one.verdict.movement
    direction = 0 if one.verdict is None else one.verdict.direction
    return Companion(_whose(pipeline, one), movement, direction, round(one.seen.contrast, 3), one.seen.reads)


def _thresholds(door: Door) -> Figures:
    return {
        "log_odds": 0,
        "reads": MIN_READS,
        "company": QUORUM,
        "gap": door.place.gap / SECOND,
        "max_pass": door.place.max_pass / SECOND,
    }
