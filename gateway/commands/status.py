"""`waypost status`: how the running daemon and its devices are."""

from typing import Annotated, Any

import typer

from gateway.commands.daemon import answer as ask_daemon
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import put, say, show
from gateway.control import MOST, SHOWN, socket_path

PATIENCE = 30.0
"""Seconds that a daemon gets to answer."""

Unknown = Annotated[bool, typer.Option("--unknown", help="List the tags that no item owns instead.")]
Limit = Annotated[int, typer.Option(min=1, max=MOST, help="With --unknown: how many, the last heard first.")]


def status(
    config: Config = None, json: AsJson = False, unknown: Unknown = False, limit: Limit = SHOWN
) -> None:
    """Ask the running daemon how it is. Exit 3 if none answers."""
    path = socket_path(load(config).journal)
    request: dict[str, str | int] = {"command": "status"}
    if unknown:
        request = {"command": "unknown", "limit": limit}
    answer = ask_daemon(path, request, PATIENCE)
    if json:
        put(answer)
    elif unknown:
        _list(answer)
    else:
        _show(answer)


def _list(answer: dict[str, Any]) -> None:
    if answer["unknown"] == "events":
        say('unknown tags are followed like items: see `waypost events`; tags.unknown = "inbox" lists them')
    if answer["unknown"] == "count":
        say('unknown tags are only counted; tags.unknown = "inbox" lists them')
    for one in answer["tags"]:
        where = f"{one['source']}/{one['antenna']}"
        show(f"{one['tag']:<28} {one['reads']:>9} reads  {one['first']} to {one['last']}  {where}")
    say(f"{answer['total']} unknown tags, {len(answer['tags'])} shown; {answer['evicted']} made room")


def _show(answer: dict[str, Any]) -> None:
    show(f"site {answer['site']}: {answer['health']}")
    for name, one in answer["devices"].items():
        error = f"  {one['error']}" if one["error"] else f"  {one['info'] or ''}"
        fixes = one["fixes"]["received"]
        records = f"{one['reads_total']:>12} reads" + (f"{fixes:>12} fixes" if fixes else "")
        show(f"  {name:<20} {one['state']:<10} since {one['since']}  {records}{error}")
    for name, one in answer["brokers"].items():
        held = f"{one['messages']:>12} messages, {one['unacknowledged']} unacknowledged"
        shared = f"of {', '.join(one['devices']) or 'no device'}"
        show(
            f"  {name:<20} {one['state']:<10} since {one['since']}  {held} {shared}  {one['error'] or ''}".rstrip()
        )
    for name, one in answer["sinks"].items():
        lag = f"{one['lag_rows']} rows behind" if one["lag_rows"] else "has everything"
        show(
            f"  {name:<20} {one['state']:<10} since {one['since']}  {lag:>18}  {one['error'] or ''}".rstrip()
        )
    for name, value in answer["total"].items():
        show(f"  {name:<20} {'-' if value is None else value}")
