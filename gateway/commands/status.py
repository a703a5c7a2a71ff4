"""`waypost status`: how the running daemon and its devices are."""

from typing import Annotated, Any

import typer

from gateway.commands.daemon import answer as ask_daemon
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import put, say, show
from gateway.control import MOST, SHOWN, socket_path
from gateway.local_time import LocalTime
from gateway.trackers_heard import REFUSED

PATIENCE = 30.0
"""Seconds that a daemon gets to answer."""

TRACKERS = 20
"""Of each device, the last heard, that are shown to a person."""

Unknown = Annotated[bool, typer.Option("--unknown", help="List the tags that no item owns instead.")]
Limit = Annotated[int, typer.Option(min=1, max=MOST, help="With --unknown: how many, the last heard first.")]


def status(
    config: Config = None, json: AsJson = False, unknown: Unknown = False, limit: Limit = SHOWN
) -> None:
    """Ask the running daemon how it is. Exit 3 if none answers."""
    loaded = load(config)
    path, at = socket_path(loaded.journal), LocalTime(loaded.settings.site.timezone)
    request: dict[str, str | int] = {"command": "status"}
    if unknown:
        request = {"command": "unknown", "limit": limit}
    answer = ask_daemon(path, request, PATIENCE)
    if json:
        put(answer)
    elif unknown:
        _list(answer, at)
    else:
        _show(answer, at)


def _list(answer: dict[str, Any], at: LocalTime) -> None:
    if answer["unknown"] == "events":
        say('unknown tags are followed like items: see `waypost events`; tags.unknown = "inbox" lists them')
    if answer["unknown"] == "count":
        say('unknown tags are only counted; tags.unknown = "inbox" lists them')
    for one in answer["tags"]:
        where = f"{one['source']}/{one['antenna']}"
        span = f"{at.of(one['first'])} to {at.of(one['last'])}"
        show(f"{one['tag']:<28} {one['reads']:>9} reads  {span}  {where}")
    say(f"{answer['total']} unknown tags, {len(answer['tags'])} shown; {answer['evicted']} made room")


def _show(answer: dict[str, Any], at: LocalTime) -> None:
    show(f"site {answer['site']}: {answer['health']}")
    for name, one in answer["devices"].items():
        error = f"  {one['error']}" if one["error"] else f"  {one['info'] or ''}"
        fixes = one["fixes"]["received"]
        records = f"{one['reads_total']:>12} reads" + (f"{fixes:>12} fixes" if fixes else "")
        show(f"  {name:<20} {one['state']:<10} since {at.of(one['since'])}  {records}{error}")
        _trackers(name, one["trackers"], at)
    for name, one in answer["brokers"].items():
        held = f"{one['messages']:>12} messages, {one['unacknowledged']} unacknowledged"
        shared = f"of {', '.join(one['devices']) or 'no device'}"
        show(
            f"  {name:<20} {one['state']:<10} since {at.of(one['since'])}  {held} {shared}  {one['error'] or ''}".rstrip()
        )
    for name, one in answer["sinks"].items():
        lag = f"{one['lag_rows']} rows behind" if one["lag_rows"] else "has everything"
        show(
            f"  {name:<20} {one['state']:<10} since {at.of(one['since'])}  {lag:>18}  {one['error'] or ''}".rstrip()
        )
    for name, value in answer["total"].items():
        show(f"  {name:<20} {'-' if value is None else value}")


def _trackers(device: str, heard: list[dict[str, Any]], at: LocalTime) -> None:
    """The trackers of a device that were heard last, and what makes items of those that are none."""
    for one in heard[:TRACKERS]:
        state = {None: "", True: "  connected", False: "  not connected"}[one["connected"]]
        fix = one["fix"]
        where = (
            f"  last fix {at.of(fix['time'])} at {fix['lat']:.6f}, {fix['lon']:.6f}" if fix else "  no fix"
        )
        wrong = "".join(f"  {cause} {n}" for cause, n in one["refused"].items())
        who, last = one["item"] or "no item", at.of(one["last"]) if one["last"] else "never"
        show(f"    {one['tracker']}  {who}{state}  heard {last}{where}  {one['fixes']} fixes{wrong}")
    if len(heard) > TRACKERS:
        show(f"    and {len(heard) - TRACKERS} more; --json lists all")
    for one in heard[:TRACKERS]:
        if REFUSED in one["refused"]:
            say(f"{device} refuses {one['tracker']}: add its id to `trackers` of {device}, if it is yours")
    strangers = [one["toml"] for one in heard[:TRACKERS] if one["toml"]]
    if strangers:
        say(f"no item has these trackers of {device}; what would make items of them:")
        say("".join(strangers).rstrip())
