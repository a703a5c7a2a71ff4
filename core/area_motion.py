"""Does a tracker move, or does only its position? Receivers that err are why parked assets seem to leave.

A tracker rests around an anchor until something shows that it moves: it says so itself (speed), or several steps in one
direction do. One leap is no movement, however far: whoever truly goes somewhere is seen on the way, while a reflected
signal puts a receiver elsewhere at once, and for minutes, with the best of accuracies. Only a leap that outlasts `settle`
is believed, or one that happened while nobody looked.
"""

import itertools
import math
from dataclasses import dataclass, field, replace

from core.records import SECOND, Fix, Flag
from core.shapes import metres_per_degree, turned


@dataclass(frozen=True, slots=True)
class MotionRule:
    """What counts as movement.

    clamp       m from the anchor within which a tracker rests; or three standard deviations, if that is more
    speed       m/s from which a tracker that tells its speed says that it moves
    step        m of a step between two fixes that is no noise: noise of 4 m that is correlated over a minute steps 2.2
                m an axis in 10 s
    strong      m of the root of the sum of squares of all but the largest step of three that may be a walk
    on_foot     m/s of a step up to which it may be a walk
    spacing     s between the fixes whose distance is called a step, at least
    unseen      s without a fix in which a tracker may have gone anywhere
    rest        s within the clamp after which it rests
    settle      s that a leap has to last, least and most; between them twice as long as the tracker was where it was
    guess       s that a leap has to last within the first  known  s of a tracker: where it was first seen was a guess,
                and where it is then may be an arrival, never a departure
    """

    clamp: float = 15.0
    speed: float = 0.7
    step: float = 7.5
    strong: float = 9.0
    on_foot: float = 2.5
    spacing: float = 8.0
    unseen: float = 120.0
    rest: float = 60.0
    settle: tuple[float, float] = (1800.0, 7200.0)
    guess: float = 300.0
    known: float = 3600.0


SIGMA = (3.0, 100.0)
"""m per axis that a fix is taken to be off, least and most."""
UNTOLD = 10.0
"""m of one that does not say."""
FEW = 4
"""Satellites below which a position is a guess."""
NODES = 4
"""Fixes at least `spacing` apart of which the steps are seen."""
HONEST = 1.5
"""Clamps that three standard deviations of a fix may be wide if it is to say that a tracker has not gone after all."""
FAR = 500.0
"""m gone since a leap, after which it says no more."""
TRAIL = 64
"""Fixes away from the anchor that are kept to be judged once it moves; the oldest go first."""


def sigma(fix: Fix) -> float:
    """m per axis that the fix is taken to be off."""
    if 0 <= fix.satellites < FEW:
        return SIGMA[1]
    told = fix.accuracy if fix.accuracy == fix.accuracy else UNTOLD  # NaN is what nobody said
    return min(max(told, SIGMA[0]), SIGMA[1])


def usable(fix: Fix) -> bool:
    """Does it say where the tracker is? What was blurred on purpose does not, and never alarms."""
    return bool(fix.flags & Flag.VALID) and not fix.flags & Flag.COARSE and math.isfinite(fix.lat + fix.lon)


@dataclass(slots=True)
class Spot:
    """Where a tracker stays: the mean of its fixes there (of the newest 60, so that it follows), degrees."""

    lat: float
    lon: float
    since: int
    last: int
    first: Fix
    count: int = 1
    east: float = 0.0
    north: float = 0.0

    def __post_init__(self) -> None:
        self.east, self.north = metres_per_degree(self.lat)

    def offset(self, fix: Fix) -> float:
        """m from here to the fix."""
        return math.hypot(turned(fix.lon - self.lon) * self.east, (fix.lat - self.lat) * self.north)

    def add(self, fix: Fix) -> None:
        """One more fix here."""
        self.count = min(self.count + 1, 60)
        self.lat += (fix.lat - self.lat) / self.count
        self.lon = turned(self.lon + turned(fix.lon - self.lon) / self.count)
        self.last = fix.time


def spot(fix: Fix) -> Spot:
    """Where this one fix is."""
    return Spot(fix.lat, fix.lon, fix.time, fix.time, fix)


@dataclass(frozen=True, slots=True)
class Seen:
    """A position to be judged: the fix; `sure` when it needs no others beside it; `moved` when it may be a departure."""

    fix: Fix
    sure: bool = False
    moved: bool = True


@dataclass(frozen=True, slots=True)
class Leap:
    """What a position leapt before its tracker went: no part of its way, until it leaps back.

    lat, lon  degrees;  since  microseconds UTC when it was known;  begin  where it was then
    """

    lat: float
    lon: float
    since: int
    begin: Spot

    def without(self, fix: Fix) -> Fix:
        """The fix as it would be without the leap."""
        return replace(fix, lat=fix.lat - self.lat, lon=turned(fix.lon - self.lon))

    def back(self, here: Spot, fix: Fix) -> bool:
        """Is the way from `here` to the fix more like the leap back than like none?"""
        x, y = turned(fix.lon - here.lon) * here.east, (fix.lat - here.lat) * here.north
        far = (self.lon * here.east, self.lat * here.north)
        return math.hypot(x + far[0], y + far[1]) < math.hypot(*far) / 2


@dataclass(slots=True)
class Motion:
    """Of one tracker. `step` takes its fixes in order of time, and returns those that tell where it truly is.

    resting  around `here`;  proved  it was seen to move since it is known, or since it rested
    stirred  when it was last seen to move, though perhaps too uncertain where; microseconds UTC
    leap     what its positions are off since it moved from where it seemed to be
    home     where it rested before it leapt to `here`: a leap back is believed at once
    there    where it seems to be instead, since when;  leapt  s that nobody had looked before it was there
    began   when it was heard for the first time;  last  for the last time
    judged  when its anchor was last looked at: one that noise had put outside may turn out to be inside
    """

    here: Spot | None = None
    resting: bool = False
    proved: bool = False
    there: Spot | None = None
    leapt: float = 0.0
    last: int = 0
    judged: int = 0
    began: int = 0
    stirred: float = -math.inf
    leap: Leap | None = None
    home: Spot | None = None
    nodes: list[Fix] = field(default_factory=list)
    trail: list[Fix] = field(default_factory=list)

    def step(self, fix: Fix, rule: MotionRule) -> list[Seen]:
        """What is to be judged now: nothing of a tracker that rests, more than one when a movement shows."""
        pause = (fix.time - self.last) / SECOND if self.here else 0.0
        self.last = fix.time
        if not self.nodes or fix.time - self.nodes[-1].time >= rule.spacing * SECOND:
            self.nodes = [*self.nodes[1 - NODES :], fix]
        if self.here is None:
            self.here, self.began = spot(fix), fix.time
        reach = max(rule.clamp, 3.0 * sigma(fix))
        near = self.here.offset(fix) <= reach
        if self.leap is not None and self._over(self.leap, fix, pause, rule):
            self.leap, self.here, near = None, spot(fix), True
        found = self._rests(fix, near, pause, rule) if self.resting else self._roams(fix, near, rule)
        if self.leap is None:
            return found
        return [replace(one, fix=self.leap.without(one.fix)) for one in found]

    def _over(self, leap: Leap, fix: Fix, pause: float, rule: MotionRule) -> bool:
        """It leapt back, or has gone so far or for so long that the leap says no more."""
        assert self.here is not None
        if pause > rule.unseen or leap.begin.offset(fix) > FAR:
            return True
        return fix.time - leap.since > rule.settle[1] * SECOND or leap.back(self.here, fix)

    def _rests(self, fix: Fix, near: bool, pause: float, rule: MotionRule) -> list[Seen]:
        here = self.here
        assert here is not None
        if self._moves(rule):
            self.stirred = fix.time
        elif near and sigma(fix) * 3.0 <= HONEST * rule.clamp:
            self.stirred = -math.inf
        if near:
            here.add(fix)
            self.there, self.trail = None, []
            if fix.time - self.judged < rule.rest * SECOND:
                return []
            self.judged = fix.time
            return [Seen(replace(fix, lat=here.lat, lon=here.lon), sure=True, moved=False)]
        self.trail = [*self.trail[1 - TRAIL :], fix]
        if fix.time - self.stirred <= rule.guess * SECOND:
            return self._released(fix)
        there = self.there
        reach = max(rule.clamp, 3.0 * sigma(fix))
        if self.home is not None and self.home.offset(fix) <= reach:
            self.here, self.home, self.there, self.leap = self.home, None, None, None
            return []
        if there is None or there.offset(fix) > reach:
            self.there, self.leapt = spot(fix), pause
            return []
        there.add(fix)
        new = fix.time - self.began < rule.known * SECOND and self.leapt <= rule.unseen
        if fix.time - there.since < (rule.guess * SECOND if new else self._needed(here, there, rule)):
            return []
        self.home, self.here, self.there, self.trail, self.leap = here, there, None, [], None
        return [Seen(there.first, sure=True, moved=not new)]

    def _needed(self, here: Spot, there: Spot, rule: MotionRule) -> float:
        """Microseconds that it has to be there to be believed."""
        if self.leapt > rule.unseen:
            return rule.rest * SECOND if there.count > 2 else math.inf
        least, most = rule.settle
        return min(max(2.0 * (here.last - here.since), least * SECOND), most * SECOND)

    def _released(self, fix: Fix) -> list[Seen]:
        """It moves: what was held back is judged now. Where it was for longer, there it was."""
        here, there = self.here, self.there
        if here and there and there.count > 2 and there.last - there.since < here.last - here.since:
            self.leap = self.leap or Leap(there.lat - here.lat, turned(there.lon - here.lon), fix.time, there)
        held = [one for one in self.trail if one.time >= self.nodes[0].time]
        self.trail, self.there, self.home = [], None, None
        self.resting, self.proved, self.here = False, True, spot(fix)
        return [Seen(one) for one in held]

    def _roams(self, fix: Fix, near: bool, rule: MotionRule) -> list[Seen]:
        here = self.here
        assert here is not None
        self.proved = self.proved or self._moves(rule)
        if not near:
            self.here = spot(fix)
        else:
            here.add(fix)
            if fix.time - here.since >= rule.rest * SECOND and here.count > 2:
                self.resting = True
                moved, self.proved = self.proved, False
                return [Seen(fix, moved=moved)]
        return [Seen(fix, moved=self.proved)]

    def _moves(self, rule: MotionRule) -> bool:
        nodes = self.nodes
        if sum(one.speed >= rule.speed for one in nodes[-3:]) >= 2:
            return True
        if len(nodes) < NODES:
            return False
        east, north = metres_per_degree(nodes[0].lat)
        ways = [
            (turned(b.lon - a.lon) * east, (b.lat - a.lat) * north, (b.time - a.time) / SECOND)
            for a, b in itertools.pairwise(nodes)
        ]
        return _coherent(ways, rule) or _walked(ways, rule)


Way = tuple[float, float, float]
"""m east, m north, s."""


def _coherent(ways: list[Way], rule: MotionRule) -> bool:
    """Every step is more than noise, and goes on within 60 degrees of the one before."""
    lengths = [math.hypot(x, y) for x, y, _ in ways]
    if min(lengths) < rule.step or max(seconds for *_, seconds in ways) > rule.unseen:
        return False
    return all(
        a[0] * b[0] + a[1] * b[1] > 0.5 * one * two
        for a, b, one, two in zip(ways, ways[1:], lengths, lengths[1:], strict=False)
    )


def _walked(ways: list[Way], rule: MotionRule) -> bool:
    """Not one step alone went there, all went the same way, and none was faster than on foot."""
    x, y = sum(way[0] for way in ways), sum(way[1] for way in ways)
    net = math.hypot(x, y)
    if net <= rule.clamp:
        return False
    along = [(way[0] * x + way[1] * y) / net for way in ways]
    if min(along) < -rule.step / 3 or any(
        part > rule.on_foot * way[2] for part, way in zip(along, ways, strict=True)
    ):
        return False
    largest = max(along)
    return math.sqrt(sum(part * part for part in along) - largest * largest) >= rule.strong
