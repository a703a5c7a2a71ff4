"""A device's connection to a broker, which it makes again whenever it is lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import aiomqtt

QOS = 1
RETRY = 1.0
"""Seconds between two tries."""


class Publisher(Protocol):
    """Who takes messages for a broker: this, or a client of aiomqtt."""

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """It returns when the broker has it, if `qos` is 1."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a device says of itself on `topic`: when it comes, and by its will."""

    topic: str
    up: bytes
    down: bytes


class LastingClient:
    """Connected while its context lasts. `connect` gets the will, if there is a sign.

    The context raises aiomqtt.MqttError if the broker is not there at first; later it is waited for.
    """

    def __init__(
        self, connect: Callable[[aiomqtt.Will | None], aiomqtt.Client], sign: Sign | None = None
    ) -> None:
        self._will = None if sign is None else aiomqtt.Will(sign.topic, sign.down, QOS, retain=True)
        self._connect = connect
        self._sign = sign
        self._mending = asyncio.Lock()
        self._client = connect(self._will)

    async def __aenter__(self) -> "LastingClient":
        await self._begin(self._client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """It says itself what its will would say: a broker tells a will only of those who do not take their leave."""
        with suppress(aiomqtt.MqttError):
            if self._sign is not None and error is None:
                await self._client.publish(self._sign.topic, self._sign.down, QOS, retain=True)
            await self._client.__aexit__(kind, error, trace)

    async def publish(self, topic: str, payload: bytes, qos: int = QOS, retain: bool = False) -> None:
        """Again and again, until a broker has it: one that took it and was lost before it said so gets it twice."""
        while True:
            client = self._client
            try:
                await client.publish(topic, payload, qos, retain)
                break
            except aiomqtt.MqttError:
                await self._mend(client)
        _heed_cancellation()

    async def _mend(self, lost: aiomqtt.Client) -> None:
        """Until there is another client than the lost one: several may have noticed."""
        async with self._mending:
            if self._client is not lost:
                return
            with suppress(aiomqtt.MqttError):
                await lost.__aexit__(None, None, None)
            while True:
                await asyncio.sleep(RETRY)
                client = self._connect(self._will)
                with suppress(aiomqtt.MqttError):
                    await self._begin(client)
                    self._client = client
                    return

    async def _begin(self, client: aiomqtt.Client) -> None:
        await client.__aenter__()
        if self._sign is None:
            return
        try:
            await client.publish(self._sign.topic, self._sign.up, QOS, retain=True)
        except aiomqtt.MqttError:
            await client.__aexit__(None, None, None)
            raise


def _heed_cancellation() -> None:
    """asyncio.wait_for of Python 3.11, in which a client waits, loses one that comes together with what it waits for."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
