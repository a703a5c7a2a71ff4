"""Teltonika trackers, which call over TCP or send datagrams: codec 8, 8 extended and 16."""

from collections.abc import Callable
from typing import Literal

from drivers.bound import UDP
from drivers.codecs.teltonika_session import PORT, Datagrams, Session
from drivers.codecs.tracker_session import Admits, TrackerSession
from drivers.road import Road


class Teltonika(Road):
    """All Teltonika trackers that call one port.

    url  listen://0.0.0.0:5027, or udp://0.0.0.0:5027
    """

    usual_ports = (PORT, PORT)
    schemes = ("listen", UDP)
    kind: Literal["teltonika"] = "teltonika"

    def session(self, scheme: str) -> Callable[[Admits], TrackerSession]:
        """Of a connection; for udp:// of all datagrams."""
        return Datagrams if scheme == UDP else Session
