"""Where a subject is: the claims that stand, and the events that their changes make.

A claim puts a subject in a zone; it is held by a run of reads ("read") or by an instant ("told": a pass, a scan). A
subject is in a zone while a claim on it, or on a zone inside it, stands. Events are the differences of that set.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.events import Evidence
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


@dataclass(slots=True)
class Claim:
    """A claim on a zone since a time; `run` holds it while it is being read, None = told."""

    zone: str
    since: int
    run: Run | None


@dataclass(slots=True)
class Stay:
    """Being in a zone: when it began and the anchor of its `arrived`."""

    since: int
    anchor: int


@dataclass(frozen=True, slots=True)
class Cause:
    """What changed the claims: its time and anchor, the cell of the deciding read, the reads behind it."""

    time: int
    anchor: int
    cell: int
    reads: int
    evidence: Evidence


@dataclass(slots=True)
class Standing:
    """The claims and stays of one subject at one point of its timeline."""

    claims: dict[str, Claim] = field(default_factory=dict)
    stays: dict[str, Stay] = field(default_factory=dict)
    waiting: list[tuple[Run, str]] = field(default_factory=list)
    """Runs in a zone that is contested by another that is still being read: the overlap decision is to stay."""
    last_place: str | None = None
    missing: bool = False

    def copy(self) -> "Standing":
        """An independent copy (runs are shared)."""
        return Standing(
            {zone: replace(claim) for zone, claim in self.claims.items()},
            {zone: replace(stay) for zone, stay in self.stays.items()},
            list(self.waiting),
            self.last_place,
            self.missing,
        )

    def deepest(self, nesting: Nesting) -> str | None:
        """The deepest zone that the subject is in, the freshest among equals."""
        if not self.stays:
            return None
        return max(self.stays, key=lambda zone: (nesting.depth(zone), self.stays[zone].since, zone))

    def _rivals(self, zone: str, nesting: Nesting) -> list[Claim]:
        return [claim for claim in self.claims.values() if not nesting.nested(claim.zone, zone)]

    def certain(self, run: Run, zone: str, nesting: Nesting, final: Callable[[Run], bool]) -> bool:
        """Is it known whether this run's beginning is contested? A rival's run may still grow until it is final."""
        return zone in self.claims or all(
            rival.run is None or rival.run.last >= run.first or final(rival.run)
            for rival in self._rivals(zone, nesting)
        )

    def began(self, run: Run, zone: str, nesting: Nesting, time: int | None = None) -> list[Decision]:
        """A run begins: a new claim, a claim that is read again, or a wait while a rival is still being read."""
        held = self.claims.get(zone)
        if held is not None:
            held.run = run
            return []
        start = run.first if time is None else time
        rivals = self._rivals(zone, nesting)
        if any(rival.run is not None and rival.run.last >= start for rival in rivals):
            self.waiting.append((run, zone))
            return []
        cause = Cause(start, run.first, run.cell, 1, {})
        return self._change(rivals, Claim(zone, start, run), cause, nesting)

    def ended(
        self, run: Run, zone: str, silent: bool, nesting: Nesting, not_after: int | None
    ) -> list[Decision]:
        """A run ends by silence: the claim goes, or stays as told; a run that waited for it takes over."""
        self.waiting = [(other, where) for other, where in self.waiting if other is not run]
        claim = self.claims.get(zone)
        if claim is None or claim.run is not run:
            return []
        claim.run = None
        decisions: list[Decision] = []
        if silent:
            evidence: Evidence = (
                {"reason": "silence"} if not_after is None else {"reason": "silence", "not_after": not_after}
            )
            cause = Cause(max(run.last, claim.since), run.first, run.cell, run.count, evidence)
            decisions += self._change([claim], None, cause, nesting)
        heirs = sorted(self.waiting, key=lambda one: (one[0].first, one[1]))
        self.waiting = []
        for heir, where in heirs:
            if heir.last > run.last:
                decisions += self.began(heir, where, nesting, max(heir.first, run.last))
        return decisions

    def told(self, zone: str, cause: Cause, nesting: Nesting) -> list[Decision]:
        """Something says that the subject is in a zone at an instant; whatever is not nested with it ends."""
        self.waiting = [(run, where) for run, where in self.waiting if nesting.nested(where, zone)]
        if zone in self.claims:
            return []
        return self._change(self._rivals(zone, nesting), Claim(zone, cause.time, None), cause, nesting)

    def drop(self, zone: str, cause: Cause, nesting: Nesting) -> list[Decision]:
        """The claim on a zone ends for a reason outside the evidence (the zone is no longer configured)."""
        return self._change(
            [claim for claim in self.claims.values() if claim.zone == zone], None, cause, nesting
        )

    def _change(
        self, ending: list[Claim], new: Claim | None, cause: Cause, nesting: Nesting
    ) -> list[Decision]:
        for claim in ending:
            del self.claims[claim.zone]
        if new is not None:
            self.claims[new.zone] = new
        now = {zone for claim in self.claims for zone in nesting.chain(claim)}
        left = sorted(
            (zone for zone in self.stays if zone not in now), key=lambda zone: (-nesting.depth(zone), zone)
        )
        entered = sorted(
            (zone for zone in now if zone not in self.stays), key=lambda zone: (nesting.depth(zone), zone)
        )
        decisions = []
        for zone in left:
            stay = self.stays.pop(zone)
            evidence = cause.evidence or {"reason": "claim"}
            decisions.append(
                Decision(
                    "departed",
                    zone,
                    max(cause.time, stay.since),
                    stay.anchor,
                    cause.cell,
                    reads=cause.reads,
                    evidence=evidence,
                )
            )
        if left:
            self.last_place = left[0]
        origin = self.last_place if left or not self.stays else self.deepest(nesting)
        for zone in entered:
            self.stays[zone] = Stay(cause.time, cause.anchor)
            decisions.append(
                Decision(
                    "arrived",
                    zone,
                    cause.time,
                    cause.anchor,
                    cause.cell,
                    origin,
                    reads=cause.reads,
                    evidence=cause.evidence,
                )
            )
        return decisions
