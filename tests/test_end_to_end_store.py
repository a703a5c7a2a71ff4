"""From a reader's bytes to the central store, a broker and a webhook: the daemon and the database are killed in between."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.reader import open_read_only
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_certificates import HOST
from tests.fix_daemon import Answer, events, gaps, reads, running
from tests.fix_mosquitto import Heard, Mosquitto, listening
from tests.fix_postgres import Database, Postgres, prepare
from tests.fix_site import begin, configure, now, settled
from tests.receiver import Receiver, receiving


@dataclass(frozen=True)
class Destinations:
    """Where rows go."""

    database: Database
    broker: Mosquitto
    receiver: Receiver

    @property
    def toml(self) -> str:
        """The tables of all three."""
        return f"""
[timescale]
dsn = "env:WAYPOST_TEST_DSN"
streams = ["events", "gaps", "reads"]
[mqtt]
url = "mqtt://{HOST}:{self.broker.port}"
[webhook]
url = "{self.receiver.url}"
"""

    @property
    def environment(self) -> dict[str, str]:
        """The secrets."""
        return {"WAYPOST_TEST_DSN": self.database.writer}


def query(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    """All rows."""
    with psycopg.connect(dsn, autocommit=True) as db:
        return db.execute(sql.encode()).fetchall()


def check_store(dsn: str, journal: Path) -> None:
    """The store has what the journal has, once, and its account says so."""
    with open_read_only(journal) as past:
        ids = [(seq, event.id) for seq, event in past.events()]
        told = [(seq, gap.source, gap.reason) for seq, gap in past.gaps()]
    assert query(dsn, "SELECT seq, id::text FROM waypost.event ORDER BY seq") == ids
    assert query(dsn, "SELECT seq, source, reason FROM waypost.gap ORDER BY seq") == told
    rows = query(
        dsn, "SELECT source, tag, antenna, (extract(epoch FROM time) * 1000000)::bigint FROM waypost.read"
    )
    assert sorted(rows) == sorted(reads(journal).elements())
    account = query(
        dsn, "SELECT stream, first, last, rows, refused, state FROM waypost.ledger ORDER BY stream"
    )
    assert account == [
        ("events", 1, len(ids), len(ids), 0, "written"),
        ("gaps", 1, len(told), len(told), 0, "written"),
        ("reads", 1, len(rows), len(rows), 0, "written"),
    ]


async def live(to: Destinations, folder: Path) -> World:
    """The daemon is killed, then the database; both come back."""
    plan = World(Scenario(8, now(), 18.0, docks(1, 0), 300.0, 0.0, 0.0, tags=(4, 8)))
    async with SimulatedSite(plan) as site:
        file = configure(
            site, folder, lambda text: text.replace("[site]", "[site]\nclock_wait = 0", 1) + to.toml
        )
        async with running(file, to.environment) as daemon:
            await daemon.up(*site.readers)
            world = begin(site)
            playing = asyncio.create_task(site.play())
            await daemon.until(lambda status: sink(status)["sent"] > 50, "rows are sent")
            await daemon.kill()
        async with running(file, to.environment) as daemon:
            await daemon.until(lambda status: sink(status)["sent"] > 50, "they go on")
            await asyncio.to_thread(to.database.server.kill)
            await daemon.until(lambda status: sink(status)["state"] == "lost", "the store is lost")
            await playing
            await settled(site, daemon)
            await asyncio.to_thread(to.database.server.start)
            await daemon.until(lambda status: sink(status)["state"] == "up", "the store is back")
            assert await daemon.stop() == 0
    return world


async def rest(file: Path, to: Destinations) -> None:
    """A daemon without devices, which adds nothing, sends what is left."""
    async with running(file, to.environment) as daemon:
        status = await daemon.until(
            lambda status: all(
                one["state"] == "up" and one["lag_rows"] == 0 for one in status["sinks"].values()
            ),
            "the rest is there",
        )
        assert sink(status)["lag_seconds"] == 0


def sink(status: Answer, name: str = "timescale") -> Answer:
    """How a sink is."""
    found: Answer = status["sinks"][name]
    return found


async def whole(to: Destinations, folder: Path) -> tuple[World, Heard]:
    """All of it, and what somebody heard who listened from beginning to end."""
    async with listening(to.broker.port) as heard:
        world = await live(to, folder)
        alone = folder / "alone.toml"
        alone.write_text(f'[site]\nid = "{site_of(folder)}"\nclock_wait = 0\n{to.toml}')
        await rest(alone, to)
        last = events(folder / "waypost.db")[-1].id
        await heard.until(lambda heard: last in ids(heard.of(f"waypost/{site_of(folder)}/event/")))
    return world, heard


def site_of(folder: Path) -> str:
    """Whose journal lies there."""
    with open_read_only(folder / "waypost.db") as past:
        return past.site


def ids(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of events as JSON, each where it came first."""
    return list(dict.fromkeys(row["id"] for row in rows))


@pytest.fixture
def destinations(mosquitto: Mosquitto) -> Iterator[Destinations]:
    """A database server that outlives a kill, a broker, a web server."""
    server = Postgres()
    try:
        server.start()
        prepare(server)
        mosquitto.start()
        with receiving() as receiver:
            yield Destinations(Database(server, "template"), mosquitto, receiver)
    finally:
        server.remove()


def test_every_destination_has_every_row_whoever_is_killed_when(
    tmp_path: Path, destinations: Destinations
) -> None:
    """The database once, the others at least once and in order."""
    world, heard = asyncio.run(whole(destinations, tmp_path))
    journal = tmp_path / "waypost.db"
    assert compare(world.truth, events(journal)).perfect
    assert gaps(journal)
    check_store(destinations.database.owner, journal)
    told = [event.id for event in events(journal)]
    assert ids(heard.of(f"waypost/{site_of(tmp_path)}/event/")) == told
    posted = [request.json for request in destinations.receiver.taken]
    assert ids(row for body in posted if body["stream"] == "events" for row in body["rows"]) == told
    device = heard.last(f"waypost/{site_of(tmp_path)}/device/door1")
    assert device is not None
    assert device["state"] == "up"
