"""How a database stands: what it is, of which level, and how far it has a journal."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection

from gateway.database import JournalMissing
from gateway.sinks import volumes
from gateway.sinks.contract import Batch, Events, Gaps, Stream
from gateway.sinks.feed import Feed
from gateway.sinks.timescale import edition, migrations
from gateway.sinks.timescale.edition import Server
from gateway.sinks.timescale.migrations import SchemaError


@dataclass(frozen=True, slots=True)
class Standing:
    """server   what it is
    level    of its schema, 0 without one; needs: that of this version
    trouble  why this version cannot use the schema, None if it can
    upkeep   who makes sums and deletes what is too old: "database" or "gateways"; None without a schema
    """

    server: Server
    level: int
    trouble: str | None
    upkeep: str | None

    @property
    def needs(self) -> int:
        return migrations.level()


@dataclass(frozen=True, slots=True)
class Lag:
    """Of one stream: the newest numbers of journal and ledger, and for how long the oldest unsent row has waited.

    seconds  None where that is not known
    """

    journal: int
    database: int
    rows: int
    seconds: float | None

    def json(self) -> dict[str, object]:
        """As `waypost db status` prints it."""
        return {
            "journal": self.journal,
            "database": self.database,
            "lag_rows": self.rows,
            "lag_seconds": self.seconds,
        }


def standing(db: Connection) -> Standing:
    """Look at the database. Raises SchemaError (a server that is too old), psycopg.Error."""
    server, past = edition.detect(db), migrations.taken(db)
    try:
        migrations.require(past)
    except SchemaError as error:
        return Standing(server, len(past), str(error), None)
    made = db.execute("SELECT name FROM waypost.edition").fetchone()
    if made is None:
        return Standing(server, len(past), "the schema is not complete: run `waypost db migrate`", None)
    changed = None
    if made[0] != server.edition:
        changed = (
            f"the schema was made for {made[0]}, the server is {server.edition} now: run `waypost db migrate`"
        )
    return Standing(server, len(past), changed, "database" if made[0] == "timescaledb" else "gateways")


def lags(db: Connection, journal: Path, streams: tuple[Stream, ...], now: int) -> tuple[str, dict[str, Lag]]:
    """The journal's epoch, and how far the ledger is behind it in each stream; `now` in microseconds UTC.

    Raises JournalMissing, JournalError, psycopg.Error.
    """
    if not journal.exists():
        raise JournalMissing(f"there is no journal {journal}; has the daemon run with this [journal] path?")
    with closing(volumes.live(journal, {})) as feed:
        ends = _ends(db, feed)
        return feed.epoch, {stream: _lag(feed, stream, ends.get(stream, 0), now) for stream in streams}


def _ends(db: Connection, feed: Feed) -> Mapping[str, int]:
    rows = db.execute(
        "SELECT stream, max(last) FROM waypost.ledger WHERE site = %s AND epoch = %s GROUP BY stream",
        (feed.site, feed.epoch),
    )
    return dict(rows.fetchall())


def _lag(feed: Feed, stream: Stream, last: int, now: int) -> Lag:
    head = feed.head(stream)
    if head <= last:
        return Lag(head, last, 0, 0.0)
    since = _waiting_since(feed, stream, last)
    return Lag(head, last, head - last, None if since is None else max(now - since, 0) / 1e6)


def _waiting_since(feed: Feed, stream: Stream, last: int) -> int | None:
    """When the row behind number `last` was decided, microseconds UTC."""
    match feed.next(stream, last):
        case Batch(rows=Events(events)):
            return int(json.loads(events[0][7])["detected"])
        case Batch(rows=Gaps(gaps)):
            return gaps[0][3]
        case _:
            return None
