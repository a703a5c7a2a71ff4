"""Trackers on the road: what the settings of all of them have in common."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints, field_validator

from core.records import SECOND
from drivers.base import Driver, Link
from drivers.codecs.fix_clock import FixClocks
from drivers.codecs.gps_calendar import BUILT
from drivers.codecs.tracker_session import Admits, Position, TrackerSession, everybody
from drivers.listener import Judge, Limits, Listener, Port
from drivers.streams import Address, address

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class Road(Driver):
    """One port for all trackers of a protocol.

    url          listen://0.0.0.0:PORT; udp:// where the protocol has it
    trackers     who may deliver, by the id that the tracker tells; without it everybody may
    connections  at a time, and per_address from one address: those of one operator may come from the same
    idle         seconds without a byte after which a connection is over
    """

    has_antennas = False
    schemes: ClassVar[tuple[str, ...]] = ("listen",)
    url: str
    trackers: tuple[Name, ...] | None = Field(default=None, max_length=10_000)
    connections: int = Field(default=2000, ge=1, le=10_000)
    per_address: int = Field(default=1500, ge=1, le=10_000)
    idle: float = Field(default=3600.0, ge=60, le=604_800)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        cls._at(url)
        return url

    @classmethod
    def _at(cls, url: str) -> Address:
        return address(url, *cls.usual_ports, cls.schemes)

    @abstractmethod
    def session(self, scheme: str) -> Callable[[Admits], TrackerSession]:
        """Of a connection; for udp:// of all datagrams."""

    async def run(self, link: Link) -> None:
        """Listen until this is cancelled."""
        admits = everybody if self.trackers is None else frozenset(self.trackers).__contains__
        limits = Limits(self.connections, self.per_address, self.idle)
        to = self._at(self.url)
        port = Port(to, self.session(to.scheme), limits, admits)
        await Listener(port, link, self.id, self._judge(link)).run()

    def _judge(self, link: Link) -> Judge:
        """The times of each tracker, by the gateway's clock."""
        clocks, offset = FixClocks(), round(self.offset * SECOND)

        def judge(
            tracker: str, positions: Sequence[Position], zone: int
        ) -> tuple[Sequence[Position], Sequence[str]]:
            now = max(link.now(), BUILT) - offset
            return clocks.settle(tracker, positions, now, link.synchronised, zone)

        return judge
