"""A real TimescaleDB: compiled to WebAssembly, or the one that WAYPOST_TEST_TIMESCALE_DSN names.

It serves one connection at a time and takes some seconds to start, so there is one per test process, with a database
that a test clears away before it begins. The one of WAYPOST_TEST_TIMESCALE_DSN loses its schema waypost.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gateway.sinks.timescale import edition

HERE = Path(__file__).parent
MISSING = (
    "run: npm ci --prefix tests (`make test` does), with Node 18 or newer: sudo apt-get install nodejs npm"
)


@dataclass(frozen=True, slots=True)
class Timescale:
    """A server. Creating the extension is possible once in its life, so that is done here.

    dsn       the connection string of its owner
    unloaded  what `edition.extend` said before the server had loaded the extension
    unowned   what it said to a user who may not create it
    ours      False for the server of somebody else, which has the extension already
    """

    dsn: str
    unloaded: str | None = None
    unowned: str | None = None
    ours: bool = True


@pytest.fixture(scope="session")
def timescale_server() -> Iterator[Timescale]:
    """One that has the extension."""
    given = os.environ.get("WAYPOST_TEST_TIMESCALE_DSN")
    if given is not None:
        with psycopg.connect(given, autocommit=True) as db:
            db.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        yield Timescale(given, ours=False)
        return
    with _bridge() as port:
        where = {"host": "127.0.0.1", "port": str(port), "dbname": "postgres", "user": "postgres"}
        yield _extended(make_conninfo("", **where, password="password"))


def _extended(dsn: str) -> Timescale:
    """This build needs no loader, but the setting that tells of one."""
    with psycopg.connect(dsn, autocommit=True) as db:
        unloaded = edition.extend(db)
        db.execute("SET timescaledb.disable_load = off")
        db.execute("CREATE ROLE stranger")
        db.execute("SET ROLE stranger")
        unowned = edition.extend(db)
        db.execute("RESET ROLE")
        assert edition.extend(db) is None
        return Timescale(dsn, unloaded, unowned)


@pytest.fixture
def timescale(timescale_server: Timescale) -> str:
    """The connection string of a database with the extension and without a schema waypost."""
    with psycopg.connect(timescale_server.dsn, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS waypost CASCADE")
    return timescale_server.dsn


@contextmanager
def _bridge() -> Iterator[int]:
    """The port of the loopback that the WebAssembly build listens on."""
    node = shutil.which("node")
    assert node is not None, f"Node is missing; {MISSING}"
    assert (HERE / "node_modules").is_dir(), f"TimescaleDB is missing; {MISSING}"
    process = subprocess.Popen(
        [node, HERE / "timescale_bridge.mjs"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"{HERE / 'timescale_bridge.mjs'} ended with {process.wait()}; {MISSING}"
        yield int(line)
    finally:
        process.stdin.close()  # at which it ends
        process.stdout.close()
        process.wait(60)
