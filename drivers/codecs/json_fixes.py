"""Positions in the JSON of any device: where they stand in its messages, and in which units, as an operator declares it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.records import Dictionary, Fix, Flag, fixes
from drivers.codecs import json_values as values
from drivers.codecs.fix_values import KMH, KNOT, RADIUS_68, bounded, course, degrees, is_true, nowhere
from drivers.codecs.fix_values import tracker as named
from drivers.codecs.gps_accuracy import EPH95_SIGMAS
from drivers.codecs.json_layout import Layout, TimeUnit, times
from drivers.codecs.message_session import UNTOLD, Message, MessageSession, Presence, Said
from drivers.codecs.topics import TopicFilter

SpeedUnit = Literal["mps", "kmh", "kn", "mph"]
AccuracyUnit = Literal["sigma", "68", "95"]

_SPEED = {"mps": 1.0, "kmh": KMH, "kn": KNOT, "mph": 0.44704}
_ACCURACY = {"sigma": 1.0, "68": 1 / RADIUS_68, "95": 1 / EPH95_SIGMAS}
_MOST_TRACKERS = 10_000


@dataclass(frozen=True, slots=True)
class FixPlaces:
    """Where values stand: `a.b.0` in the record, `/a.b` in the message around it, `{name}` in the topic.

    tracker     whose position it is; None = the device's
    valid       whether the receiver stands by it: true, a number but 0, a text such as A; None = it always does
    items       where the records stand in the message: one object, or an array of them; None = the message itself
    attributes  what else is kept: a name of ours, and the place
    """

    lat: str
    lon: str
    tracker: str | None = None
    items: str | None = None
    time: str | None = None
    alt: str | None = None
    speed: str | None = None
    course: str | None = None
    accuracy: str | None = None
    satellites: str | None = None
    valid: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def all(self) -> dict[str, str | None]:
        """Every place by the name of its value; attributes behind a dot."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "attributes"}
        return own | {f"attributes.{name}": place for name, place in self.attributes.items()}


@dataclass(frozen=True, slots=True)
class FixUnits:
    """time: RFC 3339 with an offset, or a number since 1970; accuracy: a radius that holds 68 or 95 % of the positions,
    or one standard deviation per axis."""

    time: TimeUnit = "rfc3339"
    speed: SpeedUnit = "mps"
    accuracy: AccuracyUnit = "68"


class Session(MessageSession):
    """One device, which may speak for many trackers. A position without a time has that of its arrival.

    own  the tracker of a device that tells none
    """

    def __init__(
        self,
        topic: TopicFilter,
        places: FixPlaces,
        units: FixUnits,
        own: str,
        presence: Presence | None = None,
    ) -> None:
        super().__init__(presence)
        given = places.all()
        del given["items"]
        self._layout: Layout[str] = Layout(topic, places.items, given, "lat")
        self._attributes = [(name, f"attributes.{name}") for name in places.attributes]
        self._own = own
        self._times = times(units.time)
        self._speed, self._accuracy = _SPEED[units.speed], _ACCURACY[units.accuracy]
        self._trackers = Dictionary()
        self._ahead_of: dict[str, int] = {}

    def understand(self, message: Message) -> Iterator[Said]:
        """Its positions, in order; a record without one is counted: trackers say other things too."""
        records, others = self._layout.records(message)
        if others:
            self.counts["other"] += others
        rows: list[Fix] = []

        def tell(record: dict[str, object]) -> Iterator[Said]:
            rows.append(self._fix(record, message.arrival))
            yield from ()

        wrong = list(self.each(message, records, tell))
        if rows:
            if len(self._trackers) > _MOST_TRACKERS:
                self._trackers = Dictionary()
            yield fixes(self._trackers, rows)
        yield from wrong

    def _fix(self, told: Mapping[str, object], arrival: int) -> Fix:
        lat, lon = degrees(told["lat"], "lat", 90.0), degrees(told["lon"], "lon", 180.0)
        tracker = named(told["tracker"]) if "tracker" in told else self._own
        valid = is_true(told["valid"]) if "valid" in told else True
        if nowhere(lat, lon):
            self.counts["zero_position"] += 1
            valid = False
        satellites = values.whole(told.get("satellites"), "satellites", 0, 1000)
        kept = {name: told[place] for name, place in self._attributes if told[place] is not None}
        return Fix(
            f"tracker:{tracker}",
            self._time(told.get("time"), tracker, arrival),
            lat,
            lon,
            bounded(told.get("alt"), "alt"),
            bounded(told.get("speed"), "speed", 0.0) * self._speed,
            course(told.get("course")),
            bounded(told.get("accuracy"), "accuracy", 0.0) * self._accuracy,
            -1 if told.get("satellites") is None else satellites,
            int(Flag.VALID) if valid else 0,
            json.dumps(kept, separators=(",", ":"), allow_nan=False) if kept else "",
        )

    def _time(self, told: object, tracker: str, arrival: int) -> int:
        """Each tracker has its own clock, which may be ahead by its own measure."""
        time = int(self._times([told], "time")[0])
        if time == UNTOLD:
            return arrival
        self._ahead = self._ahead_of.get(tracker, 0)
        found = self.stamp(time, arrival)
        if self._ahead:
            if len(self._ahead_of) >= _MOST_TRACKERS:
                self._ahead_of.clear()
            self._ahead_of[tracker] = self._ahead
        else:
            self._ahead_of.pop(tracker, None)
        return found
