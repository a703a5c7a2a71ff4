"""What a session of trackers on the road has to be, without I/O: bytes to positions, each with what it is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.records import Flag
from drivers.codecs.errors import ProtocolError
from drivers.codecs.notice import Notice

Admits = Callable[[str], bool]
"""May this tracker (its id, without a scheme) deliver?"""

UNNAMED = "?"
"""A tracker whose first message was not recorded."""

EARLIEST, LATEST = 0, 4_102_444_800_000_000
"""1970 and 2100, microseconds UTC: no tracker tells a time outside that is one."""


class Position(NamedTuple):
    """A row of `Fixes` without its tracker; the same units. Thousands a second are made of these."""

    time: int
    lat: float
    lon: float
    alt: float
    speed: float
    course: float
    accuracy: float
    satellites: int
    flags: int
    attributes: str


@dataclass(slots=True)
class Report:
    """One thing that was said, in the order of arrival.

    tracker    whose it is, "" as long as nobody has said so
    positions  to be journalled
    answer     what the tracker is to be told, as soon as they are durable and not before; empty = nothing
    counts     what was left out, by name
    notice     what an operator should read about it; its name is among the counts
    zone       microseconds that the tracker's local time is ahead of UTC, as it says: its clock may be set to that; 0 = none
    """

    tracker: str
    positions: Sequence[Position] = ()
    answer: bytes = b""
    counts: Sequence[str] = ()
    notice: Notice | None = None
    zone: int = 0


class TrackerSession(Protocol):
    """One connection; or, where a protocol has datagrams, all datagrams that came to one port.

    tracker  who is at the other end, "" as long as nobody has said so; of datagrams always ""
    error    why the connection has to end, a Farewell if nothing is wrong; None as long as it goes on
    pending  bytes of a message that has begun
    """

    tracker: str
    error: ProtocolError | None

    @property
    def pending(self) -> int: ...

    def receive(self, data: bytes, now: int, /) -> list[Report]:
        """What `data` brings at the time `now`: any split of a stream, or one whole datagram."""


def everybody(tracker: str) -> bool:
    """No list of who may deliver."""
    return True


def placed(lat: float, lon: float) -> str | None:
    """Why that is no position, as a counter's name; None if it is one. Degrees."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return "out_of_range"
    return "zero_position" if lat == 0 and lon == 0 else None


VALID, LATE = int(Flag.VALID), int(Flag.LATE)
"""As plain numbers, since flags are joined for each row."""
