"""Decisions in the words of the contract: events with their identity."""

from core.cells import Cells
from core.claims import Decision
from core.events import Event, Evidence, Identity
from core.timeline import Said, Subject

Who = tuple[str | None, str, str | None]
"""Item, tag and source of an event."""


class Wording:
    """Makes events; `now` is when they are decided, microseconds."""

    def __init__(self, identity: Identity, cells: Cells) -> None:
        self.identity = identity
        self._cells = cells

    def event(self, subject: Subject, decision: Decision, now: int, revision: int, late: bool) -> Event:
        """What is told of a subject; tag and source are those of the cell that decided."""
        tag, source, port = self._cells.name(decision.cell)
        evidence = decision.evidence
        if decision.kind == "arrived" and not evidence:
            evidence = {"antenna": port}
        item = None if subject.item is None else subject.item.id
        return self.told(subject.name, decision, (item, tag, source), evidence, now, revision, late)

    def told(
        self,
        name: str,
        decision: Decision,
        who: Who,
        evidence: Evidence,
        now: int,
        revision: int = 0,
        late: bool = False,
    ) -> Event:
        """A decision on the subject of this name."""
        kind, place = decision.kind, decision.place
        item, tag, source = who
        return Event(
            self.identity.event(kind, name, place, decision.anchor, revision),
            decision.time,
            max(now, decision.time),
            kind,
            item,
            tag,
            place,
            decision.from_place,
            decision.direction,
            decision.time_error,
            None,
            None,
            decision.confidence,
            decision.reads,
            late,
            source,
            evidence,
        )

    def again(self, subject: Subject, one: Said) -> Event:
        """What was told of a subject, as far as a retraction repeats it."""
        tag, source, _ = self._cells.name(one.cell)
        return Event(
            id=self.identity.event(one.kind, subject.name, one.place, one.anchor, one.revision),
            time=one.time,
            detected=one.detected,
            kind=one.kind,
            item=None if subject.item is None else subject.item.id,
            tag=tag,
            place=one.place,
            from_place=one.from_place,
            direction=one.direction,
            source=source,
        )

    def retraction(self, event: Event, now: int) -> Event:
        """The row that takes an event back; with its place, time and direction, so that sums can subtract it."""
        return Event(
            id=self.identity.retraction(event.id),
            time=event.time,
            detected=now,
            kind="retracted",
            item=event.item,
            tag=event.tag,
            place=event.place,
            direction=event.direction,
            late=True,
            source=event.source,
            retracts=event.id,
            of=event.kind,
        )
