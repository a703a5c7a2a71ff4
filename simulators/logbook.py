"""What something with a position writes down about itself, and keeps until it was told that it has arrived.

Every simulated tracker and phone has one. What the journal has to hold is `acknowledged`, and nothing of it twice.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulators.clock import SECOND
from simulators.receiver import Place, Receiver, Window
from simulators.wrong_clock import RIGHT, WrongClock


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong.

    lost      each so many-th acknowledgement never arrives, and the message is sent again;  0 = none
    repeated  each so many-th message is sent once more although it was acknowledged
    clock     what its clock gets wrong
    tunnel    from when to when it has no satellite, and tells its last position: true times
    silent    when it has no network, so that it keeps what it has to say
    """

    lost: int = 0
    repeated: int = 0
    clock: WrongClock = RIGHT
    tunnel: Window = (0, 0)
    silent: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """What it said of where it was.

    time    when that was in truth;  dated  what its own clock said.  Microseconds UTC
    number  the how many-th note that is, from 0
    kept    it had no network then: when it is told, it is history
    """

    time: int
    dated: int
    place: Place
    number: int
    kept: bool = False

    @property
    def hidden(self) -> bool:
        """Its receiver says that it has no fix: the place is an old one."""
        return self.place.fix == "none"


class Logbook:
    """Of one receiver, which notes where it is each `every` seconds from `since` on (microseconds UTC).

    made          all true times and places that were noted;  acknowledged: those that arrived
    """

    def __init__(
        self, receiver: Receiver, since: int, every: float = 1.0, faults: Faults | None = None
    ) -> None:
        self.faults = faults or Faults()
        self.made: list[tuple[int, Place]] = []
        self.acknowledged: list[tuple[int, Place]] = []
        self._receiver = receiver
        self._since = since
        self._step = round(every * SECOND)
        self._held: deque[Noted] = deque()
        self._last: Place | None = None

    @property
    def due(self) -> int:
        """When the next note is to be made, microseconds UTC."""
        return self._since + len(self.made) * self._step

    def note(self, now: int) -> None:
        """All that is due at the true time `now`."""
        while (time := self.due) <= now:
            number = len(self.made)
            place = self._place(time)
            dated = self.faults.clock.says(time, number)
            self._held.append(Noted(time, dated, place, number, not self.connected(time)))
            self.made.append((time, place))

    def connected(self, now: int) -> bool:
        """Has it a network?"""
        return not any(since <= now < until for since, until in self.faults.silent)

    def held(self, most: int) -> list[Noted]:
        """The oldest notes that have not arrived, at most so many."""
        return [self._held[at] for at in range(min(most, len(self._held)))]

    def forget(self, arrived: Sequence[Noted]) -> None:
        """The oldest notes: it was told that they arrived."""
        for one in arrived:
            self._held.popleft()
            self.acknowledged.append((one.time, one.place))

    def _place(self, time: int) -> Place:
        place = self._receiver.at(time)
        if self.faults.tunnel[0] <= time < self.faults.tunnel[1]:
            return replace(self._last or place, satellites=0, fix="none")
        self._last = place
        return place
