"""Trackers that talk through a broker, any number of them on one topic filter: what their settings have in common."""

from typing import ClassVar

from pydantic import Field

from drivers.codecs.tracker_session import Admits, everybody
from drivers.subscriber import Subscriber
from drivers.tracker_names import TrackerName


class TrackersOnBroker(Subscriber):
    """trackers  who may deliver, as `find` names them behind tracker:; without it everybody may"""

    has_antennas: ClassVar[bool] = False

    trackers: tuple[TrackerName, ...] | None = Field(default=None, max_length=10_000)

    def admits(self) -> Admits:
        """Who may."""
        return everybody if self.trackers is None else frozenset(self.trackers).__contains__
