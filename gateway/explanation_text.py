"""An explanation for a program and for a person."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

from core.events import Event
from core.records import SECOND
from gateway.explanation import Explanation
from gateway.local_time import LocalTime
from gateway.rows import event_json, gap_json
from gateway.second_look import Companion, Look
from gateway.sightings import Sighting, by_antenna
from gateway.source_health import Health

SHOWN = 20
"""Companions that a person is shown."""


def explanation_json(told: Explanation, reads: bool) -> dict[str, object]:
    """One object; null where there is nothing. `reads`: each of them too."""
    row: dict[str, object] = {
        "event": event_json(told.event),
        "retracted_by": _event(told.taken_back),
        "retracts": _event(told.of),
        "before": _event(told.before),
        "beside": [event_json(one) for one in told.beside],
        "gap": None if told.gap is None else gap_json(told.gap),
        "proven": told.behind.anchor is not None,
        "antennas": by_antenna(told.behind.reads),
        "decision": None if told.look is None else asdict(told.look),
        "devices": [_health(one) for one in told.health],
        "notes": told.notes,
    }
    if reads:
        row["reads"] = [one.as_json() for one in told.behind.reads]
    return row


def _event(one: Event | None) -> dict[str, object] | None:
    return None if one is None else dict(event_json(one))


def _health(one: Health) -> dict[str, object]:
    return {
        "device": one.device,
        "offset": one.offset,
        "delay": one.delay,
        "turns": one.turns,
        "gaps": [gap_json(gap) for gap in one.gaps],
        "link": _event(one.link),
    }


def explanation_lines(
    told: Explanation, line: Callable[[Event], str], at: LocalTime, reads: bool
) -> Iterator[str]:
    """For a person; `line` tells an event in one."""
    yield line(told.event)
    yield f"  id {told.event.id}, decided {at(told.event.detected)}{_error(told.event)}"
    yield from _relatives(told, line)
    if told.event.evidence:
        yield f"  evidence: {_pairs(told.event.evidence)}"
    yield from _reads(told, at, reads)
    if told.look is not None:
        yield from _decision(told.look)
    for one in told.health:
        yield from _state(one, line, at)
    for note in told.notes:
        yield f"note: {note}"


def _error(event: Event) -> str:
    took = (event.detected - event.time) / SECOND
    error = (
        "with an error that is not known" if event.time_error is None else f"within {event.time_error:.3f} s"
    )
    return f", {took:.3f} s after it happened; dated {error}"


def _relatives(told: Explanation, line: Callable[[Event], str]) -> Iterator[str]:
    if told.of is not None:
        yield f"  takes back: {line(told.of)}"
    if told.taken_back is not None:
        yield f"  taken back later: {line(told.taken_back)}"
    if told.before is not None:
        yield f"  before it: {line(told.before)}"
    for one in told.beside:
        yield f"  with it: {line(one)}"


def _reads(told: Explanation, at: LocalTime, each: bool) -> Iterator[str]:
    heard = told.behind.reads
    if not heard:
        return
    proof = (
        "its id proves the first of them" if told.behind.anchor is not None else "its id does not prove them"
    )
    yield f"reads behind it: {len(heard)} from {at(heard[0].time)} to {at(heard[-1].time)}; {proof}"
    for row in by_antenna(heard):
        where = f"{row['place'] or 'nowhere'}{' ' + str(row['side']) if row['side'] else ''}"
        strongest = (
            ""
            if row["strongest"] is None
            else f", strongest {row['strongest']} at {at.of(row['strongest_at'])}"
        )
        yield (
            f"  {row['device']}/{row['antenna']} ({where}): {row['reads']} reads, "
            f"{at.of(row['first'])} to {at.of(row['last'])}{strongest}"
        )
    if each:
        yield from (_read(one, at) for one in heard)


def _read(one: Sighting, at: LocalTime) -> str:
    rssi = "-" if one.rssi is None else f"{one.rssi:.1f}"
    many = "" if one.count == 1 else f"  {one.count} times"
    return f"    {at(one.time)}  {one.device}/{one.antenna}  {one.side or one.place or '-'}  {rssi}  {one.tag}{many}"


def _decision(look: Look) -> Iterator[str]:
    yield f"decided as: {look.movement}"
    yield f"  its own reads: {_pairs(look.features)}"
    yield f"  its companions together: {_pairs(look.company)}"
    if look.odds:
        yield f"  log-odds of a crossing: {_pairs(look.odds)}"
    yield f"  thresholds: {_pairs(look.thresholds)}"
    for one in look.companions[:SHOWN]:
        yield f"  beside it: {_companion(one)}"
    if len(look.companions) > SHOWN:
        yield f"  and {len(look.companions) - SHOWN} more; --json has them"


def _companion(one: Companion) -> str:
    direction = {1: " in", -1: " out", 0: ""}[one.direction]
    return f"{one.subject}  {one.movement}{direction}, contrast {one.contrast}, reads {one.reads[0]} and {one.reads[1]}"


def _state(one: Health, line: Callable[[Event], str], at: LocalTime) -> Iterator[str]:
    delay = (
        "no record"
        if one.delay is None
        else f"records {one.delay[0]:.3f} to {one.delay[1]:.3f} s on their way"
    )
    offset = f", {one.offset} s added to its times" if one.offset else ""
    yield f"device {one.device}: {delay}{offset}"
    if one.link is not None:
        yield f"  last of its link: {line(one.link)}"
    for turn in one.turns:
        yield f"  {turn}"
    for gap in one.gaps:
        yield f"  not heard from {at(gap.since)} to {at(gap.to)}: {gap.reason}"


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
