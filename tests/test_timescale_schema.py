"""The schema: its migrations, the account of lines, and what the two roles may do."""

import psycopg
import pytest
from psycopg import errors

from gateway.sinks.timescale import migrations
from tests.fix_postgres import Database

EPOCH = "6f1c2b1e-0000-4000-8000-000000000001"


def account(
    db: psycopg.Connection, first: int, last: int, state: str = "written", reason: str | None = None
) -> None:
    db.execute(
        "SELECT waypost.account('leeds', %s, 'events', %s, %s, %s, %s, 'm', %s, %s)",
        (EPOCH, first, last, state, reason, last - first + 1, last - first + 1),
    )


def test_the_template_is_of_our_level(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        migrations.check(db)


def test_account_lengthens_the_newest_range(database: Database) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 10)
        account(db, 11, 15)
        account(db, 16, 16, "quarantined", "bad")
        account(db, 17, 17)
        rows = db.execute(
            "SELECT first, last, rows, refused, state, reason, mark FROM waypost.ledger ORDER BY 1"
        )
        assert rows.fetchall() == [
            (1, 15, 15, 0, "written", None, "m"),
            (16, 16, 1, 0, "quarantined", "bad", "m"),
            (17, 17, 1, 0, "written", None, "m"),
        ]


@pytest.mark.parametrize("first", [1, 10, 12, 100])
def test_account_refuses_what_is_not_next(database: Database, first: int) -> None:
    with psycopg.connect(database.writer, autocommit=True) as db:
        account(db, 1, 10)
        with pytest.raises(errors.Error) as caught:
            account(db, first, first + 5)
        assert (caught.value.sqlstate, caught.value.diag.message_detail) == ("WP001", "10")
