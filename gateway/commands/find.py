"""`waypost find ITEM`: where is it now, and where was it last?"""

from collections.abc import Iterable
from typing import Annotated

import typer

from core.records import SECOND
from core.site import Item
from gateway import exits
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import fail, put, show
from gateway.database import JournalError
from gateway.last_fix import last_fix
from gateway.reader import open_read_only
from gateway.tables import Filter
from gateway.tag_text import normal_tag
from gateway.whereabouts import found_json, whereabouts

RECENT = 2_000
"""Commits, from the newest, in which the last read is looked for: what is in a zone is read again and again."""


def find(
    item: Annotated[str, typer.Argument(help="Id of an item, or any tag.")],
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell where an item is, from the journal. Exit 1 if it was never seen, 3 if the journal cannot be read."""
    loaded = load(config)
    item, tags = _meant(item, loaded.site.items)
    offsets = {source.id: round(source.offset * SECOND) for source in loaded.site.sources}
    wanted = Filter(tag=item) if tags == (item,) else Filter(item=item)
    try:
        with open_read_only(loaded.journal) as journal:
            found = whereabouts(journal.events_back(wanted))
            read = journal.last_read(tags, RECENT, offsets)
            fix = last_fix(journal, tags, offsets)
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    row = found_json(item, found, {zone.id: zone.inside for zone in loaded.site.zones}, read, fix)
    if json:
        put(row)
    elif row["place"] is not None:
        show(f"{item} is in {row['place']} since {row['since']}, last seen {row['last_seen']}")
    elif row["last_seen"] is not None:
        show(f"{item} is nowhere known; last in {row['last_place'] or '-'}, last seen {row['last_seen']}")
    if fix is not None and not json:
        within = "" if row["accuracy"] is None else f", within {row['accuracy']} m"
        show(f"at {fix.lat:.6f}, {fix.lon:.6f}{within}, {row['position_time']}")
    if row["last_seen"] is None:
        fail(f"{item} was never seen", exits.WRONG)


def _meant(name: str, items: Iterable[Item]) -> tuple[str, tuple[str, ...]]:
    """The item's id with its tags, or a tag of no item, as the journal writes it."""
    try:
        tag = normal_tag(name)
    except ValueError:
        tag = name
    by_id = {one.id: one for one in items}
    owner = by_id.get(name) or next((one for one in by_id.values() if tag in one.tags), None)
    return (tag, (tag,)) if owner is None else (owner.id, owner.tags)
