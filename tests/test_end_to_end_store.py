"""From a reader's bytes to rows of the central store: the daemon and the database are killed in between."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg

from gateway.reader import open_read_only
from simulators.layout import docks
from simulators.score import compare
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.fix_daemon import Answer, events, gaps, reads, running
from tests.fix_postgres import Database, Postgres, prepare
from tests.fix_site import begin, configure, now, settled

STORE = """
[timescale]
dsn = "env:WAYPOST_TEST_DSN"
streams = ["events", "gaps", "reads"]
"""


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


async def live(database: Database, folder: Path) -> World:
    """The daemon is killed, then the database; both come back."""
    environment = {"WAYPOST_TEST_DSN": database.writer}
    plan = World(Scenario(8, now(), 10.0, docks(1, 0), 300.0, 0.0, 0.0, tags=(4, 8)))
    async with SimulatedSite(plan) as site:
        file = configure(
            site, folder, lambda text: text.replace("[site]", "[site]\nclock_wait = 0", 1) + STORE
        )
        async with running(file, environment) as daemon:
            await daemon.up(*site.readers)
            world = begin(site)
            playing = asyncio.create_task(site.play())
            await daemon.until(lambda status: store(status)["sent"] > 50, "rows are sent")
            await daemon.kill()
        async with running(file, environment) as daemon:
            await daemon.until(lambda status: store(status)["sent"] > 50, "they go on")
            await asyncio.to_thread(database.server.kill)
            await daemon.until(lambda status: store(status)["state"] == "lost", "the store is lost")
            await playing
            await settled(site, daemon)
            await asyncio.to_thread(database.server.start)
            await daemon.until(lambda status: store(status)["state"] == "up", "the store is back")
            assert await daemon.stop() == 0
    return world


async def rest(file: Path, environment: dict[str, str]) -> None:
    """A daemon without devices, which adds nothing, sends what is left."""
    async with running(file, environment) as daemon:
        status = await daemon.until(
            lambda status: store(status)["state"] == "up" and not store(status)["lag_rows"],
            "the rest is there",
        )
        assert store(status)["lag_seconds"] == 0


def store(status: Answer) -> Answer:
    """How the sink is."""
    found: Answer = status["sinks"]["timescale"]
    return found


def test_the_store_has_every_row_once_whoever_is_killed_when(tmp_path: Path) -> None:
    server = Postgres()
    try:
        server.start()
        prepare(server)
        database = Database(server, "template")
        world = asyncio.run(live(database, tmp_path))
        alone = tmp_path / "alone.toml"
        alone.write_text(f'[site]\nid = "{site_of(tmp_path)}"\nclock_wait = 0\n{STORE}')
        asyncio.run(rest(alone, {"WAYPOST_TEST_DSN": database.writer}))
        check_store(database.owner, tmp_path / "waypost.db")
    finally:
        server.remove()
    assert compare(world.truth, events(tmp_path / "waypost.db")).perfect
    assert gaps(tmp_path / "waypost.db")


def site_of(folder: Path) -> str:
    """Whose journal lies there."""
    with open_read_only(folder / "waypost.db") as past:
        return past.site
