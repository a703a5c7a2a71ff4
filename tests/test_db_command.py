"""`waypost db` as an operator runs it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from gateway.commands.all import application
from gateway.reader import open_read_only
from gateway.sinks.timescale import migrations
from tests.faults.scenario import SITE
from tests.fix_certificates import Certificates
from tests.fix_daemon import running
from tests.fix_journal import made
from tests.fix_postgres import PASSWORD, Database, Postgres
from tests.loopback import free_port
from tests.told import Journal, Told

TABLE = '[timescale]\ndsn = "env:WAYPOST_TEST_DSN"\n'
LEVEL = migrations.level()


@dataclass(frozen=True, slots=True)
class Waypost:
    """The command on a site's configuration; the connection string is in the environment."""

    folder: Path
    environment: pytest.MonkeyPatch

    def configure(self, dsn: str | None, table: str = TABLE) -> None:
        (self.folder / "waypost.toml").write_text(f'[site]\nid = "{SITE}"\n{table}')
        if dsn is not None:
            self.environment.setenv("WAYPOST_TEST_DSN", dsn)

    def db(self, *arguments: str) -> Result:
        options = ["--config", str(self.folder / "waypost.toml")]
        return CliRunner().invoke(application, ["db", *arguments, *options], catch_exceptions=False)


@pytest.fixture
def waypost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Waypost:
    return Waypost(tmp_path, monkeypatch)


def rows(done: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_from_an_empty_database_to_the_proof(waypost: Waypost, empty_database: Database) -> None:
    waypost.configure(empty_database.owner)
    before = waypost.db("status")
    assert before.exit_code == 1
    assert (
        f"level 0, this version needs {LEVEL}: the database has no schema waypost: run `waypost db init`"
        in (before.stdout)
    )
    done = waypost.db("init", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    (made,) = rows(done)
    assert (made["edition"], made["timescaledb"], made["level"]) == ("postgresql", None, LEVEL)
    assert len(list(made["steps"])) == LEVEL  # type: ignore[call-overload]
    again = waypost.db("migrate")
    assert (again.exit_code, again.stderr) == (0, "")
    assert f"level {LEVEL}, as it was" in again.stdout
    verified = waypost.db("verify")
    assert (verified.exit_code, verified.stdout) == (0, "")
    assert "0 lines, nothing is missing and nothing is there twice" in verified.stderr
    status = waypost.db("status")
    assert status.exit_code == 0
    assert f"level {LEVEL}, this version needs {LEVEL}\n" in status.stdout
    assert "sums and limits are kept by the gateways" in status.stdout
    assert f"journal: there is no journal {waypost.folder / 'waypost.db'}" in status.stdout


def test_how_far_the_database_is_behind_the_journal(waypost: Waypost, database: Database) -> None:
    waypost.configure(database.writer)
    with open_read_only(made(waypost.folder / "waypost.db")) as journal:
        head, epoch = journal.head(), journal.epoch
        third = next(event for number, event in journal.events() if number == 3)
    with psycopg.connect(database.owner, autocommit=True) as db:
        db.execute(
            "SELECT waypost.account(%s, %s, 'events', 1, 2, 'written', NULL, 'm', 2, 2)", (SITE, epoch)
        )
    (status,) = rows(waypost.db("status", "--json"))
    assert (status["trouble"], status["epoch"], status["site"]) == (None, epoch, SITE)
    assert (status["sink"], status["last_error"], status["journal_error"]) == (None, None, None)
    streams = status["streams"]
    assert isinstance(streams, dict)
    seconds = streams["events"].pop("lag_seconds")
    assert streams["events"] == {"journal": head.events, "database": 2, "lag_rows": head.events - 2}
    assert seconds > 0
    with psycopg.connect(database.owner) as db:
        row = db.execute("SELECT extract(epoch FROM now()) - %s / 1e6", (third.detected,)).fetchone()
    assert row is not None
    assert seconds == pytest.approx(float(row[0]), abs=60)
    assert streams["gaps"]["lag_rows"] == head.gaps > 0
    assert (
        f"events   2 of {head.events}, {head.events - 2} rows behind waiting for"
        in waypost.db("status").stdout
    )


def test_the_proof(waypost: Waypost, database: Database) -> None:
    waypost.configure(database.writer)
    with psycopg.connect(database.owner, autocommit=True) as db:
        leeds, york = Journal(db, "leeds"), Journal(db, "york")
        leeds.tell(Told("arrived", "saw", "hall", 1), Told("arrived", "drill", "hall", 2))
        leeds.silence("door1", 3, 4)
        york.tell(Told("arrived", "van", "yard", 1))
        good = waypost.db("verify", "--json")
        assert good.exit_code == 0
        proofs = [row["proof"] for row in rows(good) if "proof" in row]
        assert [(row["site"], row["stream"], row["rows"], row["sound"]) for row in proofs] == [  # type: ignore[index]
            ("leeds", "events", 2, True),
            ("leeds", "gaps", 1, True),
            ("york", "events", 1, True),
        ]
        (blind,) = [row["blind"] for row in rows(good) if "blind" in row]
        assert blind == {
            "site": "leeds",
            "source": "door1",
            "from": "2024-03-04T03:00:00.000000Z",
            "to": "2024-03-04T04:00:00.000000Z",
            "reason": "timeout",
        }
        db.execute("DELETE FROM waypost.event WHERE item = 'saw'")
        leeds.last["events"] = 4
        db.execute("DELETE FROM waypost.ledger WHERE site = 'york'")
        db.execute("INSERT INTO waypost.ledger SELECT site, epoch, stream, 5, 6, 0, 2, 'written', NULL, NULL, at, at "
                   "FROM waypost.ledger WHERE stream = 'events'")  # fmt: skip
    bad = waypost.db("verify")
    assert bad.exit_code == 1
    assert "2 lines of 3 with rows missing, lost or doubled" in bad.stderr
    assert "missing 2, lost 1, doubled 0;" in bad.stdout
    assert "  missing: 3 to 4\n" in bad.stdout
    assert waypost.db("verify", "--site", "leeds").stderr.count("1 line of 2") == 1


def test_a_gap_between_years_that_python_does_not_have(waypost: Waypost, database: Database) -> None:
    waypost.configure(database.writer)
    with psycopg.connect(database.owner, autocommit=True) as db:
        leeds = Journal(db, "leeds")
        for hour in (1, 2):
            leeds.silence("door1", hour, hour + 1)
        db.execute("UPDATE waypost.gap SET until = '12000-01-01 00:00Z' WHERE seq = 1")
        db.execute("UPDATE waypost.gap SET since = '0044-03-15 12:00Z BC' WHERE seq = 2")
        db.execute(f"ALTER DATABASE {database.name} SET timezone = 'Asia/Tokyo'".encode())
    found = waypost.db("verify", "--json")
    assert (found.exit_code, found.stderr) == (0, "")
    blind = [row["blind"] for row in rows(found) if "blind" in row]
    assert [(one["from"], one["to"]) for one in blind] == [  # type: ignore[index]
        ("2024-03-04T01:00:00.000000Z", "12000-01-01T00:00:00.000000Z"),
        ("0044-03-15T12:00:00.000000Z BC", "2024-03-04T03:00:00.000000Z"),
    ]


Wrong = Callable[[Database], str]


@pytest.mark.parametrize(
    ("command", "dsn", "code", "words"),
    [
        ("status", lambda d: d.owner.replace(PASSWORD, "wrong"), 1, "correct the password"),
        ("status", lambda d: d.server.dsn("nowhere"), 1, "create it, then run `waypost db init`"),
        ("status", lambda d: d.server.dsn(d.name, "nobody"), 1, "correct the password"),
        ("status", lambda d: d.server.dsn(d.name, port=str(free_port())), 3, "refused"),
        ("status", lambda d: d.server.dsn(d.name, sslmode="require"), 1, "switch TLS on at the server"),
        ("status", lambda d: "postgresql://a:b@c@d:x/e", 1, "is no connection string"),
        ("init", lambda d: d.writer, 1, "connect as the owner of the database: name a secret"),
        ("migrate", lambda d: d.reader, 1, "connect as the owner of the database: name a secret"),
    ],
)
def test_what_goes_wrong_is_one_line(
    waypost: Waypost, database: Database, command: str, dsn: Wrong, code: int, words: str
) -> None:
    waypost.configure(dsn(database))
    done = waypost.db(command)
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert PASSWORD not in done.stderr


def test_a_schema_that_this_version_cannot_use(waypost: Waypost, database: Database) -> None:
    waypost.configure(database.owner)
    with psycopg.connect(database.owner, autocommit=True) as db:
        db.execute("INSERT INTO waypost.migration VALUES (%s, 'wonders', 1)", (LEVEL + 1,))
    for command in ("init", "migrate", "verify"):
        done = waypost.db(command)
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
        assert "install the version that made it, or a newer one" in done.stderr
    (status,) = rows(waypost.db("status", "--json"))
    assert (status["level"], status["needs"]) == (LEVEL + 1, LEVEL)
    assert "install the version" in str(status["trouble"])


def test_without_a_table_or_a_secret(waypost: Waypost) -> None:
    waypost.configure(None, "")
    assert 'has no [timescale]; add it, with dsn = "env:WAYPOST_DSN"' in waypost.db("status").stderr
    waypost.configure(None)
    done = waypost.db("status")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "WAYPOST_TEST_DSN is not set" in done.stderr


def test_another_connection(waypost: Waypost, database: Database) -> None:
    waypost.configure("host=127.0.0.1 port=1")
    waypost.environment.setenv("WAYPOST_OWNER", database.owner)
    assert waypost.db("migrate", "--dsn", "env:WAYPOST_OWNER").exit_code == 0
    waypost.environment.setenv("WAYPOST_OWNER", database.owner.replace(PASSWORD, "wrong"))
    assert (
        "correct the password in env:WAYPOST_OWNER"
        in waypost.db("migrate", "--dsn", "env:WAYPOST_OWNER").stderr
    )


def test_what_the_daemon_says_of_its_sink(waypost: Waypost, database: Database) -> None:
    """It cannot connect; the operator can."""
    waypost.configure(database.server.dsn("nowhere"))
    waypost.environment.setenv("WAYPOST_OWNER", database.owner)

    async def meanwhile() -> Result:
        async with running(waypost.folder / "waypost.toml") as daemon:
            await daemon.until(
                lambda told: told["sinks"]["timescale"]["state"] == "refused", "the sink is refused"
            )
            return waypost.db("status", "--json", "--dsn", "env:WAYPOST_OWNER")

    (status,) = rows(asyncio.run(meanwhile()))
    assert (status["sink"], status["trouble"]) == ("refused", None)
    assert 'database "nowhere" does not exist; create it' in str(status["last_error"])


def test_tls_with_the_server_verified(waypost: Waypost, certificates: Certificates) -> None:
    server = Postgres("fsync=off", "ssl=on")
    try:
        server.install(certificates.server.cert, certificates.server.key)
        server.start()
        strict = {"sslmode": "verify-full", "sslrootcert": str(certificates.ca)}
        waypost.configure(server.dsn("postgres", **strict))
        assert "no schema waypost" in waypost.db("status").stdout
        for wrong, words in (
            ({"sslrootcert": str(certificates.stranger.cert)}, "sslrootcert="),
            (
                {"host": "db.example", "hostaddr": "127.0.0.1"},
                "connect by a name that is in the server's certificate",
            ),
        ):
            waypost.configure(server.dsn("postgres", **{**strict, **wrong}))
            done = waypost.db("status")
            assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
            assert words in done.stderr
    finally:
        server.remove()


def test_other_commands_do_not_load_psycopg() -> None:
    code = "import sys, gateway.commands.all; print('psycopg' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False\n"
