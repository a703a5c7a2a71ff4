"""What an error of PostgreSQL means to a sink: try again, ask an operator, or blame a row.

By SQLSTATE (PostgreSQL's "Error Codes", appendix A). An error while connecting has none that libpq would tell, so
there the server's words decide; in a language that is not known here the error counts as one that passes.
"""

import re

import psycopg

from gateway.sinks.contract import Lost, Poisoned, Refused

LONGEST = 300
"""Characters of a reason."""
_END = 100
"""Of these from its end."""
AHEAD = "WP001"
"""waypost.account: these numbers are not the next ones of their line."""
NOT_QUARANTINED = "WP002"
"""waypost.settle: the ledger does not have this number as quarantined."""

_ROW = ("22", "23", "44", "54", "P0")
"""Data exceptions, constraints, check options, limits of a row, and what somebody's trigger raises."""
_GRANT = "let its owner run `waypost db migrate`, then GRANT waypost_writer TO the user of [timescale] dsn"
_REMEDIES = {
    "28": "correct user, password or pg_hba.conf",
    "3D": "create it, then run `waypost db init`",
    "42501": _GRANT,
    "42": "the schema is not the one of this version; run `waypost db migrate`",
    "3F": "there is no schema waypost; run `waypost db init`",
    "0A": "this server cannot do it; use PostgreSQL 15 or newer, TimescaleDB 2.15 or newer",
}
"""By class or whole SQLSTATE: what only an operator can change."""
_CONNECTING = (
    (r"password authentication failed", "correct the password in [timescale] dsn"),
    (r"no password supplied", "add the password to [timescale] dsn"),
    (r"authentication failed|no pg_hba\.conf entry|not permitted to log in", _REMEDIES["28"]),
    (r'role ".*" does not exist', "create the user, or correct [timescale] dsn"),
    (r'database ".*" does not exist', _REMEDIES["3D"]),
    (r"permission denied for database", "let its owner run GRANT CONNECT ON DATABASE ... TO this user"),
    (r"server does not support SSL", "switch TLS on at the server, or correct sslmode in [timescale] dsn"),
    (
        r"certificate verify failed|root certificate",
        "name the authority of the server with sslrootcert= in [timescale] dsn",
    ),
    (
        r"invalid \S+ value|invalid value for|invalid port number|bad value for connect_timeout|parameter \".*\" requires|"
        r"unrecognized configuration parameter|could not (match \d|parse network address)|service file|of service",
        "correct [timescale] dsn",
    ),
    (r"server certificate for", "connect by a name that is in the server's certificate"),
    (
        r"certificate file|private key file|certificate authentication",
        "correct sslcert and sslkey in [timescale] dsn",
    ),
)
"""The server's and libpq's words: what only an operator can change."""


class Ahead(Lost):
    """The ledger is not where we took it to be."""


def verdict(error: psycopg.Error, where: str) -> Lost | Refused | Poisoned:
    """Of an error of a statement; `where` names the database."""
    state, reason = error.sqlstate, told(error)
    if state is None:
        return Poisoned(reason) if isinstance(error, psycopg.DataError) else Lost(f"{where}: {reason}")
    if state == NOT_QUARANTINED or state.startswith(_ROW):
        return Poisoned(f"{reason} (SQLSTATE {state})")
    if state == AHEAD:
        return Ahead(
            f"{where}: {reason}: an earlier connection wrote them, or another gateway has this journal"
        )
    if state == "25006":
        return Lost(
            f"{where}: {reason}: this is a standby; add target_session_attrs=read-write to [timescale] dsn"
        )
    remedy = _REMEDIES.get(state, _REMEDIES.get(state[:2]))
    if remedy is None:
        return Lost(f"{where}: {reason} (SQLSTATE {state})")
    return Refused(f"{where}: {reason}; {remedy}")


def unconnected(error: psycopg.Error, where: str) -> Lost | Refused:
    """Of an error while connecting."""
    reason = told(error)
    for words, remedy in _CONNECTING:
        if re.search(words, reason):
            return Refused(f"{where}: {reason}; {remedy}")
    return Lost(f"{where}: {reason}")


def told(error: BaseException) -> str:
    """What it says, in one line of at most 300 characters."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return bounded(primary or str(error) or type(error).__name__)


def bounded(text: str) -> str:
    """One line that PostgreSQL takes as text: no control characters, no lone surrogates, 300 characters."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if len(line) <= LONGEST:
        return line
    return f"{line[: LONGEST - _END - 3]}...{line[-_END:]}"  # the value that is wrong may be long, and the reason last
