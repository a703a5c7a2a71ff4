"""Any device that publishes its reads as JSON: where they stand is declared, no code is written."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from drivers.codecs.json_mapping import Places, Session, Units, finder
from drivers.codecs.topics import TopicFilter
from drivers.subscriber import Subscriber


def _template(topic: str) -> str:
    TopicFilter(topic)
    return topic


class JsonMqtt(Subscriber):
    """One device.

    topic   a topic filter in which a level may have a name: readers/{antenna}/tags
    places  where the values stand;  units  what they are given in
    """

    kind: Literal["json"] = "json"
    topic: Annotated[str, AfterValidator(_template)]
    places: Places
    units: Units = Units()

    @model_validator(mode="after")
    def _found(self) -> Self:
        names = TopicFilter(self.topic).names
        for name in Places.__dataclass_fields__:
            place = getattr(self.places, name)
            if place is None:
                continue
            try:
                finder(place, () if name == "items" else names)
            except ValueError as error:
                raise ValueError(f"places.{name} = {place!r}: {error}") from None
        return self

    def session(self) -> Session:
        """What understands its messages."""
        return Session(TopicFilter(self.topic), self.places, self.units, self.told_presence())
