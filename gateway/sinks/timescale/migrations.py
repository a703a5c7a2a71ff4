"""The schema in numbered steps, forward only: sql/NNNN_name.sql.

Each step is one transaction together with its row in `waypost.migration`, all under one advisory lock: two
gateways that migrate at once do it once.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from psycopg import Connection

LOCK = 0x776179706F7374
"""Key of the advisory lock: "waypost" in ASCII."""

_PREPARE = """
    CREATE TABLE IF NOT EXISTS waypost.migration (
        number integer PRIMARY KEY,
        name text NOT NULL,
        checksum bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
    );
"""


class SchemaError(Exception):
    """The schema of the database is not one that this version can use; the text says what to do."""


class SchemaMissing(SchemaError):
    """There is none."""


class SchemaTooOld(SchemaError):
    """Steps are missing."""


class SchemaTooNew(SchemaError):
    """A newer version has been here."""


class SchemaChanged(SchemaError):
    """A step that was taken is not the one that this version has."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. `checksum` is the CRC-32 of its text."""

    number: int
    name: str
    checksum: int
    sql: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A step as the database remembers it."""

    number: int
    name: str
    checksum: int


def script(name: str) -> bytes:
    """A file of the folder `sql`, as it may be executed."""
    return (files(__package__) / "sql" / name).read_bytes()


@cache
def steps() -> tuple[Migration, ...]:
    """All that this version has, by number, without a hole."""
    names = sorted(one.name for one in (files(__package__) / "sql").iterdir() if one.name[:4].isdigit())
    found = tuple(_step(name) for name in names)
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise SchemaError(
            f"this installation is damaged: its migrations are {', '.join(names)}; install it again"
        )
    return found


def _step(name: str) -> Migration:
    sql = script(name)
    number, _, rest = name.removesuffix(".sql").partition("_")
    return Migration(int(number), rest, zlib.crc32(sql), sql)


def level() -> int:
    """The number of the last step: what this version needs."""
    return len(steps())


def taken(db: Connection) -> tuple[Taken, ...]:
    """What was done to this database; () without a schema. Raises psycopg.Error."""
    if db.execute("SELECT to_regclass('waypost.migration') IS NULL").fetchone() == (True,):
        return ()
    rows = db.execute("SELECT number, name, checksum FROM waypost.migration ORDER BY number").fetchall()
    return tuple(Taken(*row) for row in rows)


def compare(past: tuple[Taken, ...], ours: tuple[Migration, ...]) -> None:
    """See that the steps taken are the ones that this version knows. Raises SchemaTooNew, SchemaChanged."""
    if len(past) > len(ours):
        raise SchemaTooNew(
            f"the database's schema is of level {past[-1].number} ({past[-1].name}), this version of Waypost knows "
            f"{len(ours)}: install the version that made it, or a newer one"
        )
    for before, now in zip(past, ours, strict=False):
        if (before.number, before.name, before.checksum) != (now.number, now.name, now.checksum):
            raise SchemaChanged(
                f"the database's schema was made by another migration {before.number} ({before.name}, checksum "
                f"{before.checksum:08x}) than this version has ({now.name}, {now.checksum:08x}): install the version "
                "that made it, or send the data to a new database"
            )


def check(db: Connection) -> None:
    """See that this version can use the schema. Raises SchemaError, psycopg.Error."""
    require(taken(db))


def require(past: tuple[Taken, ...]) -> None:
    """See that these are all steps that this version needs, and no others. Raises SchemaError."""
    if not past:
        raise SchemaMissing("the database has no schema waypost: run `waypost db init`")
    compare(past, steps())
    if len(past) < level():
        raise SchemaTooOld(
            f"the database's schema is of level {len(past)}, this version of Waypost needs {level()}: "
            "run `waypost db migrate`"
        )


def migrate(db: Connection, to: int | None = None) -> tuple[Migration, ...]:
    """Take the steps that are missing, up to number `to`; returns them. The connection is in autocommit.

    Raises SchemaTooNew, SchemaChanged, psycopg.Error: then the steps before the failing one stand.
    """
    ours = steps()
    with locked(db):
        # IF NOT EXISTS would ask for the right to create one also where it is there
        if db.execute("SELECT to_regnamespace('waypost') IS NULL").fetchone() == (True,):
            db.execute("CREATE SCHEMA waypost")
        db.execute(_PREPARE)
        past = taken(db)
        compare(past, ours)
        missing = ours[len(past) : to]
        for one in missing:
            with db.transaction():
                db.execute(one.sql)
                row = (one.number, one.name, one.checksum)
                db.execute("INSERT INTO waypost.migration (number, name, checksum) VALUES (%s, %s, %s)", row)
    return missing


@contextmanager
def locked(db: Connection) -> Iterator[None]:
    """Nobody else changes the schema meanwhile. Raises psycopg.Error."""
    db.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    try:
        yield
    finally:
        if not db.closed:
            db.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
