"""What the views of the central store answer, on PostgreSQL."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from tests.fix_postgres import Database
from tests.told import Journal, Told, at, taken_back
from tests.told_sites import ANSWERS, tell


@pytest.fixture
def db(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner, autocommit=True) as db:
        yield db


def test_two_sites(db: psycopg.Connection) -> None:
    db.execute("UPDATE waypost.keeping SET keep = NULL")
    tell(db)
    for _ in range(3):  # before, while and after the rows come into the sums
        for query, rows in ANSWERS.items():
            assert db.execute(query.encode()).fetchall() == rows, query
        db.execute("SELECT waypost.upkeep(7)")
    assert db.execute("SELECT * FROM waypost.unsummed").fetchall() != []
    assert db.execute("SELECT summed FROM waypost.upkeep()").fetchall() == [(10,)]
    assert db.execute("SELECT * FROM waypost.unsummed").fetchall() == []
    for query, rows in ANSWERS.items():
        assert db.execute(query.encode()).fetchall() == rows, query


def test_doors_today(db: psycopg.Connection) -> None:
    leeds = Journal(db, "leeds")
    db.execute("SELECT waypost.present('leeds', %s, '1', 'Europe/London', '{}', '{}')", (leeds.epoch,))
    with db.transaction():  # in which it is one moment
        (hour, midnight), *_ = db.execute(
            "SELECT extract(epoch FROM now() - %s) / 3600, "
            "extract(epoch FROM date_trunc('day', now(), 'Europe/London') - %s) / 3600",
            (at(0), at(0)),
        ).fetchall()
        wrong = Told("passed", "saw", "dock-1", float(hour), "in", name="wrong")
        leeds.tell(
            Told("passed", "saw", "dock-1", float(hour), "in"),
            Told("passed", "drill", "dock-1", float(midnight), "in"),
            Told("passed", "drill", "dock-1", float(midnight) - 0.001, "in", name="yesterday"),
            Told("passed", "drill", "dock-2", float(hour)),
            wrong,
        )
        leeds.tell(taken_back(wrong, float(hour)))
        rows = db.execute(
            "SELECT site, door, direction, passes, items FROM waypost.doors_today ORDER BY door"
        )
        assert rows.fetchall() == [("leeds", "dock-1", "in", 2, 2), ("leeds", "dock-2", None, 1, 1)]


def test_the_deepest_zone_is_where_something_is_though_another_was_entered_later(
    db: psycopg.Connection,
) -> None:
    db.execute("SELECT waypost.layout('leeds', '{hall,cage,area}', ARRAY[NULL, 'hall', NULL])")
    leeds = Journal(db, "leeds")
    leeds.tell(
        *(Told("arrived", "saw", zone, hour) for hour, zone in enumerate(["hall", "cage", "area"])),
    )
    assert db.execute("SELECT place FROM waypost.item_now").fetchall() == [("cage",)]
    leeds.tell(Told("departed", "saw", "cage", 5))
    assert db.execute("SELECT place FROM waypost.item_now").fetchall() == [("area",)]


def test_a_door_is_no_place_to_be(db: psycopg.Connection) -> None:
    Journal(db, "leeds").tell(Told("passed", "saw", "dock-1", 3, source="door1"))
    rows = db.execute(
        "SELECT item, place, since, last_place, last_seen, source FROM waypost.item_now"
    ).fetchall()
    assert rows == [("saw", None, None, None, at(3), "door1")]


@pytest.mark.parametrize(("first", "place"), [("arrived", None), ("departed", "hall")])
def test_what_happened_at_once_counts_as_it_was_decided(
    db: psycopg.Connection, first: str, place: str | None
) -> None:
    """One read is a visit that begins and ends with it; and a visit may begin with the read that ended another."""
    second = "departed" if first == "arrived" else "arrived"
    leeds = Journal(db, "leeds")
    leeds.tell(Told(second, "saw", "hall", 3, detected=6), Told(first, "saw", "hall", 3, detected=5))
    assert db.execute("SELECT place, last_place FROM waypost.item_now").fetchall() == [(place, "hall")]
    who = db.execute("SELECT item FROM waypost.was_in('hall', %s)", (at(4),)).fetchall()
    assert who == ([] if place is None else [("saw",)])


def test_a_visit_ends_with_the_next_word_on_it(db: psycopg.Connection) -> None:
    Journal(db, "leeds").tell(Told("arrived", "saw", "hall", 1), Told("departed", "saw", "hall", 4))
    Journal(db, "leeds", 2).tell(Told("arrived", "saw", "hall", 6))
    Journal(db, "leeds", 3).tell(Told("arrived", "saw", "hall", 8))
    rows = db.execute("SELECT arrived, departed FROM waypost.visit ORDER BY arrived").fetchall()
    assert rows == [(at(1), at(4)), (at(6), at(8)), (at(8), None)]
    stays = db.execute("SELECT items, visits, seconds FROM waypost.dwell(%s, %s)", (at(2), at(10))).fetchall()
    assert stays == [(1, 3, (2 + 2 + 2) * 3600)]


AGAIN = """
    INSERT INTO waypost.event (site, epoch, seq, id, time, detected, kind, reads, late, evidence)
    SELECT site, epoch, seq, id, time + interval '1 s', detected, kind, reads, late, evidence
    FROM waypost.event WHERE seq = 2
"""


@pytest.mark.parametrize(
    ("damage", "missing", "ranges", "lost", "doubled"),
    [
        ("SELECT", 0, "{}", 0, 0),
        ("DELETE FROM waypost.event WHERE seq = 4", 0, "{}", 1, 0),
        (AGAIN, 0, "{}", -1, 1),
        (
            "DELETE FROM waypost.ledger WHERE last IN (2, 3); DELETE FROM waypost.event WHERE seq < 4",
            2,
            "{[2,4)}",
            1,
            0,
        ),
        (
            "UPDATE waypost.ledger SET rows = 0 WHERE last = 5; DELETE FROM waypost.event WHERE seq = 5",
            1,
            "{}",
            0,
            0,
        ),
    ],
)
def test_the_proof_finds_what_is_wrong(
    db: psycopg.Connection, damage: str, missing: int, ranges: str, lost: int, doubled: int
) -> None:
    leeds = Journal(db, "leeds")
    for hour in range(5):
        leeds.tell(Told("arrived", "saw", "hall", hour))
        db.execute("UPDATE waypost.ledger SET reason = 'so that each has a range of its own'")
    db.execute(damage.encode())
    row = db.execute("SELECT missing, missing_ranges::text, lost, doubled FROM waypost.proof").fetchone()
    assert row == (missing, ranges, lost, doubled)


def test_rows_that_no_ledger_knows(db: psycopg.Connection) -> None:
    Journal(db, "leeds").tell(Told("arrived", "saw", "hall", 1))
    db.execute("DELETE FROM waypost.ledger")
    assert db.execute("SELECT stream, rows, lost FROM waypost.proof").fetchall() == [("events", 0, -1)]


@pytest.mark.parametrize(
    "view", ["item_now", "item_movements", "doors_today", "gaps", "dwell_daily", "proof"]
)
def test_a_reader_may_look_and_nothing_else(database: Database, view: str) -> None:
    with psycopg.connect(database.reader, autocommit=True) as db:
        db.execute(f"SELECT * FROM waypost.{view}".encode())
        db.execute("SELECT * FROM waypost.was_in('yard', now()), waypost.dwell(now(), now())")
        for forbidden in (
            "DELETE FROM waypost.event",
            "SELECT waypost.upkeep()",
            "INSERT INTO waypost.site VALUES ('x', NULL, now(), now())",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                db.execute(forbidden.encode())


def test_a_writer_may_insert_and_nothing_else(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        Journal(db, "leeds").tell(Told("arrived", "saw", "hall", 1))
        db.execute("SELECT waypost.upkeep()")
        for forbidden in (
            "DELETE FROM waypost.event",
            "UPDATE waypost.event SET item = 'x'",
            "SELECT * FROM waypost.event",
            "INSERT INTO waypost.ledger SELECT * FROM waypost.ledger",
            "UPDATE waypost.ledger SET last = 1",
            "SELECT waypost.expire(1)",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                db.execute(forbidden.encode())
