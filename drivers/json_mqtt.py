"""Any device that publishes JSON: where its reads, fixes or scans stand is declared, no code is written."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from drivers.carried import Carried
from drivers.codecs import json_fixes, json_mapping, json_scans
from drivers.codecs.json_fixes import FixPlaces, FixUnits
from drivers.codecs.json_layout import check_places
from drivers.codecs.json_mapping import Places, Units
from drivers.codecs.json_scans import ScanPlaces, ScanUnits
from drivers.codecs.topics import TopicFilter
from drivers.subscriber import Subscriber


def _template(topic: str) -> str:
    TopicFilter(topic)
    return topic


Template = Annotated[str, AfterValidator(_template)]
"""A topic filter in which a level may have a name: readers/{antenna}/tags."""


class _Declared(Subscriber):
    """A device whose messages are declared: what can stand in them, and its units, are its kind's."""

    topic: Template
    places: Places | FixPlaces | ScanPlaces

    @model_validator(mode="after")
    def _found(self) -> Self:
        check_places(self.topic, self.places.all())
        return self


class JsonMqtt(_Declared):
    """One device that tells reads.

    places  where the values stand;  units  what they are given in
    """

    kind: Literal["json"] = "json"
    places: Places
    units: Units = Units()

    def session(self) -> json_mapping.Session:
        """What understands its messages."""
        return json_mapping.Session(TopicFilter(self.topic), self.places, self.units, self.told_presence())


class JsonFixes(_Declared):
    """One device that tells positions, its own or those of many trackers.

    tracker  of a device that tells none in its messages; its id if this is not given
    """

    has_antennas: ClassVar[bool] = False

    kind: Literal["json-fixes"] = "json-fixes"
    places: FixPlaces
    units: FixUnits = FixUnits()
    tracker: str | None = Field(default=None, pattern=r"^[!-~]{1,128}$")

    def session(self) -> json_fixes.Session:
        """What understands its messages."""
        own = self.tracker or self.id
        topic = TopicFilter(self.topic)
        return json_fixes.Session(topic, self.places, self.units, own, self.told_presence())


class JsonScans(Carried, _Declared):
    """One scanner."""

    kind: Literal["json-scans"] = "json-scans"
    places: ScanPlaces
    units: ScanUnits = ScanUnits()

    def session(self) -> json_scans.Session:
        """What understands its messages."""
        topic = TopicFilter(self.topic)
        return json_scans.Session(topic, self.places, self.units, self.badge, self.told_presence())
