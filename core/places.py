"""Zones and portals as the pipeline sees them: nesting, sides, and the intervals in which a place was blind."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from core.records import SECOND
from core.site import Portal, Site, Zone


class Blind:
    """The intervals in which a place was not fully watched; time in them is no silence.

    Intervals are disjoint and ascending. Policy: the newest `LIMIT` are kept, older ones are forgotten, which can
    only shorten the memory of a visit that has been silent through that many outages.
    """

    LIMIT = 1_000

    def __init__(
        self,
        starts: Iterable[int] = (),
        ends: Iterable[int] = (),
        still: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.starts = list(starts)
        self.ends = list(ends)
        self.open = dict(still)

    def begin(self, cause: str, time: int) -> None:
        """Something (`cause`) stopped watching at `time`."""
        self.open.setdefault(cause, time)

    def end(self, cause: str, time: int) -> None:
        """`cause` watches again from `time` on."""
        start = self.open.pop(cause, None)
        if start is None or time <= start:
            return
        at = bisect_right(self.starts, start)
        while at and self.ends[at - 1] >= start:
            at -= 1
            start, time = min(start, self.starts[at]), max(time, self.ends[at])
            del self.starts[at], self.ends[at]
        while at < len(self.starts) and self.starts[at] <= time:
            time = max(time, self.ends[at])
            del self.starts[at], self.ends[at]
        self.starts.insert(at, start)
        self.ends.insert(at, time)
        if len(self.starts) > self.LIMIT:
            del self.starts[0], self.ends[0]

    def intervals(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The parts of [start, stop) that were blind, in no order; what is blind still reaches to its end."""
        for begin, end in zip(reversed(self.starts), reversed(self.ends), strict=True):
            if end <= start:
                break
            if begin < stop:
                yield max(begin, start), min(end, stop)
        if self.open and (begin := min(self.open.values())) < stop:
            yield max(begin, start), stop

    def shift(self, by: int) -> None:
        """Move every interval by `by` microseconds: the clock that dated them was wrong by that much."""
        self.starts = [one + by for one in self.starts]
        self.ends = [one + by for one in self.ends]
        self.open = {cause: time + by for cause, time in self.open.items()}


def unwatched(blinds: Iterable[Blind], start: int, stop: int) -> int:
    """Microseconds inside [start, stop) in which at least one of several places was blind."""
    total = 0
    for begin, end in sorted(span for blind in blinds for span in blind.intervals(start, stop)):
        if end > start:
            total += end - max(begin, start)
            start = end
    return total


@dataclass(slots=True)
class Place:
    """A zone or portal. `sources` are the indexes of the sources that watch it; times in microseconds."""

    id: str
    index: int
    zone: Zone | None
    portal: Portal | None
    gap: int
    max_pass: int = 0
    lateness: int | None = None
    silent: bool = False
    """A visit ends by silence (else it turns into "told")."""
    sources: list[int] = field(default_factory=list)
    blind: Blind = field(default_factory=Blind)
    deaf: Blind = field(default_factory=Blind)
    """When an antenna of it was off, whatever else the place was blind by."""
    sided: bool = False
    parked: dict[int, None] = field(default_factory=dict)
    """Tracks whose silence can not be judged while an antenna is off."""


class Nesting:
    """Which zones lie inside which. Places are named by id; a zone is nested with itself."""

    def __init__(self, zones: tuple[Zone, ...]) -> None:
        parents = {zone.id: zone.inside for zone in zones}
        self._chains: dict[str, tuple[str, ...]] = {}
        for zone in zones:
            chain = [zone.id]
            while (outer := parents.get(chain[-1])) is not None and outer not in chain:
                chain.append(outer)
            self._chains[zone.id] = tuple(chain)

    def chain(self, zone: str) -> tuple[str, ...]:
        """The zone and everything that it lies in, innermost first."""
        return self._chains.get(zone, (zone,))

    def nested(self, one: str, other: str) -> bool:
        """True when either lies inside the other."""
        return other in self.chain(one) or one in self.chain(other)

    def depth(self, zone: str) -> int:
        """How many zones contain it, itself included."""
        return len(self.chain(zone))


def places(site: Site) -> dict[str, Place]:
    """All zones, then all portals, of a site, by id."""
    led_to = {zone for portal in site.portals for zone in portal.between}
    made: dict[str, Place] = {}
    for zone in site.zones:
        leave = zone.leave or ("elsewhere" if zone.id in led_to else "silence")
        made[zone.id] = Place(
            zone.id, len(made), zone, None, round(zone.silence * SECOND), silent=leave == "silence"
        )
    for portal in site.portals:
        made[portal.id] = Place(
            portal.id,
            len(made),
            None,
            portal,
            round(portal.gap * SECOND),
            round(portal.max_pass * SECOND),
            round(portal.lateness * SECOND),
        )
    for number, source in enumerate(site.sources):
        for antenna in source.antennas:
            place = made[antenna.zone or antenna.portal or ""]
            place.sided = place.sided or antenna.side is not None
        fed = [antenna.zone or antenna.portal or "" for antenna in source.antennas]
        for id in dict.fromkeys([*fed, *(eye.portal for eye in source.gpi)]):
            if not source.handheld:
                made[id].sources.append(number)
    return made
