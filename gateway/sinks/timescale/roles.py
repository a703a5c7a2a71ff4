"""Who may do what: the group roles `waypost_writer` and `waypost_reader`, without a login of their own.

They belong to the server, not to the database, so making them needs CREATEROLE; an operator may make them instead.
"""

from contextlib import suppress

from psycopg import Connection, errors

from gateway.sinks.timescale.migrations import script

WRITER, READER = "waypost_writer", "waypost_reader"


NAMES = (WRITER, READER)


def create(db: Connection) -> str | None:
    """Make the roles that are missing; returns what an administrator has to do if this user may not.

    Raises psycopg.Error.
    """
    try:
        for role in missing(db):
            # the roles are the server's: for another of its databases somebody may make them at this moment
            with suppress(errors.DuplicateObject, errors.UniqueViolation):
                db.execute(b"CREATE ROLE " + role.encode() + b" NOLOGIN")
    except errors.InsufficientPrivilege:
        orders = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing(db))
        return (
            "this user may not create roles, so only the owner of the schema can use it: let an administrator run "
            f"{orders} and then run `waypost db migrate`"
        )
    return None


def missing(db: Connection) -> tuple[str, ...]:
    """Those that the server does not have. Raises psycopg.Error."""
    there = {
        name
        for (name,) in db.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(NAMES),))
    }
    return tuple(role for role in NAMES if role not in there)


def grant(db: Connection) -> None:
    """Give the roles that are there what they need of the schema as it is now; safe to repeat. Raises psycopg.Error."""
    absent = missing(db)
    with db.transaction():
        db.execute(script("roles.sql"))
        for role in NAMES:
            if role not in absent:
                db.execute(script(f"{role}.sql"))
