"""JSON of any device: where in a message its tags stand, and in which units, as an operator declares it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import radians, tau
from typing import Literal

from core.records import SECOND
from drivers.codecs import json_values as values
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_session import Message, MessageSession, Presence, Said
from drivers.codecs.topics import TopicFilter

TimeUnit = Literal["rfc3339", "s", "ms", "us"]
RssiUnit = Literal["dbm", "ddbm", "cdbm"]
PhaseUnit = Literal["rad", "deg"]
ChannelUnit = Literal["khz", "mhz", "hz"]

_TIME = {"s": SECOND, "ms": 1000, "us": 1}
_RSSI = {"dbm": 1.0, "ddbm": 0.1, "cdbm": 0.01}
_CHANNEL = {"khz": 1.0, "mhz": 1000.0, "hz": 0.001}
_MOST_KILOHERTZ = 10_000_000
_LEVEL = re.compile(r"\{([a-z_]+)\}")

Find = Callable[[object, object, Mapping[str, str]], object]
"""A value, or None, from a record, the message around it, and the named levels of its topic."""


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


def finder(place: str | None, names: tuple[str, ...] = ()) -> Find:
    """What looks there. Raises ValueError, whose text is "reason; remedy"."""
    if place is None:
        return lambda record, root, levels: None
    level = _LEVEL.fullmatch(place)
    if level is not None:
        name = level[1]
        if name not in names:
            raise ValueError(f"the topic has no level {{{name}}}; name it there, as readers/{{{name}}}/tags")
        return lambda record, root, levels: levels[name]
    keys = place.removeprefix("/").split(".")
    if not all(keys):
        raise ValueError(
            "is no place; write keys with dots between them, as data.epc, or /time for the message's own"
        )
    if place.startswith("/"):
        return lambda record, root, levels: _at(root, keys)
    if len(keys) == 1:
        key = keys[0]
        return lambda record, root, levels: record.get(key) if isinstance(record, dict) else None
    return lambda record, root, levels: _at(record, keys)


def _at(value: object, keys: list[str]) -> object:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            return None
    return value


class Session(MessageSession):
    """One device. A read without a time has that of its arrival: a second delivery of it is another sighting then."""

    def __init__(
        self, topic: TopicFilter, places: Places, units: Units, presence: Presence | None = None
    ) -> None:
        super().__init__(presence)
        self._topic = topic
        self._units = units
        self._items = None if places.items is None else finder("/" + places.items.removeprefix("/"))
        self._tag, self._time, self._antenna, self._rssi, self._count, self._phase, self._channel = (
            finder(one, topic.names)
            for one in (
                places.tag, places.time, places.antenna, places.rssi, places.count, places.phase, places.channel,
            )
        )  # fmt: skip

    def understand(self, message: Message) -> Iterator[Said]:
        """Its tags; a message without any is counted, not refused: devices say other things too."""
        levels = self._topic.match(message.topic) or {}
        root = values.parse(message.payload)
        items = root if self._items is None else self._items(root, root, levels)
        if items is None:
            self.counts["other"] += 1
            return
        for record in items if isinstance(items, list) else [items]:
            tag = self._tag(record, root, levels)
            if tag is None:
                self.counts["other"] += 1
            else:
                self._add(tag, record, root, levels, message.arrival)
        yield from ()

    def _add(
        self, tag: object, record: object, root: object, levels: Mapping[str, str], arrival: int
    ) -> None:
        units = self._units
        phase = values.number(self._phase(record, root, levels), "phase")
        channel = values.number(self._channel(record, root, levels), "channel", 0.0) * _CHANNEL[units.channel]
        if not 0 <= channel <= _MOST_KILOHERTZ:
            raise Malformed(f"channel {channel:g} kHz is no frequency; look at units.channel")
        self.reads.add(
            values.epc(tag, "tag"),
            self._stamped(self._time(record, root, levels), arrival),
            values.whole(self._antenna(record, root, levels), "antenna", 0, 0xFFFF),
            values.number(self._rssi(record, root, levels), "rssi") * _RSSI[units.rssi],
            values.whole(self._count(record, root, levels), "count", 1),
            (radians(phase) if units.phase == "deg" else phase) % tau,
            channel,
        )

    def _stamped(self, time: object, arrival: int) -> int:
        if time is None:
            return arrival
        unit = self._units.time
        found = values.rfc3339(time, "time") if unit == "rfc3339" else values.epoch(time, "time", _TIME[unit])
        return self.stamp(found, arrival)


def describe(value: object) -> Iterator[dict[str, object]]:
    """The message as `waypost decode` tells it: what stands where in it, only the configuration knows."""
    yield {"message": value}
