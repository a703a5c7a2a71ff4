"""A GPS receiver that writes NMEA sentences about where it is, and what can go wrong with one."""

from collections.abc import Container
from dataclasses import dataclass

from simulators.llrp_reports import Sighting
from simulators.nmea_dialects import Dialect, Instant
from simulators.receiver import Place, Receiver, Window
from simulators.serial_module import SimulatedModule
from simulators.wrong_clock import ERA


@dataclass(frozen=True, slots=True)
class Faults:
    """Of one receiver.

    tunnel  from when to when there is no fix, microseconds UTC
    latch   from when to when it repeats the instant before, time and all
    eras    its dates are so many times 1024 weeks too early
    halved  numbers of the epochs whose bytes are cut in the middle
    """

    tunnel: Window = (0, 0)
    latch: Window = (0, 0)
    eras: int = 0
    halved: Container[int] = ()


class SimulatedReceiver(SimulatedModule):
    """Without its line. It begins at the first whole period from `start` on.

    told  what it stood by: time and place, once each, without what a fault has spoiled
    """

    def __init__(self, receiver: Receiver, dialect: Dialect, faults: Faults | None = None) -> None:
        super().__init__()
        self.receiver = receiver
        self.dialect = dialect
        self.faults = faults or Faults()
        self.told: list[tuple[int, Place]] = []
        self.epochs = 0
        period = dialect.period
        self._next = -(-receiver.start // period) * period
        self._last = b""

    @property
    def reading(self) -> bool:
        return True

    def receive(self, data: bytes, now: int) -> bytes:
        """It takes no commands."""
        return b""

    def see(self, sighting: Sighting, now: int) -> bytes:
        """It sees no tags."""
        self.ledger["unheard"] += 1
        return b""

    def due(self) -> int | None:
        return self._next

    def advance(self, now: int) -> bytes:
        said = b""
        while self._next <= now:
            said += self._epoch(self._next)
            self._next += self.dialect.period
        return said

    def power_cycle(self) -> None:
        """It has a battery."""

    def _epoch(self, time: int) -> bytes:
        number, self.epochs = self.epochs, self.epochs + 1
        place = self.receiver.at(time)
        if self._last and (place.fix == "latched" or _within(time, self.faults.latch)):
            return self._last
        known = place.good and not _within(time, self.faults.tunnel)
        said = self.dialect.write(Instant(time - self.faults.eras * ERA, place if known else None))
        if number in self.faults.halved:
            return said[: len(said) // (2 * len(self.dialect.sentences))]
        self._last = said
        if known:
            self.told.append((time, place))
        return said


def _within(time: int, window: Window) -> bool:
    return window[0] <= time < window[1]
