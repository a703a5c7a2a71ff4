"""A connection to a broker at work: messages to the devices they are of, acknowledgements when they are durable."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain

from drivers.subscriber import Subscriber
from gateway.broker.acknowledgements import Acknowledgements
from gateway.broker.connection import Connection, Delivery, connect
from gateway.broker.health import BrokerHealth
from gateway.broker.member import Member, ticking
from gateway.broker.settings import BrokerSettings
from gateway.link import DeviceLink, tell_up
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.reasons import Ended
from gateway.mqtt.takeovers import Takeovers
from gateway.sinks.contract import Lost, Refused

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds after which we ask again for what we may not listen to."""
CLOSING_SECONDS = 3.0
"""For what is durable to be acknowledged at a stop, and for the farewell."""


class Broker:
    """One [[broker]] and its devices, for as long as the daemon runs."""

    def __init__(
        self,
        settings: BrokerSettings,
        endpoint: Endpoint,
        devices: Sequence[tuple[Subscriber, DeviceLink]],
        health: BrokerHealth,
    ) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._health = health
        self._takeovers = Takeovers(endpoint.reasons)
        self._members = [Member(device, link, settings.id) for device, link in devices]
        filters = (one for device, _ in devices for one in device.filters)
        self._filters = tuple(dict.fromkeys(filters))
        self._now = devices[0][1].now
        self._strays: Counter[str] = Counter()

    async def run(self) -> None:
        """One connection; raises ConnectionError when it is lost."""
        try:
            connection = await connect(self._endpoint, self._settings, self._filters, self._now)
            self._health.up()
            await self._attend(connection)
        except asyncio.CancelledError:
            self._health.stopped()
            raise
        except (Ended, Lost, Refused) as why:
            if isinstance(why, Ended):
                why = self._takeovers.meant(why, asyncio.get_running_loop().time())
            self._health.lost(str(why))
            raise ConnectionError(str(why)) from None

    async def _attend(self, connection: Connection) -> None:
        waiting = Acknowledgements(partial(self._acknowledge, connection))
        try:
            told = [await member.begin() for member in self._members]
            came = [member.link.device for member in self._members if member.came]
            tell_up(came, f"through {self._settings.id}")
            for publication in chain.from_iterable(told):
                connection.publish(publication)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(connection, waiting))
                tasks.create_task(waiting.settle_for_ever())
                tasks.create_task(ticking(self._members))
                tasks.create_task(self._subscribe(connection))
                for member in self._members:
                    tasks.create_task(_obey(connection, member))
        except asyncio.CancelledError:
            with suppress(Exception):  # what is not acknowledged comes again, and is known by then
                async with asyncio.timeout(CLOSING_SECONDS):
                    await waiting.settle()
            raise
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            await connection.close(CLOSING_SECONDS)

    async def _listen(self, connection: Connection, waiting: Acknowledgements) -> None:
        while True:
            deliveries = await connection.messages()
            self._health.messages += len(deliveries)
            self._health.unacknowledged += len(deliveries)
            waiting.add(deliveries, await self._share_out(deliveries))

    def _acknowledge(self, connection: Connection, deliveries: Sequence[Delivery]) -> None:
        connection.acknowledge(deliveries)
        self._health.unacknowledged -= len(deliveries)

    async def _subscribe(self, connection: Connection) -> None:
        """Tell the devices whether we may listen to them; ask again for what is refused, since operators mend it."""
        refused: set[str] = set()
        while True:
            try:
                async with asyncio.timeout(AGAIN if refused else None):
                    topic, refusal = await connection.answered()
            except TimeoutError:
                connection.subscribe(sorted(refused))
                continue
            refused = refused | {topic} if refusal else refused - {topic}
            for member in self._members:
                if topic in member.filters:
                    await member.subscribed(topic, refusal)

    async def _share_out(self, deliveries: Sequence[Delivery]) -> list[Awaitable[None]]:
        """To each device what is its own, in order. A broker may send one message for each filter, or once for all."""
        messages = [one.message for one in deliveries]
        receipts: list[Awaitable[None]] = []
        topics = {message.topic for message in messages}
        for topic in topics:
            if not any(member.concerns(topic) for member in self._members):
                self._stray(topic)
        for member in self._members:
            own = {topic for topic in topics if member.concerns(topic)}
            if own:
                receipts += await member.take([one for one in messages if one.topic in own])
        return receipts

    def _stray(self, topic: str) -> None:
        """A subscription of an earlier configuration lives on with the session."""
        if not self._strays:
            log.warning(
                "broker %s: messages on %r belong to no device; an earlier subscription lives on. Set another "
                "client_id in its table to begin anew",
                self._settings.id,
                topic,
            )
        self._strays["strays"] += 1


async def _obey(connection: Connection, member: Member) -> None:
    while True:
        connection.publish(await member.obey())
