"""`waypost find ITEM`: where is it now, and where was it last?"""

from typing import Annotated

import typer

from gateway import exits
from gateway.commands.common import AsJson, Config, fail, load, put
from gateway.database import JournalError
from gateway.reader import open_read_only
from gateway.tables import Filter
from gateway.whereabouts import found_json, whereabouts


def find(
    item: Annotated[str, typer.Argument(help="Id of an item, or a tag of no item.")],
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell where an item is, from the journal. Exit 1 if it was never seen, 3 if the journal cannot be read."""
    loaded = load(config)
    wanted = Filter(item=item) if any(one.id == item for one in loaded.site.items) else Filter(tag=item)
    try:
        with open_read_only(loaded.journal) as journal:
            found = whereabouts(journal.events(0, wanted))
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    row = found_json(item, found, {zone.id: zone.inside for zone in loaded.site.zones})
    if json:
        put(row)
    elif row["place"] is not None:
        print(f"{item} is in {row['place']} since {row['since']}")
    elif found.last is not None:
        print(f"{item} is nowhere known; last in {row['last_place'] or '-'}, last seen {row['last_seen']}")
    if found.last is None:
        fail(f"{item} was never seen", exits.WRONG)
