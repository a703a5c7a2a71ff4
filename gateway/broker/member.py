"""One device on a broker: its messages to records, its signs of life to its state."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence

from core.records import SECOND, Alive, Down, Reads, Scan, Up
from drivers.base import Start, Stop
from drivers.codecs.message_recording import recorded
from drivers.codecs.message_session import Connected, Heartbeat, Message, Publication, Said, State
from drivers.codecs.notice import Notice
from drivers.codecs.topics import TopicFilter
from drivers.complaints import Complaints
from drivers.subscriber import Subscriber
from gateway.link import DeviceLink, tell_lost, tell_up

log = logging.getLogger(__name__)

HEARTBEAT = 60.0
"""Seconds between the heartbeats of a device that sends some, if its settings do not say it."""
MISSED = 2
QUIET = 2 * SECOND
"""Without a message for so long, or when what comes is no older than that, no backlog is on its way."""


class Member:
    """A device for as long as the daemon runs; `begin` starts each connection to the broker, and sets `came`."""

    def __init__(self, device: Subscriber, link: DeviceLink, broker: str) -> None:
        self.link = link
        self._session = device.session()
        self.filters = frozenset(device.filters)
        self._filters = [TopicFilter(one) for one in device.filters]
        self._refused: dict[str, str] = {}
        self._broker = broker
        self._has_presence = device.presence is not None
        self._interval = device.heartbeat
        self._beats = device.heartbeat is not None
        self._up = False
        self.came = False
        self._heard = 0
        self._newest = 0
        self._complaints = Complaints()

    def concerns(self, topic: str) -> bool:
        """Is a message on `topic` this device's?"""
        return any(one.match(topic) is not None for one in self._filters)

    async def begin(self) -> Sequence[Publication]:
        """The broker has let us in: what the device is to be told.

        Where nothing else would tell that the device is there, the connection is taken for its own: `came` says that
        this is news.
        """
        self._up = self.came = False
        self._refused.clear()
        self._heard = self.link.now()
        if not self._beats and not self._has_presence:
            self.came = await self._arrive(f"through {self._broker}")
        elif self.link.health.state == "down":
            self.link.lost(f"{self._broker} is there; the device was not heard since")
        return self._session.begin()

    async def subscribed(self, topic: str, refusal: str | None) -> None:
        """The broker lets us listen to one of the filters, or does not: then the device's silence means nothing."""
        if refusal is not None:
            self._refused[topic] = refusal
            await self._go(self.link.now(), refusal)
        elif self._refused.pop(topic, None) is not None and not self._beats and not self._has_presence:
            await self._come(f"through {self._broker}")

    async def take(self, messages: Sequence[Message]) -> list[Awaitable[None]]:
        """Hand over what they say; the receipts are what their acknowledgement waits for."""
        receipts: list[Awaitable[None]] = []
        for message in messages if self.link.taps else ():
            self.link.tap(recorded(message))
        if any(not message.retained for message in messages):
            self._heard = messages[-1].arrival
        self._session.synchronised = self.link.synchronised
        for said in self._session.receive(messages):
            await self._say(said, receipts)
        for name, n in self._session.counts.items():
            self.link.count(name, n)
        self._session.counts.clear()
        return receipts

    async def tick(self) -> None:
        """Once a second: a sign of life, or what its absence means."""
        now = self.link.now()
        interval = HEARTBEAT if self._interval is None else self._interval
        if self._up and self._beats and now - self._heard > MISSED * interval * SECOND:
            await self._go(
                self._heard, f"silent for {MISSED * interval:g} s; look at its power and its network"
            )
        elif self._up and (now - self._heard > QUIET or self._heard - self._newest < QUIET):
            await self.link.emit(Alive(self._heard if self._beats else now))

    async def obey(self) -> Publication:
        """The next order that becomes a message."""
        async for order in self.link.orders:
            told: Sequence[Publication] = ()
            if isinstance(order, Start):
                told = self._session.start()
            elif isinstance(order, Stop):
                told = self._session.stop()
            if told:
                return told[0]
            self.link.count("orders_refused")
            log.warning("%s: it takes no %s through the broker", self.link.device, type(order).__name__)
        raise AssertionError("orders never end")

    async def _say(self, said: Said, receipts: list[Awaitable[None]]) -> None:
        match said:
            case Notice(name):
                self.link.count(name)
                line = self._complaints.line(said, asyncio.get_running_loop().time())
                if line is not None:
                    log.warning("%s: %s", self.link.device, line)
            case State(online, text):
                await (self._come(text) if online else self._go(self.link.now(), text))
            case Connected(tracker, online):
                self.link.connected(tracker, 1 if online else -1)
            case Heartbeat():
                self._beats = True
                await self._come("its heartbeat was heard")
            case _:
                await self._come(f"through {self._broker}")
                if isinstance(said, Reads):
                    self._newest = int(said.time.max())
                elif isinstance(said, Scan):
                    self._newest = said.time
                receipts.append(await self.link.emit(said))

    async def _come(self, info: str) -> None:
        if await self._arrive(info):
            tell_up([self.link.device], info)

    async def _arrive(self, info: str) -> bool:
        """True = that is news."""
        if self._up or self._refused:
            return False
        self._up = True
        await self.link.emit(Up(self.link.now()))
        return self.link.came(info)

    async def _go(self, since: int, reason: str) -> None:
        if self._up or self.link.health.state == "connecting":
            self._up = False
            await self.link.emit(Down(since, reason))
        if self.link.lost(reason):
            tell_lost([self.link.device], reason)


async def ticking(members: Sequence[Member]) -> None:
    """Tick all of them, for ever."""
    while True:
        await asyncio.sleep(1.0)
        for member in members:
            await member.tick()
