"""One tracker and one area: in, out or not known, and the run of fixes that is about to change it."""

from dataclasses import dataclass

from core.area_motion import Seen, sigma
from core.records import SECOND


@dataclass(frozen=True, slots=True)
class AreaRule:
    """When a run of fixes is enough.

    edge      m outside from which a fix speaks for a departure, the same for every shape
    fixes     that agree, and  dwell  s from the first to the last of them
    far       standard deviations outside from which two fixes are enough for who goes at  fast  m/s or more
    cautious  m of its own error at most by which a fix has to be farther out
    """

    edge: float = 10.0
    fixes: int = 3
    dwell: float = 20.0
    far: float = 5.0
    fast: float = 3.0
    cautious: float = 50.0


@dataclass(slots=True)
class Run:
    """inside  None = not known yet;  since, count  of the fixes that speak for the other state, 0 = there are none

    place  the latitude and longitude of the first of them
    """

    inside: bool | None = None
    since: int = 0
    count: int = 0
    place: tuple[float, float] = (0.0, 0.0)

    def step(self, seen: Seen, distance: float, rule: AreaRule) -> bool:
        """True when the state has changed with this fix; `since` and `place` say where that began."""
        fix, off = seen.fix, sigma(seen.fix)
        says = self._says(distance, off, rule)
        if says is None or says == self.inside or (says is False and self.inside and not seen.moved):
            self.count = 0
            return False
        if not self.count:
            self.since, self.place = fix.time, (fix.lat, fix.lon)
        self.count += 1
        quick = distance > rule.far * off and fix.speed >= rule.fast and self.count >= 2
        enough = self.count >= rule.fixes and fix.time - self.since >= rule.dwell * SECOND
        if not (seen.sure or quick or enough):
            return False
        known = self.inside is not None
        self.inside, self.count = says, 0
        return known or says

    def _says(self, distance: float, off: float, rule: AreaRule) -> bool | None:
        """In, out, or nothing: near the edge, what was so stays so."""
        if distance < 0.0:
            return True
        if self.inside is None or not self.inside:
            return False
        return False if distance - min(off, rule.cautious) > rule.edge else None
