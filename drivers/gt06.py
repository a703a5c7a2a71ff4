"""Trackers that speak GT06: Concox, Jimi and many others."""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from drivers.base import Link
from drivers.codecs.gt06_session import PORT, Session
from drivers.codecs.told_before import ToldBefore
from drivers.codecs.tracker_session import Admits, Position, TrackerSession
from drivers.listener import Judge
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

    def _judge(self, link: Link) -> Judge:
        """What is told again as history is left out."""
        settle, told = super()._judge(link), ToldBefore()

        def judge(
            tracker: str, positions: Sequence[Position], zone: int
        ) -> tuple[Sequence[Position], Sequence[str]]:
            new = told.new(tracker, positions)
            found, doubts = settle(tracker, new, zone)
            return found, [*doubts, *["resent"] * (len(positions) - len(new))]

        return judge
