"""Trackers that speak GT06: Concox, Jimi and many others."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from drivers.codecs.gt06_session import PORT, Session
from drivers.codecs.tracker_session import Admits, TrackerSession
from drivers.road import Road


class Gt06(Road):
    """All GT06 trackers that call one port.

    url   listen://0.0.0.0:5023
    idle  they say that they live every three to five minutes
    """

    usual_ports = (PORT, PORT)
    kind: Literal["gt06"] = "gt06"
    idle: float = Field(default=900.0, ge=60, le=604_800)

    def session(self, scheme: str) -> Callable[[Admits], TrackerSession]:
        """Of a connection; there are no datagrams."""
        return Session
