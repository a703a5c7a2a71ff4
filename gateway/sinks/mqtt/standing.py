"""Where the items are now, kept by the events that go by.

An item that is not remembered is looked up in the journal; what goes by afterwards is folded in, so an event costs no
look. A retraction of what an item's place rests on forgets the item, and the next look finds what stands without it.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.events import Event
from gateway.database import JournalError
from gateway.reader import Reader, open_read_only
from gateway.rows import EventRow
from gateway.sinks.contract import Lost
from gateway.tables import Filter
from gateway.whereabouts import Whereabouts, found_json

REMEMBERED = 10_000
"""Items; beyond, those that moved longest ago are forgotten and looked up again when they move."""
_LATER = 1 << 60
"""Where the count of what went by begins: what goes by comes after what was looked up."""

Found = Mapping[str, Whereabouts]
Look = Callable[[Collection[str]], Coroutine[None, None, Found]]
"""What the journal knows of items; those that it does not know are left out. Raises Lost."""


@dataclass(frozen=True, slots=True)
class _OfItems(Filter):
    items: str = "[]"

    def sql(self) -> tuple[str, tuple[str | int, ...]]:
        return " AND item IN (SELECT value FROM json_each(?))", (self.items,)


class Standing:
    """The registered items of a site.

    items   their ids; what happens to others has no state
    inside  zone -> the zone around it
    """

    def __init__(
        self,
        look: Look,
        items: Collection[str],
        inside: Mapping[str, str | None],
        remembered: int = REMEMBERED,
    ) -> None:
        self.items = tuple(items)
        self._known = frozenset(items)
        self._inside = inside
        self._look = look
        self._remembered = remembered
        self._memory: OrderedDict[str, Whereabouts] = OrderedDict()
        self._passed = _LATER

    async def after(self, events: Iterable[Event]) -> dict[str, Mapping[str, object]]:
        """The new state of every item that these events touch, as `find --json` has it. Raises Lost."""
        passed = list(events)
        touched = dict.fromkeys(event.item for event in passed if event.item in self._known)
        names = [name for name in touched if name is not None]
        await self._recall(names)
        for event in passed:
            self._fold(event)
        held = await self._recall(names)
        return {item: found_json(item, held[item], self._inside) for item in names}

    async def of(self, items: Iterable[str]) -> dict[str, Mapping[str, object]]:
        """The state of those of the items that were ever seen. Raises Lost."""
        held = await self._recall(list(items))
        return {
            item: found_json(item, one, self._inside) for item, one in held.items() if one.last is not None
        }

    async def _recall(self, items: Collection[str]) -> Found:
        """From memory, and what is not there from the journal into it; nothing is known of what is not there either."""
        missing = [item for item in items if item not in self._memory]
        seen = await self._look(missing) if missing else {}
        self._memory.update((item, seen.get(item) or Whereabouts()) for item in missing)
        held = {item: self._memory[item] for item in items}
        while len(self._memory) > self._remembered:
            self._memory.popitem(last=False)
        return held

    def _fold(self, event: Event) -> None:
        self._passed += 1
        held = self._memory.get(event.item) if event.item is not None else None
        if held is None or event.item is None:
            return
        self._memory.move_to_end(event.item)
        if event.kind == "retracted":
            if _rests_on(held, event.retracts):
                del self._memory[event.item]
        elif not _rests_on(held, event.id):
            held.add(self._passed, _lean(event))


def _rests_on(held: Whereabouts, id: str | None) -> bool:
    last = held.last is not None and held.last.id == id
    return last or any(event.id == id for _, event in held.at.values())


def _lean(event: Event) -> Event:
    """Without what only the event's own message tells."""
    return replace(event, evidence={}) if event.evidence else event


def journal_look(path: Path) -> Look:
    """Looks into the journal at `path`, in a thread; the events of all the items are read in one go."""

    def read(items: Collection[str]) -> Found:
        with open_read_only(path) as journal:
            return _folded(journal, _OfItems(items=json.dumps(list(items))))

    async def look(items: Collection[str]) -> Found:
        try:
            return await asyncio.to_thread(read, items)
        except JournalError as error:
            raise Lost(f"mqtt: the states of items cannot be looked up: {error}") from error

    return look


def _folded(journal: Reader, wanted: Filter) -> Found:
    """`whereabouts` of many items at once, which takes no more room than what is kept of them."""
    found, gone = dict[str, Whereabouts](), set[str | None]()

    def skip(row: EventRow) -> bool:
        seq, _, time, kind, item, _, place, *_ = row
        held = found.get(item) if item is not None else None
        return kind != "retracted" and held is not None and held.settles(seq, time, kind, place)

    for seq, event in journal.events_back(wanted, skip):
        if event.kind == "retracted":
            gone.add(event.retracts)
        elif event.id in gone:
            gone.remove(event.id)
        elif event.item is not None:
            found.setdefault(event.item, Whereabouts()).add(seq, _lean(event))
    return found
