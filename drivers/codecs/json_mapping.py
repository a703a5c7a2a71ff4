"""JSON of any device: where in a message its tags stand, and in which units, as an operator declares it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi
from typing import Literal

from drivers.codecs import json_rows
from drivers.codecs.json_layout import Layout, TimeUnit, times
from drivers.codecs.json_rows import Field, channels, measured
from drivers.codecs.json_session import JsonSession
from drivers.codecs.message_session import Message, Presence, Said
from drivers.codecs.topics import TopicFilter

RssiUnit = Literal["dbm", "ddbm", "cdbm"]
PhaseUnit = Literal["rad", "deg"]
ChannelUnit = Literal["khz", "mhz", "hz"]

_RSSI = {"dbm": 1.0, "ddbm": 0.1, "cdbm": 0.01}
_CHANNEL = {"khz": 1.0, "mhz": 1000.0, "hz": 0.001}
_PHASE = {"rad": 1.0, "deg": pi / 180}


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

    def all(self) -> dict[str, str | None]:
        """Every place by the name of its value."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Units:
    """time: RFC 3339 with an offset, or a number since 1970; rssi in dBm, tenths or hundredths of it."""

    time: TimeUnit = "rfc3339"
    rssi: RssiUnit = "dbm"
    phase: PhaseUnit = "rad"
    channel: ChannelUnit = "khz"


class Session(JsonSession):
    """One device. A read without a time has that of its arrival: a second delivery of it is another sighting then."""

    def __init__(
        self, topic: TopicFilter, places: Places, units: Units, presence: Presence | None = None
    ) -> None:
        self._layout: Layout[Field] = Layout(
            topic,
            places.items,
            {
                "tag": places.tag, "time": places.time, "antenna": places.antenna, "rssi": places.rssi,
                "count": places.count, "phase": places.phase, "channel": places.channel,
            },
            "tag",
        )  # fmt: skip
        super().__init__({field: field for field in self._layout.fields}, _converted(units), presence)

    def understand(self, message: Message) -> Iterator[Said]:
        """Its tags; what is none is counted, not refused: devices say other things too."""
        told, others = self._layout.values(message)
        if others:
            self.counts["other"] += others
        yield from self.tell(message, told)


def _converted(units: Units) -> json_rows.Units:
    return json_rows.Units(
        times(units.time),
        measured(_RSSI[units.rssi]),
        measured(_PHASE[units.phase]),
        channels(_CHANNEL[units.channel], f"{units.channel}; look at units.channel"),
    )


def describe(value: object) -> Iterator[dict[str, object]]:
    """The message as `waypost decode` tells it: what stands where in it, only the configuration knows."""
    yield {"message": value}
