"""Sums and limits on PostgreSQL: against an independent calculation, late rows, retractions and redeemed rows included."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from itertools import product

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.sinks.timescale.connection import connect
from gateway.sinks.timescale.upkeep import STEP, Upkept, upkeep
from tests.fix_postgres import Database
from tests.told import Journal, Told, at, taken_back

DAYS = 5
ZONES, ITEMS = ("yard", "hall"), ("saw", "drill")

Stay = tuple[str, str, float, float | None]
"""Item, zone, and the hours in which it stayed; None: it is still there."""


@pytest.fixture
def db(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner, autocommit=True) as db:
        yield db


@st.composite
def stays(draw: st.DrawFn) -> list[Stay]:
    """Of each item in each zone some, one after the other; quarters of hours are exact numbers."""
    found: list[Stay] = []
    for item, zone in product(ITEMS, ZONES):
        moments = sorted(draw(st.lists(st.integers(0, DAYS * 96), max_size=7, unique=True)))
        edges: list[float | None] = [moment / 4 for moment in moments] + [None] * (len(moments) % 2)
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            assert begin is not None
            found.append((item, zone, begin, end))
    return found


def events(stays: list[Stay]) -> list[Told]:
    """Those that tell of the stays."""
    told = []
    for number, (item, zone, begin, end) in enumerate(stays):
        told.append(Told("arrived", item, zone, begin, name=str(number)))
        if end is not None:
            told.append(Told("departed", item, zone, end, name=str(number)))
    return told


def seconds(stays: list[Stay], zone: str, low: float, high: float) -> float:
    """How long all together were in the zone between two hours."""
    spans = (min(end or high, high) - max(begin, low) for _, place, begin, end in stays if place == zone)
    return sum(max(span, 0) for span in spans) * 3600


def inside(stays: list[Stay], zone: str, day: int) -> int:
    """How many were there when the day began."""
    hour = day * 24
    return sum(
        begin < hour and (end is None or end >= hour) for _, place, begin, end in stays if place == zone
    )


def last_entered(stays: list[Stay], item: str) -> set[str | None]:
    """Of the zones that it is still in the one that it entered last, or those; None where there are none."""
    open_stays = [(begin, zone) for one, zone, begin, end in stays if one == item and end is None]
    newest = max((begin for begin, _ in open_stays), default=None)
    return {zone for begin, zone in open_stays if begin == newest} or {None}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(true=stays(), wrong=stays(), seed=st.integers(0, 1 << 32))
def test_dwell_is_what_the_stays_say(
    db: psycopg.Connection, true: list[Stay], wrong: list[Stay], seed: int
) -> None:
    """Told in any order, with wrong events that are taken back, in batches, some of them in the sums."""
    db.execute(
        "TRUNCATE waypost.event, waypost.ledger, waypost.summed, waypost.moves_sum, waypost.passes_sum"
    )
    shuffle = random.Random(seed)
    errors = [
        Told(one.kind, one.subject, one.place, one.hour, name="wrong" + one.name) for one in events(wrong)
    ]
    told = events(true) + errors
    shuffle.shuffle(told)
    journal = Journal(db, "leeds")
    told += [taken_back(one, DAYS * 24) for one in errors]
    while told:
        size = shuffle.randint(1, len(told))
        journal.tell(*told[:size])
        del told[:size]
        db.execute("SELECT waypost.upkeep(%s)", (shuffle.randint(1, 9),))
    rows = db.execute(
        "SELECT zone, (extract(epoch FROM day - %s) / 86400)::int, inside, seconds FROM waypost.dwell_daily "
        "WHERE day < %s",
        (at(0), at(DAYS * 24)),
    )
    answers = {(zone, day): (carried, stayed) for zone, day, carried, stayed in rows}
    for zone, day in product(ZONES, range(DAYS)):
        carried, stayed = answers.get((zone, day), (0, 0.0))
        assert carried == inside(true, zone, day)
        assert stayed == pytest.approx(seconds(true, zone, day * 24, day * 24 + 24), abs=1e-6)
    first, last = DAYS * 24 * 0.3, DAYS * 24 * 0.7
    visits = db.execute("SELECT zone, seconds FROM waypost.dwell(%s, %s)", (at(first), at(last))).fetchall()
    spans = {zone: seconds(true, zone, first, last) for zone in ZONES}
    assert dict(visits) == {zone: pytest.approx(span, abs=1e-6) for zone, span in spans.items() if span}
    for zone in ZONES:
        there = db.execute("SELECT item FROM waypost.was_in(%s, %s)", (zone, at(first))).fetchall()
        assert {item for (item,) in there} == {
            item
            for item, place, begin, end in true
            if place == zone and begin <= first and (end is None or end > first)
        }
    places: dict[str, str | None] = dict(db.execute("SELECT item, place FROM waypost.item_now").fetchall())
    for item in ITEMS:
        assert places.get(item) in last_entered(true, item)
    moves = db.execute(
        "SELECT place, day, arrived, departed FROM waypost.moves_daily WHERE arrived + departed > 0"
    )
    expected = Counter((zone, at(begin // 24 * 24)) for _, zone, begin, _ in true)
    assert Counter({(zone, day): count for zone, day, count, _ in moves}) == expected


def test_who_is_still_there_stays_until_now(db: psycopg.Connection) -> None:
    with db.transaction():  # in which now is one moment
        hours = [
            float(hour)
            for (hour,) in db.execute(
                "SELECT extract(epoch FROM now() - %s) / 3600 - ago FROM unnest('{100,50,30,0.5}'::numeric[]) AS ago",
                (at(0),),
            )
        ]
        came, left, again, later = hours
        Journal(db, "leeds").tell(
            Told("arrived", "saw", "yard", came),
            Told("departed", "saw", "yard", left),
            Told("arrived", "saw", "yard", again),
            Told("arrived", "drill", "yard", later),
        )
        row = db.execute("SELECT sum(seconds) FROM waypost.dwell_daily").fetchone()
        assert row == (pytest.approx((50 + 30 + 0.5) * 3600, abs=0.01),)


def passes(db: psycopg.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT direction, passes FROM waypost.passes_hourly ORDER BY 1").fetchall()


@pytest.mark.parametrize("summed", [0, 1, 3])
def test_a_row_out_of_quarantine_is_summed_once(db: psycopg.Connection, summed: int) -> None:
    """Whether the sums had passed its number already, were just before it, or were behind."""
    journal = Journal(db, "leeds")
    first, second, third = (Told("passed", item, "dock-1", 1, "in") for item in ("saw", "drill", "pump"))
    journal.tell(first)
    db.execute(
        "SELECT waypost.account('leeds', %s, 'events', 2, 2, 'quarantined', 'bad', NULL)", (journal.epoch,)
    )
    journal.last["events"] = 2
    journal.tell(third)
    if summed:
        db.execute("SELECT waypost.upkeep(%s)", (summed,))
    assert passes(db) == [("in", 2)]
    with db.transaction():
        db.execute(
            "INSERT INTO waypost.event (site, epoch, seq, id, time, detected, kind, item, place, direction, reads, "
            "late, evidence) VALUES ('leeds', %s, 2, %s, %s, %s, 'passed', 'drill', 'dock-1', 'in', 1, false, '{}')",
            (journal.epoch, second.id, at(1), at(1)),
        )
        db.execute(
            "SELECT waypost.settle('leeds', %s, 'events', 2, 'written', NULL, 'm', 1)", (journal.epoch,)
        )
    assert passes(db) == [("in", 3)]
    for _ in range(3):
        db.execute("SELECT waypost.upkeep(1)")
        assert passes(db) == [("in", 3)]
    assert db.execute("SELECT * FROM waypost.unsummed").fetchall() == []


def test_rows_go_when_they_are_old_enough_and_summed(db: psycopg.Connection) -> None:
    db.execute("UPDATE waypost.keeping SET keep = now() - %s WHERE relation IN ('event', 'gap')", (at(4.5),))
    journal = Journal(db, "leeds")
    for hour in range(8):
        journal.tell(Told("passed", "saw", "dock-1", hour, "in"))
        journal.silence("door1", hour, hour + 0.5)
    journal.tell(Told("passed", "saw", "dock-1", 0.5, "in", name="late"))
    before = db.execute("SELECT * FROM waypost.passes_hourly ORDER BY hour").fetchall()
    assert db.execute("SELECT * FROM waypost.upkeep(3)").fetchall() == [
        (3, 3)
    ]  # the late row is not summed yet
    assert db.execute("SELECT seq FROM waypost.event ORDER BY 1").fetchall() == [(n,) for n in range(4, 10)]
    while db.execute("SELECT * FROM waypost.upkeep(3)").fetchall() != [(0, 0)]:
        assert db.execute("SELECT * FROM waypost.passes_hourly ORDER BY hour").fetchall() == before
    assert db.execute("SELECT seq FROM waypost.event ORDER BY 1").fetchall() == [(n,) for n in (6, 7, 8)]
    assert db.execute("SELECT seq FROM waypost.gap ORDER BY 1").fetchall() == [(n,) for n in (6, 7, 8)]
    assert db.execute("SELECT * FROM waypost.passes_hourly ORDER BY hour").fetchall() == before
    proof = db.execute(
        "SELECT stream, rows, there, expired, lost FROM waypost.proof ORDER BY stream"
    ).fetchall()
    assert proof == [("events", 9, 3, 6, 0), ("gaps", 8, 3, 5, 0)]


def test_what_is_kept_for_ever_stays(db: psycopg.Connection) -> None:
    journal = Journal(db, "leeds")
    journal.tell(Told("passed", "saw", "dock-1", -24 * 365 * 20, "in"))
    assert db.execute("SELECT * FROM waypost.upkeep()").fetchall() == [(1, 0)]


def test_one_gateway_at_a_time(database: Database) -> None:
    with psycopg.connect(database.owner) as one, psycopg.connect(database.writer) as other:
        Journal(one, "leeds").tell(Told("passed", "saw", "dock-1", 1, "in"))
        one.commit()
        assert one.execute("SELECT * FROM waypost.upkeep()").fetchall() == [(1, 0)]
        assert other.execute("SELECT * FROM waypost.upkeep()").fetchall() == [(0, 0)]


def test_vacuum_is_not_disturbed(database: Database) -> None:
    with psycopg.connect(database.owner) as vacuum, psycopg.connect(database.owner, autocommit=True) as db:
        Journal(db, "leeds").tell(Told("passed", "saw", "dock-1", 1, "in"))
        vacuum.execute("LOCK TABLE waypost.event IN SHARE UPDATE EXCLUSIVE MODE")  # as VACUUM does
        assert db.execute("SELECT * FROM waypost.upkeep()").fetchall() == [(1, 0)]


def test_the_step_of_a_gateway(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_DSN", database.writer)
    with psycopg.connect(database.owner, autocommit=True) as db:
        Journal(db, "leeds").tell(Told("passed", "saw", "dock-1", 1, "in"))

    async def run() -> list[Upkept]:
        connection = await connect("env:WAYPOST_DSN", "waypost leeds", 30.0)
        try:
            return [await upkeep(connection), await upkeep(connection)]
        finally:
            await connection.close()

    assert asyncio.run(run()) == [Upkept(1, 0), Upkept(0, 0)]
    assert [Upkept(*one).more for one in ((STEP, 0), (0, STEP), (STEP - 1, 1))] == [True, True, False]
