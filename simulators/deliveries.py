"""What a world says that a device hears, when the clock shows that it is delivered."""

from collections.abc import Awaitable, Iterable, Iterator
from typing import Protocol

import numpy as np

from simulators.clock import Clock, sleep_until
from simulators.llrp_reports import Sighting
from simulators.world import Sightings


class Seen(Protocol):
    """Tags are read."""

    def __call__(self, *some: Sighting) -> Awaitable[None]: ...


def sightings(piece: Sightings, epcs: tuple[bytes, ...]) -> Iterator[tuple[int, Sighting]]:
    """When each is delivered, microseconds UTC, and what it is."""
    columns = (
        piece.sent, piece.time, piece.antenna, piece.tag, piece.rssi, piece.phase, piece.doppler, piece.channel,
    )  # fmt: skip
    for sent, time, antenna, tag, rssi, phase, doppler, channel in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        yield sent, Sighting(antenna, epcs[tag], time, None, rssi, channel, phase, doppler)


async def deliver(pieces: Iterable[Sightings], epcs: tuple[bytes, ...], clock: Clock, seen: Seen) -> None:
    """All that is due goes together; what falls due while `seen` is awaited goes with the next."""
    for piece in pieces:
        done = 0
        while done < len(piece):
            await sleep_until(clock, int(piece.sent[done]))
            ready = max(done + 1, int(np.searchsorted(piece.sent, clock.now(), side="right")))
            await seen(*(one for _, one in sightings(piece.pick(slice(done, ready)), epcs)))
            done = ready
