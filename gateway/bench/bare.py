"""What a short script with psycopg does in the same time: the same rows into the same table, from memory, in batches
of the same size, with the same protection against doubles; no journal, no account of numbers, one try.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from core.events import Event
from gateway.bench.backlog import SITE, events
from gateway.sinks.feed import ROWS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSERT = """
    INSERT INTO waypost.event (
        site, epoch, seq, id, time, detected, time_error, kind, item, tag, place, from_place, direction, confidence,
        reads, late, source, evidence
    )
    SELECT %s, %s, * FROM unnest(
        %b::bigint[], %b::uuid[], %b::timestamptz[], %b::timestamptz[], %b::float8[], %b::text[], %b::text[],
        %b::text[], %b::text[], %b::text[], %b::text[], %b::real[], %b::bigint[], %b::boolean[], %b::text[],
        %b::jsonb[]
    ) ON CONFLICT DO NOTHING
"""


def bare(dsn: str, count: int) -> float:
    """Rows per second."""
    epoch = uuid.uuid4()
    spent = 0.0
    with psycopg.connect(dsn, autocommit=True) as db:
        for first in range(1, count + 1, ROWS):
            rows = [
                _row(seq, event)
                for seq, event in enumerate(events(first, min(ROWS, count + 1 - first)), first)
            ]
            began = time.perf_counter()
            db.execute(_INSERT, (SITE, epoch, *_columns(rows)))
            spent += time.perf_counter() - began
    return count / spent


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _row(seq: int, event: Event) -> tuple[object, ...]:
    time, detected = (_EPOCH + timedelta(microseconds=at) for at in (event.time, event.detected))
    return (
        seq, uuid.UUID(event.id), time, detected, event.time_error, event.kind, event.item, event.tag, event.place,
        event.from_place, event.direction, event.confidence, event.reads, event.late, event.source,
        Jsonb(event.evidence),
    )  # fmt: skip
