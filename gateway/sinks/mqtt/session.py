"""A session with the broker: connected, born, and taken up again also while nothing is to be said.

Without that a site where nobody moves would be offline for hours after the broker's first restart.
"""

import asyncio
import importlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from gateway.backoff import delays
from gateway.mqtt import reasons
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.reasons import Ended
from gateway.mqtt.takeovers import Takeovers
from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.mqtt.messages import Message, Topics

if TYPE_CHECKING:
    from gateway.sinks.mqtt.connection import Connection

log = logging.getLogger(__name__)

REFUSED = 60.0
"""Seconds after which what needs an operator is tried again."""
_PROTOCOL = "gateway.sinks.mqtt.connection"

Sleep = Callable[[float], Awaitable[object]]


class Session:
    """See the module. Methods raise Lost and Refused.

    now    microseconds UTC
    begun  told whenever a session has begun: what the broker keeps may be gone
    """

    def __init__(
        self,
        endpoint: Endpoint,
        topics: Topics,
        now: Callable[[], int],
        version: str,
        begun: Callable[[], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._topics = topics
        self._now = now
        self._version = version
        self._begun = begun
        self._sleep = sleep
        self._takeovers = Takeovers(endpoint.reasons)
        self._beginning = asyncio.Lock()
        self._connection: Connection | None = None

    async def begin(self) -> None:
        """Connect and be born, unless that is so."""
        async with self._beginning:
            if self._connection is None or self._connection.over is not None:
                await self._connect()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when all are acknowledged; begins a session where there is none any more. Raises Poisoned too."""
        before = self._connection
        if (
            before is not None
            and before.over is not None
            and isinstance(why := self._meant(before.over), Refused)
        ):
            raise why
        await self.begin()
        connection = self._connection
        assert connection is not None
        try:
            await connection.publish(messages)
        except Ended as ended:
            if ended.code == reasons.TOO_LARGE:
                raise Poisoned(str(ended)) from None
            raise self._meant(ended) from None

    def lost(self) -> Lost | Refused | None:
        """Why there is no connection; None if there is one."""
        connection = self._connection
        return None if connection is None or connection.over is None else self._meant(connection.over)

    async def keep_up(self) -> None:
        """Until it is cancelled: begin again whenever the connection is lost."""
        while True:
            connection = self._connection
            assert connection is not None
            why = self._meant(await connection.end())
            log.warning("mqtt: lost: %s", why)
            await self._begin_again(why)
            log.info("mqtt: up again")

    async def end(self) -> None:
        """Say farewell, if the broker still listens; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(self._topics.offline(self._now(), self._version, "stopped"))

    async def _begin_again(self, why: Lost | Refused) -> None:
        waits, told = delays(random.Random(self._endpoint.client_id)), str(why)
        while True:
            await self._sleep(REFUSED if isinstance(why, Refused) else next(waits))
            try:
                await self.begin()
            except (Lost, Refused) as error:
                why = error
                if str(why) != told:
                    told = str(why)
                    log.warning("mqtt: still lost: %s", why)
            else:
                return

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(
            None, importlib.import_module, _PROTOCOL
        )  # slow, and not for sites without
        from gateway.sinks.mqtt.connection import connect

        now = self._now()
        try:
            connection = await connect(
                self._endpoint, self._topics.offline(now, self._version, "connection lost")
            )
            try:
                await connection.publish([self._topics.online(now, self._version)])
            except BaseException:
                await connection.close(None)
                raise
        except Ended as ended:
            raise self._meant(ended) from None
        if not connection.retains:
            log.warning("mqtt: the broker keeps no retained messages: states reach only who listens")
        self._connection = connection
        self._begun()

    def _meant(self, ended: Ended) -> Lost | Refused:
        return self._takeovers.meant(ended, asyncio.get_running_loop().time())
