"""The schema on a real TimescaleDB: hypertables, compression, aggregates and limits really at work."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gateway.sinks.timescale import arrangement, edition, installation, migrations
from gateway.sinks.timescale.arrangement import EditionChanged
from gateway.sinks.timescale.edition import Server
from gateway.sinks.timescale.migrations import SchemaError
from tests.fix_postgres import SETTINGS
from tests.fix_timescale import Timescale
from tests.told import Journal, Told, at, taken_back
from tests.told_sites import ANSWERS, tell

FOREVER = SETTINGS.model_copy(update={"reads_retention_days": 36_500.0})
PLAIN = Server("postgresql", "15.0")


@pytest.fixture
def db(timescale: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(timescale, autocommit=True) as db:
        yield db


def answers(db: psycopg.Connection) -> None:
    """Every view says what it has to."""
    for query, rows in ANSWERS.items():
        assert db.execute(query.encode()).fetchall() == rows, query


def run_jobs(db: psycopg.Connection, name: str, of: str = "%") -> int:
    """What the scheduler of the database would run; how many jobs of that name there are, of a table or of all."""
    query = (
        "SELECT job_id FROM timescaledb_information.jobs "
        "WHERE proc_name = %s AND coalesce(hypertable_name, '') LIKE %s"
    )
    jobs = db.execute(query, (name, of)).fetchall()
    for job in jobs:
        db.execute("CALL run_job(%s)", job)
    return len(jobs)


def refresh(db: psycopg.Connection) -> None:
    """As the policies do, but only where there are rows: months of hours take long in WebAssembly."""
    for name in arrangement.AGGREGATES:
        db.execute(
            "CALL refresh_continuous_aggregate(%s::regclass, %s, %s)", (f"waypost.{name}", at(-48), at(120))
        )


def compress(db: psycopg.Connection) -> None:
    assert run_jobs(db, "policy_compression") == 3


def count(db: psycopg.Connection, query: str) -> int:
    row = db.execute(f"SELECT count(*) FROM {query}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_an_extension_that_cannot_be_created(timescale_server: Timescale) -> None:
    """Then the schema is made of plain tables, and `db init` says what to do. The fixture created it after that."""
    for note, words in (
        (timescale_server.unloaded, "add timescaledb to shared_preload_libraries, restart"),
        (timescale_server.unowned, "let an administrator run CREATE EXTENSION timescaledb"),
    ):
        assert not timescale_server.ours or words in str(note)


def test_what_is_made(db: psycopg.Connection) -> None:
    done = installation.init(db, FOREVER)
    assert (done.server.edition, len(done.steps), done.notes) == ("timescaledb", migrations.level(), ())
    limits = FOREVER.model_copy(
        update={"chunk_days": 2.0, "retention_days": 90.0, "compress_after_days": 3.0}
    )
    assert installation.migrate(db, limits).steps == ()
    chunks = db.execute(
        "SELECT hypertable_name, time_interval FROM timescaledb_information.dimensions "
        "WHERE hypertable_schema = 'waypost' ORDER BY 1"
    ).fetchall()
    days = {"event": 2, "fix": 2, "gap": 2, "read": 1}
    assert chunks == [(name, timedelta(days=one)) for name, one in days.items()]
    jobs = db.execute(
        "SELECT proc_name, coalesce(hypertable_name, ''), coalesce(config->>'compress_after', config->>'start_offset') "
        "FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1, 2"
    ).fetchall()
    assert jobs == [
        ("expire_job", "", None),
        ("policy_compression", "event", "3 days"),
        ("policy_compression", "fix", "3 days"),
        ("policy_compression", "read", "3 days"),
        ("policy_refresh_continuous_aggregate", "moves_daily", "90 days"),
        ("policy_refresh_continuous_aggregate", "passes_hourly", "90 days"),
        ("policy_refresh_continuous_aggregate", "reads_hourly", "36500 days"),
    ]


def test_answers_through_compression_and_refresh_with_late_rows(db: psycopg.Connection) -> None:
    installation.init(db, FOREVER)
    tell(db)
    answers(db)
    refresh(db)
    compress(db)
    assert count(db, "timescaledb_information.chunks WHERE is_compressed") == 2  # of events, of reads
    answers(db)
    assert db.execute("SELECT * FROM waypost.upkeep()").fetchall() == [(0, 0)]
    late = Journal(db, "leeds", 3)
    # into the compressed chunk: what is there already, what is new, and what takes something back
    wrong = Told("passed", "saw", "dock-1", 10.5, "in", detected=99, name="wrong")
    late.tell(Told("passed", "gen-7", "dock-1", 10, "in"), Told("passed", "saw", "dock-1", 10.5, "in"), wrong)
    late.tell(taken_back(wrong, 100))
    refresh(db)
    passes = "SELECT passes FROM waypost.passes_hourly WHERE hour = %s AND direction = 'in'"
    assert db.execute(passes.encode(), (at(10),)).fetchall() == [(2,)]
    assert db.execute(
        "SELECT rows, there, refused, missing, lost, doubled FROM waypost.proof WHERE epoch = %s",
        (late.epoch,),
    ).fetchall() == [(3, 3, 1, 0, 0, 0)]
    assert count(db, "waypost.item_movements WHERE item = 'saw'") == 1


def test_old_chunks_go_and_are_counted(db: psycopg.Connection) -> None:
    installation.init(db, FOREVER)
    tell(db)
    refresh(db)
    compress(db)
    reads = db.execute("SELECT * FROM waypost.reads_hourly ORDER BY antenna").fetchall()
    installation.migrate(db, SETTINGS)
    assert run_jobs(db, "expire_job") == 1
    assert run_jobs(db, "policy_refresh_continuous_aggregate", "reads_hourly") == 1
    assert count(db, "waypost.read") == 0
    assert count(db, "waypost.event") == 25
    assert db.execute("SELECT * FROM waypost.reads_hourly ORDER BY antenna").fetchall() == reads
    assert db.execute(
        "SELECT sum(rows), sum(expired), sum(lost) FROM waypost.proof WHERE stream = 'reads'"
    ).fetchall() == [(4, 4, 0)]


def test_plain_tables_become_hypertables(db: psycopg.Connection) -> None:
    migrations.migrate(db)
    arrangement.arrange(db, PLAIN, FOREVER)
    tell(db)
    db.execute("SELECT waypost.upkeep(9)")
    answers(db)
    installation.migrate(db, FOREVER)
    assert count(db, "timescaledb_information.chunks WHERE hypertable_name = 'event'") == 1
    answers(db)
    with pytest.raises(EditionChanged, match=r"timescaledb\.license = 'timescale'"):
        arrangement.arrange(db, PLAIN, FOREVER)


def test_without_the_community_licence(db: psycopg.Connection) -> None:
    """The build has it; so here nothing is used that needs it."""
    migrations.migrate(db)
    arrangement.arrange(db, replace(edition.detect(db), edition="apache"), FOREVER)
    assert count(db, "timescaledb_information.hypertables WHERE hypertable_schema = 'waypost'") == 4
    tell(db)
    db.execute("UPDATE waypost.keeping SET keep = '30 days' WHERE relation = 'read'")
    answers(db)
    assert db.execute("SELECT * FROM waypost.upkeep(3)").fetchall() == [
        (3, 0)
    ]  # chunks wait until all is summed
    assert count(db, "waypost.read") == 4
    while db.execute("SELECT summed > 0 FROM waypost.upkeep(3)").fetchone() == (True,):
        answers_but_proof(db)
    assert count(db, "waypost.read") == 0
    assert db.execute("SELECT sum(expired), sum(lost) FROM waypost.proof").fetchall() == [(4, 0)]
    answers_but_proof(db)


def answers_but_proof(db: psycopg.Connection) -> None:
    """The proof says that reads have expired."""
    for query, rows in ANSWERS.items():
        if "waypost.proof" not in query:
            assert db.execute(query.encode()).fetchall() == rows, query


def test_the_roles_on_hypertables(db: psycopg.Connection) -> None:
    installation.init(db, FOREVER)
    db.execute("SET ROLE waypost_writer")
    Journal(db, "leeds").tell(Told("passed", "saw", "dock-1", 1, "in"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("SELECT * FROM waypost.event")
    db.execute("SET ROLE waypost_reader")
    assert db.execute("SELECT passes FROM waypost.passes_hourly").fetchall() == [(1,)]


def test_days_that_are_summed_have_to_be_there(db: psycopg.Connection) -> None:
    with pytest.raises(SchemaError, match=r"retention_days = 2: .* keep them at least that long"):
        installation.init(db, SETTINGS.model_copy(update={"retention_days": 2.0}))
