"""Scanners that only talk: what they have in common, whatever carries their codes."""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable

from core.records import SECOND, Alive, Body, Scan, Up
from drivers.codecs import label
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.label import Labels, Refused
from drivers.codecs.notice import Notice

ALIVE_SECONDS = 5.0
"""Between two signs of life of a scanner that is there and reads nothing."""

_SHOWN = 64

Said = Body | Notice


def described(text: str, identifier: str = "") -> dict[str, object]:
    """A code as `waypost decode` tells it."""
    try:
        found = label.read(text, identifier)
    except Refused as refused:
        return {"error": str(refused), "code": text[:_SHOWN]}
    return {
        "time": None, "tag": found.tag, "code": found.code, "symbology": found.symbology,
        "elements": dict(found.elements),
    }  # fmt: skip


class Scans:
    """The records of one scanner, each at a time of its own and followed by a sign of life: so it is decided at once."""

    def __init__(self, badge: str | None = None) -> None:
        self._labels = Labels(badge)
        self._newest = -SECOND

    def take(self, text: str, now: int, identifier: str = "") -> list[Said]:
        """A code that came at `now`, microseconds UTC; `identifier` is an AIM one that came beside it."""
        # Two codes may come in one piece; a clock that was set back by more than that is followed.
        time = self._newest + 1 if 0 <= self._newest - now < SECOND else now
        said = self._labels.scan(text, time, identifier)
        if isinstance(said, Scan):
            self._newest = time + 1
            return [said, Alive(self._newest)]
        return [said]


class ScannerSession(ABC):
    """One connection to a scanner that is told nothing; a `StreamSession`. It is up when its port is open.

    pending  seconds without a byte after which `silent` is to be called; None while no code is begun
    counts   noise (bytes that were no text), and what the codec refused by name
    """

    pending: float | None = None

    def __init__(self, info: str, badge: str | None, at: float) -> None:
        self.error: ProtocolError | Unsupported | None = None
        self.info: str | None = None
        self.counts: Counter[str] = Counter()
        self.scans = Scans(badge)
        self._info = info
        self._alive_at = -math.inf
        self._byte_at, self._byte_now = at, 0

    @abstractmethod
    def feed(self, data: bytes, now: int) -> Iterable[Said]:
        """What ends in `data`, in any split."""

    @abstractmethod
    def silent(self, now: int) -> Iterable[Said]:
        """No byte came for `pending` seconds; the last one at `now`."""

    @property
    def deadline(self) -> float:
        """When `timeout` is due."""
        return self._alive_at + ALIVE_SECONDS if self.pending is None else self._byte_at + self.pending

    def receive(self, data: bytes, now: int, at: float) -> list[Said]:
        """What `data` brings."""
        self._byte_at, self._byte_now = at, now
        return [*self._up(now), *self.feed(data, now), *self._alive(now, at)]

    def timeout(self, now: int, at: float) -> list[Said]:
        """The deadline is over."""
        said = self._up(now)
        if self.pending is not None and at >= self.deadline:
            said += self.silent(self._byte_now)
        return [*said, *self._alive(now, at)]

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long."""
        self._byte_at += seconds

    def data_to_send(self) -> bytes:
        """Nothing."""
        return b""

    def _up(self, now: int) -> list[Said]:
        if self.info is not None:
            return []
        self.info = self._info
        return [Up(now)]

    def _alive(self, now: int, at: float) -> list[Said]:
        """Not while a code is begun, which has the time of its last byte."""
        if self.pending is not None or at < self._alive_at + ALIVE_SECONDS:
            return []
        self._alive_at = at
        return [Alive(now)]
