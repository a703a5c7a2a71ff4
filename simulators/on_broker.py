"""A simulated device on a real broker: it tells what a world says it hears, that it is there, and leaves a will."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import aiomqtt

from simulators.clock import Clock, sleep_until
from simulators.deliveries import sightings
from simulators.llrp_reports import Sighting
from simulators.world import Sightings

QOS = 1
AT_ONCE = 50
"""Sightings that are told in one go."""


class Teller(Protocol):
    """A device without its connection."""

    async def tell(self, client: aiomqtt.Client, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times (microseconds UTC), in order."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a device says of itself on `topic`: when it comes, and by its will."""

    topic: str
    up: bytes
    down: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life every `seconds`; `payload` gets the time, microseconds UTC."""

    topic: str
    seconds: float
    payload: Callable[[int], bytes]


class OnBroker:
    """Connected while its context lasts; `connect` gets the will. Raises aiomqtt.MqttError when the broker is lost."""

    def __init__(
        self,
        connect: Callable[[aiomqtt.Will | None], aiomqtt.Client],
        teller: Teller,
        clock: Clock,
        sign: Sign | None = None,
        beat: Beat | None = None,
    ) -> None:
        will = None if sign is None else aiomqtt.Will(sign.topic, sign.down, QOS, retain=True)
        self._client = connect(will)
        self._teller = teller
        self._clock = clock
        self._sign = sign
        self._beat = beat
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "OnBroker":
        await self._client.__aenter__()
        if self._sign is not None:
            await self._client.publish(self._sign.topic, self._sign.up, QOS, retain=True)
        if self._beat is not None:
            self._beating = asyncio.create_task(self._live(self._beat))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """It says itself what its will would say: a broker tells a will only of those who do not take their leave."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        if self._sign is not None and error is None:
            await self._client.publish(self._sign.topic, self._sign.down, QOS, retain=True)
        await self._client.__aexit__(kind, error, trace)

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Tell `pieces` of a world, each sighting when the clock shows its time of delivery."""
        due: list[tuple[Sighting, int]] = []
        for piece in pieces:
            for sent, sighting in sightings(piece, epcs):
                if due and (sent > self._clock.now() or len(due) >= AT_ONCE):
                    await self._teller.tell(self._client, due)
                    due = []
                await sleep_until(self._clock, sent)
                due.append((sighting, sent if sighting.time is None else sighting.time))
        if due:
            await self._teller.tell(self._client, due)

    async def _live(self, beat: Beat) -> None:
        while True:
            now = self._clock.now()
            await self._client.publish(beat.topic, beat.payload(now), QOS)
            await sleep_until(self._clock, now + round(beat.seconds * 1_000_000))
