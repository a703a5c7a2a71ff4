"""The part of the schema that depends on the edition: made after the migrations, and again at each `db migrate`."""

from collections.abc import Mapping
from datetime import timedelta

from psycopg import Connection, sql

from gateway.sinks.timescale.edition import Name, Server
from gateway.sinks.timescale.migrations import SchemaError, script
from gateway.sinks.timescale.settings import TimescaleSettings

AGGREGATES: Mapping[str, str] = {"passes_hourly": "event", "moves_daily": "event", "reads_hourly": "read"}
"""By name, each with the table that it sums."""
SEGMENTS: Mapping[str, str] = {"event": "site", "fix": "site, tracker", "read": "site, source"}
"""What is compressed together. Few values and many rows of each: a batch of 1,000 rows is then a short time, and a late
row is compared with the one batch that its time falls into."""
SHORTEST = timedelta(days=4)
"""Events are kept at least so long where daily sums are refreshed: a refresh needs two whole days that are there."""


class EditionChanged(SchemaError):
    """The server can do less than the schema was made for."""


def arrange(db: Connection, server: Server, settings: TimescaleSettings) -> None:
    """Make what depends on the edition as the settings say, in one transaction; safe to repeat.

    Where the database became TimescaleDB since the last time, its rows are moved into chunks.
    Raises EditionChanged, SchemaError, psycopg.Error.
    """
    with db.transaction():
        _note_edition(db, server.edition)
        _note_limits(db, settings)
        if server.home is not None:
            path = sql.SQL("SET LOCAL search_path = pg_catalog, {}").format(sql.Identifier(server.home))
            db.execute(path)
            _make_hypertables(db)
        if server.edition == "timescaledb":
            _forbid_short(settings)
            _make_aggregates(db)
            _make_jobs(db)
        else:
            db.execute(script("sums.sql"))
        db.execute(script("dwell.sql"))


def _note_edition(db: Connection, edition: Name) -> None:
    before = db.execute("SELECT name FROM waypost.edition").fetchone()
    if before == ("timescaledb",) and edition != "timescaledb":
        raise EditionChanged(
            f"the schema was made for TimescaleDB with the community licence, the server is now {edition}: set "
            "timescaledb.license = 'timescale' and restart it, or send the data to a new database"
        )
    db.execute(
        "INSERT INTO waypost.edition (name) VALUES (%s) ON CONFLICT (single) DO UPDATE SET name = excluded.name",
        (edition,),
    )


def _note_limits(db: Connection, settings: TimescaleSettings) -> None:
    keep, compress, chunk = settings.retention_days, settings.compress_after_days, settings.chunk_days
    rows = [
        ("event", chunk, compress, keep),
        ("gap", chunk, None, keep),
        ("fix", chunk, compress, keep),
        ("read", settings.reads_chunk_days, compress, settings.reads_retention_days),
    ]
    for relation, *days in rows:
        spans = [None if one is None else timedelta(days=one) for one in days]
        db.execute(
            "UPDATE waypost.keeping SET chunk = %s, compress_after = %s, keep = %s WHERE relation = %s",
            (*spans, relation),
        )


def _forbid_short(settings: TimescaleSettings) -> None:
    if settings.retention_days is not None and timedelta(days=settings.retention_days) < SHORTEST:
        raise SchemaError(
            f"timescale.retention_days = {settings.retention_days:g}: the sums per day need the events of "
            f"{SHORTEST.days} days; keep them at least that long"
        )


def _make_hypertables(db: Connection) -> None:
    known = {name for (name,) in db.execute(
        "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'waypost'"
    )}  # fmt: skip
    for relation, column, chunk in db.execute(
        'SELECT relation, "column", chunk FROM waypost.keeping'
    ).fetchall():
        table = f"waypost.{relation}"
        if relation in known:
            db.execute("SELECT set_chunk_time_interval(%s::regclass, %s::interval)", (table, chunk))
        else:
            db.execute(
                "SELECT create_hypertable(%s::regclass, by_range(%s, %s::interval), "
                "create_default_indexes => false, migrate_data => true)",
                (table, column, chunk),
            )


def _make_aggregates(db: Connection) -> None:
    made = {name for (name,) in db.execute(
        "SELECT view_name FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'waypost'"
    )}  # fmt: skip
    if not made:  # what sums.sql made goes
        db.execute("DROP VIEW IF EXISTS waypost.dwell_daily")
        for name in AGGREGATES:
            db.execute(sql.SQL("DROP VIEW IF EXISTS waypost.{}").format(sql.Identifier(name)))
        for index in ("event_range", "gap_range", "read_range", "fix_range"):
            db.execute(sql.SQL("DROP INDEX IF EXISTS waypost.{}").format(sql.Identifier(index)))
    for statement in script("aggregates.sql").split(b";"):
        if statement.strip():
            db.execute(statement)


def _make_jobs(db: Connection) -> None:
    _compress(db)
    keeps: dict[str, timedelta | None] = dict(
        db.execute("SELECT relation, keep FROM waypost.keeping").fetchall()
    )
    for name, relation in AGGREGATES.items():
        view = f"waypost.{name}"
        db.execute("SELECT remove_continuous_aggregate_policy(%s::regclass, if_exists => true)", (view,))
        # beyond what is kept a refresh would find no rows, and empty the sums
        db.execute(
            "SELECT add_continuous_aggregate_policy(%s::regclass, start_offset => %s::interval, "
            "end_offset => interval '1 hour', schedule_interval => interval '30 minutes')",
            (view, keeps[relation]),
        )
    there = db.execute("SELECT FROM timescaledb_information.jobs WHERE proc_name = 'expire_job'").fetchone()
    if there is None:
        db.execute("SELECT add_job('waypost.expire_job'::regproc, interval '1 day')")


def _compress(db: Connection) -> None:
    enabled = {name for (name,) in db.execute(
        "SELECT hypertable_name FROM timescaledb_information.hypertables "
        "WHERE hypertable_schema = 'waypost' AND compression_enabled"
    )}  # fmt: skip
    after: dict[str, timedelta] = dict(
        db.execute("SELECT relation, compress_after FROM waypost.keeping").fetchall()
    )
    for relation, segments in SEGMENTS.items():
        table = sql.Identifier("waypost", relation)
        if relation not in enabled:
            db.execute(
                sql.SQL(
                    "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = {}, "
                    "timescaledb.compress_orderby = 'time DESC')"
                ).format(table, sql.Literal(segments))
            )
        name = f"waypost.{relation}"
        db.execute("SELECT remove_compression_policy(%s::regclass, if_exists => true)", (name,))
        db.execute("SELECT add_compression_policy(%s::regclass, %s::interval)", (name, after[relation]))
