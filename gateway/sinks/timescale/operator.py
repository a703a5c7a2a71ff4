"""An operator's own connection to the database, for `waypost db`: what goes wrong is one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import make_conninfo

from gateway.sinks.contract import Lost, Refused
from gateway.sinks.timescale.connection import target
from gateway.sinks.timescale.errors import told, unconnected, verdict
from gateway.sinks.timescale.migrations import SchemaError

PATIENCE = "30"
"""Seconds to connect."""
OWNER = "connect as the owner of the database: name a secret with its connection string with --dsn"
READER = (
    'let the owner of the schema run GRANT waypost_reader TO "{user}", or name another connection with --dsn'
)


@contextmanager
def connected(dsn: str, remedy: str) -> Iterator[tuple[Connection, str]]:
    """A connection in autocommit to the database whose connection string is the secret called `dsn`, and its name.

    remedy  what to do where a right is missing
    Raises Lost, Refused; also for a psycopg.Error or a SchemaError of the block.
    """
    given, where = target(dsn)
    ours = {"application_name": "waypost db", "connect_timeout": PATIENCE}
    try:
        db = psycopg.connect(
            make_conninfo("", **{**ours, **given, "client_encoding": "UTF8"}), autocommit=True
        )
    except psycopg.Error as error:
        raise _named(unconnected(error, where), dsn) from None
    user = db.info.user
    try:
        with db:
            yield db, where
    except SchemaError as error:
        raise Refused(f"{where}: {error}") from None
    except errors.InsufficientPrivilege as error:
        raise Refused(f"{where}: {told(error)}; {remedy.format(user=user)}") from None
    except psycopg.Error as error:
        raise _named(verdict(error, where), dsn) from None


def _named(error: Exception, dsn: str) -> Lost | Refused:
    """The connection string may be another one than that of the configuration."""
    kind = Lost if isinstance(error, Lost) else Refused
    return kind(str(error).replace("[timescale] dsn", dsn))
