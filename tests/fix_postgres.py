"""A real PostgreSQL, one per test process, and in it a fresh database for each test that asks for one."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gateway.sinks.timescale import installation
from gateway.sinks.timescale.settings import TimescaleSettings
from tests.loopback import free_port

PATIENCE = 60.0
"""Seconds that a server gets to start or to stop: for one that hangs."""
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""For tests that are not about durability."""
INITDB = (
    "--pgdata=data", "--username=postgres", "--auth=scram-sha-256", "--pwfile=password",
    "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
)  # fmt: skip
OWNER, WRITER, READER = "postgres", "gateway", "dashboard"
PASSWORD = "correct horse"
SETTINGS = TimescaleSettings(dsn="env:WAYPOST_DSN")


class Postgres:
    """A server with its data in a directory of its own, on a free loopback port; it can be killed and started again.

    It refuses root, so there it runs as the user postgres. Every connection needs a password.
    """

    def __init__(self, *settings: str) -> None:
        self._account = _account()
        self._programs = _programs()
        self.directory = Path(tempfile.mkdtemp(prefix="waypost-postgres-"))
        if self._account is not None:
            os.chown(self.directory, self._account.pw_uid, self._account.pw_gid)
        self._settings = settings
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        secret = self.directory / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        made = self._begin("initdb", *INITDB)
        assert made.wait(PATIENCE) == 0, self.log

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def dsn(self, database: str, user: str = OWNER, **more: str) -> str:
        """Over TCP, so that a proxy can be put between."""
        where = {"host": "127.0.0.1", "port": str(self.port), "dbname": database}
        return make_conninfo("", **{**where, "user": user, "password": PASSWORD, **more})

    def start(self) -> None:
        """Returns when it answers."""
        settings = (
            "listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.directory}",
            "max_connections=60", "shared_buffers=32MB", "autovacuum=off", "lc_messages=C", *self._settings,
        )  # fmt: skip
        self._process = self._begin("postgres", "-D", "data", *(f"--{one}" for one in settings))
        ends = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, f"postgres ended:\n{self.log}"
            assert time.monotonic() < ends, f"postgres does not answer:\n{self.log}"
            time.sleep(0.02)

    def install(self, cert: Path, key: Path) -> None:
        """What it shows to clients when it is started with ssl=on."""
        for source, name in ((cert, "server.crt"), (key, "server.key")):
            copy = self.data / name
            shutil.copy(source, copy)
            copy.chmod(0o600)
            if self._account is not None:
                os.chown(copy, self._account.pw_uid, self._account.pw_gid)

    def kill(self) -> None:
        """SIGKILL to it and all its processes, at once; what it had written stays with the system."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # so that it neither sees its children die nor makes others
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self._end(signal.SIGKILL)
        ends = time.monotonic() + PATIENCE
        while any(_lives(child) for child in children):  # with its memory, in which no other server may start
            assert time.monotonic() < ends, f"processes of postgres do not end: {children}"
            time.sleep(0.01)

    def stop(self) -> None:
        """Breaks connections off and stops cleanly."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """Stop it and delete its files."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.directory)

    def execute(self, sql: str, database: str = "postgres") -> None:
        """As the owner of everything."""
        with psycopg.connect(self.dsn(database), autocommit=True) as db:
            db.execute(sql.encode())

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None

    def _begin(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        who = self._account
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments],
                cwd=self.directory,
                stdout=log,
                stderr=log,
                user=None if who is None else who.pw_uid,
                group=None if who is None else who.pw_gid,
                extra_groups=None if who is None else [],
            )


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test. `owner` may do all, `writer` and `reader` what members of the group roles may."""

    server: Postgres
    name: str

    @property
    def owner(self) -> str:
        return self.server.dsn(self.name)

    @property
    def writer(self) -> str:
        return self.server.dsn(self.name, WRITER)

    @property
    def reader(self) -> str:
        return self.server.dsn(self.name, READER)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server with the roles and with a migrated database `template`."""
    server = Postgres(*QUICK)
    try:
        server.start()
        prepare(server)
        yield server
    finally:
        server.remove()


def prepare(server: Postgres) -> None:
    """The roles, a login for each, and the database `template` with the schema."""
    server.execute("CREATE DATABASE template")
    with psycopg.connect(server.dsn("template"), autocommit=True) as db:
        installation.init(db, SETTINGS)
    server.execute(f"CREATE ROLE {WRITER} LOGIN PASSWORD '{PASSWORD}' IN ROLE waypost_writer")
    server.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}' IN ROLE waypost_reader")


_numbers = count(1)


def fresh(server: Postgres, template: str) -> Iterator[Database]:
    """A copy of a database, dropped in the end, also from under whoever is still connected."""
    name = f"test_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield Database(server, name)
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """One with the schema and no rows."""
    yield from fresh(postgres, "template")


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[Database]:
    """One without a schema."""
    yield from fresh(postgres, "template0")


def _lives(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _account() -> pwd.struct_passwd | None:
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: float(one.parts[-3]))
    path = str(found[-1]) if found else shutil.which("postgres")
    assert path, "PostgreSQL is missing; run: sudo apt-get install postgresql"
    return Path(path).parent
