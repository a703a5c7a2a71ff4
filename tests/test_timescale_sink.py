"""What the sink writes and accounts for, and what it does with rows that are refused. How it opens: test_timescale_opening.py."""

import asyncio
import hashlib
import json

import psycopg
import pytest

from gateway.rows import EventRow
from gateway.sinks.contract import Batch, Hole, Lost, Poisoned, Position, Refused
from gateway.sinks.timescale import installation
from gateway.sinks.timescale.errors import Ahead
from gateway.sinks.timescale.sink import TimescaleSink
from tests.fix_postgres import SETTINGS, Database
from tests.stored import batch, events, held, line, opened, sink_to


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
