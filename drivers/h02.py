"""Trackers that speak H02: SinoTrack, Cantrack and many others, over TCP or in datagrams."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from drivers.bound import UDP
from drivers.codecs.h02_session import PORT, Session
from drivers.codecs.tracker_datagrams import Datagrams
from drivers.codecs.tracker_session import Admits, TrackerSession
from drivers.road import Road


class H02(Road):
    """All H02 trackers that call one port.

    url  listen://0.0.0.0:5013, or udp://0.0.0.0:5013
    """

    usual_ports = (PORT, PORT)
    schemes = ("listen", UDP)
    kind: Literal["h02"] = "h02"

    def session(self, scheme: str) -> Callable[[Admits], TrackerSession]:
        """Of a connection; for udp:// of all datagrams."""
        return partial(Datagrams, Session) if scheme == UDP else Session
