"""`waypost db`: the central store's schema, how it stands, and the proof that all is there once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import exits
from gateway.client import NotRunning, Refused, ask
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import counted, fail, put, say, show
from gateway.commands.quarantine import quarantine
from gateway.configuration import Configuration
from gateway.control import socket_path
from gateway.database import JournalError
from gateway.sinks.timescale.settings import TimescaleSettings

if TYPE_CHECKING:  # psycopg is loaded by those who speak to a database, and only when they do
    from psycopg import Connection

    from gateway.sinks.timescale.installation import Done
    from gateway.sinks.timescale.proof import Blind, LineProof
    from gateway.sinks.timescale.standing import Lag, Standing

PATIENCE = 5.0
"""Seconds that a daemon gets to say how its sink is."""

Dsn = Annotated[
    str | None,
    typer.Option(
        metavar="SECRET",
        help="Another connection than that of [timescale] dsn: env:NAME or credential:NAME holds its string.",
    ),
]
Site = Annotated[str | None, typer.Option(help="Only the lines of this site.")]

application = typer.Typer(
    no_args_is_help=True,
    help="The central store. Exit status: 0 well; 1 the database needs an operator, or the proof fails; 2 unreadable "
    "configuration or wrong use; 3 the database cannot be reached.",
)


@application.command()
def init(config: Config = None, dsn: Dsn = None, json: AsJson = False) -> None:
    """Make the schema, and what it needs of extension and roles; brings one that is there to this version's level."""
    from gateway.sinks.timescale import installation

    _bring_up(installation.init, config, dsn, json)


@application.command()
def migrate(config: Config = None, dsn: Dsn = None, json: AsJson = False) -> None:
    """Bring the schema to this version's level, and its limits to what [timescale] says."""
    from gateway.sinks.timescale import installation

    _bring_up(installation.migrate, config, dsn, json)


def _bring_up(
    work: "Callable[[Connection, TimescaleSettings], Done]", config: Config, dsn: str | None, json: bool
) -> None:
    from gateway.sinks.timescale.operator import OWNER

    settings = _table(load(config))
    with _connected(dsn or settings.dsn, OWNER) as (db, where):
        done = work(db, settings)
    if json:
        put(_done_json(done, where))
    else:
        show(f"{where}: {done.server}")
        for step in done.steps:
            show(f"  {step.number:04} {step.name}")
        show(f"  level {done.level}" + ("" if done.steps else ", as it was"))
    for note in done.notes:
        say(f"note: {note}")


def _done_json(done: "Done", where: str) -> dict[str, object]:
    return {
        "database": where,
        **done.server.json(),
        "level": done.level,
        "steps": [{"number": step.number, "name": step.name} for step in done.steps],
        "notes": list(done.notes),
    }


@application.command()
def status(config: Config = None, dsn: Dsn = None, json: AsJson = False) -> None:
    """Tell edition, version and level of the database, and how far it is behind the journal of this site.

    Exit 1 if this version cannot use its schema.
    """
    from gateway.sinks.timescale.operator import READER
    from gateway.sinks.timescale.standing import lags, standing

    loaded = load(config)
    settings = _table(loaded)
    epoch: str | None = None
    behind: dict[str, Lag] = {}
    reason: str | None = None
    with _connected(dsn or settings.dsn, READER) as (db, where):
        found = standing(db)
        if found.trouble is None:
            try:
                epoch, behind = lags(db, loaded.journal, settings.streams, time.time_ns() // 1000)
            except JournalError as error:
                reason = str(error)
    state, last_error = _sink(loaded)
    if json:
        put(
            {
                "database": where,
                **found.server.json(),
                "level": found.level,
                "needs": found.needs,
                "trouble": found.trouble,
                "upkeep": found.upkeep,
                "site": loaded.site.id,
                "epoch": epoch,
                "streams": {name: lag.json() for name, lag in behind.items()},
                "journal_error": reason,
                "sink": state,
                "last_error": last_error,
            }
        )
    else:
        _show_status(where, found, behind, reason, state, last_error)
    if found.trouble is not None:
        raise typer.Exit(exits.WRONG)


def _show_status(
    where: str,
    found: "Standing",
    behind: "dict[str, Lag]",
    reason: str | None,
    state: str | None,
    last_error: str | None,
) -> None:
    show(f"{where}: {found.server}")
    show(
        f"  level {found.level}, this version needs {found.needs}"
        + (f": {found.trouble}" if found.trouble else "")
    )
    if found.upkeep is not None:
        show(f"  sums and limits are kept by the {found.upkeep}")
    for name, lag in behind.items():
        waits = (
            "" if not lag.rows else " waiting" if lag.seconds is None else f" waiting for {lag.seconds:.1f} s"
        )
        show(f"  {name:<8} {lag.database} of {lag.journal}, {counted(lag.rows, 'row')} behind{waits}")
    if reason is not None:
        show(f"  journal: {reason}")
    show(f"  sink: {state or 'no daemon answers'}" + (f": {last_error}" if last_error else ""))


def _sink(loaded: Configuration) -> tuple[str | None, str | None]:
    """State and last error of the daemon's sink; None if no daemon answers."""
    try:
        answer = next(
            ask(socket_path(loaded.journal), {"command": "status"}, time.monotonic() + PATIENCE), None
        )
    except (NotRunning, Refused):
        return None, None
    one = {} if answer is None else answer.get("sinks", {}).get("timescale", {})
    return one.get("state"), one.get("error")


@application.command()
def verify(config: Config = None, dsn: Dsn = None, site: Site = None, json: AsJson = False) -> None:
    """Prove that every number has its row or its reason, and no row is there twice. It looks at every row.

    Exit 1 if something is missing, lost or doubled.
    """
    from gateway.sinks.timescale import migrations
    from gateway.sinks.timescale.operator import READER
    from gateway.sinks.timescale.proof import blind, prove

    settings = _table(load(config))
    with _connected(dsn or settings.dsn, READER) as (db, where):
        migrations.check(db)
        with db.transaction():
            lines, intervals = prove(db, site), blind(db, site)
    if json:
        for line in lines:
            put({"proof": line.json()})
        for one in intervals:
            put({"blind": one.json()})
    else:
        _show_proof(lines, intervals)
    wrong = sum(not line.sound for line in lines)
    if wrong:
        fail(
            f"{where}: {counted(wrong, 'line')} of {len(lines)} with rows missing, lost or doubled",
            exits.WRONG,
        )
    if not json:
        say(f"{where}: {counted(len(lines), 'line')}, nothing is missing and nothing is there twice")


def _show_proof(lines: "list[LineProof]", intervals: "list[Blind]") -> None:
    for line in lines:
        show(
            f"{line.site} {line.epoch} {line.stream}: {line.first} to {line.last}, {line.rows} rows written, "
            f"{line.there} there, {line.expired} expired, {line.refused} refused as duplicates"
        )
        gone = f"{line.quarantined} quarantined, {line.dropped} dropped, {line.unreadable} unreadable"
        show(
            f"  missing {line.missing}, lost {line.lost}, doubled {line.doubled}; {gone}; blind {line.blind} times"
        )
        for first, last in line.missing_ranges:
            show(f"  missing: {first} to {last}")
    for one in intervals:
        show(f"blind: {one.site} {one.source} {one.since} to {one.until or 'now'}  {one.reason}")


application.command()(quarantine)


def _table(loaded: Configuration) -> TimescaleSettings:
    """[timescale], or the end of the command."""
    if loaded.settings.timescale is None:
        fail(f'{loaded.path} has no [timescale]; add it, with dsn = "env:WAYPOST_DSN"', exits.WRONG)
    return loaded.settings.timescale


@contextmanager
def _connected(dsn: str, remedy: str) -> "Iterator[tuple[Connection, str]]":
    """A connection and the name of its database; what goes wrong is the end of the command."""
    from gateway.sinks import contract
    from gateway.sinks.timescale.operator import connected

    try:
        with connected(dsn, remedy) as both:
            yield both
    except contract.Lost as error:
        fail(str(error), exits.UNAVAILABLE)
    except (contract.Refused, contract.Poisoned) as error:
        fail(str(error), exits.WRONG)
