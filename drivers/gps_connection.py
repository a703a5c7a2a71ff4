"""One connection to a source of positions at work: it is listened to, and has nothing to obey."""

import logging
from typing import Generic, Protocol, TypeVar

from drivers.base import Link, Order
from drivers.codecs.gps_calendar import BUILT, DAY, Reference
from drivers.codecs.stream_session import StreamSession
from drivers.conversation import Conversation
from drivers.streams import Stream

log = logging.getLogger(__name__)


class PositionSession(StreamSession, Protocol):
    """A session that tells fixes."""

    def judge_dates(self, reference: Reference, /) -> None:
        """What is known of the date from outside, from now on."""


S = TypeVar("S", bound=PositionSession)


class GpsConnection(Conversation[S], Generic[S]):
    """From the first byte to the last; `about` is said of the device when it is up."""

    def __init__(self, session: S, stream: Stream, link: Link, device: str, about: str = "") -> None:
        super().__init__(session, stream, link, device)
        self._about = about

    def now(self) -> int:
        """The gateway's time, by which the session judges dates as well."""
        now = self.link.now()
        self.session.judge_dates(reference(now, self.link.synchronised))
        return now

    def info(self, info: str) -> str:
        """What it is, and where."""
        return f"{info}{self._about}"

    def obey(self, order: Order) -> None:
        """These devices take no orders."""
        self.link.count("orders_refused")
        log.warning("%s: %s: a source of positions takes no orders", self.device, type(order).__name__)


def reference(now: int, synchronised: bool) -> Reference:
    """The present as it is known; beyond tomorrow is no date, if the clock is right."""
    return Reference(max(now, BUILT), now + DAY if synchronised else None)


async def listen(session: S, stream: Stream, link: Link, device: str, about: str = "") -> None:
    """Until the connection is lost."""
    await GpsConnection(session, stream, link, device, about).run()
