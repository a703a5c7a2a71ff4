"""What the sink says of a database that is not there, or not as it should be, when it opens."""

from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gateway.sinks.contract import Lost, Position, Refused
from gateway.sinks.timescale.sink import TimescaleSink
from tests.fix_postgres import PASSWORD, READER, Database, Postgres, fresh
from tests.loopback import free_port
from tests.stored import DEVICES, line, opened, sink_to


def test_the_database_knows_who_reports(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    of = line()

    async def twice(sink: TimescaleSink) -> None:
        assert await sink.position(of) == Position(0, None)
        assert await sink.position(replace(of, stream="gaps")) == Position(0, None)

    opened(sink_to(monkeypatch, database.writer), twice)
    with psycopg.connect(database.owner) as db:
        assert db.execute("SELECT site FROM waypost.site").fetchall() == [("leeds",)]
        gateways = db.execute("SELECT site, epoch::text, version FROM waypost.gateway").fetchall()
        assert gateways == [("leeds", of.epoch, "1.2.3")]
        assert db.execute("SELECT device, kind FROM waypost.device").fetchall() == list(DEVICES)
        zones = db.execute(
            "SELECT zone, inside, depth FROM waypost.zone ORDER BY depth DESC, zone"
        ).fetchall()
        assert zones == [("cage", "hall", 2), ("hall", None, 1), ("yard", None, 1)]
        names = db.execute("SELECT application_name FROM pg_stat_activity WHERE usename = 'gateway'")
        assert names.fetchall() == []


def test_the_database_has_the_sites_time_zone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    of = line()

    async def present(sink: TimescaleSink) -> None:
        await sink.position(of)

    for told, known in ((None, None), ("Europe/London", "Europe/London"), (None, "Europe/London")):
        opened(sink_to(monkeypatch, database.writer, timezone=told), present)
        with psycopg.connect(database.owner) as db:
            assert db.execute("SELECT timezone FROM waypost.site").fetchall() == [(known,)]


CONNECTING = [
    ({"password": "wrong"}, 'password authentication failed for user "gateway"; correct the password'),
    ({"dbname": "elsewhere"}, 'database "elsewhere" does not exist; create it, then run `waypost db init`'),
    (
        {"sslmode": "require"},
        "server does not support SSL.*; switch TLS on at the server, or correct sslmode",
    ),
]


@pytest.mark.parametrize(("wrong", "says"), CONNECTING)
def test_what_an_operator_must_correct_is_said_in_one_line(
    wrong: dict[str, str], says: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match=says) as caught:
        opened(sink_to(monkeypatch, make_conninfo(database.writer, **wrong)))
    text = str(caught.value)
    assert text.startswith(
        f"database {wrong.get('dbname', database.name)} at 127.0.0.1:{database.server.port}: "
    )
    assert "\n" not in text
    assert PASSWORD not in text
    assert "wrong" not in text


def test_a_server_that_is_not_there_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = f"postgresql://leeds:hunter2@127.0.0.1:{free_port()}/waypost"
    with pytest.raises(Lost, match="Connection refused") as caught:
        opened(sink_to(monkeypatch, dsn))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "hunter2",
        "host=db hunter2",
        "postgresql://leeds:secret@db:hunter2/waypost",
        "postgresql://leeds:secret@hunter2@db/waypost",
        "postgresql://leeds:54/hunter2@db/waypost",
        "postgresql://leeds:hunter2@db..example/waypost",
        "postgresql://leeds:hunter2@" + "d" * 64 + "/waypost",
        "postgresql://leeds:hunter2@db:٥٤٣٢/waypost",
    ],
)
def test_what_is_no_connection_string_is_not_repeated(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match=r"write postgresql://USER") as caught:
        opened(sink_to(monkeypatch, dsn))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sslmode": "sometimes"}, "sometimes"),
        ({"port": "70000"}, "70000"),
        ({"port": "1,2"}, "2 port numbers to 1 host"),
        ({"connect_timeout": "long"}, "long"),
        ({"keepalives_idle": "1.5"}, "keepalives_idle"),
        ({"service": "nowhere"}, "nowhere"),
        ({"options": "-c geqo=perhaps"}, "geqo"),
        ({"options": "-c work_mem=much"}, "work_mem"),
        ({"options": "-c such=so"}, "such"),
    ],
)
def test_an_option_that_can_never_work_is_for_an_operator(
    wrong: dict[str, str], says: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match=rf"{says}.*; correct \[timescale\] dsn"):
        opened(sink_to(monkeypatch, make_conninfo(database.writer, **wrong)))


@pytest.mark.parametrize("ports", ["{port}", ",{port}", "{port},"])
def test_of_several_hosts_the_one_that_answers_is_taken(
    ports: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"host": "127.0.0.1,127.0.0.1", "port": ports.format(port=database.server.port)}
    opened(sink_to(monkeypatch, make_conninfo(database.writer, **where)))


def test_a_socket_in_the_file_system(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = f"{database.server.directory}/../{database.server.directory.name}"
    opened(sink_to(monkeypatch, make_conninfo(database.writer, host=deep)))


def test_a_secret_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match=r"\[timescale\] dsn: the environment variable DSN_\w+ is not set"):
        opened(sink_to(monkeypatch, ""))


def test_a_database_without_a_schema(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match=f"database {empty_database.name} at .*: .*run `waypost db init`"):
        opened(sink_to(monkeypatch, empty_database.writer))


SCHEMAS = [
    ("DELETE FROM waypost.migration WHERE number > 1", "level 1, .*run `waypost db migrate`"),
    (
        "INSERT INTO waypost.migration SELECT 1 + max(number), 'more', 0, now() FROM waypost.migration",
        "newer",
    ),
    ("UPDATE waypost.migration SET checksum = 5 WHERE number = 1", "another migration 1"),
    ("REVOKE ALL ON SCHEMA waypost FROM waypost_writer", "permission denied.*GRANT waypost_writer TO"),
    (
        "REVOKE INSERT ON waypost.read FROM waypost_writer; "
        "REVOKE EXECUTE ON FUNCTION waypost.account FROM waypost_writer",
        'gateway may not INSERT into waypost.read, EXECUTE waypost.account; .*GRANT waypost_writer TO "gateway"',
    ),
]


@pytest.mark.parametrize(("done", "says"), SCHEMAS)
def test_what_is_wrong_with_the_schema_is_said_and_once_mended_it_goes_on(
    done: str, says: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = sink_to(monkeypatch, database.writer)
    opened(sink)
    database.server.execute(done, database.name)
    with pytest.raises(Refused, match=says):
        opened(sink)


def test_who_may_only_read_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match=f"user {READER} may not INSERT into waypost.event, "):
        opened(sink_to(monkeypatch, database.reader))


def test_a_database_that_has_no_place_for_some_characters(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for narrow in fresh(postgres, "template0 ENCODING 'LATIN1' LOCALE 'C'"):
        with pytest.raises(Refused, match="its encoding is LATIN1"):
            opened(sink_to(monkeypatch, narrow.writer))
