"""The sink: events and gaps as messages, in order; beside them the states that the broker keeps."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from gateway.mqtt.endpoint import Endpoint
from gateway.rows import row_event, row_gap
from gateway.sinks.contract import Batch, Events, Gaps, Hole, Line, Poisoned, Position, Stream
from gateway.sinks.mqtt.messages import Message, Topics
from gateway.sinks.mqtt.session import Session, Sleep
from gateway.sinks.mqtt.settings import MqttSettings
from gateway.sinks.mqtt.standing import Standing
from gateway.sinks.mqtt.states import REFRESH, Devices, States

log = logging.getLogger(__name__)

T = TypeVar("T")


class MqttSink:
    """See `gateway.sinks.contract.Sink`. Delivery is at least once: a receiver drops what it has by the event's id.

    folder    of the configuration file
    standing  where the items are
    devices   how the devices are now; `device_changed` says when one is another way
    now       microseconds UTC
    """

    name = "mqtt"
    begins: Literal["first", "now"] = "now"

    def __init__(
        self,
        table: MqttSettings,
        site: str,
        folder: Path,
        standing: Standing,
        devices: Devices,
        now: Callable[[], int],
        version: str,
        sleep: Sleep = asyncio.sleep,
        refresh: float = REFRESH,
    ) -> None:
        self.streams: tuple[Stream, ...] = table.streams
        self._topics = topics = Topics(table.prefix, site)
        endpoint = Endpoint(table, site, folder, topics.root)
        self._session = Session(endpoint, topics, now, version, self._begun, sleep)
        self._states = States(self._session.publish, topics, standing, devices, refresh)
        self._tasks: list[asyncio.Task[None]] = []

    def device_changed(self, device: str) -> None:
        """To be called in the event loop's thread, as often as one likes: the newest state is told."""
        self._states.device_changed(device)

    async def open(self) -> None:
        """Connect and be born."""
        await self._session.begin()
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._session.keep_up(), name="mqtt session"),
            loop.create_task(self._states.keep_told(), name="mqtt states"),
        ]

    async def position(self, line: Line) -> Position | None:
        """A broker keeps no account."""
        return None

    async def write(self, batch: Batch) -> None:
        """Returns when the broker has acknowledged every message, and the states of the items that they touch."""
        match batch.rows:
            case Events(rows):
                events = [row_event(row)[1] for row in rows]
                await self._session.publish(_said(self._topics.event, events))
                await self._states.after(events)
            case Gaps(rows):
                await self._session.publish(_said(self._topics.gap, [row_gap(row)[1] for row in rows]))
            case _:
                raise TypeError(f"[mqtt] takes no {batch.line.stream}")

    async def account(self, hole: Hole) -> None:
        """A broker keeps no account."""

    async def redeem(self, batch: Batch) -> None:
        """As `write`."""
        await self.write(batch)

    async def tend(self) -> bool:
        """Say why the session is lost, if it still is: it is taken up again by itself, but somebody may have to know."""
        for task in self._tasks:
            if task.done():
                task.result()  # they never end but by a fault
        why = self._session.lost()
        if why is not None:
            raise why
        return False

    async def close(self) -> None:
        """Say farewell, if the broker still listens."""
        for task in self._tasks:
            task.cancel()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(end, Exception):
                log.error("mqtt: a fault beside the events", exc_info=end)
        self._tasks = []
        await self._session.end()

    def _begun(self) -> None:
        self._states.forgotten()


def _said(message: Callable[[T], Message], rows: Sequence[T]) -> list[Message]:
    """Raises Poisoned where JSON has no word for a value, such as a time after the year 9999."""
    try:
        return [message(row) for row in rows]
    except ValueError as error:
        raise Poisoned(f"cannot be said in JSON: {error}") from error
