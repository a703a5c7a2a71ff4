"""What is told of a subject: the differences between what its timeline decides and what was said."""

from collections.abc import Callable

from core.claims import Decision
from core.events import Event
from core.timeline import LIMIT, Fact, Said, Subject

Make = Callable[[Decision, int], Event]
"""Gives a decision of a given revision its id and names."""
Retract = Callable[[Said], Event]


def reconcile(subject: Subject, decisions: list[Decision], make: Make, retract: Retract) -> list[Event]:
    """Say what is new and take back what no longer holds; updates what was said."""
    said = subject.said
    same = 0
    while same < len(said) and same < len(decisions) and said[same].same == decisions[same].same:
        same += 1
    fresh = decisions[same:]
    standing = {one.same: one for one in said[same:]}
    wanted = {decision.same for decision in fresh}
    events: list[Event] = []
    for one in said[same:]:
        if one.same not in wanted:
            _revise(subject, one.fact)
            events.append(retract(one))
    kept = list(said[:same])
    for decision in fresh:
        known = standing.get(decision.same)
        if known is None:
            revision = dict(subject.revisions).get(decision.fact, 0)
            events.append(make(decision, revision))
            known = Said(*decision.same, revision, events[-1].detected)
        kept.append(known)
    subject.said = tuple(kept)
    return events


def _revise(subject: Subject, fact: Fact) -> None:
    """Count a retraction of an identity, for the id of what may follow."""
    counts = dict(subject.revisions)
    counts[fact] = counts.pop(fact, 0) + 1
    subject.revisions = tuple(counts.items())[-LIMIT:]
