"""Scans in the JSON of any device: where they stand in its messages, as an operator declares it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from core.records import Scan
from drivers.codecs import json_values as values
from drivers.codecs.json_layout import Layout, TimeUnit, times
from drivers.codecs.json_values import Malformed
from drivers.codecs.label import Labels, text_tag
from drivers.codecs.message_session import UNTOLD, Message, MessageSession, Presence, Said
from drivers.codecs.topics import TopicFilter

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class ScanPlaces:
    """Where values stand: `a.b.0` in the record, `/a.b` in the message around it, `{name}` in the topic.

    operator  who holds the scanner
    items     where the records stand in the message: one object, or an array of them; None = the message itself
    """

    code: str
    items: str | None = None
    time: str | None = None
    symbology: str | None = None
    operator: str | None = None

    def all(self) -> dict[str, str | None]:
        """Every place by the name of its value."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class ScanUnits:
    """time: RFC 3339 with an offset, or a number since 1970."""

    time: TimeUnit = "rfc3339"


class Session(MessageSession):
    """One device. A scan without a time has that of its arrival: a second delivery of it is another scan then.

    badge  codes that begin with it are badges: whose it is holds the scanner from then on
    """

    def __init__(
        self,
        topic: TopicFilter,
        places: ScanPlaces,
        units: ScanUnits,
        badge: str | None = None,
        presence: Presence | None = None,
    ) -> None:
        super().__init__(presence)
        given = places.all()
        del given["items"]
        self._layout: Layout[str] = Layout(topic, places.items, given, "code")
        self._times = times(units.time)
        self._labels = Labels(badge)

    def understand(self, message: Message) -> Iterator[Said]:
        """Its scans, in order; a record without a code is counted: scanners say other things too."""
        records, others = self._layout.records(message)
        if others:
            self.counts["other"] += others

        def tell(record: dict[str, object]) -> Iterator[Said]:
            yield self._scan(record, message.arrival)

        yield from self.each(message, records, tell)

    def _scan(self, told: Mapping[str, object], arrival: int) -> Said:
        code, symbology, operator = (
            _text(told.get(name), name) for name in ("code", "symbology", "operator")
        )
        time = int(self._times([told.get("time")], "time")[0])
        said = self._labels.scan(code, arrival if time == UNTOLD else self.stamp(time, arrival))
        if isinstance(said, Scan):
            said = replace(said, symbology=symbology[:_LONGEST] or said.symbology)
            if operator:
                said = replace(said, operator=text_tag("badge", operator))
        return said


def _text(value: object, name: str) -> str:
    """Digits may come as a number, though their leading zeros are lost then; "" for null."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Malformed(f"{name} {values.shown(value)} is no text")
    return str(value)
