"""A real TimescaleDB: compiled to WebAssembly, or the one that WAYPOST_TEST_TIMESCALE_DSN names.

It serves one connection at a time and takes some seconds to start, so there is one per test process, with a database
that a test clears away before it begins. The one of WAYPOST_TEST_TIMESCALE_DSN loses its schema waypost.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

HERE = Path(__file__).parent
MISSING = (
    "run: npm ci --prefix tests (`make test` does), with Node 18 or newer: sudo apt-get install nodejs npm"
)


@pytest.fixture(scope="session")
def timescale_server() -> Iterator[str]:
    """The connection string of its owner."""
    given = os.environ.get("WAYPOST_TEST_TIMESCALE_DSN")
    if given is not None:
        yield given
        return
    with _bridge() as port:
        where = {"host": "127.0.0.1", "port": str(port), "dbname": "postgres", "user": "postgres"}
        yield make_conninfo("", **where, password="password")


@pytest.fixture
def timescale(timescale_server: str) -> str:
    """The connection string of a database with the extension and without a schema waypost."""
    with psycopg.connect(timescale_server, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS waypost CASCADE")
        db.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    return timescale_server


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
