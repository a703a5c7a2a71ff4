"""Exactly once: whatever becomes of the connection, of the server, and however many gateways write at once."""

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import psycopg
import pytest

from gateway.sinks.contract import Line, Lost, Position
from gateway.sinks.timescale.sink import TimescaleSink
from tests.fix_postgres import Database, Postgres, fresh, prepare
from tests.stored import batch, events, held, line, send_all, sink_to
from tests.tcp_proxy import KINDS, WAYS, Fault, Kind, Proxy, Way, proxy_to

ROWS = 8
PLAIN = " sslmode=disable gssencmode=disable"
"""What the proxy can read."""
SOON = 0.2
"""Seconds after which an answer does not come any more."""
SEED = int(os.environ.get("TORTURE_SEED", "0"))
Links = Callable[[Proxy], TimescaleSink]


@pytest.fixture
def links(database: Database, monkeypatch: pytest.MonkeyPatch) -> Links:
    """Makes sinks that go through a proxy."""

    def through(proxy: Proxy) -> TimescaleSink:
        dsn = database.writer.replace(f"port={database.server.port}", f"port={proxy.port}")
        return sink_to(monkeypatch, dsn + PLAIN, SOON)

    return through


def everywhere(links: Links, port: int, faults: Iterator[Fault]) -> list[Line]:
    """One line after the other, each with a fault of its own from its first byte on, until one is not met any more."""

    async def met() -> list[Line]:
        lines: list[Line] = []
        async with proxy_to(lambda: port) as proxy:
            for fault in faults:
                lines.append(line())
                proxy.plan(fault)
                await send_all(links(proxy), lines[-1], events(lines[-1], ROWS), 4)
                if not proxy.hit.is_set():
                    break
        return lines

    return asyncio.run(met())


@pytest.mark.parametrize("way", WAYS)
def test_a_cut_at_any_message_loses_and_doubles_nothing(way: Way, database: Database, links: Links) -> None:
    lines = everywhere(links, database.server.port, (Fault(way, at) for at in count(1)))
    assert len(lines) > 25
    assert {held(database.owner, one).once for one in lines} == {ROWS}


@dataclass(slots=True)
class Trouble:
    """Before each write plans a fault that may meet it, until `most` were met."""

    proxy: Proxy
    faults: Iterator[Fault]
    most: int
    met: int = 0

    def __call__(self) -> None:
        self.met += self.proxy.hit.is_set()
        self.proxy.plan(next(self.faults, None) if self.met < self.most else None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_whose_answer_is_lost_is_not_repeated(kind: Kind, database: Database, links: Links) -> None:
    """At each message of the statement itself, and of its answer."""
    lines: list[Line] = []

    async def each() -> int:
        async with proxy_to(lambda: database.server.port) as proxy:
            troubles = [Trouble(proxy, iter([Fault(way, at, kind)]), 1) for way in WAYS for at in range(1, 6)]
            for trouble in troubles:
                lines.append(line())
                await send_all(links(proxy), lines[-1], events(lines[-1], ROWS), 4, trouble)
        return sum(trouble.met for trouble in troubles)

    assert asyncio.run(each()) == 10
    assert {held(database.owner, of).once for of in lines} == {ROWS}


@pytest.mark.parametrize("written", [0, 4, 8])
def test_a_statement_that_arrives_after_we_have_given_it_up_changes_nothing(
    written: int, database: Database, links: Links
) -> None:
    async def late() -> tuple[Line, int]:
        of = line()
        rows = events(of, ROWS)
        async with proxy_to(lambda: database.server.port) as proxy:
            first, second = links(proxy), links(proxy)
            await first.open()
            await first.position(of)
            proxy.plan(Fault("to_server", 1, "hold"))  # one that had begun the server would give up itself
            with pytest.raises(Lost, match=r"no answer within 0\.2 s"):
                await first.write(batch(of, rows[:4]))
            await first.close()
            if written:
                await send_all(second, of, rows[:written], 4)
            await second.open()
            before = (await second.position(of)).last
            proxy.release()
            await _settled(second, of, 4)
            await second.close()
            await send_all(second, of, rows, 3)
        return of, before

    of, before = asyncio.run(late())
    assert before == written
    assert held(database.owner, of).once == ROWS


async def _settled(sink: TimescaleSink, of: Line, least: int) -> None:
    """Looks until the ledger has as much."""
    async with asyncio.timeout(60):
        while (await sink.position(of)).last < least:
            pass


def test_a_server_that_says_nothing_while_we_connect(database: Database, links: Links) -> None:
    """It is given up; or we are stopped meanwhile, which does not take as long."""

    async def silent() -> None:
        async with proxy_to(lambda: database.server.port) as proxy:
            sink = links(proxy)
            proxy.plan(Fault("to_client", 1, "hold"))
            with pytest.raises(Lost, match="timeout expired"):
                await sink.open()
            await sink.close()
            proxy.plan(Fault("to_client", 1, "hold"))
            opening = asyncio.create_task(sink.open())
            await proxy.hit.wait()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await sink.close()
            proxy.plan(None)
            await sink.open()
            await sink.close()

    asyncio.run(silent())


def faults(chance: random.Random) -> Iterator[Fault]:
    """Any, without end; few that take their time."""
    while True:
        kind: Kind = "hold" if chance.random() < 0.01 else chance.choice(("cut", "torn"))
        yield Fault(chance.choice(WAYS), chance.randint(1, 6), kind)


def test_500_faults_in_a_row(database: Database, links: Links) -> None:
    chance, of = random.Random(f"faults/{SEED}"), line()

    async def many() -> int:
        async with proxy_to(lambda: database.server.port) as proxy:
            trouble = Trouble(proxy, faults(chance), 500)
            await send_all(links(proxy), of, events(of, 2_500), chance.randint(1, 9), trouble)
        return trouble.met

    assert asyncio.run(many()) == 500
    assert held(database.owner, of).once == 2_500


@pytest.fixture
def durable() -> Iterator[Postgres]:
    """A server of the test's own, which keeps what it has promised."""
    server = Postgres()
    try:
        server.start()
        prepare(server)
        yield server
    finally:
        server.remove()


def test_a_server_that_is_killed_and_comes_back(durable: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    of = line()
    writes = count(1)

    async def through() -> None:
        kills: list[asyncio.Task[None]] = []

        def trouble() -> None:
            if next(writes) in (2, 9, 17):
                kills.append(asyncio.create_task(asyncio.to_thread(_kill_and_start, durable)))

        for database in fresh(durable, "template"):
            await send_all(sink_to(monkeypatch, database.writer), of, events(of, 60), 2, trouble)
            await asyncio.gather(*kills)
            assert held(database.owner, of).once == 60
        assert len(kills) == 3

    asyncio.run(through())


def _kill_and_start(server: Postgres) -> None:
    server.kill()
    server.start()


def test_two_gateways_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two journals; of the same journal, as a cloned card has it, with other batches; of one that was restored."""
    first, second = line(), line()
    restored = [(number, *row[1:]) for number, row in enumerate(events(first, 200)[100:], 1)]

    async def at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for of, rows, size in (
                (first, events(first, 200), 7),
                (first, events(first, 200), 3),
                (second, events(second, 200), 10),
                (line(), restored, 9),
            ):
                group.create_task(send_all(sink_to(monkeypatch, database.writer), of, rows, size))

    asyncio.run(at_once())
    with psycopg.connect(database.owner) as db:
        (counts,) = db.execute(
            "SELECT count(*), count(DISTINCT id), count(DISTINCT (epoch, seq)) FROM waypost.event"
        )
        (accounts,) = db.execute("SELECT sum(rows), sum(refused), sum(last - first + 1) FROM waypost.ledger")
    assert counts == (400, 400, 400)
    assert accounts == (400, 100, 500)


def test_a_clone_with_other_rows_is_told_that_it_is_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, other = line(), line()

    async def both() -> None:
        ours, theirs = (sink_to(monkeypatch, database.writer) for _ in range(2))
        for sink in (ours, theirs):
            await sink.open()
            assert await sink.position(of) == Position(0, None)
        rows = events(of, 4)
        await ours.write(batch(of, rows))
        with pytest.raises(Lost, match=r"has numbers up to 4, so 1 cannot be next: .* another gateway"):
            await theirs.write(batch(of, events(other, 4)))
        assert await theirs.position(of) == Position(4, rows[3][1])
        for sink in (ours, theirs):
            await sink.close()

    asyncio.run(both())
    assert held(database.owner, of).once == 4
