"""What the sink says when the database is not as it should be, and what it does with rows that are refused."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gateway.rows import EventRow
from gateway.sinks.contract import Batch, Hole, Lost, Poisoned, Position, Refused
from gateway.sinks.timescale import installation
from gateway.sinks.timescale.errors import Ahead
from gateway.sinks.timescale.sink import TimescaleSink
from tests.fix_postgres import PASSWORD, READER, SETTINGS, Database, Postgres, free_port, fresh
from tests.stored import DEVICES, batch, events, held, line, sink_to

Steps = Callable[[TimescaleSink], Awaitable[None]]


def opened(sink: TimescaleSink, steps: Steps | None = None) -> None:
    """Open the sink, take the steps, close it."""

    async def main() -> None:
        try:
            await sink.open()
            if steps is not None:
                await steps(sink)
        finally:
            await sink.close()

    asyncio.run(main())


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


def test_rights_that_are_lost_on_the_way(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    of = line()

    async def revoked(sink: TimescaleSink) -> None:
        await sink.write(batch(of, events(of, 3)))
        database.server.execute("REVOKE INSERT ON waypost.event FROM waypost_writer", database.name)
        with pytest.raises(Refused, match=r"permission denied for table event; .*GRANT waypost_writer"):
            await sink.write(Batch(of, 4, 6, batch(of, events(of, 6)[3:]).rows))

    opened(sink_to(monkeypatch, database.writer), revoked)
    assert held(database.owner, of).once == 3


def test_a_sink_that_is_not_open_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Lost, match="closed; open it"):
        asyncio.run(sink_to(monkeypatch, "").position(line()))


def altered(row: EventRow, **changes: object) -> EventRow:
    """A row with other columns, or with other fields in its body."""
    names = ("seq", "id", "time", "kind", "item", "tag", "place", "body")
    columns = {**dict(zip(names, row, strict=False)), **{k: v for k, v in changes.items() if k in names}}
    others = {key: value for key, value in changes.items() if key not in names}
    if others:
        columns["body"] = json.dumps({**json.loads(row[7]), **others})
    return (*columns.values(), row[8])  # type: ignore[return-value]


DEEP = "[" * 20_000 + "]" * 20_000
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"item": "gen\0"}, "invalid byte sequence"),
    ({"tag": "E2\ud800"}, "surrogates not allowed"),
    ({"id": "not-an-id"}, "invalid input syntax for type uuid"),
    ({"id": "5\0"}, "invalid byte sequence"),
    ({"time": -(1 << 63)}, "time -9223372036854775808 is out of range"),
    ({"evidence": {"text": "\0"}}, "unsupported Unicode escape sequence"),
    ({"evidence": {"text": "\ud800"}}, "invalid input syntax for type json"),
    ({"confidence": 1e300}, "out of range for type real"),
    ({"reads": 1 << 70}, "out of range for type bigint"),
    ({"detected": "soon"}, "invalid input syntax for type bigint"),
    ({"retracts": "00000000-0000-0000-0000-000000000000"}, "event_retraction"),
    ({"body": "{"}, "invalid input syntax for type json"),
    ({"body": '{"detected":1,"lat":1e999}'}, "out of range for type double precision"),
    ({"body": '{"detected":1,"evidence":' + DEEP + "}"}, "stack depth limit exceeded"),
    ({"body": "{}"}, "null value in column"),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_a_row_that_the_database_refuses_is_alone_to_blame(
    changes: dict[str, object], says: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = line()
    rows = events(of, 3)
    bad = [rows[0], altered(rows[1], **changes), rows[2]]

    async def with_neighbours(sink: TimescaleSink) -> None:
        with pytest.raises(Poisoned, match=says) as caught:
            await sink.write(batch(of, bad))
        assert len(str(caught.value)) < 400
        assert await sink.position(of) == Position(0, None)
        await sink.write(batch(of, bad[:1]))
        with pytest.raises(Poisoned, match=says):
            await sink.write(batch(of, bad[1:2]))
        await sink.account(Hole(of, 2, 2, "quarantined", f"because\n\0\ud800 {'x' * 1000}"))
        await sink.write(batch(of, bad[2:]))
        assert await sink.position(of) == Position(3, rows[2][1])
        with pytest.raises(Poisoned, match=says):
            await sink.redeem(batch(of, bad[1:2]))
        await sink.redeem(batch(of, rows[1:2]))

    opened(sink_to(monkeypatch, database.writer), with_neighbours)
    found = held(database.owner, of)
    assert found.once == 3
    assert [one[:4] for one in found.ranges] == [(1, 1, 1, 0), (2, 2, 1, 0), (3, 3, 1, 0)]


def test_another_isolation_level_of_the_database_blames_no_row(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At `repeatable read` who has waited for the line would not see what the other one wrote meanwhile."""
    of = line()
    database.server.execute(
        f"ALTER DATABASE {database.name} SET default_transaction_isolation = 'repeatable read'"
    )

    async def behind_another(sink: TimescaleSink) -> None:
        with (
            psycopg.connect(database.owner) as other,
            psycopg.connect(database.owner, autocommit=True) as watch,
        ):
            other.execute(
                "SELECT waypost.account(%s, %s, 'events', 1, 1, 'written', NULL, NULL, 1, 0)",
                (of.site, of.epoch),
            )
            writing = asyncio.ensure_future(sink.write(batch(of, events(of, 1))))
            waits = "SELECT FROM pg_stat_activity WHERE usename = 'gateway' AND wait_event_type = 'Lock'"
            while not watch.execute(waits).rowcount:
                assert not writing.done()
                await asyncio.sleep(0)
            other.commit()
            with pytest.raises(Ahead):
                await writing

    opened(sink_to(monkeypatch, database.writer), behind_another)


@pytest.mark.parametrize("name", ["place", "direction"])
def test_what_no_sum_could_be_kept_of_is_refused_at_once(
    name: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the sums would fail at it for ever. The letters are such that compression cannot make it short."""
    of = line()
    rows = events(of, 2)
    long = "".join(hashlib.sha256(bytes([one])).hexdigest() for one in range(200))
    odd = altered(rows[0], **{"kind": "passed", "place": "dock-1", name: long})

    async def with_long(sink: TimescaleSink) -> None:
        with pytest.raises(Poisoned, match="event_sums"):
            await sink.write(batch(of, [odd]))
        await sink.account(Hole(of, 1, 1, "quarantined", "long"))
        await sink.write(batch(of, rows[1:]))
        assert not await sink.tend()

    opened(sink_to(monkeypatch, database.writer), with_long)


def test_what_is_not_sent_is_accounted_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    of = line()
    rows = events(of, 9)

    async def with_holes(sink: TimescaleSink) -> None:
        await sink.account(Hole(of, 1, 2, "dropped", "max_bytes"))
        await sink.write(batch(of, rows[2:4]))
        await sink.account(Hole(of, 5, 7, "quarantined", "odd"))
        assert await sink.position(of) == Position(7, None)
        for _ in range(2):  # the second time as after an answer that was lost
            await sink.account(Hole(of, 6, 6, "dropped", "by hand"))
            await sink.redeem(batch(of, rows[4:5]))
        await sink.account(Hole(of, 8, 9, "unreadable", "damaged"))
        for hole in (Hole(of, 4, 4, "dropped", "by hand"), Hole(of, 4, 4, "unreadable", "damaged")):
            with pytest.raises(Lost, match="so 4 cannot be next"):
                await sink.account(hole)
        for number in (4, 6, 9, 10):
            with pytest.raises(Poisoned, match=f"does not have {number} as quarantined"):
                await sink.redeem(batch(of, [altered(rows[0], seq=number, id=of.epoch)]))

    opened(sink_to(monkeypatch, database.writer), with_holes)
    found = held(database.owner, of)
    assert found.numbers == [3, 4, 5]
    assert found.ranges == [
        (1, 2, 0, 0, "dropped"),
        (3, 4, 2, 0, "written"),
        (5, 5, 1, 0, "written"),
        (6, 6, 0, 0, "dropped"),
        (7, 7, 0, 0, "quarantined"),
        (8, 9, 0, 0, "unreadable"),
    ]


def test_a_statement_that_is_cancelled_lets_go_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = line()

    async def cancelled(sink: TimescaleSink) -> None:
        with psycopg.connect(database.owner) as other:
            other.execute("LOCK TABLE waypost.event")
            writing = asyncio.create_task(sink.write(batch(of, events(of, 3))))
            waiting = "SELECT FROM pg_locks WHERE NOT granted"
            while not await asyncio.to_thread(lambda: other.execute(waiting).fetchall()):
                pass
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing

    opened(sink_to(monkeypatch, database.writer), cancelled)


def test_a_lock_that_is_not_let_go_is_given_up_by_the_server(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = line()

    async def locked(sink: TimescaleSink) -> None:
        with psycopg.connect(database.owner) as other:
            other.execute("LOCK TABLE waypost.event")
            with pytest.raises(Lost, match=r"statement timeout|no answer within 0\.5 s"):
                await sink.write(batch(of, events(of, 3)))

    opened(sink_to(monkeypatch, database.writer, 0.5), locked)
    assert held(database.owner, of).once == 0


def test_a_hypertable_takes_the_same_rows_with_the_same_account(
    timescale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(timescale, autocommit=True) as db:
        assert installation.init(db, SETTINGS).server.edition == "timescaledb"
    of, restored = line(), line()
    rows = events(of, 9)

    async def all_of_it(sink: TimescaleSink) -> None:
        await sink.write(batch(of, rows[:4]))
        with pytest.raises(Ahead):
            await sink.write(batch(of, rows[:4]))
        with pytest.raises(Poisoned, match="event_retraction"):
            await sink.write(batch(of, [rows[4], altered(rows[5], retracts=rows[0][1])]))
        await sink.write(batch(of, rows[4:5]))
        await sink.account(Hole(of, 6, 6, "quarantined", "odd"))
        await sink.write(batch(of, rows[6:]))
        await sink.redeem(batch(of, rows[5:6]))
        assert await sink.position(of) == Position(9, rows[8][1])
        await sink.write(batch(restored, [*rows[:8], altered(rows[8], id=of.epoch)]))
        assert not await sink.tend()

    opened(sink_to(monkeypatch, timescale), all_of_it)
    found = held(timescale, of)
    assert found.once == 9
    assert found.ranges == [(1, 5, 5, 0, "written"), (6, 6, 1, 0, "written"), (7, 9, 3, 0, "written")]
    assert held(timescale, restored).ranges == [(1, 9, 1, 8, "written")]
