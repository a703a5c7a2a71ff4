"""The schema comes to our level from every other, and says clearly where it cannot."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors

from gateway.sinks.timescale import edition, installation, migrations, roles
from gateway.sinks.timescale.edition import Server, ServerTooOld
from gateway.sinks.timescale.migrations import (
    SchemaChanged,
    SchemaError,
    SchemaMissing,
    SchemaTooNew,
    SchemaTooOld,
)
from gateway.sinks.timescale.roles import NAMES
from tests.fix_postgres import PASSWORD, SETTINGS, Database, Postgres
from tests.told import Journal, Told

SHAPE = """
    SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod) || attnotnull
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'waypost'::regnamespace AND attnum > 0
    UNION ALL
    SELECT 'view', viewname, NULL, definition FROM pg_views WHERE schemaname = 'waypost'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'waypost'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'waypost'::regnamespace
    UNION ALL
    SELECT 'routine', proname, proacl::text, pg_get_functiondef(oid)
        FROM pg_proc WHERE pronamespace = 'waypost'::regnamespace
    UNION ALL
    SELECT 'rights', relname, NULL, relacl::text FROM pg_class WHERE relnamespace = 'waypost'::regnamespace
    ORDER BY 1, 2, 3, 4
"""


@pytest.fixture
def db(empty_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_database.owner, autocommit=True) as db:
        yield db


def shape(database: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database) as db:
        return db.execute(SHAPE).fetchall()


@pytest.mark.parametrize("level", range(1, migrations.level() + 1))
def test_from_every_level(database: Database, empty_database: Database, level: int) -> None:
    with psycopg.connect(empty_database.owner, autocommit=True) as db:
        assert len(migrations.migrate(db, to=level)) == level
        Journal(db, "leeds").tell(Told("passed", "saw", "dock-1", 1, "in"))
        done = installation.migrate(db, SETTINGS)
        assert [one.number for one in done.steps] == list(range(level + 1, migrations.level() + 1))
        assert db.execute("SELECT passes FROM waypost.passes_hourly").fetchall() == [(1,)]
        assert db.execute("SELECT rows, lost FROM waypost.proof").fetchall() == [(1, 0)]
        migrations.check(db)
    assert shape(empty_database.owner) == shape(database.owner)


def test_there_are_levels_to_come_from() -> None:
    assert migrations.level() >= 2


def test_again_it_changes_nothing(database: Database) -> None:
    before = shape(database.owner)
    with psycopg.connect(database.owner, autocommit=True) as db:
        for bring_up in (installation.init, installation.migrate):
            done = bring_up(db, SETTINGS)
            assert (done.server.edition, done.steps, done.notes) == ("postgresql", (), ())
    assert shape(database.owner) == before


def test_two_at_once_do_it_once(empty_database: Database) -> None:
    def bring_up(_: int) -> int:
        with psycopg.connect(empty_database.owner, autocommit=True) as db:
            return len(installation.init(db, SETTINGS).steps)

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(bring_up, range(3))) == [0, 0, migrations.level()]


def test_a_step_that_fails_leaves_those_before(db: psycopg.Connection) -> None:
    migrations.migrate(db, to=1)
    db.execute("CREATE TABLE waypost.visit ()")
    with pytest.raises(errors.DuplicateTable):
        migrations.migrate(db)
    assert len(migrations.taken(db)) == 1
    assert db.execute("SELECT to_regclass('waypost.zone')").fetchone() == (None,)
    db.execute("DROP TABLE waypost.visit")
    migrations.migrate(db)
    migrations.check(db)


def test_no_schema(db: psycopg.Connection) -> None:
    for use in (migrations.check, lambda db: installation.migrate(db, SETTINGS)):
        with pytest.raises(SchemaMissing, match="run `waypost db init`"):
            use(db)


def test_too_old(db: psycopg.Connection) -> None:
    migrations.migrate(db, to=1)
    with pytest.raises(
        SchemaTooOld, match=rf"level 1, .* needs {migrations.level()}: run `waypost db migrate`"
    ):
        migrations.check(db)


def refused(db: psycopg.Connection, kind: type[SchemaError], words: str) -> None:
    for use in (migrations.check, migrations.migrate, lambda db: installation.init(db, SETTINGS)):
        with pytest.raises(kind, match=words):
            use(db)


def test_too_new(db: psycopg.Connection) -> None:
    migrations.migrate(db)
    db.execute("INSERT INTO waypost.migration VALUES (%s, 'wonders', 1)", (migrations.level() + 1,))
    level = migrations.level()
    refused(
        db, SchemaTooNew, rf"level {level + 1} \(wonders\), this version of Waypost knows {level}: install"
    )


def test_made_by_another_step(db: psycopg.Connection) -> None:
    migrations.migrate(db)
    db.execute("UPDATE waypost.migration SET checksum = 7 WHERE number = 2")
    refused(db, SchemaChanged, r"another migration 2 \(views, checksum 00000007\) .* install the version")


def test_two_databases_of_one_server_are_made_at_once() -> None:
    """The lock is the database's, the roles are the server's: somebody else may make one between look and deed."""
    server = Postgres("fsync=off")
    try:
        server.start()
        with (
            psycopg.connect(server.dsn("postgres")) as other,
            psycopg.connect(server.dsn("postgres"), autocommit=True) as db,
            psycopg.connect(server.dsn("postgres"), autocommit=True) as watch,
            ThreadPoolExecutor(1) as thread,
        ):
            for role in NAMES:
                other.execute(f"CREATE ROLE {role} NOLOGIN".encode())
                other.execute(f"COMMENT ON ROLE {role} IS 'of the other'".encode())
            making = thread.submit(roles.create, db)
            waits = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
            while not watch.execute(waits, (db.info.backend_pid,)).rowcount:
                assert not making.done()
            other.commit()
            assert making.result(60) is None
            assert roles.missing(db) == ()
    finally:
        server.remove()


def test_a_user_who_may_not_create_roles() -> None:
    """The roles belong to the server, so this takes one of its own."""
    server = Postgres("fsync=off")
    try:
        server.start()
        server.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'")
        server.execute("CREATE DATABASE store OWNER keeper")
        with psycopg.connect(server.dsn("store", "keeper"), autocommit=True) as db:
            (note,) = installation.init(db, SETTINGS).notes
            assert "CREATE ROLE waypost_writer NOLOGIN; CREATE ROLE waypost_reader NOLOGIN;" in note
            Journal(db, "leeds").tell(Told("passed", "saw", "dock-1", 1, "in"))
            for role in NAMES:
                server.execute(f"CREATE ROLE {role} NOLOGIN")
            assert installation.migrate(db, SETTINGS).notes == ()
            rights = "SELECT has_table_privilege('waypost_writer', 'waypost.event', 'INSERT')"
            assert db.execute(rights.encode()).fetchone() == (True,)
            db.execute("DROP VIEW waypost.dwell_daily")
        with psycopg.connect(server.dsn("store"), autocommit=True) as db:  # as an administrator
            installation.migrate(db, SETTINGS)
            strangers = (
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'waypost'::regnamespace AND relowner = 10"
            )
            assert db.execute(strangers.encode()).fetchone() == (0,)
            assert db.execute("SELECT to_regclass('waypost.dwell_daily')::text").fetchone() == (
                "waypost.dwell_daily",
            )
    finally:
        server.remove()


def test_a_user_who_may_not_create_a_schema(database: Database, empty_database: Database) -> None:
    with (
        psycopg.connect(database.server.dsn(empty_database.name, "gateway"), autocommit=True) as db,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        installation.init(db, SETTINGS)


def test_which_server_it_is(db: psycopg.Connection) -> None:
    found = edition.detect(db)
    assert found == Server("postgresql", found.postgresql)
    assert int(found.postgresql.split(".")[0]) >= 15


def test_a_timescaledb_that_is_too_old(db: psycopg.Connection) -> None:
    db.execute("INSERT INTO pg_extension VALUES (999, 'timescaledb', 10, 2200, true, '2.14.2', NULL, NULL)")
    with pytest.raises(ServerTooOld, match=r"has TimescaleDB 2\.14\.2; Waypost needs 2\.15 or newer"):
        edition.detect(db)
