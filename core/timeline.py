"""One subject's timeline: its evidence in order of time, and what was said about it.

What is decided is a pure function of the evidence: a fold over the beginnings and ends of runs and over passes, from
the settled past on. When late evidence changes it, the fold is repeated and compared with what was said: what no
longer holds is retracted, what is new is told. So every order of arrival within the horizon ends in the same events.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from core.claims import NOWHERE, Cause, Change, Decision, Standing, left
from core.events import Evidence
from core.motion import Motion
from core.places import Nesting, Place
from core.portal import Verdict
from core.site import Item
from core.tracks import Kind, Run

Fact = tuple[str, str | None, int]
"""Kind, place and anchor: what an identity is made of besides the subject and the revision."""
Same = tuple[str, str | None, int, int, int, str | None, str | None]
"""What makes two decisions the same, see `Decision.same`."""

TRACE = 8
"""Elements from which a fold is remembered: a shorter one is as soon repeated."""
LIMIT = 256
"""Elements and events of one subject that a correction may reach back over; older ones are settled early."""


@dataclass(slots=True, eq=False)
class Pass:
    """A pass that was decided: its run, what was seen, and the verdict.

    `direction` is +1 from side 0 to side 1 by the antennas or the photo-eyes, 0 unknown.
    """

    run: Run
    place: Place
    seen: Motion
    verdict: Verdict
    direction: int = 0
    based: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A decision that was told: what makes it the same one again, the revision of its identity, and when it was told."""

    kind: str
    place: str | None
    time: int
    anchor: int
    cell: int
    from_place: str | None
    direction: str | None
    revision: int
    detected: int

    @property
    def same(self) -> Same:
        """As of the decision."""
        return (self.kind, self.place, self.time, self.anchor, self.cell, self.from_place, self.direction)

    @property
    def fact(self) -> Fact:
        """What its identity is made of, besides subject and revision."""
        return (self.kind, self.place, self.anchor)


@dataclass(slots=True)
class Subject:
    """An item, or a tag that belongs to none: its tracks, passes, settled past and what was said since."""

    name: str
    item: Item | None
    tracks: tuple[int, ...] = ()
    base: Standing = NOWHERE
    settled: int = 0
    """Time of the newest element in the settled past, microseconds."""
    said: tuple[Said, ...] = ()
    revisions: tuple[tuple[Fact, int], ...] = ()
    """How often an identity was taken back."""
    passes: tuple[Pass, ...] = ()
    waiting: bool = False
    """A beginning is known but not certain yet."""
    now: Standing = NOWHERE
    """The claims after the last decision."""
    trace: "tuple[Step, ...]" = ()
    """The last fold over the elements after the settled past, as far as it can be trusted."""

    def settle(self, by: int) -> None:
        """All that was said belongs to the settled past; times move by `by` microseconds."""
        self.base = self.now = replace(
            self.now,
            claims=tuple(replace(claim, since=claim.since + by) for claim in self.now.claims),
            stays=tuple(stay.moved(by) for stay in self.now.stays),
        )
        newest = max((one.time for one in self.said), default=self.settled)
        self.settled = max(self.settled, newest) + by
        self.said, self.passes, self.revisions, self.trace = (), (), (), ()


class World(Protocol):
    """What a timeline asks about everything else."""

    nesting: Nesting

    def runs(self, track: int) -> Iterator[Run]:
        """The remembered runs of a track, oldest first."""

    def track_kind(self, track: int) -> Kind:
        """What the track's runs mean."""

    def track_place(self, track: int) -> Place:
        """Where the track is."""

    def rank(self, track: int) -> tuple[int, str]:
        """Orders tracks in the same instant: visits by zone, then passes by portal, then the track of all evidence."""

    def final(self, run: Run) -> bool:
        """Can the run no longer grow by what is not late?"""

    def outlives(self, run: Run, time: int) -> bool:
        """Does the run's silence end after a time, as far as is known?"""

    def awaited(self, run: Run) -> bool:
        """Will it be decided as soon as a source that is up says more?"""

    def overtaken(self, run: Run) -> None:
        """Count a run that was told of after newer evidence of its subject was settled."""

    def doubt(self, run: Run) -> None:
        """Something is decided against a run that has not ended: its next read must be noticed."""

    def teller(self, run: Run) -> Evidence:
        """What says where the subject is, of a run that a handheld or a scanner read, and who held it."""

    def not_after(self, run: Run) -> int | None:
        """The end of the blind interval that fell into the run's silence, None if none did."""


@dataclass(frozen=True, slots=True)
class Element:
    """One step of the fold: the beginning (1) or end (0) of a run, or a pass (2), at a time."""

    time: int
    order: int
    run: Run
    passed: Pass | None = None

    def settle(self) -> None:
        """Make it part of the settled past."""
        if self.passed is not None:
            self.passed.based = True
        elif self.order:
            self.run.start_based = True
        else:
            self.run.end_based = True


@dataclass(frozen=True, slots=True)
class Step:
    """An element, and what the fold made of it: the standing after it, and the decisions."""

    element: Element
    after: Standing
    made: list[Decision]


def _trusted(trace: tuple[Step, ...], elements: list[Element]) -> tuple[Step, ...]:
    """The steps of the last fold that a new one would repeat.

    The same elements come first, and no run that may still be read holds a claim after them or waits for one: so
    nothing that they were decided by has changed. Who changes a run that was decided drops the trace.
    """
    trusted = 0
    for number, (step, element) in enumerate(zip(trace, elements, strict=False)):
        if step.element != element:
            break
        if not step.after.waiting and all(claim.run is None for claim in step.after.claims):
            trusted = number + 1
    return trace[:trusted]


def _elements(subject: Subject, world: World) -> list[Element]:
    """The evidence after the settled past, by time; of one instant first ends, then beginnings, then passes."""
    found = []
    for track in subject.tracks:
        if world.track_kind(track) is Kind.PASS:
            continue
        for run in world.runs(track):
            if run.known and not run.start_based:
                found.append(Element(run.first, 1, run))
            if run.ended and not run.end_based:
                found.append(Element(run.due, 0, run))
    # a photo-eye may date a pass before its first read, when other things are decided already
    found += [
        Element(max(one.seen.middle, one.run.first), 2, one.run, one)
        for one in subject.passes
        if not one.based
    ]
    if len(found) > 1:
        found.sort(key=lambda one: (one.time, one.order, *world.rank(one.run.track), one.run.first))
    return found


def _blocked(subject: Subject, time: int, world: World) -> bool:
    """Is something of this subject not decided yet that is earlier than `time`: a pass, or a beginning?"""
    return any(
        run.first <= time and not run.known and world.awaited(run)
        for track in subject.tracks
        if world.track_kind(track) is not Kind.WATCH
        for run in world.runs(track)
    )


def decide(subject: Subject, world: World, horizon: int) -> list[Decision]:
    """Everything that is decided after the settled past; what is older than `horizon` is settled on the way."""
    elements = _elements(subject, world)
    trusted = _trusted(subject.trace, elements)
    settled = _settle(subject, trusted, horizon, len(elements))
    state, trace = trusted[-1].after if trusted else subject.base, list(trusted[settled:])
    decisions = [one for step in trace for one in step.made]
    settling, waiting = not trace, False
    said = {one.same for one in subject.said}
    for number, element in enumerate(elements[len(trusted) :], len(trusted)):
        overtaken = element.time < subject.settled
        if element.order == 1 and not element.run.applied:
            waiting = waiting or not (overtaken or _certain(subject, element, state, world))
            if waiting:
                settling = False
                continue
            element.run.applied = True
            if overtaken:
                world.overtaken(element.run)
        after, made = (_overtaken if overtaken else _apply)(element, state, world)
        news = any(one.same not in said for one in made)
        if news and ((waiting and element.order < 2) or _blocked(subject, element.time, world)):
            waiting, settling = True, False
            continue
        state = after
        # only what has been said can be settled: a decision may be older than the horizon when it is made
        step = Step(element, after, made)
        settling = settling and not news and bool(_settle(subject, (step,), horizon, len(elements) - number))
        if settling:
            settled += 1
        else:
            decisions += made
            if settled + len(trace) == number and not overtaken:
                trace.append(step)
    subject.trace = tuple(trace) if len(trace) >= TRACE else ()
    if subject.passes:
        subject.passes = tuple(one for one in subject.passes if not one.based)
    if settling and state.last_place is not None and state == left(state.last_place):
        subject.base = state = left(state.last_place)
    subject.now, subject.waiting = state, waiting
    return decisions


def _settle(subject: Subject, steps: tuple[Step, ...], horizon: int, elements: int) -> int:
    """Settle the first of the steps, as far as they are older than the horizon, or more than can be taken back.

    Returns how many of them; `elements` there are from the first on.
    """
    for number, step in enumerate(steps):
        if step.element.time >= horizon and elements - number <= LIMIT:
            return number
        step.element.settle()
        subject.settled = max(subject.settled, step.element.time)
        subject.base = step.after
        _forget_said(subject, step.made)
    return len(steps)


def _forget_said(subject: Subject, settled: Iterable[Decision]) -> None:
    """What was said of the settled past can not be taken back any more."""
    gone = {one.same for one in settled}
    if gone:
        subject.said = tuple(one for one in subject.said if one.same not in gone)


def _certain(subject: Subject, element: Element, state: Standing, world: World) -> bool:
    if world.track_kind(element.run.track) is Kind.WATCH:
        return True
    if _blocked(subject, element.time, world):
        return False
    if world.track_kind(element.run.track) is Kind.TOLD:
        return True
    zone = world.track_place(element.run.track).id
    return state.certain(element.run, zone, world.nesting, world.final)


def _apply(element: Element, state: Standing, world: World) -> Change:
    run = element.run
    if element.passed is not None:
        return _pass(element.passed, state, world.nesting)
    if world.track_kind(run.track) is Kind.WATCH:
        return _watch(element, state, world)
    place = world.track_place(run.track)
    if world.track_kind(run.track) is Kind.TOLD:
        cause = Cause(run.first, run.first, run.cell, run.opening, world.teller(run))
        return state.told(place.id, cause, world.nesting) if element.order else (state, [])
    if element.order:
        for rival in state.overruled(run, place.id, world.nesting):
            world.doubt(rival)
        return state.began(run, place.id, world.nesting)

    def outlives(heir: Run) -> bool:
        return world.outlives(heir, run.due)

    return state.ended(run, place.id, place.silent, world.nesting, world.not_after(run), outlives)


def _overtaken(element: Element, state: Standing, world: World) -> Change:
    """Evidence older than the settled past: a pass is told, but where the subject is was decided by what came later."""
    if element.passed is not None:
        return state, [_passed(element.passed, element.passed.direction, _resolved(element.passed))]
    if element.order or world.track_kind(element.run.track) is Kind.WATCH:
        return state, []
    return _apply(element, state, world)


def _watch(element: Element, state: Standing, world: World) -> Change:
    """`missing` when the run of all evidence ends, `found` when the next one begins."""
    run, place = element.run, state.deepest(world.nesting) or state.last_place
    if element.order == 0:
        decision = Decision("missing", place, run.last, run.first, run.cell, reads=run.count)
        return replace(state, missing=True), [decision]
    if not state.missing:
        return state, []
    decision = Decision("found", place, run.first, run.first, run.cell, reads=run.opening)
    return replace(state, missing=False), [decision]


def _pass(one: Pass, state: Standing, nesting: Nesting) -> Change:
    """`passed`, and with a direction a claim on the far zone."""
    portal = one.place.portal
    assert portal is not None
    direction, reason = one.direction, _resolved(one)
    presumes = not one.place.sided
    if not direction and presumes:
        direction, reason = _presumed(state, portal.between, nesting)
    if not direction and presumes and portal.assume is not None:
        direction, reason = (1 if portal.assume == "in" else -1), "assume"
    decision = _passed(one, direction, reason)
    if not direction:
        return state, [decision]
    evidence = {"reason": "passed", "portal": one.place.id}
    cause = Cause(decision.time, decision.anchor, decision.cell, decision.reads, evidence)
    far = portal.between[1 if direction > 0 else 0]
    state, more = state.told(far, cause, nesting, left=decision.from_place)
    return state, [decision, *more]


def _resolved(one: Pass) -> str:
    """What told the direction of a pass; of one that has none, why: at a door with sides an antenna was off."""
    if not one.direction:
        return "blind" if one.place.sided else "unknown"
    return "antennas" if one.direction == one.verdict.direction else "eyes"


def _passed(one: Pass, direction: int, reason: str) -> Decision:
    portal, seen = one.place.portal, one.seen
    assert portal is not None
    between, reads = portal.between, seen.reads
    evidence: Evidence = {
        "direction": reason,
        "reads": dict(zip(between, reads, strict=True)) if one.place.sided else {one.place.id: sum(reads)},
        **({"contrast": round(seen.contrast, 3), "order": round(seen.order, 3)} if one.place.sided else {}),
        "company": one.verdict.company,
    }
    return Decision(
        "passed",
        one.place.id,
        seen.middle,
        one.run.first,
        one.run.cell,
        None if not direction else between[0 if direction > 0 else 1],
        {1: "in", -1: "out", 0: None}[direction],
        one.run.count,
        round(seen.error, 6),
        one.verdict.confidence,
        evidence,
    )


def _presumed(state: Standing, between: tuple[str, str], nesting: Nesting) -> tuple[int, str]:
    """A door without sides: whoever was in one of its zones went to the other."""
    inside = [zone for zone in between if state.is_in(zone)]
    if not inside:
        return 0, "unknown"
    # of two zones, one inside the other, it leaves the inner one
    return (1 if max(inside, key=nesting.depth) == between[0] else -1), "zone"
