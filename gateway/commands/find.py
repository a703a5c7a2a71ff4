"""`waypost find ITEM`: where is it now, where was it last, and which way did it come?"""

from collections.abc import Iterable, Mapping
from math import isnan
from typing import Annotated

import typer

from core.events import EARLIEST, LATEST
from core.records import SECOND, Fix, Flag
from core.site import Item
from drivers.codecs.fix_lines import line
from gateway import exits
from gateway.commands.options import AsJson, Config, When, load, moment
from gateway.commands.output import fail, put, say, show
from gateway.database import JournalError
from gateway.last_fix import last_fix
from gateway.local_time import LocalTime
from gateway.reader import open_read_only
from gateway.tables import Filter
from gateway.tag_text import normal_tag
from gateway.trail import Stretch, Trail
from gateway.trail import trail as along
from gateway.whereabouts import found_json, whereabouts

TRAIL = 1_000
"""Positions of a trail when nobody says how many, and `MOST` that may be asked for."""
MOST = 1_000_000
RECENT = 2_000
"""Commits, from the newest, in which the last read is looked for: what is in a zone is read again and again."""


def find(
    item: Annotated[str, typer.Argument(help="Id of an item, or any tag.")],
    trail: Annotated[
        bool, typer.Option("--trail", help="All its positions instead, the newest last.")
    ] = False,
    since: When = None,
    until: When = None,
    last: Annotated[
        int | None,
        typer.Option(
            "--last", "-n", min=1, max=MOST, help=f"With --trail: the newest N; {TRAIL} by default."
        ),
    ] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell where an item is, from the journal. Exit 1 if it was never seen, 3 if the journal cannot be read."""
    wanted = _stretch(trail, since, until, last)
    loaded = load(config)
    item, tags = _meant(item, loaded.site.items)
    at = LocalTime(loaded.settings.site.timezone)
    offsets = {source.id: round(source.offset * SECOND) for source in loaded.site.sources}
    try:
        with open_read_only(loaded.journal) as journal:
            if wanted is not None:
                _tell_trail(item, along(journal, tags, wanted, offsets), json, at)
                return
            named = Filter(tag=item) if tags == (item,) else Filter(item=item)
            found = whereabouts(journal.events_back(named))
            read = journal.last_read(tags, RECENT, offsets)
            fix = last_fix(journal, tags, offsets)
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    row = found_json(item, found, {zone.id: zone.inside for zone in loaded.site.zones}, read, fix)
    if json:
        put(row)
    else:
        _tell(row, fix, at)
    if row["last_seen"] is None:
        fail(f"{item} was never seen", exits.WRONG)


def _tell(row: Mapping[str, str | float | None], fix: Fix | None, at: LocalTime) -> None:
    item, seen = row["item"], at.of(row["last_seen"])
    if row["place"] is not None:
        show(f"{item} is in {row['place']} since {at.of(row['since'])}, last seen {seen}")
    elif row["last_seen"] is not None:
        show(f"{item} is nowhere known; last in {row['last_place'] or '-'}, last seen {seen}")
    if fix is not None:
        within = "" if row["accuracy"] is None else f", within {row['accuracy']} m"
        show(f"at {fix.lat:.6f}, {fix.lon:.6f}{within}, {at(fix.time)}")


def _stretch(trail: bool, since: str | None, until: str | None, last: int | None) -> Stretch | None:
    """What is wanted of a trail, None if it is not."""
    if not trail:
        if (since, until, last) != (None, None, None):
            fail("--since, --until and --last are of a trail; write --trail", exits.UNREADABLE)
        return None
    after, before = moment("--since", since), moment("--until", until)
    return Stretch(
        EARLIEST if after is None else after, LATEST + 1 if before is None else before, last or TRAIL
    )


def _tell_trail(item: str, found: Trail, json: bool, at: LocalTime) -> None:
    for fix in found.fixes:
        put(line(fix)) if json else show(_position(fix, at))
    if found.cut:
        say(f"the newest {len(found.fixes)} positions; -n takes more, --since and --until take others")
    if found.invalid:
        say(f"{found.invalid} more had no position, or no time, that could be believed")
    if not found.fixes:
        fail(f"{item} has no position", exits.WRONG)


def _position(fix: Fix, at: LocalTime) -> str:
    """A position for a person."""
    words = [at(fix.time), f"{fix.lat:.6f}, {fix.lon:.6f}"]
    if not isnan(fix.accuracy):
        words.append(f"within {fix.accuracy:.1f} m")
    if not isnan(fix.speed):
        words.append(f"{fix.speed * 3.6:.0f} km/h")
    late = " (late)" if fix.flags & Flag.LATE else ""
    return "  ".join([*words, fix.tracker + late])


def _meant(name: str, items: Iterable[Item]) -> tuple[str, tuple[str, ...]]:
    """The item's id with its tags, or a tag of no item, as the journal writes it."""
    try:
        tag = normal_tag(name)
    except ValueError:
        tag = name
    by_id = {one.id: one for one in items}
    owner = by_id.get(name) or next((one for one in by_id.values() if tag in one.tags), None)
    return (tag, (tag,)) if owner is None else (owner.id, owner.tags)
