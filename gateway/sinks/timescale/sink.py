"""The sink that writes to the central store: every row once, whatever becomes of the connection.

Each batch is one statement, and so one transaction, which inserts the rows and lengthens the ledger of their line; the
ledger refuses numbers that are not next. So an answer that was lost, a statement that was repeated and two gateways
with the same journal can neither lose nor double a row: after any doubt the ledger says how to go on.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from gateway.sinks.contract import Batch, Hole, Line, Lost, Poisoned, Position, Refused, Stream
from gateway.sinks.timescale import migrations, rows
from gateway.sinks.timescale.arrays import Parameters, texts
from gateway.sinks.timescale.connection import Connection, connect
from gateway.sinks.timescale.errors import Ahead, bounded, told
from gateway.sinks.timescale.migrations import SchemaError, Taken
from gateway.sinks.timescale.settings import TimescaleSettings
from gateway.sinks.timescale.upkeep import upkeep

_TABLES: Mapping[Stream, str] = {
    "events": "event",
    "fixes": "fix",
    "gaps": "gap",
    "reads": "read",
}

_MIGRATED = "SELECT to_regclass('waypost.migration') IS NOT NULL"
_TAKEN = "SELECT number, name, checksum FROM waypost.migration ORDER BY number"
_RIGHTS = """
    SELECT 'INSERT into waypost.' || name FROM unnest(%(tables)b::text[]) AS name
        WHERE NOT has_table_privilege('waypost.' || name, 'INSERT')
    UNION ALL
    SELECT 'SELECT from waypost.ledger' WHERE NOT has_table_privilege('waypost.ledger', 'SELECT')
    UNION ALL
    SELECT 'EXECUTE waypost.' || proname FROM pg_proc
        WHERE pronamespace = 'waypost'::regnamespace AND proname IN ('account', 'settle', 'present', 'layout', 'upkeep')
        AND NOT has_function_privilege(oid, 'EXECUTE')
"""
_PRESENT = """
    SELECT waypost.present(
        %(site)b::text, %(epoch)b::uuid, %(version)b::text, %(timezone)b::text, %(devices)b::text[], %(kinds)b::text[]
    )
"""
_LAYOUT = "SELECT waypost.layout(%(site)b::text, %(zones)b::text[], %(insides)b::text[])"
_POSITION = """
    SELECT last, mark FROM waypost.ledger
    WHERE site = %(site)b AND epoch = %(epoch)b::uuid AND stream = %(stream)b ORDER BY first DESC LIMIT 1
"""


class TimescaleSink:
    """See `gateway.sinks.contract.Sink`.

    devices  id and kind of each that the site has
    version  of Waypost
    zones    of the site, each with the one that it is inside
    timezone  of the site, None to leave what the database has
    """

    name: Literal["timescale"] = "timescale"
    begins: Literal["first"] = "first"

    def __init__(
        self,
        settings: TimescaleSettings,
        site: str,
        devices: Sequence[tuple[str, str]],
        version: str,
        zones: Sequence[tuple[str, str | None]] = (),
        timezone: str | None = None,
    ) -> None:
        self.streams = settings.streams
        self._settings = settings
        self._site = site
        self._devices = devices
        self._version = version
        self._zones = zones
        self._timezone = timezone
        self._connection: Connection | None = None
        self._presented: set[str] = set()

    async def open(self) -> None:
        """Connect, and see that schema and rights are what this version needs."""
        connection = await connect(self._settings.dsn, f"waypost {self._site}", self._settings.timeout)
        self._connection = connection
        self._presented = set()
        if connection.encoding != "UTF8":
            raise Refused(
                f"{connection.where}: its encoding is {connection.encoding}, which has no place for some characters; "
                "use a database that was created with ENCODING 'UTF8'"
            )
        await self._check_schema(connection)
        await self._check_rights(connection)
        await connection.fetch(_LAYOUT, self._layout())

    async def _check_schema(self, connection: Connection) -> None:
        ((there,),) = await connection.fetch(_MIGRATED)
        past = await connection.fetch(_TAKEN) if there else []
        try:
            migrations.require(tuple(Taken(*row) for row in past))
        except SchemaError as error:
            raise Refused(f"{connection.where}: {error}") from None

    async def _check_rights(self, connection: Connection) -> None:
        tables = texts([_TABLES[stream] for stream in self.streams])
        lacking = [right for (right,) in await connection.fetch(_RIGHTS, {"tables": tables})]
        if lacking:
            raise Refused(
                f"{connection.where}: user {connection.user} may not {', '.join(lacking)}; "
                f'let the owner of the schema run GRANT waypost_writer TO "{connection.user}"'
            )

    async def position(self, line: Line) -> Position:
        """What the ledger has of a line; tells the database first which journal it is."""
        connection = self._opened()
        if line.epoch not in self._presented:
            await connection.fetch(_PRESENT, self._present(line))
            self._presented.add(line.epoch)
        found = await connection.fetch(_POSITION, _key(line))
        return Position(*found[0]) if found else Position(0, None)

    def _layout(self) -> Parameters:
        zones, insides = zip(*self._zones, strict=True) if self._zones else ((), ())
        return {"site": self._site, "zones": texts(zones), "insides": texts(insides)}

    def _present(self, line: Line) -> Parameters:
        ids, kinds = zip(*self._devices, strict=True) if self._devices else ((), ())
        who = {"site": line.site, "epoch": line.epoch, "version": self._version, "timezone": self._timezone}
        return {**who, "devices": texts(ids), "kinds": texts(kinds)}

    async def write(self, batch: Batch) -> None:
        """In one transaction with the ledger. `Ahead` if the ledger does not want these numbers next."""
        await self._put(rows.insertion, batch)

    async def redeem(self, batch: Batch) -> None:
        """One row that the ledger has as quarantined."""
        await self._put(rows.redemption, batch)

    async def _put(self, statement: Callable[[Batch], tuple[str, Parameters]], batch: Batch) -> None:
        connection = self._opened()
        try:  # a batch takes some milliseconds, in which the daemon has other things to do
            sql, parameters = await asyncio.to_thread(statement, batch)
        except ValueError as error:
            raise Poisoned(told(error)) from None
        await connection.fetch(sql, parameters)

    async def account(self, hole: Hole) -> None:
        """Note it in the ledger."""
        connection = self._opened()
        numbers = {"first": hole.first, "last": hole.last, "state": hole.fate, "reason": bounded(hole.reason)}
        parameters = {**_key(hole.line), **numbers}
        try:
            await connection.fetch(rows.HOLE, parameters)
        except Ahead as ahead:
            if hole.fate != "dropped" or hole.first != hole.last:
                raise
            try:
                await connection.fetch(rows.DROP, parameters)
            except Poisoned:  # it was never quarantined
                raise ahead from None

    async def tend(self) -> bool:
        """Sums and limits, where the database has no jobs for them."""
        return (await upkeep(self._opened())).more

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _opened(self) -> Connection:
        if self._connection is None:
            raise Lost("the connection to the database is closed; open it")
        return self._connection


def _key(line: Line) -> dict[str, str | int]:
    return {"site": line.site, "epoch": line.epoch, "stream": line.stream}
