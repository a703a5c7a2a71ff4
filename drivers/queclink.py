"""Queclink trackers (GV, GL, GT, GB, CV), which call over TCP or send datagrams: @Track as text."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from drivers.bound import UDP
from drivers.codecs.queclink_session import PORT, Session
from drivers.codecs.tracker_datagrams import Datagrams
from drivers.codecs.tracker_session import Admits, TrackerSession
from drivers.road import Road


class Queclink(Road):
    """All Queclink trackers that call one port.

    url  listen://0.0.0.0:5004, or udp://0.0.0.0:5004
    """

    usual_ports = (PORT, PORT)
    schemes = ("listen", UDP)
    kind: Literal["queclink"] = "queclink"

    def session(self, scheme: str) -> Callable[[Admits], TrackerSession]:
        """Of a connection; for udp:// of all datagrams."""
        return partial(Datagrams, Session) if scheme == UDP else Session
