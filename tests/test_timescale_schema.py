"""The schema: its migrations, the account of lines, and what the two roles may do."""

import psycopg
import pytest
from psycopg import errors

from gateway.sinks.timescale import migrations
from tests.fix_postgres import Database

EPOCH = "6f1c2b1e-0000-4000-8000-000000000001"


def account(db: psycopg.Connection, first: int, last: int, refused: int = 0) -> None:
    rows = last - first + 1
    tell(db, first, last, "written", rows, rows - refused)


def tell(
    db: psycopg.Connection,
    first: int | None,
    last: int | None,
    state: str,
    offered: int | None,
    written: int | None,
) -> None:
    db.execute(
        "SELECT waypost.account('leeds', %s, 'events', %s, %s, %s, NULL, 'm', %s, %s)",
        (EPOCH, first, last, state, offered, written),
    )


def hole(db: psycopg.Connection, first: int, last: int, state: str) -> None:
    db.execute(
        "SELECT waypost.account('leeds', %s, 'events', %s, %s, %s, 'bad', NULL)", (EPOCH, first, last, state)
    )


def test_the_template_is_of_our_level(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        migrations.check(db)


def test_account_lengthens_the_newest_range(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 10)
        account(db, 11, 15, refused=2)
        hole(db, 16, 16, "quarantined")
        account(db, 17, 17)
        rows = db.execute(
            "SELECT first, last, rows, refused, state, reason, mark FROM waypost.ledger ORDER BY 1"
        )
        assert rows.fetchall() == [
            (1, 15, 13, 2, "written", None, "m"),
            (16, 16, 0, 0, "quarantined", "bad", None),
            (17, 17, 1, 0, "written", None, "m"),
        ]


@pytest.mark.parametrize("first", [1, 10, 12, 100])
def test_account_refuses_what_is_not_next(database: Database, first: int) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 10)
        with pytest.raises(errors.Error) as caught:
            account(db, first, first + 5)
        assert (caught.value.sqlstate, caught.value.diag.message_detail) == ("WP001", "10")


@pytest.mark.parametrize(
    ("first", "last", "state", "offered", "written"),
    [
        (11, 5, "written", -5, -5),  # takes numbers back
        (11, 10, "dropped", 0, 0),
        (11, 11, "written", 5, 5),  # would hide four that are missing
        (11, 14, "written", 0, 0),
        (11, 14, "written", 4, 5),
        (11, 14, "written", 4, -1),
        (11, 14, "dropped", 4, 4),
        (11, 14, "written", 4, None),
        (11, None, "dropped", 0, 0),
        (None, 14, "dropped", 0, 0),
    ],
)
def test_an_account_that_does_not_add_up_is_not_taken(
    database: Database, first: int | None, last: int | None, state: str, offered: int, written: int | None
) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 10)
        before = db.execute("SELECT * FROM waypost.ledger").fetchall()
        with pytest.raises(errors.Error) as caught:
            tell(db, first, last, state, offered, written)
        assert caught.value.sqlstate == "WP004"
        assert db.execute("SELECT * FROM waypost.ledger").fetchall() == before


def states(db: psycopg.Connection) -> list[tuple[int, int, int, int, str]]:
    rows = db.execute("SELECT first, last, rows, refused, state FROM waypost.ledger ORDER BY first")
    return rows.fetchall()


def settle(db: psycopg.Connection, number: int, state: str = "written", written: int = 1) -> None:
    parameters = (EPOCH, number, state, written)
    db.execute("SELECT waypost.settle('leeds', %s, 'events', %s, %s, NULL, 'm', %s)", parameters)


def test_a_number_comes_out_of_quarantine(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 4)
        hole(db, 5, 9, "quarantined")
        settle(db, 7, "dropped", 0)
        settle(db, 5, "written", 0)
        settle(db, 9)
        settle(db, 9, "written", 0)  # what a writer does after a lost answer: the row is there already
        assert states(db) == [
            (1, 4, 4, 0, "written"),
            (5, 5, 0, 1, "written"),
            (6, 6, 0, 0, "quarantined"),
            (7, 7, 0, 0, "dropped"),
            (8, 8, 0, 0, "quarantined"),
            (9, 9, 1, 0, "written"),
        ]
        account(db, 10, 11)


def test_what_was_never_quarantined_cannot_be_settled(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 4)
        for number, state in [(5, "written"), (4, "dropped"), (4, "written")]:
            with pytest.raises(errors.Error) as caught:
                settle(db, number, state)
            assert caught.value.sqlstate == "WP002"
