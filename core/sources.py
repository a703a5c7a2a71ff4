"""One source of records (a device): its frontier, its timers, its blindness and its counts."""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.cells import PORTS
from core.places import Blind, Place
from core.records import SECOND, Down, Times
from core.site import Source as Spec

HOLDERS = 1_024
"""Times at which somebody held a device that are remembered: a scan a second comes late by less."""
TENURE = 12 * 3_600 * SECOND
"""A badge counts for so long, microseconds: nobody is held to have a scanner that was put away."""
INDEX_BITS = 32
"""Bits of a timer that are the number of its track."""
_KIND_BITS = 3


@dataclass(slots=True)
class Outage:
    """A blind interval that has not been written yet: since, until (None while it lasts), why, backlog that fell in."""

    since: int
    reason: str
    to: int | None = None
    filled: int = 0


@dataclass(slots=True)
class Source:
    """A device. Its frontier is its `newest` record or sign of life minus a lateness; times in microseconds.

    places  those that it watches: a handheld watches none
    late    int64[PORTS]  lateness of the place that a port looks at
    timers  a heap of thresholds on `newest` with what is due then
    """

    index: int
    spec: Spec
    places: list[Place]
    by_port: dict[int, tuple[Place, int]]
    late: NDArray[np.int64]
    newest: int = 0
    up: bool = True
    outage: Outage | None = None
    blind_since: int | None = None
    """Up to when it is known what the source saw; None while it is watching."""
    turned: int = 0
    """Time of the last `device_down` or `device_up`."""
    late_ports: list[int] = field(default_factory=list)
    timers: list[int] = field(default_factory=list)
    idle_timers: int = 0
    """At least so many of them are of tracks that were forgotten."""
    own: int = 0
    """The source's own lateness, microseconds."""
    offset: int = 0
    """What its own times lack, microseconds."""
    SHIFT: ClassVar[int] = INDEX_BITS + _KIND_BITS
    counts: Counter[str] = field(default_factory=Counter)
    holders: list[tuple[int, str]] = field(default_factory=list)
    """(when, badge) in order of time: when somebody is known to have held it. Policy: when there are more than `HOLDERS`, of
    those in a row for the same badge the ones between are forgotten, then the oldest."""

    def held(self, time: int, badge: str) -> None:
        """Somebody's badge was read by it, or somebody used it who had said so."""
        insort(self.holders, (time, badge))
        if len(self.holders) > HOLDERS:
            self.holders = _ends(self.holders)[-HOLDERS:]

    def holder(self, time: int) -> str | None:
        """The badge of who held it then, None when nobody had said so for `TENURE`."""
        at = bisect_right(self.holders, time, key=itemgetter(0)) - 1
        if at < 0 or time - self.holders[at][0] > TENURE:
            return None
        return self.holders[at][1]

    def lateness(self, place: Place | None) -> int:
        """How far `newest` must be beyond a time at a place for it to lie behind the frontier, microseconds."""
        given = None if place is None else place.lateness
        return (self.own if given is None else given) + 1

    def looks_at(self, port: int) -> tuple[Place, int] | None:
        """The place and side of a port; port 0 of the configuration stands for any."""
        return self.by_port.get(port) or self.by_port.get(0)

    def cause(self, port: int) -> str:
        """What makes a place blind when an antenna is off: no id has a slash."""
        return f"{self.spec.id}/{port}"

    def causes(self, port: int, blind: Blind) -> list[str]:
        """Which of a place's causes end when a port is connected; port 0 stands for all, and is a part of each."""
        own = [cause for cause in blind.open if cause.startswith(self.cause(0)[:-1])]
        return own if not port else [cause for cause in own if cause in (self.cause(port), self.cause(0))]

    def wake(self, threshold: int, kind: int, index: int) -> None:
        """Ask to be told when `newest` reaches the threshold."""
        heappush(self.timers, (((threshold << _KIND_BITS) | kind) << INDEX_BITS) | index)

    def due(self) -> int | None:
        """The next threshold."""
        return self.timers[0] >> (INDEX_BITS + _KIND_BITS) if self.timers else None

    def keep(self, is_armed: Callable[[int, int, int], bool], always: int) -> None:
        """Drop the timers that would find nothing armed; those of the kind `always` need not be."""
        mask = (1 << INDEX_BITS) - 1
        self.timers = [
            timer
            for timer in self.timers
            if (timer >> INDEX_BITS) & ((1 << _KIND_BITS) - 1) == always
            or is_armed(timer & mask, self.index, timer >> self.SHIFT)
        ]
        heapify(self.timers)
        self.idle_timers = 0

    def timers_pop(self) -> int:
        """Take the next timer."""
        return heappop(self.timers)

    def down(self, body: Down) -> bool:
        """The link was lost; False when that is known already."""
        if not self.up:
            return False
        self.up = False
        since = max(body.time, self.newest)
        self.blind_since = since if self.blind_since is None else self.blind_since
        self.outage = self.outage or Outage(since, body.reason)
        self.outage.to = None
        for place in self.places:
            place.blind.begin(self.spec.id, since)
        return True

    def sees(self, time: int) -> bool:
        """A record or sign of life dated `time`; True when the places are watched again from then on.

        What is older than the outage says nothing about it: a reader may deliver its last reports once more.
        """
        if not self.up or self.blind_since is None or time <= self.blind_since:
            return False
        self.blind_since = None
        for place in self.places:
            place.blind.end(self.spec.id, time)
        return True


def _ends(holders: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The first and the last of the times in a row for the same badge, and between them what renews its `TENURE`."""
    kept: list[tuple[int, str]] = []
    for time, badge in holders:
        if len(kept) > 1 and kept[-2][1] == kept[-1][1] == badge and time - kept[-2][0] <= TENURE:
            kept.pop()
        kept.append((time, badge))
    return kept


def fill(source: Source, time: Times) -> None:
    """Count the records that fall into the outage, up to the first that is beyond it."""
    outage = source.outage
    if outage is None or outage.to is None:
        return
    beyond = np.flatnonzero(time >= outage.to)
    backlog = time[: beyond[0]] if len(beyond) else time
    outage.filled += int(np.count_nonzero(backlog >= outage.since))


def unpack(timer: int) -> tuple[int, int, int]:
    """Threshold, kind and index of a timer."""
    index = timer & ((1 << INDEX_BITS) - 1)
    rest = timer >> INDEX_BITS
    return rest >> _KIND_BITS, rest & ((1 << _KIND_BITS) - 1), index


def sources(specs: tuple[Spec, ...], places: dict[str, Place]) -> list[Source]:
    """The sources of a site in order of configuration."""
    made = []
    for index, spec in enumerate(specs):
        by_port: dict[int, tuple[Place, int]] = {}
        for antenna in spec.antennas:
            place = places[antenna.zone or antenna.portal or ""]
            far = place.portal is not None and antenna.side == place.portal.between[1]
            by_port[antenna.port] = (place, int(far))
        default = round(spec.lateness * SECOND)
        any_port = by_port.get(0)
        late = np.full(
            PORTS,
            default if any_port is None or any_port[0].lateness is None else any_port[0].lateness,
            np.int64,
        )
        for port, (place, _) in by_port.items():
            if port:
                late[min(port, PORTS - 1)] = default if place.lateness is None else place.lateness
        near = [] if spec.handheld else list({place.id: place for place, _ in by_port.values()}.values())
        source = Source(index, spec, near, by_port, late, late_ports=late.tolist(), own=default)
        source.offset = round(spec.offset * SECOND)
        made.append(source)
    return made
