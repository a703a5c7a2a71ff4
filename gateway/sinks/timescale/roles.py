"""Who may do what: the group roles `waypost_writer` and `waypost_reader`, without a login of their own.

They belong to the server, not to the database, so making them needs CREATEROLE; an operator may make them instead.
"""

from psycopg import Connection, errors

from gateway.sinks.timescale.migrations import script

WRITER, READER = "waypost_writer", "waypost_reader"


class RolesMissing(Exception):
    """The text says which, and what an administrator has to run."""


def create(db: Connection) -> tuple[str, ...]:
    """Make the roles that are missing; returns those. Raises RolesMissing if that is not allowed, psycopg.Error."""
    absent = missing(db)
    try:
        for role in absent:
            db.execute(b"CREATE ROLE " + role.encode() + b" NOLOGIN")
    except errors.InsufficientPrivilege as error:
        orders = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing(db))
        raise RolesMissing(
            f"this user may not create roles; let an administrator run: {orders} and then `waypost db init` again"
        ) from error
    return absent


def missing(db: Connection) -> tuple[str, ...]:
    """Those of the two that the server does not have."""
    there = {name for (name,) in db.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^waypost_'")}
    return tuple(role for role in (WRITER, READER) if role not in there)


def grant(db: Connection) -> None:
    """Give both what they need of the schema as it is now; safe to repeat. Raises psycopg.Error."""
    with db.transaction():
        db.execute(script("roles.sql"))
