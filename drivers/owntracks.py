"""Phones with OwnTracks, through a broker."""

from typing import Literal

from core.records import SECOND
from drivers.codecs.owntracks_session import Session
from drivers.trackers_on_broker import TrackersOnBroker


class OwnTracks(TrackersOnBroker):
    """All phones of a topic filter.

    topic  owntracks/# for all; owntracks/USER/DEVICE/# for one, whose will then tells that the device is gone
    """

    kind: Literal["owntracks"] = "owntracks"

    def session(self) -> Session:
        """What understands its messages."""
        levels = self.topic.split("/")
        alone = "+" not in levels and "#" not in levels[:3]
        offset = round(self.offset * SECOND)
        return Session(self.admits(), offset, self.told_presence(), alone)
