"""The contract between a driver and the daemon."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from core.records import Body
from core.site import ID, Antenna, PhotoEye
from drivers.codecs.errors import ProtocolError

LONGEST_OFFSET = 100 * 365 * 86_400
"""Seconds: a clock that was never set may begin at 1970 or 2000, and one set wrongly may be as far ahead."""


class Fatal(Exception):
    """An operator must change something: this device is stopped, the others go on. The text says what to do."""


@dataclass(frozen=True, slots=True)
class SetOutput:
    """An order: drive general-purpose output `port` high or low."""

    port: int
    high: bool


@dataclass(frozen=True, slots=True)
class Start:
    """An order: start reading."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An order: stop reading."""


Order = SetOutput | Start | Stop


class Link(Protocol):
    """All that a running driver may touch.

    A receipt resolves when what was emitted is durable, and raises if it can not be. Only drivers that
    acknowledge to their device wait for receipts.
    """

    async def emit(self, body: Body) -> Awaitable[None]:
        """Hand over a batch or an occurrence; returns when the bounded intake has taken it."""

    def up(self, info: str) -> None:
        """The device is talking to us; `info` names model and firmware."""

    def tap(self, data: bytes) -> None:
        """Bytes as they came from the device, for `waypost capture`; free when nobody listens."""

    def count(self, name: str, n: int = 1) -> None:
        """Add to one of this device's counters: noise, malformed, ..."""

    def connected(self, tracker: str, n: int = 1) -> None:
        """One of the trackers that call this device has a connection and has said who it is; -1 = that is over."""

    def now(self) -> int:
        """The gateway's time, microseconds UTC."""

    @property
    def synchronised(self) -> bool:
        """Is that time right, as far as the gateway knows? Until then a device's clock is hardly to be judged by it."""

    @property
    def orders(self) -> AsyncIterator[Order]:
        """What the device is asked to do, a bounded stream."""


class Settings(BaseModel, ABC):
    """What the settings of all devices have in common.

    kind          each has its own, by which the configuration names it
    handheld      a person carries it: what it reads is in the zone of its antenna at that instant, and its silence
                  means nothing
    has_antennas  False: it tells positions, and reads no tags
    """

    has_antennas: ClassVar[bool] = True

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    id: str = Field(pattern=f"^{ID.pattern}$")
    kind: str
    antennas: tuple[Antenna, ...] = ()
    gpi: tuple[PhotoEye, ...] = ()
    lateness: float = Field(default=2.0, ge=0, le=60)
    offset: float = Field(default=0.0, ge=-LONGEST_OFFSET, le=LONGEST_OFFSET)
    rssi: Literal["dbm", "raw"] = "dbm"
    accept: tuple[str, ...] = ()
    handheld: bool = False

    @property
    def usual_keepalive(self) -> int:
        """s between a reader's signs of life, if nobody says: at a door it is decided by them how somebody went."""
        return 1 if any(antenna.portal is not None for antenna in self.antennas) else 5


class Driver(Settings):
    """A device with a connection of its own: `run` is its behaviour, and what belongs to a connection is a local of it.

    usual_ports  TCP port of a url that names none: plain, and with TLS
    serves_many  several devices may name one url
    """

    usual_ports: ClassVar[tuple[int, int]] = (6000, 6000)
    serves_many: ClassVar[bool] = False

    @abstractmethod
    async def run(self, link: Link) -> None:
        """Talk to the device until the connection is lost or this is cancelled.

        Returns or raises then; never reconnects, sleeps, retries or logs outages.
        """


__all__ = ["Driver", "Fatal", "Link", "Order", "ProtocolError", "SetOutput", "Settings", "Start", "Stop"]
