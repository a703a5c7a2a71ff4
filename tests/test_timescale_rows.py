"""Every column of every stream arrives as it was, whatever is in it."""

import asyncio
import json
import math
import random
import uuid
from dataclasses import asdict, replace
from typing import TypeVar

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.events import EARLIEST, LATEST, Event, Gap
from core.records import Dictionary, Fix, Reads, fixes
from gateway.rows import event_row, gap_row
from gateway.sinks.contract import Batch, Events, Gaps, Line, Positions, Readings
from tests.fix_postgres import Database
from tests.stored import line, sink_to

T = TypeVar("T", bound=np.generic)
Row = dict[str, object]
_TABLES = {"events": "event", "gaps": "gap", "reads": "read", "fixes": "fix"}
DETECTED = 1 << 53
"""Microseconds, before and after 1970, up to which `detected` is exact: in the years 1684 and 2255."""
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
MAYBE = st.none() | TEXT
DOUBLE = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TIME = st.integers(EARLIEST, LATEST)


@st.composite
def some_event(draw: st.DrawFn) -> Event:
    """Any that the schema takes."""
    retracts = draw(st.none() | st.uuids())
    return Event(
        id=str(uuid.uuid4()),
        time=draw(TIME),
        detected=draw(st.integers(-DETECTED, DETECTED)),
        kind="retracted" if retracts else draw(st.sampled_from(("arrived", "passed", "departed"))),
        item=draw(MAYBE),
        tag=draw(MAYBE),
        place=draw(MAYBE),
        from_place=draw(MAYBE),
        direction=draw(st.sampled_from(("in", "out", None))),
        time_error=draw(DOUBLE),
        lat=draw(DOUBLE),
        lon=draw(DOUBLE),
        confidence=draw(st.none() | st.floats(0, 1, width=32)),
        reads=draw(st.integers(0, (1 << 63) - 1)),
        late=draw(st.booleans()),
        source=draw(MAYBE),
        evidence=draw(
            st.dictionaries(TEXT, TEXT | st.integers(-(1 << 60), 1 << 60) | st.booleans(), max_size=3)
        ),
        retracts=str(retracts) if retracts else None,
        of="arrived" if retracts else None,
    )


def sent(database: Database, monkeypatch: pytest.MonkeyPatch, batch: Batch) -> list[Row]:
    """What is in the table of a batch after it was written; times in microseconds UTC."""
    sink = sink_to(monkeypatch, database.writer)

    async def main() -> None:
        await sink.open()
        await sink.write(batch)
        await sink.close()

    asyncio.run(main())
    table = _TABLES[batch.line.stream]
    with psycopg.connect(database.owner) as db:
        stamps = db.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND atttypid = 'timestamptz'::regtype",
            (f"waypost.{table}",),
        ).fetchall()
        times = ", ".join(f"'{name}', (extract(epoch FROM {name}) * 1000000)::bigint" for (name,) in stamps)
        sql = f"SELECT to_jsonb(t) || jsonb_build_object({times}) FROM waypost.{table} AS t WHERE epoch = %s ORDER BY seq"
        return [row for (row,) in db.execute(sql.encode(), (batch.line.epoch,))]


def numbered(of: Line, rows: list[Row]) -> list[Row]:
    """With the columns that every row has."""
    return [{"site": of.site, "epoch": of.epoch, "seq": seq, **row} for seq, row in enumerate(rows, 1)]


@given(st.lists(some_event(), min_size=1, max_size=20))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events(database: Database, monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> None:
    of = line()
    rows = tuple(event_row(number, event) for number, event in enumerate(events, 1))
    found = sent(database, monkeypatch, Batch(of, 1, len(rows), Events(rows)))
    assert all(row.pop("stored") for row in found)
    assert [_narrow(row) for row in found] == numbered(of, [_narrow(asdict(event)) for event in events])


def _narrow(row: Row) -> Row:
    """Numbers as wide as their columns; JSON may spell a double as an integer."""
    doubles = {name: row[name] and float(str(row[name])) for name in ("time_error", "lat", "lon")}
    return {**row, **doubles, "confidence": _single(row["confidence"])}


def _single(value: object) -> object:
    return None if value is None else np.float32(str(value))


@given(
    st.lists(st.builds(Gap, TEXT, TIME, TIME, TEXT, st.integers(0, (1 << 63) - 1)), min_size=1, max_size=20)
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_gaps(database: Database, monkeypatch: pytest.MonkeyPatch, gaps: list[Gap]) -> None:
    of = replace(line(), stream="gaps")
    rows = tuple(gap_row(number, gap) for number, gap in enumerate(gaps, 1))
    found = sent(database, monkeypatch, Batch(of, 1, len(rows), Gaps(rows)))
    assert all(row.pop("stored") for row in found)
    wanted = [
        {
            "source": gap.source,
            "since": gap.since,
            "until": gap.to,
            "reason": gap.reason,
            "filled": gap.filled,
        }
        for gap in gaps
    ]
    assert found == numbered(of, wanted)


def some_reads(chance: random.Random, rows: int, tags: Dictionary, full: bool) -> Reads:
    """Random; where a column is there, some of it is not reported."""

    def floats() -> NDArray[np.float32]:
        return np.array([chance.choice((math.nan, chance.uniform(-90, 90))) for _ in range(rows)], np.float32)

    def integers(least: int, most: int, kind: type[T]) -> NDArray[T]:
        return np.array([chance.randint(least, most) for _ in range(rows)], kind)

    return Reads(
        tags,
        integers(EARLIEST, LATEST, np.int64),
        integers(0, len(tags) - 1, np.int32),
        integers(0, 65_535, np.uint16),
        floats(),
        integers(1, (1 << 31) - 1, np.int32),
        floats() if full else None,
        floats() if full else None,
        integers(0, 1, np.int32) * 902_750 if full else None,
    )


def test_reads(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several devices, with other dictionaries and other columns."""
    chance = random.Random("reads")
    few, many = Dictionary(["E2", "tid:\u00e4", ""]), Dictionary(str(number) for number in range(50))
    parts = (
        ("door-1", some_reads(chance, 40, many, full=True)),
        ("door-2", some_reads(chance, 7, few, full=False)),
        ("door-1", some_reads(chance, 1, many, full=False)),
        ("door-2", some_reads(chance, 30, few, full=True)),
    )
    of = replace(line(), stream="reads")
    found = sent(database, monkeypatch, Batch(of, 1, 78, Readings(parts)))
    wanted = [_read(source, reads, n) for source, reads in parts for n in range(len(reads))]
    for row in found:
        row.update({name: _single(row[name]) for name in ("rssi", "phase", "doppler")})
    assert found == numbered(of, wanted)


def _read(source: str, reads: Reads, n: int) -> Row:
    def of(column: NDArray[np.float32] | None) -> object:
        return None if column is None or np.isnan(column[n]) else column[n]

    return {
        "time": reads.time[n],
        "source": source,
        "antenna": reads.antenna[n],
        "tag": reads.tags.ids[reads.tag[n]],
        "rssi": of(reads.rssi),
        "phase": of(reads.phase),
        "doppler": of(reads.doppler),
        "channel": None if reads.channel is None else reads.channel[n] or None,
        "count": reads.count[n],
    }


def test_numbers_do_not_begin_anew_with_a_batch(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    of = replace(line(), stream="reads")
    part = some_reads(random.Random("more"), 3, Dictionary(["E2"]), full=False)
    found = sent(database, monkeypatch, Batch(of, 7, 9, Readings((("door-1", part),))))
    assert [row["seq"] for row in found] == [7, 8, 9]


SINGLES = st.just(math.nan) | st.floats(-1e6, 1e6, width=32)
FIX = st.builds(
    Fix,
    TEXT,
    TIME,
    st.floats(-90, 90),
    st.floats(-180, 180),
    SINGLES,
    SINGLES,
    SINGLES,
    SINGLES,
    st.integers(-1, 99),
    st.integers(0, 15),
    st.sampled_from(["", '{"ignition":true,"battery_mv":4012}', '{"name":"Zoë"}']),
)


@given(st.lists(st.lists(FIX, min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fixes(database: Database, monkeypatch: pytest.MonkeyPatch, devices: list[list[Fix]]) -> None:
    of = replace(line(), stream="fixes")
    parts = tuple((f"road-{n}", fixes(Dictionary(), rows)) for n, rows in enumerate(devices))
    found = sent(database, monkeypatch, Batch(of, 1, sum(map(len, devices)), Positions(parts)))
    wanted = [_fix(f"road-{n}", fix) for n, rows in enumerate(devices) for fix in rows]
    for row in found:
        row.update({name: _single(row[name]) for name in _SINGLES})
        row.update({name: float(str(row[name])) for name in ("lat", "lon")})
    assert found == numbered(of, wanted)


_SINGLES = ("alt", "speed", "course", "accuracy")


def _fix(source: str, fix: Fix) -> Row:
    given = {name: np.float32(getattr(fix, name)) for name in _SINGLES}
    return {
        **asdict(fix),
        **{name: None if np.isnan(value) else value for name, value in given.items()},
        "source": source,
        "satellites": None if fix.satellites < 0 else fix.satellites,
        "attributes": json.loads(fix.attributes or "{}"),
    }
