"""The central store: how fast a backlog drains into it, what that costs the gateway, how soon a row is there."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar

import numpy as np
import psycopg

from drivers.secret import reveal
from gateway.bench.backlog import fill
from gateway.bench.bare import bare
from gateway.bench.drain import DSN, Drained, drain
from gateway.bench.live import Failed
from gateway.bench.postgres import server
from gateway.bench.rows import Row
from gateway.sinks.timescale import installation, migrations
from gateway.sinks.timescale.settings import TimescaleSettings

P = ParamSpec("P")
T = TypeVar("T")

RATE = 60_000.0
PART = 60.0
GROWTH = 30.0
VISIBLE = 250.0
ROWS_PER_SECOND = 100_000
"""Of the backlog, for each second that a rate is measured: a million in ten seconds."""


def sink(seconds: float, folder: Path, dsn: str | None) -> Iterator[Row]:
    """All rows; into a PostgreSQL of our own, or into the empty database whose connection string is the secret `dsn`."""
    backlog, live = round(ROWS_PER_SECOND * seconds), max(5, round(20 * seconds))
    with _database(folder, dsn) as database, TemporaryDirectory(dir=folder, prefix=".bench-") as made:
        path = Path(made) / "waypost.db"
        _apart(fill, path, backlog)
        with _store(database):
            beside = _apart(bare, database, backlog)
        with _store(database) as edition:
            found = _apart(drain, path, database, backlog, live)
        yield from _rows(found, beside, f"{backlog:,} events, {edition}")


def _rows(found: Drained, beside: float, what: str) -> Iterator[Row]:
    yield Row("sink", "a backlog drains into the store", found.rate, "rows/s", what, RATE)
    part, text = (
        100 * found.rate / beside,
        f"a script with psycopg, unnest and ON CONFLICT does {beside:,.0f} rows/s",
    )
    yield Row(
        "sink: against a script", "the same as a part of what a bare script does", part, "%", text, PART
    )
    text = "process time of the gateway, live events included; the server's is not"
    yield Row("sink: CPU", "the same per row", found.cost, "us/row", text)
    yield Row("sink: memory", "growth of VmRSS during the drain", found.growth, "MB", what, GROWTH, "lower")
    quiet, busy = (1000 * np.percentile(each, [50, 99]) for each in (found.quiet, found.busy))
    text = f"p99 {busy[1]:.3g} ms; without a drain p50 {quiet[0]:.3g} and p99 {quiet[1]:.3g} ms"
    yield Row(
        "sink: live", "commit of an event during the drain, p50", float(busy[0]), "ms", text, None, "lower"
    )
    p50, p99 = 1000 * np.percentile(found.visible, [50, 99])
    text = f"idle, {len(found.visible)} events at random moments, p50 {p50:.3g} ms"
    yield Row(
        "sink: visible",
        "commit in the journal to row in the store, p99",
        float(p99),
        "ms",
        text,
        VISIBLE,
        "lower",
    )


def _apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a process of its own: what it needs of memory and time is its own."""
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=spawn) as process:
            return process.submit(function, *args, **kwargs).result()
    except BrokenProcessPool:
        raise Failed("a process of the measurement was killed, perhaps for want of memory") from None


@contextmanager
def _database(folder: Path, dsn: str | None) -> Iterator[str]:
    if dsn is None:
        with server(folder) as ours:
            yield ours
        return
    try:
        yield reveal(dsn)
    except LookupError as error:
        raise Failed(f"--dsn: {error}") from None


@contextmanager
def _store(dsn: str) -> Iterator[str]:
    """An empty schema, removed afterwards; yields the edition."""
    try:
        with psycopg.connect(dsn, autocommit=True) as db:
            if migrations.taken(db):
                raise Failed(
                    "the database has a schema waypost already; name an empty one, the benchmark removes it"
                )
            done = installation.init(db, TimescaleSettings(dsn=f"env:{DSN}"))
            try:
                yield str(done.server)
            finally:
                db.execute("DROP SCHEMA waypost CASCADE")
    except psycopg.Error as error:
        raise Failed(f"the database cannot be used: {error}") from None
