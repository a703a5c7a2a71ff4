"""What `waypost db init` and `waypost db migrate` do to a database, in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import Connection, sql

from gateway.sinks.timescale import arrangement, edition, migrations, roles
from gateway.sinks.timescale.edition import Server
from gateway.sinks.timescale.migrations import Migration, SchemaMissing
from gateway.sinks.timescale.settings import TimescaleSettings


@dataclass(frozen=True, slots=True)
class Done:
    """server  as it was found, after the extension was created
    level   of the schema now
    steps   that were taken
    notes   what was left out, and what would have to be done for it
    """

    server: Server
    level: int
    steps: tuple[Migration, ...]
    notes: tuple[str, ...]


def init(db: Connection, settings: TimescaleSettings) -> Done:
    """Extension, roles and schema, as far as they are not there. The connection is in autocommit.

    Raises SchemaError, psycopg.Error.
    """
    with migrations.locked(db):
        notes = [note for note in (edition.extend(db), roles.create(db)) if note is not None]
        return _bring_up(db, settings, notes)


def migrate(db: Connection, settings: TimescaleSettings) -> Done:
    """Bring a schema that is there to our level, and its limits to what the settings say.

    Raises SchemaMissing, SchemaError, psycopg.Error.
    """
    with migrations.locked(db):
        if not migrations.taken(db):
            raise SchemaMissing("the database has no schema waypost: run `waypost db init`")
        return _bring_up(db, settings, [])


def _bring_up(db: Connection, settings: TimescaleSettings, notes: list[str]) -> Done:
    server = edition.detect(db)
    with _as_owner(db):
        steps = migrations.migrate(db)
        arrangement.arrange(db, server, settings)
        roles.grant(db)
    return Done(server, migrations.level(), steps, tuple(notes))


@contextmanager
def _as_owner(db: Connection) -> Iterator[None]:
    """An administrator works as the owner of the schema, so that all of it stays with one owner."""
    owner = db.execute(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'waypost' "
        "AND pg_get_userbyid(nspowner) <> current_user AND pg_has_role(nspowner, 'MEMBER')"
    ).fetchone()
    if owner is None:
        yield
        return
    db.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner[0])))
    try:
        yield
    finally:
        if not db.closed:
            db.execute("RESET ROLE")
