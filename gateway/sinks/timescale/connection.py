"""One connection to the database: every answer comes within a time, or the connection is lost."""

import asyncio
import os
import re
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from drivers.secret import reveal
from gateway.sinks.contract import Lost, Refused
from gateway.sinks.timescale import arrays
from gateway.sinks.timescale.arrays import Parameters
from gateway.sinks.timescale.errors import unconnected, verdict

T = TypeVar("T")

_SERVER_FIRST = 0.9
"""The part of the time after which the server itself gives up: it lets go of its locks before we come again."""


_PORTS = re.compile(r"[0-9 ,]*")
"""One for all hosts or one for each; an empty one is the usual one."""


class Connection:
    """In autocommit: each statement is a transaction. Methods raise Lost, Refused and Poisoned.

    where     names server and database for people
    patience  seconds after which an answer does not come any more
    """

    def __init__(self, raw: AsyncConnection[TupleRow], where: str, patience: float) -> None:
        self._raw = raw
        self._patience = patience
        self.where = where

    @property
    def user(self) -> str:
        """Who we are to the server."""
        return self._raw.info.user

    @property
    def encoding(self) -> str | None:
        """Of the database."""
        return self._raw.info.parameter_status("server_encoding")

    async def fetch(self, sql: LiteralString, parameters: Parameters | None = None) -> list[TupleRow]:
        """The rows that a statement returns."""
        try:
            return await self._answered(self._fetch(sql, parameters))
        except psycopg.Error as error:
            raise verdict(error, self.where) from None

    async def close(self) -> None:
        """Let go of it, at once."""
        await self._raw.close()

    async def _fetch(self, sql: LiteralString, parameters: Parameters | None) -> list[TupleRow]:
        cursor = await self._raw.execute(sql, parameters, binary=True)
        return await cursor.fetchall()

    async def _answered(self, asking: Coroutine[None, None, T]) -> T:
        """psycopg would answer a cancellation by asking the server to cancel, and wait for a server that is silent."""
        task = asyncio.ensure_future(asking)
        try:
            await asyncio.wait({task}, timeout=self._patience)
        except asyncio.CancelledError:
            await self._cut(task)
            raise
        if not task.done():
            await self._cut(task)
            raise Lost(f"{self.where}: no answer within {self._patience:g} s")
        return task.result()

    async def _cut(self, task: asyncio.Task[T]) -> None:
        """End the connection below psycopg: what waits for an answer fails at once."""
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self._raw.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
        await asyncio.gather(task, return_exceptions=True)


async def connect(dsn: str, name: str, patience: float) -> Connection:
    """To the database whose connection string is the secret called `dsn`; `name` is what the server calls us.

    Raises Lost and Refused, without the connection string in their texts.
    """
    given, where = target(dsn)
    ours = {
        "application_name": name,
        "connect_timeout": str(max(2, round(patience))),
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": str(round(patience * 1000)),
    }
    try:
        raw = await AsyncConnection.connect(
            make_conninfo("", **{**ours, **given, "client_encoding": "UTF8"}),
            autocommit=True,
            prepare_threshold=None,  # a pooler may give each statement another server process
        )
    except psycopg.Error as error:
        raise unconnected(error, where) from None
    arrays.register(raw)
    connection = Connection(raw, where, patience)
    try:
        await connection.fetch(
            "SELECT set_config('statement_timeout', %(most)b::text, false), "
            # who has waited for a lock has to see what was written meanwhile, whatever the database's default is
            "set_config('default_transaction_isolation', 'read committed', false)",
            {"most": str(round(patience * 1000 * _SERVER_FIRST))},
        )
    except BaseException:
        await connection.close()
        raise
    return connection


def target(dsn: str) -> tuple[dict[str, str], str]:
    """Those of the connection string, and how to call the database that they name."""
    try:
        found = conninfo_to_dict(reveal(dsn))
    except LookupError as error:
        raise Refused(f"[timescale] dsn: {error}") from None
    except psycopg.Error:  # whose text repeats a piece of the string, which may be the password
        raise _garbled(dsn) from None
    given = {key: str(value) for key, value in found.items() if value is not None}
    host = given.get("host", given.get("hostaddr", "the default host"))
    database = given.get("dbname", given.get("user", "of the service"))
    ports = given.get("port", "")
    if "@" in host[1:] + database or not _PORTS.fullmatch(ports) or not _resolvable(host):
        raise _garbled(dsn)
    return given, f"database {database} at {host}" + (f":{ports}" if ports else "")


def _resolvable(hosts: str) -> bool:
    """Can each be looked up? At what can be no name the look-up raises something that is no error of a database."""
    try:
        for host in hosts.split(","):
            if not host.startswith(("/", "@")):  # a socket
                host.encode("idna")
    except UnicodeError:
        return False
    return True


def _garbled(dsn: str) -> Refused:
    return Refused(
        f"[timescale] dsn: what {dsn} holds is no connection string; write "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and each of @ : / % in the password as %40 %3A %2F %25"
    )
