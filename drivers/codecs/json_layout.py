"""Where values stand in the JSON of any device, as an operator declares it: fields of records to columns."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from itertools import compress
from typing import Generic, Literal, TypeVar

from core.records import SECOND, Times
from drivers.codecs import json_values as values
from drivers.codecs.json_columns import Rfc3339, epochs, found, found_in_each
from drivers.codecs.json_shape import Shape, keys_of, shape, split
from drivers.codecs.message_session import Message
from drivers.codecs.topics import TopicFilter

TimeUnit = Literal["rfc3339", "s", "ms", "us"]
_TIME = {"s": SECOND, "ms": 1000, "us": 1}
_LEVEL = re.compile(r"\{([a-z_]+)\}")

F = TypeVar("F", bound=str)
Find = Callable[[list[object], object, Mapping[str, str]], list[object]]
"""A value, or None, for each record of a message: from the records, the message around them, the named levels of its
topic."""


def finder(place: str, names: tuple[str, ...] = ()) -> Find:
    """What looks there. Raises ValueError, whose text is "reason; remedy"."""
    level = _LEVEL.fullmatch(place)
    if level is not None:
        name = level[1]
        if name not in names:
            raise ValueError(f"the topic has no level {{{name}}}; name it there, as readers/{{{name}}}/tags")
        return lambda records, root, levels: [levels[name]] * len(records)
    keys = keys_of(place)
    if not all(keys):
        raise ValueError(
            "is no place; write keys with dots between them, as data.epc, or /time for the message's own"
        )
    if place.startswith("/"):
        return lambda records, root, levels: [found(root, keys)] * len(records)
    return lambda records, root, levels: found_in_each(records, keys)


def check_places(topic: str, places: Mapping[str, str | None]) -> None:
    """Raises ValueError for a place that is none; `items` may not stand in the topic."""
    names = TopicFilter(topic).names
    for name, place in places.items():
        if place is None:
            continue
        try:
            finder(place, () if name == "items" else names)
        except ValueError as error:
            raise ValueError(f"places.{name} = {place!r}: {error}") from None


def times(unit: TimeUnit) -> Callable[[list[object], str], Times]:
    """What turns values into microseconds UTC, int64[n], UNTOLD for null; raises Malformed."""
    factor = _TIME.get(unit)
    return Rfc3339().column if factor is None else partial(epochs, unit=factor)


class Layout(Generic[F]):
    """The records of a device's messages. A record without the field `key` tells something else, and is left out.

    items  where the records stand: one object, or an array of them; None = the message itself
    """

    def __init__(self, topic: TopicFilter, items: str | None, places: Mapping[F, str | None], key: F) -> None:
        told = {field: place for field, place in places.items() if place is not None}
        self.fields: tuple[F, ...] = tuple(told)
        self._finders = {field: finder(place, topic.names) for field, place in told.items()}
        self._levels = tuple(field for field, place in told.items() if _LEVEL.fullmatch(place))
        self._told = told
        self._topic = topic
        self._items = None if items is None else keys_of(items)
        self._key = key

    def values(self, message: Message) -> tuple[Mapping[F, list[object]], int]:
        """By field, a value or None for each record; and how many others there were. Raises Malformed."""
        levels = self._topic.match(message.topic) or {}
        told = self._shaped(message.payload, levels)
        if told is None:
            root = values.parse(message.payload)
            items = root if self._items is None else found(root, self._items)
            records = items if isinstance(items, list) else [] if items is None else [items]
            told = {field: find(records, root, levels) for field, find in self._finders.items()}
            if items is None:
                return told, 1
        if None not in told[self._key]:
            return told, 0
        meant = [value is not None for value in told[self._key]]
        kept = {field: list(compress(column, meant)) for field, column in told.items()}
        return kept, meant.count(False)

    def records(self, message: Message) -> tuple[list[dict[F, object]], int]:
        """The same, record by record."""
        told, others = self.values(message)
        return [dict(zip(told, record, strict=True)) for record in zip(*told.values(), strict=True)], others

    @cached_property
    def _shape(self) -> Shape[F] | None:
        inside, around = split(self._told)
        return shape(self._items or (), inside, around)

    def _shaped(self, payload: bytes, levels: Mapping[str, str]) -> Mapping[F, list[object]] | None:
        """If the message has the shape that the places say."""
        found = None if self._shape is None else self._shape.told(payload)
        if found is None:
            return None
        told, n = found
        return {**told, **{field: self._finders[field]([None] * n, None, levels) for field in self._levels}}
