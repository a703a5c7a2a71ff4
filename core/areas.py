"""Which areas each tracker is in: arrivals and departures from positions that err, late ones included.

Pure and without a clock: what is decided depends on the fixes, not on how they were batched, nor, within the horizon, on
the order in which they came. A tracker's silence ends nothing; who asks after one is told that it is not known.
"""

import copy
from bisect import bisect_right, insort
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from core.area_grid import AreaGrid
from core.area_motion import Motion, MotionRule, Seen, usable
from core.area_run import AreaRule, Run
from core.records import SECOND, Fix

TRACKERS = 10_000
"""Trackers that are remembered; the one that was heard least recently makes room, and is new when it comes again."""
AHEAD = 300 * SECOND
"""Microseconds after its arrival from which a fix is of the future, and is not believed: it would make all others late."""


@dataclass(frozen=True, slots=True)
class AreaRules:
    """Those of a site. horizon  s by which a fix may be late and still repair history, silence  s without a fix after
    which it is not known where a tracker is."""

    motion: MotionRule = field(default_factory=MotionRule)
    area: AreaRule = field(default_factory=AreaRule)
    horizon: float = 3600.0
    silence: float = 1800.0


@dataclass(frozen=True, slots=True)
class Crossing:
    """A tracker came into an area, or left it.

    area       its number;  time  microseconds UTC of the first fix of the run that shows it;  lat, lon  of that fix
    confirmed  time of the fix that made it certain
    """

    tracker: str
    area: int
    inside: bool
    time: int
    lat: float
    lon: float
    confirmed: int = field(compare=False, hash=False)


@dataclass(frozen=True, slots=True)
class Crossed:
    """What one fix changed. taken_back  what was told and no longer holds;  late  it was no news, but history"""

    taken_back: tuple[Crossing, ...] = ()
    told: tuple[Crossing, ...] = ()
    late: bool = False


NOTHING = Crossed()
_SLOT = 64
"""Fixes between two states that are kept, from which a late fix repeats what follows."""
_SLOTS = 128
"""Slots of a tracker at most: a fix each half a second keeps its hour."""

_Key = tuple[float, ...]


@dataclass(slots=True)
class _State:
    motion: Motion = field(default_factory=Motion)
    runs: dict[int, Run] = field(default_factory=dict)

    def copied(self) -> "_State":
        """What the other one does does not touch it; fixes never change."""
        motion = copy.copy(self.motion)
        motion.here, motion.there = copy.copy(motion.here), copy.copy(motion.there)
        motion.home = copy.copy(motion.home)
        return _State(motion, {area: copy.copy(run) for area, run in self.runs.items()})

    def step(self, fix: Fix, grid: AreaGrid, rules: AreaRules) -> list[Crossing]:
        """One more fix, in order of time."""
        found: list[Crossing] = []
        for seen in self.motion.step(fix, rules.motion):
            found += self._judged(seen, fix.time, grid, rules.area)
        return found

    def _judged(self, seen: Seen, now: int, grid: AreaGrid, rule: AreaRule) -> list[Crossing]:
        near = dict(grid.near(seen.fix.lon, seen.fix.lat))
        for area in self.runs:
            if area not in near:
                near[area] = float("inf")
        found: list[Crossing] = []
        for area in sorted(near):
            run = self.runs.setdefault(area, Run())
            if run.step(seen, near[area], rule):
                where = (run.since, *run.place)
                found.append(Crossing(seen.fix.tracker, area, bool(run.inside), *where, confirmed=now))
            if not run.inside and not run.count:
                del self.runs[area]
        return found


@dataclass(slots=True)
class _Slot:
    """The state before some fixes, the fixes in order, and what they told."""

    before: _State
    keys: list[_Key] = field(default_factory=list)
    fixes: dict[_Key, Fix] = field(default_factory=dict)
    told: list[Crossing] = field(default_factory=list)


class _Track:
    """One tracker: its newest state, and the past that late fixes may change."""

    def __init__(self) -> None:
        self.state = _State()
        self.newest = 0
        self._slots = [_Slot(_State())]

    def take(self, fix: Fix, grid: AreaGrid, rules: AreaRules) -> Crossed | None:
        """What it changes; None of one that is too late."""
        key = _key(fix)
        last = self._slots[-1]
        if not last.keys or key > last.keys[-1]:
            return Crossed((), tuple(self._appended(key, fix, grid, rules)))
        at = max(bisect_right(self._slots, key, key=lambda slot: slot.keys[0]) - 1, 0)
        begun = at or len(self._slots) < _SLOTS
        if fix.time <= self.newest - rules.horizon * SECOND or (not begun and key < self._slots[0].keys[0]):
            return None
        slot = self._slots[at]
        if key in slot.fixes:
            return NOTHING
        insort(slot.keys, key)
        slot.fixes[key] = fix
        return self._again(at, grid, rules)

    def _appended(self, key: _Key, fix: Fix, grid: AreaGrid, rules: AreaRules) -> list[Crossing]:
        self.newest = fix.time
        if len(self._slots[-1].keys) >= _SLOT:
            self._slots.append(_Slot(self.state.copied()))
        slot = self._slots[-1]
        slot.keys.append(key)
        slot.fixes[key] = fix
        oldest = fix.time - rules.horizon * SECOND
        while len(self._slots) > 1 and (len(self._slots) > _SLOTS or self._slots[1].keys[0][0] <= oldest):
            del self._slots[0]
        found = self.state.step(fix, grid, rules)
        slot.told += found
        return found

    def _again(self, at: int, grid: AreaGrid, rules: AreaRules) -> Crossed:
        """Repeat everything from a slot on, and say what is different."""
        slots = self._slots[at:]
        before = [crossing for slot in slots for crossing in slot.told]
        state = slots[0].before.copied()
        for slot in slots:
            slot.before = state.copied()
            slot.told = [one for key in slot.keys for one in state.step(slot.fixes[key], grid, rules)]
        self.state = state
        after = [crossing for slot in slots for crossing in slot.told]
        gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
        return Crossed(tuple(gone.elements()), tuple(new.elements()), late=True)


class Areas:
    """The decider of a site's areas; `grid` has their shapes.

    counts  areas_fixes = areas_judged + areas_unusable (without a position, or blurred) + areas_too_late + areas_future
    """

    def __init__(self, grid: AreaGrid, rules: AreaRules | None = None, limit: int = TRACKERS) -> None:
        self.counts: Counter[str] = Counter()
        self._grid, self._rules, self._limit = grid, rules or AreaRules(), limit
        self._tracks: OrderedDict[str, _Track] = OrderedDict()

    def take(self, fix: Fix, arrival: int) -> Crossed:
        """Judge one fix that came at `arrival`, microseconds UTC."""
        self.counts["areas_fixes"] += 1
        if not usable(fix):
            self.counts["areas_unusable"] += 1
            return NOTHING
        if fix.time > arrival + AHEAD:
            self.counts["areas_future"] += 1
            return NOTHING
        track = self._tracks.get(fix.tracker)
        if track is None:
            track = self._tracks[fix.tracker] = _Track()
            if len(self._tracks) > self._limit:
                self._tracks.popitem(last=False)
                self.counts["areas_trackers_forgotten"] += 1
        self._tracks.move_to_end(fix.tracker)
        crossed = track.take(fix, self._grid, self._rules)
        self.counts["areas_judged" if crossed else "areas_too_late"] += 1
        return crossed or NOTHING

    def inside(self, tracker: str, area: int, now: int) -> bool | None:
        """Is it in there? None when that is not known: nothing was heard, or nothing for longer than `silence`."""
        track = self._tracks.get(tracker)
        if track is None or now - track.newest > self._rules.silence * SECOND:
            return None
        run = track.state.runs.get(area)
        return bool(run and run.inside)


def _key(fix: Fix) -> _Key:
    """The order of fixes: by time, and of one time by what they say (unreported is -1: NaN has no order)."""
    told = (-1.0 if one != one else one for one in (fix.speed, fix.accuracy))
    return (fix.time, fix.lat, fix.lon, *told, fix.satellites, fix.flags)
