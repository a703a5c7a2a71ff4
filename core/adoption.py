"""After a change of configuration or version: the state keeps to what was said, whatever it would say today.

The evidence is stepped anew under the new configuration and its events are thrown away. A subject that this puts
where the journal's events say that it is goes on as if nothing had happened. The claims of every other one are set to
what was said, so that no event is told twice and none is missing. Only a claim that nothing can end any more (its
zone or its item is gone) ends now, with reason "config".
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from core.admission import Admission, Refusal
from core.claims import Claim, Decision, Standing, Stay
from core.decider import Decider
from core.events import Event
from core.places import Nesting
from core.site import Site
from core.state import State
from core.tags import is_code
from core.timeline import Subject
from core.tracks import Kind, Run


@dataclass(slots=True)
class Belief:
    """What the events say of one subject: the zones it is in, the stays that ended last, and the last zone it left."""

    item: str | None
    tag: str
    stays: dict[str, Stay] = field(default_factory=dict)
    ended: dict[str, Stay] = field(default_factory=dict)
    last_place: str | None = None
    missing: bool = False

    def add(self, event: Event) -> None:
        """The next event."""
        zone = event.place or ""
        match event.kind:
            case "arrived":
                self.stays[zone] = Stay(zone, event.time, event.time)
            case "departed" if zone in self.stays:
                self.ended[zone] = self.stays.pop(zone)
                self.last_place = zone
            case "missing" | "found":
                self.missing = event.kind == "missing"

    def undo(self, retraction: Event) -> None:
        """An event is taken back."""
        zone = retraction.place or ""
        match retraction.of:
            case "arrived":
                self.stays.pop(zone, None)
            case "departed" if zone in self.ended:
                self.stays[zone] = self.ended.pop(zone)
            case "missing" | "found":
                self.missing = retraction.of == "found"


def beliefs(events: Iterable[Event]) -> dict[str, Belief]:
    """Fold events, retractions included, by subject."""
    found: dict[str, Belief] = {}
    for event in events:
        name = event.item or event.tag
        if name is None:
            continue
        belief = found.setdefault(name, Belief(event.item, event.tag or ""))
        belief.tag = event.tag or belief.tag
        if event.kind == "retracted":
            belief.undo(event)
        else:
            belief.add(event)
    return found


def adopt(state: State, decider: Decider, admission: Admission, events: Iterable[Event], now: int) -> None:
    """Let every subject be where the events say; decides the departures with reason "config" at time `now`."""
    unsaid = {id for number in state.subjects for id in _told(state, decider, number)}
    known = beliefs(_noted(events, unsaid))
    numbers = {state.subjects.name(number): number for number in state.subjects}
    taken, still = set(), _kept(state.site, admission, known)
    for name, belief in _all_beliefs(state, known):
        kept = still.get(name, {})
        number = numbers.get(name)
        if number is None and kept:
            number = _made(state, admission, name, belief)
            kept = {} if number is None else kept
        for zone, stay in belief.stays.items():
            if zone not in kept:
                _end(decider, belief, name, stay, now)
        state.subjects.rest()
        if number is None:
            continue
        said = unsaid.isdisjoint(_told(state, decider, number))
        if said and _agrees(state.subjects[number], kept, belief):
            continue
        taken.add(number)
        anchored = tuple(_anchored(stay, state.subjects[number]) for stay in kept.values())
        standing = Standing((), anchored, (), belief.last_place, belief.missing)
        _take_over(state, number, _claimed(state, decider, admission, number, standing, belief.tag))
    state.subjects.rest()
    for door in state.doors.values():
        if any(state.tracks.subject[track] in taken for track in door.ended):
            door.settled()


def _told(state: State, decider: Decider, number: int) -> list[str]:
    """The ids of what was told of a subject and may still be taken back."""
    name, event = state.subjects.name(number), decider.identity.event
    return [event(one.kind, name, one.place, one.anchor, one.revision) for one in state.subjects.told(number)]


def _noted(events: Iterable[Event], unknown: set[str]) -> Iterator[Event]:
    """The events; the ids of those that come by leave `unknown`."""
    for event in events:
        unknown.discard(event.id)
        yield event


def _all_beliefs(state: State, known: Mapping[str, Belief]) -> Iterator[tuple[str, Belief]]:
    """What is known of every subject, also of those of which nothing was said."""
    yield from known.items()
    for number in tuple(state.subjects):
        name, item = state.subjects.name(number), state.subjects.items.get(number)
        if name not in known:
            yield name, Belief(None if item is None else item.id, "")


def _kept(site: Site, admission: Admission, known: Mapping[str, Belief]) -> dict[str, dict[str, Stay]]:
    """The stays by subject that something can still end: the zone is there, and the item or tag is what it was."""
    zones, items = {zone.id for zone in site.zones}, {item.id for item in site.items}
    return {
        name: {zone: stay for zone, stay in belief.stays.items() if zone in zones}
        for name, belief in known.items()
        if (belief.item in items if belief.item else name not in admission.items)
    }


def _agrees(subject: Subject, zones: Collection[str], belief: Belief) -> bool:
    """Is the subject where it was said to be?"""
    where = {stay.zone for stay in subject.now.stays}
    return where == set(zones) and subject.now.missing == belief.missing


def _anchored(stay: Stay, subject: Subject) -> Stay:
    """The stay with the anchor that the evidence gives it: events do not tell theirs."""
    return next((one for one in subject.now.stays if one.zone == stay.zone), stay)


def _made(state: State, admission: Admission, name: str, belief: Belief) -> int | None:
    """The subject of a tag that was not read lately, made at the first antenna that may; None if none may."""
    for source in state.sources:
        for antenna in source.spec.antennas:
            cell = state.resolve(source, admission, belief.tag, antenna.port)
            if cell not in list(Refusal):
                number = state.tracks.subject[int(state.cells.track[cell])]
                return number if state.subjects[number].name == name else None
    return None


def _end(decider: Decider, belief: Belief, name: str, stay: Stay, now: int) -> None:
    evidence = {"reason": "config"}
    decision = Decision("departed", stay.zone, max(now, stay.since), stay.anchor, -1, evidence=evidence)
    decider.tell(name, decision, (belief.item, belief.tag, None), evidence)


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
        here = place >= 0 and state.places[place].id == stay.zone and tracks.kind[track] is Kind.VISIT
        if here and tracks.open[track]:
            return tracks.newest(track)
    if is_code(tag):
        return None  # nothing but a person reads it
    for source in state.sources:
        for antenna in source.spec.antennas:
            if antenna.zone == stay.zone and not source.spec.handheld:
                cell = state.resolve(source, admission, tag, antenna.port)
                if cell < 0 or state.tracks.subject[int(state.cells.track[cell])] != number:
                    return None  # the tag is another subject's now
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
            tracks.current.pop(track, None)
            tracks.open[track] = 0
    subject.base = subject.now = standing
    subject.said, subject.passes, subject.revisions, subject.trace = (), (), (), ()
    subject.waiting = False
