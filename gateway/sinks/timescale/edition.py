"""What the server can do, and what of the schema depends on it.

| edition       | chunks, compression        | sums per hour and day      | rows that are too old |
|---------------|----------------------------|----------------------------|-----------------------|
| `timescaledb` | hypertables, compressed    | continuous aggregates      | a job of the database |
| `apache`      | hypertables                | `waypost.upkeep`, gateways | the same              |
| `postgresql`  | plain tables               | `waypost.upkeep`, gateways | the same              |

The names and columns of what a dashboard reads are the same in all of them.
"""

from dataclasses import dataclass
from typing import Literal

from psycopg import Connection, errors, sql

from gateway.sinks.timescale.migrations import SchemaError

Name = Literal["timescaledb", "apache", "postgresql"]

OLDEST_POSTGRESQL, OLDEST_TIMESCALEDB = 15, (2, 15)


class ServerTooOld(SchemaError):
    """It lacks what the schema needs."""


@dataclass(frozen=True, slots=True)
class Server:
    """edition      what the database can do
    postgresql   its version
    timescaledb  the extension's version in this database
    home         the schema that its functions are in
    """

    edition: Name
    postgresql: str
    timescaledb: str | None = None
    home: str | None = None

    def __str__(self) -> str:
        if self.timescaledb is None:
            return f"PostgreSQL {self.postgresql} without TimescaleDB"
        licence = "community" if self.edition == "timescaledb" else "Apache-2"
        return f"TimescaleDB {self.timescaledb}, {licence} edition, on PostgreSQL {self.postgresql}"

    def json(self) -> dict[str, object]:
        """As `waypost db` prints it."""
        return {"edition": self.edition, "postgresql": self.postgresql, "timescaledb": self.timescaledb}


def detect(db: Connection) -> Server:
    """Look at the server. Raises ServerTooOld, psycopg.Error."""
    version = str(db.info.parameter_status("server_version")).split()[0]
    if db.info.server_version < OLDEST_POSTGRESQL * 10_000:
        raise ServerTooOld(f"the server is PostgreSQL {version}; Waypost needs {OLDEST_POSTGRESQL} or newer")
    found = db.execute(
        "SELECT extversion, nspname, current_setting('timescaledb.license', true) FROM pg_extension "
        "JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'timescaledb'"
    ).fetchone()
    if found is None:
        return Server("postgresql", version)
    extension, home, licence = found
    if _numbers(extension) < OLDEST_TIMESCALEDB:
        oldest = ".".join(map(str, OLDEST_TIMESCALEDB))
        raise ServerTooOld(
            f"the database has TimescaleDB {extension}; Waypost needs {oldest} or newer: "
            "install it and run ALTER EXTENSION timescaledb UPDATE"
        )
    return Server("timescaledb" if licence == "timescale" else "apache", version, extension, home)


def _numbers(version: str) -> tuple[int, ...]:
    """Of 2.23.0-dev: (2, 23)."""
    return tuple(int(part) for part in version.split("-")[0].split(".")[:2])


def extend(db: Connection) -> str | None:
    """Create the extension if the server has it; returns why not if it has it and this is not possible.

    Raises psycopg.Error.
    """
    if db.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").fetchone() is not None:
        return None
    if db.execute("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone() is None:
        return None
    # creating it without its loader ends the connection; who may not see the setting has to be believed
    loaded = db.execute("SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'").fetchone()
    if loaded is not None and "timescaledb" not in loaded[0] and not _loader(db):
        return (
            "the server has TimescaleDB but does not load it, so plain tables are made: add timescaledb to "
            "shared_preload_libraries, restart the server and run `waypost db init` again"
        )
    try:
        db.execute(sql.SQL("CREATE EXTENSION timescaledb"))
    except errors.InsufficientPrivilege:
        return (
            "the server has TimescaleDB but this user may not create it, so plain tables are made: let an "
            "administrator run CREATE EXTENSION timescaledb and then run `waypost db init` again"
        )
    return None


def _loader(db: Connection) -> bool:
    return db.execute("SELECT current_setting('timescaledb.disable_load', true)").fetchone() != (None,)
