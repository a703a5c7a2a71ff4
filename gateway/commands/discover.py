"""`waypost discover`: what is attached, in the network and on the broker, as tables for the configuration."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import configuration, exits
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import counted, fail, put, say, show

if TYPE_CHECKING:
    from gateway.discover.choice import Choice
    from gateway.discover.finding import Finding
    from gateway.discover.proposal import Proposal, Proposals

SECONDS = 10.0
NEW_ZONE = "discovered"
LISTEN = "5084"

Texts = list[str] | None


def discover(
    config: Config = None,
    json: AsJson = False,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to look and listen.")] = SECONDS,
    zone: Annotated[
        str | None, typer.Option(help="The zone that the antennas look at; else the configuration's first.")
    ] = None,
    only: Annotated[
        Texts, typer.Option(help="serial, keyboards, network, calls or broker; may be repeated.")
    ] = None,
    serial: Annotated[
        Texts, typer.Option(metavar="PORT", help="This serial port instead of all; may be repeated.")
    ] = None,
    network: Annotated[
        Texts, typer.Option(metavar="CIDR", help="This network instead of those attached; may be repeated.")
    ] = None,
    port: Annotated[
        list[int] | None,
        typer.Option(min=1, max=65535, help="This TCP port of LLRP instead of 5084 and 5085 (TLS)."),
    ] = None,
    listen: Annotated[str, typer.Option(metavar="[ADDRESS:]PORT", help="Where readers may call.")] = LISTEN,
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help="mqtt://HOST or mqtts://HOST instead of each [[broker]]."),
    ] = None,
    broker_username: Annotated[str | None, typer.Option(help="With --broker.")] = None,
    broker_password: Annotated[
        str | None, typer.Option(metavar="SECRET", help="With --broker: env:NAME or credential:NAME.")
    ] = None,
    topic: Annotated[
        Texts, typer.Option(metavar="FILTER", help="These topics instead of all; may be repeated.")
    ] = None,
) -> None:
    """Find devices: on serial ports, keyboards that scan, LLRP readers in attached networks or calling in, on a broker.

    Prints [[device]] tables to be put into the configuration. Nothing is set or started, and what somebody else has is
    not touched. Exit 3 if none of the ways to look could be gone.
    """
    from gateway.discover.choice import Choice
    from gateway.discover.network_finder import PORTS

    loaded = _configuration(config)
    choice = Choice(
        tuple(only or ()),
        tuple(serial or ()),
        tuple(network or ()),
        tuple(port or PORTS),
        listen,
        broker,
        broker_username,
        broker_password,
        tuple(topic or ("#",)),
    )
    _look(choice, loaded, zone or _zone(loaded), seconds, json)


def _configuration(given: Path | None) -> configuration.Configuration | None:
    """None if there is none yet: that is what this command is for."""
    path = configuration.find(given)
    return load(path) if given is not None or path not in configuration.PLACES or path.exists() else None


def _zone(loaded: configuration.Configuration | None) -> str:
    zones = () if loaded is None else loaded.settings.zone
    return zones[0].id if zones else NEW_ZONE


def _look(
    choice: "Choice", loaded: configuration.Configuration | None, zone: str, seconds: float, json: bool
) -> None:
    from gateway.discover.choice import finders
    from gateway.discover.known import Known
    from gateway.discover.proposal import Proposals
    from gateway.discover.running import run

    devices = () if loaded is None else loaded.settings.device
    known = Known(devices)
    report = _Report(Proposals(zone, devices), json)
    try:
        chosen = finders(choice, loaded, known)
    except ValueError as error:
        fail(str(error), exits.UNREADABLE)
    try:
        failed = asyncio.run(run(chosen, report, seconds))
    finally:  # also what was found before a Ctrl-C
        if not json:
            _print(report, choice, loaded, zone)
    say(report.summary())
    if chosen and failed == len(chosen):
        raise typer.Exit(exits.UNAVAILABLE)


class _Report:
    """What finders tell: JSON goes out at once, TOML in the end."""

    def __init__(self, proposals: "Proposals", json: bool) -> None:
        self.proposals: list[Proposal] = []
        self._proposals = proposals
        self._json = json

    def found(self, finding: "Finding") -> None:
        proposal = self._proposals.proposal(finding)
        self.proposals.append(proposal)
        if self._json:
            put(proposal.json())

    def say(self, finder: str, text: str) -> None:
        say(f"{finder}: {text}")

    def summary(self) -> str:
        states = Counter(
            "known" if one.finding.known else "new" if one.table else "without a table"
            for one in self.proposals
        )
        kinds = ", ".join(
            f"{states[name]} {name}" for name in ("new", "known", "without a table") if states[name]
        )
        return f"{counted(len(self.proposals), 'finding')}{': ' if kinds else ''}{kinds}"


def _print(report: _Report, choice: "Choice", loaded: configuration.Configuration | None, zone: str) -> None:
    """Tables first for what is new, then comments alone."""
    from gateway.discover.choice import brokers
    from gateway.toml_text import comment, entry

    rows = sorted(
        report.proposals, key=lambda one: (one.table is None, one.finding.finder, one.finding.where)
    )
    tables = [one.table for one in rows if one.table is not None]
    parts = []
    if tables:
        door = "an antenna at a door has portal and side instead"
        parts.append(comment(f'They look at the zone "{zone}", which the configuration has to have; {door}.'))
    used = {table.get("broker") for table in tables}
    there = () if loaded is None else loaded.settings.broker
    for one in brokers(choice, loaded):
        if one.id in used and one not in there:
            told = one.model_dump(exclude_none=True, exclude_defaults=True)
            parts.append("\n".join(["[[broker]]", *(entry(*pair) for pair in told.items())]))
    parts += [one.toml() for one in rows]
    if parts:
        show("\n\n".join(parts))
