"""Devices that talk through a broker: each is a topic filter and a codec, the connection is the broker's."""

from abc import abstractmethod
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.site import ID
from drivers.base import Settings
from drivers.codecs.message_session import MessageSession, Presence
from drivers.codecs.topics import TopicFilter


def _filter(topic: str) -> str:
    if TopicFilter(topic).names:
        raise ValueError("this kind of device names no levels; write + for a level that varies")
    return topic


def _plain(topic: str) -> str:
    if "+" in topic or "#" in topic:
        raise ValueError("a message is told to one topic; write it without + and #")
    return _filter(topic)


Topic = Annotated[str, AfterValidator(_filter)]
"""A topic filter without named levels."""
PlainTopic = Annotated[str, AfterValidator(_plain)]
"""One topic."""


class PresenceTable(BaseModel):
    """Where the device's state stands: a message on `topic` that contains `down` (its will) or `up`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: PlainTopic
    down: str = Field(default="connection lost", min_length=1)
    up: str = Field(default="connected", min_length=1)


class Subscriber(Settings):
    """A device on a [[broker]].

    broker     its id
    topic      where the device tells its data, a topic filter
    presence   its will, and what it says when it connects
    heartbeat  s between its signs of life; two that are missing are its end. None = the connection to the broker is
               taken for the device's own, unless the device tells heartbeats by itself
    """

    broker: str = Field(pattern=f"^{ID.pattern}$")
    topic: Topic
    presence: PresenceTable | None = None
    heartbeat: float | None = Field(default=None, gt=0, le=86_400)

    @property
    def filters(self) -> tuple[str, ...]:
        """What the broker is asked for."""
        more = () if self.presence is None else (self.presence.topic,)
        return (TopicFilter(self.topic).filter, *more)

    def told_presence(self) -> Presence | None:
        """`presence` as the codec takes it."""
        found = self.presence
        return None if found is None else Presence(found.topic, found.down.encode(), found.up.encode())

    @abstractmethod
    def session(self) -> MessageSession:
        """What understands its messages, for as long as the daemon runs."""
