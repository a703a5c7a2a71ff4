"""What the broker keeps: how each device and where each item is now, as retained messages.

A broker may lose what it keeps, or go back to what it had half an hour ago. So whenever a session begins, all devices
are told at once, and then all items, a slice at a time, but not more often than every minute.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from core.events import Event
from gateway.link import Health
from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.mqtt.messages import Message, Topics
from gateway.sinks.mqtt.standing import Standing

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds after which what the broker did not take is told again."""
REFRESH = 60.0
"""Seconds between two rounds over all items."""
SLICE = 2_000
"""Items that are looked up and told at a time."""

Publish = Callable[[Sequence[Message]], Awaitable[None]]
"""Raises Lost, Refused and Poisoned."""
Devices = Callable[[], Mapping[str, Health]]


class States:
    """The states of one site.

    devices  how they are now
    refresh  seconds between two rounds over all items, from beginning to beginning
    """

    def __init__(
        self, publish: Publish, topics: Topics, standing: Standing, devices: Devices, refresh: float = REFRESH
    ) -> None:
        self._publish = publish
        self._topics = topics
        self._standing = standing
        self._devices = devices
        self._refresh = refresh
        self._changed: dict[str, None] = {}
        self._stale = False
        self._refreshed: float | None = None
        self._failed = False
        self._said = ""
        self._news = asyncio.Event()
        self._items = asyncio.Lock()

    def device_changed(self, device: str) -> None:
        """Its newest state will be told."""
        self._changed[device] = None
        self._news.set()

    def forgotten(self) -> None:
        """The broker may have lost everything."""
        self._changed.update(dict.fromkeys(self._devices()))
        self._stale = True
        self._news.set()

    async def after(self, events: Sequence[Event]) -> None:
        """Returns when the states of the items that these events touch are acknowledged; raises as Publish."""
        async with self._items:
            await self._tell(await self._standing.after(events))

    async def keep_told(self) -> None:
        """Until it is cancelled: what has changed, and what the broker may have lost."""
        while True:
            await self._until_news()
            try:
                await self._tell_devices()
                await self._tell_items()
            except (Lost, Refused, Poisoned) as error:
                self._failed = True
                if str(error) != self._said:
                    self._said = str(error)
                    log.warning("mqtt: states of devices and items are not told: %s", error)
            else:
                self._failed = False

    async def _until_news(self) -> None:
        try:
            async with asyncio.timeout(AGAIN if self._failed else self._due()):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    def _due(self) -> float | None:
        """Seconds until the next round over all items; None if there is to be none."""
        if not self._stale:
            return None
        if self._refreshed is None:
            return 0.0
        return max(self._refreshed + self._refresh - asyncio.get_running_loop().time(), 0.0)

    async def _tell_devices(self) -> None:
        names, now = tuple(self._changed), self._devices()
        if not names:
            return
        self._changed.clear()
        try:
            await self._publish([self._topics.device(name, now[name]) for name in names if name in now])
        except BaseException:
            self._changed.update(dict.fromkeys(names))
            raise

    async def _tell_items(self) -> None:
        if self._due() != 0:
            return
        self._stale, self._refreshed = False, asyncio.get_running_loop().time()
        try:
            for start in range(0, len(self._standing.items), SLICE):
                await self._tell_slice(self._standing.items[start : start + SLICE])
                await self._tell_devices()
        except BaseException:
            self._stale, self._refreshed = True, None
            raise

    async def _tell_slice(self, items: Iterable[str]) -> None:
        """Under the lock, so that what is told of an item never goes back."""
        async with self._items:
            await self._tell(await self._standing.of(items))

    async def _tell(self, found: Mapping[str, Mapping[str, object]]) -> None:
        if found:
            await self._publish([self._topics.item(item, row) for item, row in found.items()])
