"""`waypost db quarantine`: what it shows, and what it asks the daemon for."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.records import Dictionary, reads
from gateway.commands.all import application
from gateway.control import Control, socket_path
from gateway.journal import Journal
from gateway.refusals import Place, Refusal
from gateway.sinks.contract import Batch, Line, Lost, Readings
from gateway.sinks.redress import Decision, Settled
from gateway.sinks.refused import to_text

SITE = "leeds"
Settle = Callable[[str, Decision], Awaitable[Settled]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A site whose journal has one read in quarantine, of which the reader did not say the strength."""
    journal = Journal.open(tmp_path / "waypost.db", SITE)
    line = Line(SITE, journal.epoch, "reads")
    row = Readings((("door1", reads(Dictionary(["E200"]), [5], [0], [1], [float("nan")])),))
    refusal = Refusal(1_760_000_000_000_000, "no place for it", to_text(Batch(line, 7, 7, row)))
    journal.notebook.refuse(Place("timescale", line.epoch, "reads", 7), refusal)
    journal.commit(())
    journal.close()
    path = tmp_path / "site.toml"
    path.write_text(f'[site]\nid = "{SITE}"\n')
    return path


def call(file: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["db", "quarantine", *arguments, "--config", str(file)])


def test_rows_are_shown_with_the_reason(file: Path) -> None:
    text = call(file)
    assert (text.exit_code, "no place for it" in text.stdout, "1 row in quarantine" in text.stderr) == (
        0,
        True,
        True,
    )
    (line,) = call(file, "--json").stdout.splitlines()
    row = json.loads(line, parse_constant=pytest.fail)
    assert (row["stream"], row["seq"], row["reason"]) == ("reads", 7, "no place for it")
    assert row["row"][:6] == ["door1", "E200", 5, 1, None, 1]
    assert call(file, "--sink", "mqtt", "--json").stdout == ""


def test_what_cannot_be_done_is_one_line(file: Path) -> None:
    assert call(file, "--retry", "--drop").exit_code == 2
    alone = call(file, "--retry")
    assert (alone.exit_code, alone.stderr.count("\n")) == (3, 1)
    with sqlite3.connect(file.with_name("waypost.db")) as db:
        db.execute("UPDATE quarantine SET reason = 'another'")
    db.close()
    damaged = call(file)
    assert (damaged.exit_code, "is damaged" in damaged.stderr) == (3, True)


async def asked(file: Path, settle: Settle, *arguments: str) -> Result:
    """Run it against a daemon that decides so."""
    control = Control(socket_path(file.with_name("waypost.db")), {}, dict, lambda _: {}, settle, lambda: 0)
    server = await control.serve()
    try:
        return await asyncio.to_thread(call, file, *arguments)
    finally:
        await control.close(server)


def test_a_decision_is_the_daemons(file: Path) -> None:
    seen: list[tuple[str, str]] = []

    async def settle(sink: str, decision: Decision) -> Settled:
        seen.append((sink, decision))
        return Settled(3, 1 if decision == "retry" else 0)

    async def away(sink: str, decision: Decision) -> Settled:
        raise Lost(f"{sink} is lost; try again when it is up")

    retried = asyncio.run(asked(file, settle, "--retry"))
    assert (retried.exit_code, retried.stdout) == (1, "3 rows sent, 1 refused again\n")
    dropped = asyncio.run(asked(file, settle, "--drop", "--sink", "mqtt", "--json"))
    assert (dropped.exit_code, json.loads(dropped.stdout)) == (0, {"sink": "mqtt", "settled": 3, "left": 0})
    assert seen == [("timescale", "retry"), ("mqtt", "drop")]
    lost = asyncio.run(asked(file, away, "--retry"))
    assert (lost.exit_code, lost.stderr) == (3, "timescale is lost; try again when it is up\n")
