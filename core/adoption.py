"""After a change of configuration or version: the state keeps to what was said, whatever it would say today.

The evidence is stepped anew under the new configuration and its events are thrown away. Then the claims of every
subject are set to what the journal's events say that they are, so that no event is told twice and none is missing.
Only a claim that nothing can end any more (its zone or its item is gone) ends now, with reason "config".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from core.admission import Admission, Refusal
from core.claims import Claim, Decision, Standing, Stay
from core.decider import Decider
from core.events import Event
from core.places import Nesting
from core.state import State
from core.tracks import Kind, Run


@dataclass(slots=True)
class Belief:
    """What the events say of one subject: the zones it is in, and the last it left."""

    item: str | None
    tag: str
    stays: dict[str, Stay] = field(default_factory=dict)
    last_place: str | None = None
    missing: bool = False


def beliefs(events: Iterable[Event]) -> dict[str, Belief]:
    """Fold events, retractions included, by subject. A retraction undoes the event that it names."""
    found: dict[str, Belief] = {}
    facts: dict[str, tuple[Event, Stay | None]] = {}
    for event in events:
        name = event.item or event.tag
        if name is None:
            continue
        belief = found.setdefault(name, Belief(event.item, event.tag or ""))
        belief.tag = event.tag or belief.tag
        if event.kind == "retracted":
            _undo(belief, *facts.pop(event.retracts or "", (event, None)))
        else:
            facts[event.id] = (event, belief.stays.get(event.place or ""))
            _apply(belief, event)
    return found


def _apply(belief: Belief, event: Event) -> None:
    zone = event.place
    if event.kind == "arrived" and zone is not None:
        belief.stays[zone] = Stay(zone, event.time, event.time)
    elif event.kind == "departed" and zone is not None:
        belief.stays.pop(zone, None)
        belief.last_place = zone
    elif event.kind in ("missing", "found"):
        belief.missing = event.kind == "missing"


def _undo(belief: Belief, event: Event, before: Stay | None) -> None:
    zone = event.place
    if event.kind == "arrived" and zone is not None:
        belief.stays.pop(zone, None)
    elif event.kind == "departed" and zone is not None and before is not None:
        belief.stays[zone] = before
    elif event.kind in ("missing", "found"):
        belief.missing = event.kind == "found"


def adopt(state: State, decider: Decider, admission: Admission, events: Iterable[Event], now: int) -> None:
    """Set every subject to what the events say; decides the departures with reason "config" at time `now`."""
    known = beliefs(events)
    for door in state.doors.values():
        door.settled()
    for number, subject in enumerate(state.subjects):
        belief = known.get(subject.name)
        if belief is None or belief.item != (subject.item and subject.item.id):
            _take_over(state, number, Standing())
    zones = {place.id for place in state.places if place.zone is not None}
    items = {item.id for item in state.site.items}
    for name, belief in known.items():
        gone = belief.item not in items if belief.item else name in admission.items
        kept = {} if gone else {zone: stay for zone, stay in belief.stays.items() if zone in zones}
        for zone, stay in belief.stays.items():
            if zone not in kept:
                _end(decider, belief, name, stay, now)
        cells = _cells(state, admission, belief)
        if gone or not cells:
            continue
        number = state.tracks.subject[int(state.cells.track[cells[0]])]
        standing = Standing((), tuple(kept.values()), (), belief.last_place, belief.missing)
        _take_over(state, number, _claimed(state, decider, admission, number, standing, belief.tag))


def _end(decider: Decider, belief: Belief, name: str, stay: Stay, now: int) -> None:
    evidence = {"reason": "config"}
    decision = Decision("departed", stay.zone, max(now, stay.since), stay.anchor, -1, evidence=evidence)
    event = decider.told(name, decision, (belief.item, belief.tag, None), evidence)
    decider.decided.events.append(event)


def _cells(state: State, admission: Admission, belief: Belief) -> list[int]:
    """The cells of a subject's tag, made at the first antenna of the site when it was not read lately."""
    cells = list(state.cells.of_tag(belief.tag))
    for source in state.sources:
        for antenna in source.spec.antennas:
            if cells:
                return cells
            cell = state.resolve(source, admission, belief.tag, antenna.port)
            cells = [cell] if cell not in list(Refusal) else []
    return cells


def _claimed(
    state: State, decider: Decider, admission: Admission, number: int, standing: Standing, tag: str
) -> Standing:
    """A claim for each innermost zone, held by the run that reads it, or by one that begins its silence now."""
    nesting: Nesting = decider.nesting
    zones = [stay.zone for stay in standing.stays]
    inner = [
        stay
        for stay in standing.stays
        if not any(zone != stay.zone and stay.zone in nesting.chain(zone) for zone in zones)
    ]
    claims = tuple(
        Claim(stay.zone, stay.since, _run(state, decider, admission, number, stay, tag)) for stay in inner
    )
    return replace(standing, claims=claims)


def _run(
    state: State, decider: Decider, admission: Admission, number: int, stay: Stay, tag: str
) -> Run | None:
    tracks = state.tracks
    for track in state.subjects[number].tracks:
        place = tracks.place[track]
        if place >= 0 and state.places[place].id == stay.zone and tracks.open[track]:
            return tracks.newest(track)
    for source in state.sources:
        for antenna in source.spec.antennas:
            if antenna.zone == stay.zone:
                cell = state.resolve(source, admission, tag, antenna.port)
                if cell < 0:
                    return None
                run = Run(int(state.cells.track[cell]), stay.since, stay.since, 1, cell)
                decider.put(source, run, late=False)
                return run
    return None


def _take_over(state: State, number: int, standing: Standing) -> None:
    """The standing becomes the settled past; runs that hold no claim are forgotten, so that the next read claims."""
    subject, tracks = state.subjects[number], state.tracks
    held = {id(claim.run) for claim in standing.claims}
    for track in subject.tracks:
        if tracks.kind[track] is Kind.PASS:
            continue
        run = tracks.newest(track)
        tracks.older.pop(track, None)
        if run is not None and (id(run) in held or tracks.kind[track] is Kind.WATCH) and tracks.open[track]:
            run.known = run.applied = run.start_based = True
        else:
            tracks.current[track] = None
            tracks.open[track] = 0
    subject.base = subject.now = standing
    subject.said, subject.passes, subject.revisions = (), (), ()
    subject.waiting = False
