"""What a tag did at a door: crossing, near, static or turn-back.

The evidence of a tag and that of its companions are added as log-odds. What is doubtful alone is certain on a pallet of
twelve that all say the same; what looks like a crossing alone is none on a load that turned back. How sharply the
sides of a door can be told apart differs from door to door: the companions show that too.

The numbers are fitted to simulated doors of any geometry, gain and wall (1,000 tags of each movement in `waypost bench
accuracy`, at doors that it does not show): walks, forklifts, stops, turn-backs, work beside the door, parked goods.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp

from core.company import Group
from core.motion import Motion

LONGEST_PASS = 120
"""Seconds; a longer pass is a tag that stands there."""
MIN_READS = 3
"""Reads that a tag needs to stand for itself."""

ALONE, ALONE_CONTRAST, ALONE_ORDER, ALONE_EVIDENCE = -4.15, 2.37, 1.99, 0.72
"""Log-odds of a crossing in a direction, of a tag without company; and per unit of contrast, order and evidence."""
COMPANY, CONTRAST, ORDER, AGREE, SHARPNESS = -5.4, 1.85, 0.55, 4.7, 6.8
"""The same of a tag in company, per unit of its own contrast and order and of what its companions say."""
INTO = 0.25
"""Share of the reads on the other side from which who did not cross was in the door."""


class Movement(StrEnum):
    """The movements of a tag at a door; only a crossing is an event."""

    CROSSING = "crossing"
    NEAR = "near"
    STATIC = "static"
    TURN_BACK = "turn_back"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided of a pass: direction +1 = from side 0 to side 1, 0 = unknown; confidence 0..1.

    company  how many moved with it
    """

    movement: Movement
    direction: int = 0
    confidence: float | None = None
    company: int = 0


def odds(seen: Motion, group: Group, direction: int) -> float:
    """Log-odds that a tag crossed in a direction, +1 or -1."""
    if not group.is_company:
        own = ALONE_CONTRAST * seen.contrast + ALONE_ORDER * seen.order
        return ALONE + direction * own + ALONE_EVIDENCE * seen.evidence
    signed = CONTRAST * seen.contrast + ORDER * seen.order + AGREE * group.agree
    return COMPANY + direction * signed + SHARPNESS * group.sharpness


def judge(seen: Motion, group: Group, sided: bool) -> Verdict:
    """Decide one pass, given its companions; `sided` says whether the portal's antennas tell the sides apart."""
    if seen.static:
        return Verdict(Movement.STATIC)
    if sum(seen.reads) < MIN_READS and not (seen.two_sided and group.is_company):
        return Verdict(Movement.NEAR if sided and not seen.two_sided else Movement.WEAK)
    if not sided:
        return Verdict(Movement.CROSSING)
    if not seen.two_sided:
        return Verdict(Movement.NEAR)
    likely, direction = max((odds(seen, group, direction), direction) for direction in (1, -1))
    if likely > 0:
        confidence = round(1 / (1 + exp(-likely)), 3)
        return Verdict(Movement.CROSSING, direction, confidence, group.members)
    came_in = min(seen.reads) >= INTO * sum(seen.reads)
    return Verdict(Movement.TURN_BACK if came_in else Movement.NEAR, company=group.members)
