"""A simulated device on a real broker: it tells what a world says it hears, and that it is there."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from simulators.clock import Clock, sleep_until
from simulators.deliveries import sightings
from simulators.lasting import QOS, LastingClient, Publisher
from simulators.llrp_reports import Sighting
from simulators.world import Sightings

AT_ONCE = 50
"""Sightings that are told in one go."""


class Teller(Protocol):
    """A device without its connection."""

    async def tell(self, client: Publisher, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times (microseconds UTC), in order."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life every `seconds`; `payload` gets the time, microseconds UTC."""

    topic: str
    seconds: float
    payload: Callable[[int], bytes]


class OnBroker:
    """Alive while its context lasts. While the broker is away the device waits, and then tells what it has seen."""

    def __init__(self, client: LastingClient, teller: Teller, clock: Clock, beat: Beat | None = None) -> None:
        self._client = client
        self._teller = teller
        self._clock = clock
        self._beat = beat
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "OnBroker":
        if self._beat is not None:
            self._beating = asyncio.create_task(self._live(self._beat))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

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
