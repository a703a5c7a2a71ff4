"""JSON of any device: where in a message its tags stand, and in which units, as an operator declares it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import compress
from math import pi
from typing import Literal

from core.records import SECOND
from drivers.codecs import json_rows
from drivers.codecs import json_values as values
from drivers.codecs.json_columns import Rfc3339, epochs, found, found_in_each
from drivers.codecs.json_rows import Field, channels, measured
from drivers.codecs.json_session import JsonSession
from drivers.codecs.message_session import Message, Presence, Said
from drivers.codecs.topics import TopicFilter

TimeUnit = Literal["rfc3339", "s", "ms", "us"]
RssiUnit = Literal["dbm", "ddbm", "cdbm"]
PhaseUnit = Literal["rad", "deg"]
ChannelUnit = Literal["khz", "mhz", "hz"]

_TIME = {"s": SECOND, "ms": 1000, "us": 1}
_RSSI = {"dbm": 1.0, "ddbm": 0.1, "cdbm": 0.01}
_CHANNEL = {"khz": 1.0, "mhz": 1000.0, "hz": 0.001}
_PHASE = {"rad": 1.0, "deg": pi / 180}
_LEVEL = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where values stand: `a.b.0` in the record, `/a.b` in the message around it, `{name}` in the topic.

    items  where the records stand in the message: one object, or an array of them; None = the message itself
    """

    tag: str
    items: str | None = None
    time: str | None = None
    antenna: str | None = None
    rssi: str | None = None
    count: str | None = None
    phase: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """time: RFC 3339 with an offset, or a number since 1970; rssi in dBm, tenths or hundredths of it."""

    time: TimeUnit = "rfc3339"
    rssi: RssiUnit = "dbm"
    phase: PhaseUnit = "rad"
    channel: ChannelUnit = "khz"


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
    keys = place.removeprefix("/").split(".")
    if not all(keys):
        raise ValueError(
            "is no place; write keys with dots between them, as data.epc, or /time for the message's own"
        )
    if place.startswith("/"):
        return lambda records, root, levels: [found(root, keys)] * len(records)
    return lambda records, root, levels: found_in_each(records, keys)


class Session(JsonSession):
    """One device. A read without a time has that of its arrival: a second delivery of it is another sighting then."""

    def __init__(
        self, topic: TopicFilter, places: Places, units: Units, presence: Presence | None = None
    ) -> None:
        places_of: dict[Field, str | None] = {
            "tag": places.tag, "time": places.time, "antenna": places.antenna, "rssi": places.rssi, "count": places.count,
            "phase": places.phase, "channel": places.channel,
        }  # fmt: skip
        told: dict[Field, str] = {field: place for field, place in places_of.items() if place is not None}
        self._finders = {field: finder(place, topic.names) for field, place in told.items()}
        super().__init__({field: field for field in told}, _converted(units), presence)
        self._topic = topic
        self._items = None if places.items is None else places.items.removeprefix("/").split(".")

    def understand(self, message: Message) -> Iterator[Said]:
        """Its tags; a message without any is counted, not refused: devices say other things too."""
        levels = self._topic.match(message.topic) or {}
        root = values.parse(message.payload)
        items = root if self._items is None else found(root, self._items)
        records = items if isinstance(items, list) else [] if items is None else [items]
        told = {field: find(records, root, levels) for field, find in self._finders.items()}
        if items is None:
            self.counts["other"] += 1
        elif None in told["tag"]:
            tagged = [tag is not None for tag in told["tag"]]
            self.counts["other"] += tagged.count(False)
            told = {field: list(compress(column, tagged)) for field, column in told.items()}
        yield from self.tell(message, told)


def _converted(units: Units) -> json_rows.Units:
    unit = _TIME.get(units.time)
    return json_rows.Units(
        Rfc3339().column if unit is None else partial(epochs, unit=unit),
        measured(_RSSI[units.rssi]),
        measured(_PHASE[units.phase]),
        channels(_CHANNEL[units.channel], f"{units.channel}; look at units.channel"),
    )


def describe(value: object) -> Iterator[dict[str, object]]:
    """The message as `waypost decode` tells it: what stands where in it, only the configuration knows."""
    yield {"message": value}
