"""Events and gaps that were dated before the gateway knew what time it was: by how much they are wrong."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from gateway.heads import Head
from gateway.rows import EventRow, GapRow

KEY = "redated"
"""Under which the journal keeps it."""
KEPT = 64
"""Steps that are remembered; what is sent later than that many starts without a clock keeps the time that it has."""


@dataclass(frozen=True, slots=True)
class Step:
    """The clock was `by` microseconds behind when these were decided: events and gaps behind the first number, up to
    the second."""

    after_event: int
    last_event: int
    after_gap: int
    last_gap: int
    by: int


def noted(text: str | None) -> list[Step]:
    """What the journal has noted."""
    return [Step(*numbers) for numbers in json.loads(text or "[]")]


def note(text: str | None, began: Head, head: Head, by: int) -> str:
    """With one more: what was committed since `began`, up to `head`. Noted again it stays one."""
    step = Step(began.events, head.events, began.gaps, head.gaps, by)
    steps = [one for one in noted(text) if one != step]
    return json.dumps([astuple(one) for one in [*steps, step][-KEPT:]])


def dated_events(steps: Sequence[Step], rows: list[EventRow]) -> list[EventRow]:
    """The rows with the times that the clock would have given."""
    for step in steps:
        if rows and rows[0][0] <= step.last_event and rows[-1][0] > step.after_event:
            rows = [
                _dated(row, step.by) if step.after_event < row[0] <= step.last_event else row for row in rows
            ]
    return rows


def dated_gaps(steps: Sequence[Step], rows: list[GapRow]) -> list[GapRow]:
    """The rows with the times that the clock would have given."""
    for step in steps:
        if rows and rows[0][0] <= step.last_gap and rows[-1][0] > step.after_gap:
            rows = [
                (row[0], row[1], row[2] + step.by, row[3] + step.by, *row[4:])
                if step.after_gap < row[0] <= step.last_gap
                else row
                for row in rows
            ]
    return rows


def _dated(row: EventRow, by: int) -> EventRow:
    seq, id, time, kind, item, tag, place, body, crc = row
    others = json.loads(body)
    others["detected"] += by
    return seq, id, time + by, kind, item, tag, place, json.dumps(others, separators=(",", ":")), crc
