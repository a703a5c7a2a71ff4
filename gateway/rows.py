"""Events and gaps as JSON objects, with the field names and order of the contract, and as rows of the journal.

A time in JSON is RFC 3339 with `Z` and six decimals; in a row it is whole microseconds UTC. An event's row has the
columns that commands filter by, and the other fields that say something as one JSON object.
"""

import json
import re
import zlib
from datetime import UTC, datetime

from core.events import Event, Evidence, Gap, rfc3339

Value = str | int | float | bool | None
EventRow = tuple[int, str, int, str, str | None, str | None, str | None, str, int]
"""seq, id, time, kind, item, tag, place, body, checksum."""
GapRow = tuple[int, str, int, int, str, int, int]
"""seq, source, since, until, reason, filled, checksum."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=dict).encode


class RowDamaged(ValueError):
    """A row is not what was written: its checksum does not match."""


def microseconds(text: str) -> int:
    """RFC 3339 with any offset as microseconds UTC; decimals after the sixth are cut off.

    Raises ValueError for what is no date and time of RFC 3339.
    """
    match = _STAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time such as 2025-10-01T14:05:07.300000Z")
    day, second, decimals, offset = match.groups()
    try:
        since = datetime.fromisoformat(f"{day}T{second}{offset.upper()}") - _EPOCH
    except ValueError:
        raise ValueError(
            f"{text!r} has a date, a time of day or a zone offset that does not exist; "
            "write it as 2025-10-01T14:05:07.300000Z"
        ) from None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + int(f"{decimals or ''}000000"[:6])


def event_json(event: Event) -> dict[str, Value | Evidence]:
    """Every field of the contract in its order, null where nothing is known."""
    return {
        "id": event.id,
        "time": rfc3339(event.time),
        "detected": rfc3339(event.detected),
        "time_error": event.time_error,
        "kind": event.kind,
        "item": event.item,
        "tag": event.tag,
        "place": event.place,
        "from_place": event.from_place,
        "direction": event.direction,
        "lat": event.lat,
        "lon": event.lon,
        "confidence": event.confidence,
        "reads": event.reads,
        "late": event.late,
        "source": event.source,
        "evidence": dict(event.evidence),
        "retracts": event.retracts,
        "of": event.of,
    }


def gap_json(gap: Gap) -> dict[str, str | int]:
    """Every field of the contract in its order."""
    return {
        "source": gap.source,
        "from": rfc3339(gap.since),
        "to": rfc3339(gap.to),
        "reason": gap.reason,
        "filled": gap.filled,
    }


def checksum(body: bytes, *columns: Value) -> int:
    """CRC-32 of a row: its columns as text, a unit separator between them, then its body."""
    return zlib.crc32(body, zlib.crc32("\x1f".join(map(str, columns)).encode("utf-8", "surrogatepass")))


def event_row(seq: int, event: Event) -> EventRow:
    """Raises ValueError where JSON has no word for a value: NaN and the infinities."""
    columns = (seq, event.id, event.time, event.kind, event.item, event.tag, event.place)
    body = _encode(_others(event))
    return (*columns, body, checksum(body.encode(), *columns))


def _others(event: Event) -> dict[str, Value | Evidence]:
    """The fields without a column of their own, but for those that are at their default."""
    found: dict[str, Value | Evidence] = {"detected": event.detected}
    for name in (
        "time_error",
        "from_place",
        "direction",
        "lat",
        "lon",
        "confidence",
        "source",
        "retracts",
        "of",
    ):
        value = getattr(event, name)
        if value is not None:
            found[name] = value
    if event.reads:
        found["reads"] = event.reads
    if event.late:
        found["late"] = True
    if event.evidence:
        found["evidence"] = event.evidence
    return found


def sound_event(row: EventRow) -> EventRow:
    """The row itself, if it is as it was written. Raises RowDamaged."""
    if checksum(row[7].encode("utf-8", "surrogatepass"), *row[:7]) != row[8]:
        raise RowDamaged(f"event {row[0]} is not as it was written: its checksum does not match")
    return row


def row_event(row: EventRow) -> tuple[int, Event]:
    """The sequence number and the event of a row. Raises RowDamaged."""
    seq, id, time, kind, item, tag, place, body, _ = sound_event(row)
    return seq, Event(id=id, time=time, kind=kind, item=item, tag=tag, place=place, **json.loads(body))


def gap_row(seq: int, gap: Gap) -> GapRow:
    """The row of a gap."""
    columns = (seq, gap.source, gap.since, gap.to, gap.reason, gap.filled)
    return (*columns, checksum(b"", *columns))


def sound_gap(row: GapRow) -> GapRow:
    """The row itself, if it is as it was written. Raises RowDamaged."""
    if checksum(b"", *row[:6]) != row[6]:
        raise RowDamaged(f"gap {row[0]} is not as it was written: its checksum does not match")
    return row


def row_gap(row: GapRow) -> tuple[int, Gap]:
    """The sequence number and the gap of a row. Raises RowDamaged."""
    return row[0], Gap(*sound_gap(row)[1:6])
