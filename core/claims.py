"""Where a subject is: the claims that stand, and the events that their changes make.

A claim puts a subject in a zone; it is held by a run of reads ("read") or by an instant ("told": a pass, a scan). A
subject is in a zone while a claim on it, or on a zone inside it, stands. Events are the differences of that set.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache

from core.events import Evidence, rfc3339
from core.places import Nesting
from core.tracks import Run


@dataclass(frozen=True, slots=True)
class Decision:
    """An event before it has an id; `anchor` is the first input record of its visit, run or pass."""

    kind: str
    place: str | None
    time: int
    anchor: int
    cell: int
    from_place: str | None = None
    direction: str | None = None
    reads: int = 0
    time_error: float | None = None
    confidence: float | None = None
    evidence: Evidence = field(default_factory=dict)

    @property
    def same(self) -> tuple[str, str | None, int, int, int, str | None, str | None]:
        """What makes two decisions the same fact."""
        return (self.kind, self.place, self.time, self.anchor, self.cell, self.from_place, self.direction)

    @property
    def fact(self) -> tuple[str, str | None, int]:
        """What its identity is made of, besides subject and revision."""
        return (self.kind, self.place, self.anchor)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on a zone since a time; `run` holds it while it is being read, None = told."""

    zone: str
    since: int
    run: Run | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Being in a zone: when it began and the anchor of its `arrived`.

    `heard` and `reads`: the last read and the sum of the counts of the claims that have ended by silence in it, those on
    zones inside it included. Its end is not before that read.
    """

    zone: str
    since: int
    anchor: int
    heard: int = 0
    reads: int = 0

    def moved(self, by: int) -> "Stay":
        """The same on a clock that is `by` microseconds ahead; the anchor is what it was called by."""
        return replace(self, since=self.since + by, heard=self.heard + by if self.heard else 0)


@dataclass(frozen=True, slots=True)
class Cause:
    """What changed the claims: its time and anchor, the cell of the deciding read, the reads behind it (0 = the stay's)."""

    time: int
    anchor: int
    cell: int
    reads: int
    evidence: Evidence

    def departed(self, stay: Stay) -> Decision:
        """A stay ended by it."""
        time = max(self.time, stay.since, stay.heard)
        evidence = self.evidence or {"reason": "claim"}
        reads = self.reads or stay.reads
        return Decision("departed", stay.zone, time, stay.anchor, self.cell, reads=reads, evidence=evidence)

    def arrived(self, zone: str, origin: str | None) -> Decision:
        """A zone entered by it, from `origin` if that is known."""
        return Decision(
            "arrived",
            zone,
            self.time,
            self.anchor,
            self.cell,
            origin,
            reads=self.reads,
            evidence=self.evidence,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """The claims and stays of one subject at one point of its timeline. Immutable: every change gives a new one.

    `waiting`: runs in a zone that is contested by another zone's run that is still being read: the overlap decision
    is to stay where one is until that run is silent.
    """

    claims: tuple[Claim, ...] = ()
    stays: tuple[Stay, ...] = ()
    waiting: tuple[tuple[Run, str], ...] = ()
    last_place: str | None = None
    missing: bool = False

    def claim(self, zone: str) -> Claim | None:
        """The claim on a zone."""
        return next((claim for claim in self.claims if claim.zone == zone), None)

    def is_in(self, zone: str) -> bool:
        """Is the subject in the zone?"""
        return any(stay.zone == zone for stay in self.stays)

    def deepest(self, nesting: Nesting) -> str | None:
        """The deepest zone that the subject is in, the freshest among equals."""
        if not self.stays:
            return None
        return max(self.stays, key=lambda stay: (nesting.depth(stay.zone), stay.since, stay.zone)).zone

    def _rivals(self, zone: str, nesting: Nesting) -> list[Claim]:
        return [claim for claim in self.claims if not nesting.nested(claim.zone, zone)]

    def certain(self, run: Run, zone: str, nesting: Nesting, final: Callable[[Run], bool]) -> bool:
        """Is it known whether this run's beginning is contested? A rival's run may still grow until it is final."""
        return self.claim(zone) is not None or all(
            rival.run is None or rival.run.last >= run.first or final(rival.run)
            for rival in self._rivals(zone, nesting)
        )

    def overruled(self, run: Run, zone: str, nesting: Nesting) -> list[Run]:
        """The runs that have not ended and whose claims end as this run begins."""
        if self.claim(zone) is not None:
            return []
        runs = [rival.run for rival in self._rivals(zone, nesting) if rival.run is not None]
        contested = any(rival.last >= run.first for rival in runs)
        return [] if contested else [rival for rival in runs if not rival.ended]

    def began(self, run: Run, zone: str, nesting: Nesting, since: int | None = None) -> "Change":
        """A run begins: a new claim, a claim that is read again, or a wait while a rival is still being read.

        `since`: a run that has waited takes over then, unless another one was faster.
        """
        if self.claim(zone) is not None:
            return self._held(zone, run), []
        start = run.first if since is None else max(run.first, since)
        rivals = self._rivals(zone, nesting)
        if any(one.run is not None and (since is not None or one.run.last >= start) for one in rivals):
            return replace(self, waiting=(*self.waiting, (run, zone))), []
        cause = Cause(start, run.first, run.cell, run.opening, {})
        return self._change(rivals, Claim(zone, start, run), cause, nesting)

    def ended(
        self,
        run: Run,
        zone: str,
        silent: bool,
        nesting: Nesting,
        not_after: int | None,
        outlives: Callable[[Run], bool],
    ) -> "Change":
        """A run ends by silence: the claim goes, or stays as told; a run that waited and outlives it takes over."""
        state = self
        if self.waiting:
            state = replace(self, waiting=tuple(one for one in self.waiting if one[0] is not run))
        claim = state.claim(zone)
        if claim is None or claim.run is not run:
            return state, []
        decisions: list[Decision] = []
        if silent:
            evidence: Evidence = {"reason": "silence"}
            if not_after is not None:
                evidence = {"reason": "silence", "not_after": rfc3339(not_after)}
            cause = Cause(max(run.last, claim.since), run.first, run.cell, 0, evidence)
            state, decisions = state._silent(run, nesting.chain(zone))._change([claim], None, cause, nesting)
        else:
            state = state._held(zone, None)
        if not state.waiting:
            return state, decisions
        state = replace(state, waiting=tuple(one for one in state.waiting if outlives(one[0])))
        state, more = state._take_over(run.last, nesting)
        return state, decisions + more

    def _take_over(self, since: int, nesting: Nesting) -> "Change":
        """What they waited for has ended: the runs that wait begin, the oldest first."""
        heirs = sorted(self.waiting, key=lambda one: (one[0].first, one[1]))
        state = replace(self, waiting=())
        decisions: list[Decision] = []
        for heir, zone in heirs:
            state, more = state.began(heir, zone, nesting, since)
            decisions += more
        return state, decisions

    def told(self, zone: str, cause: Cause, nesting: Nesting, left: str | None = None) -> "Change":
        """Something says that the subject is in a zone at an instant; whatever is not nested with it ends.

        `left`: the zone that it came from, which ends with all that is inside it, though the new zone may enclose it.
        A run that waited for its rival's silence in a zone that is nested with the new one need not wait any longer.
        """

        def ends(other: str) -> bool:
            out = left is not None and left in nesting.chain(other) and other not in nesting.chain(zone)
            return out or not nesting.nested(other, zone)

        ending = [claim for claim in self.claims if ends(claim.zone)]
        new = None if self.claim(zone) is not None else Claim(zone, cause.time, None)
        state, decisions = self, list[Decision]()
        if ending or new is not None:
            state, decisions = self._change(ending, new, cause, nesting)
        if not state.waiting:
            return state, decisions
        state = replace(state, waiting=tuple(one for one in state.waiting if not ends(one[1])))
        state, more = state._take_over(cause.time, nesting)
        return state, decisions + more

    def nowhere(self, cause: Cause, nesting: Nesting) -> list[Decision]:
        """What is decided when every claim ends at once, as if by silence; the cause has no reads of its own."""
        state = self
        for claim in self.claims:
            if claim.run is not None:
                state = state._silent(claim.run, nesting.chain(claim.zone))
        return state._change(list(self.claims), None, cause, nesting)[1]

    def _silent(self, run: Run, zones: Collection[str]) -> "Standing":
        stays = tuple(
            replace(stay, heard=max(stay.heard, run.last), reads=stay.reads + run.count)
            if stay.zone in zones
            else stay
            for stay in self.stays
        )
        return replace(self, stays=stays)

    def _held(self, zone: str, run: Run | None) -> "Standing":
        claims = tuple(replace(claim, run=run) if claim.zone == zone else claim for claim in self.claims)
        return replace(self, claims=claims)

    def _change(self, ending: list[Claim], new: Claim | None, cause: Cause, nesting: Nesting) -> "Change":
        claims = tuple(claim for claim in self.claims if claim not in ending)
        if new is not None:
            claims = (*claims, new)
        now = {zone for claim in claims for zone in nesting.chain(claim.zone)}
        left = [stay for stay in self.stays if stay.zone not in now]
        if len(left) > 1:
            left.sort(key=lambda stay: (-nesting.depth(stay.zone), stay.zone))
        entered = sorted(now.difference(stay.zone for stay in self.stays))
        if len(entered) > 1:
            entered.sort(key=nesting.depth)
        last_place = left[0].zone if left else self.last_place
        origin = last_place if left or not self.stays else self.deepest(nesting)
        stays = tuple(stay for stay in self.stays if stay.zone in now)
        stays += tuple(Stay(zone, cause.time, cause.anchor) for zone in entered)
        decisions = [*map(cause.departed, left), *(cause.arrived(zone, origin) for zone in entered)]
        return Standing(claims, stays, self.waiting, last_place, self.missing), decisions


Change = tuple[Standing, list[Decision]]
"""The standing after a change, and what it decided."""

NOWHERE = Standing()
"""The standing of a subject that was never heard."""


@lru_cache(maxsize=10_000)
def left(place: str) -> Standing:
    """The standing of whoever is nowhere and was in `place` last: most subjects of a site share a few of these."""
    return Standing(last_place=place)
