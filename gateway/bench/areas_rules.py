"""Deciders of `waypost bench areas`: ours, and what others do, as functions of the same fixes.

A raw test is what the common open trackers do. The others are published rules: an exit beyond a margin, one that takes
the claimed accuracy off, and one that waits for several fixes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.area_grid import AreaGrid
from core.area_run import AreaRule
from core.areas import AreaRules, Areas
from core.records import Fix
from gateway.bench.areas_cells import area

Exits = list[int]
"""When it was told that the asset had left, microseconds UTC: the time of the fix that decided."""
Decide = Callable[[Sequence[Fix]], Exits]

MARGIN = 20.0
"""m, of the published hysteresis: the larger of this and a tenth of the radius."""


@dataclass(frozen=True, slots=True)
class Simple:
    """Out after `fixes` in a row that are farther than `margin` m (and the claimed accuracy) outside; in at once."""

    margin: float = 0.0
    accuracy: bool = False
    fixes: int = 1

    def __call__(self, fixes: Sequence[Fix]) -> Exits:
        """Its exits."""
        shape, inside, run, found = area(), False, 0, Exits()
        for fix in fixes:
            distance = shape.distance(fix.lon, fix.lat)
            beyond = distance - (fix.accuracy if self.accuracy else 0.0) > self.margin
            run = run + 1 if beyond else 0
            if inside and run >= self.fixes:
                found.append(fix.time)
                inside = False
            inside = inside or distance <= 0.0
        return found


@dataclass(frozen=True, slots=True)
class Ours:
    """The decider of core/areas.py, with `rule` for its areas."""

    rule: AreaRule

    def __call__(self, fixes: Sequence[Fix]) -> Exits:
        """Its exits."""
        areas = Areas(AreaGrid([area()]), AreaRules(area=self.rule))
        return [one.confirmed for fix in fixes for one in areas.take(fix, fix.time).told if not one.inside]


RULES: dict[str, Decide] = {
    "waypost": Ours(AreaRule()),
    "raw test": Simple(),
    "hysteresis": Simple(MARGIN),
    "with accuracy": Simple(MARGIN, accuracy=True),
    "three fixes": Simple(MARGIN, accuracy=True, fixes=3),
}
CURVE: dict[str, Decide] = {
    **{f"waypost, {n} fixes": Ours(AreaRule(fixes=n, dwell=(n - 1) * 10.0)) for n in (2, 3, 4, 6)},
    **{f"others, {n} fixes": Simple(MARGIN, accuracy=True, fixes=n) for n in (2, 4, 8, 16, 32)},
}
"""Delay bought for fewer false exits."""
