"""A serial module without its line: what the simulated ones have in common."""

from abc import ABC, abstractmethod
from collections import Counter

from drivers.codecs.module_frames import Frames
from simulators.llrp_reports import Sighting

BYTE_GAP = 50_000
"""Microseconds after which a module gives up a command that was begun: the maker of UHFReaders names 15 ms."""


class SimulatedModule(ABC):
    """Bytes in, bytes out; times in microseconds UTC.

    ledger  where every sighting went: `told` to the host, or `unheard` because the module was not reading
    """

    def __init__(self) -> None:
        self.ledger: Counter[str] = Counter()
        self._byte_at = 0

    @property
    @abstractmethod
    def reading(self) -> bool:
        """Has the host set it to work?"""

    @abstractmethod
    def receive(self, data: bytes, now: int) -> bytes:
        """What it answers to the host's bytes, in any split."""

    def _commands(self, frames: Frames, data: bytes, now: int) -> list[bytes]:
        """The whole ones; half of one that was left long ago is forgotten."""
        if now - self._byte_at > BYTE_GAP:
            frames.flush()
        self._byte_at = now
        return frames.feed(data)

    @abstractmethod
    def see(self, sighting: Sighting, now: int) -> bytes:
        """A tag answers the module."""

    @abstractmethod
    def due(self) -> int | None:
        """When it wants `advance`."""

    @abstractmethod
    def advance(self, now: int) -> bytes:
        """What it says by itself by now."""

    @abstractmethod
    def power_cycle(self) -> None:
        """It forgets what it does not keep in its flash memory."""
