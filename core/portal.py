"""What a tag did at a door: crossing, near, static or turn-back; and the vote of the tags that moved together.

Direction is the order of the power-squared weighted centroids of the two sides: right for 99.4 % of 360 real
crossings, where "first antenna seen" reaches 74 %. The harder half is to refuse what did not cross: a tag that
stands in the door, or turns back in it, has both centroids near each other. `separation` is their distance in units
of the spreads, `score` the same as a t-statistic, so that few reads must be further apart than many.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, sqrt

from core.tracks import Run
from core.weights import READS_LIMIT, Sums

LONGEST_PASS = 120
"""Seconds; the sums of a longer pass would not fit their columns."""
MIN_READS = 3
"""Reads that a tag needs to stand for itself."""
SEPARATION = 0.5
"""Distance of the centroids, in spreads, from which a tag has crossed by its own evidence."""
SUPPORTED = 0.25
"""The same for a tag whose companions clearly crossed in its direction."""
SCORE = 2.0
"""t-statistic that a tag needs by its own evidence."""
DOUBT = 6.0
"""The same for a tag whose companions are of no mind: a pallet that turned back in the door, or two that met there."""
CYCLE = 0.2
"""Seconds that a reader may take to cycle through its antennas: times are not known better than this."""
QUORUM = 3
"""Companions that make a group."""
MAJORITY = 0.6
"""Mean vote, in 0..1, from which a group is of one mind."""


class Movement(StrEnum):
    """The movements of a tag at a door; only a crossing is an event."""

    CROSSING = "crossing"
    NEAR = "near"
    STATIC = "static"
    TURN_BACK = "turn_back"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Motion:
    """The features of one pass. `sign` is +1 when side 0 came before side 1; times in microseconds."""

    reads: tuple[int, int]
    sign: int
    separation: float
    score: float
    middle: int
    error: float
    static: bool

    @property
    def two_sided(self) -> bool:
        """Was it heard on both sides?"""
        return min(self.reads) > 0

    @property
    def vote(self) -> int:
        """Its vote on the direction of the group, -100..100: by how far its centroids lie apart."""
        return 0 if self.static else self.sign * round(100 * min(1.0, self.separation))


def motion(run: Run, max_pass: int) -> Motion:
    """The features of a pass that has ended, from its sums."""
    sums = run.sums or Sums(run.first)
    one, other = sums.sides
    reads = (one.reads, other.reads)
    static = run.last - run.first > max_pass or sum(reads) > READS_LIMIT
    present = [side for side in sums.sides if side.weight]
    centroids = [side.centroid(sums.origin) for side in present]
    middle = min(run.last, max(run.first, round(sum(centroids) / max(1, len(centroids)))))
    if len(present) < 2:
        return Motion(reads, 0, 0.0, 0.0, middle, (run.last - run.first) / 2e6, static)
    apart = (centroids[1] - centroids[0]) / 1e6
    variances = one.variance(), other.variance()
    pooled = (one.reads * variances[0] + other.reads * variances[1] + 2 * CYCLE**2) / (sum(reads) + 2)
    score = abs(apart) / sqrt(pooled * (1 / one.reads + 1 / other.reads))
    separation = abs(apart) / (sqrt(variances[0]) + sqrt(variances[1]) + CYCLE)
    return Motion(reads, (apart > 0) - (apart < 0), separation, score, middle, abs(apart) / 2, static)


@dataclass(frozen=True, slots=True)
class Group:
    """What the companions of a tag say: the sum of their votes, and how many were heard on both sides."""

    votes: int = 0
    members: int = 0

    @property
    def direction(self) -> int:
        """+1 or -1 when the group is of one mind, else 0."""
        if self.members < QUORUM or abs(self.votes) < 100 * MAJORITY * self.members:
            return 0
        return 1 if self.votes > 0 else -1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided of a pass: direction +1 = from side 0 to side 1, 0 = unknown; confidence 0..1."""

    movement: Movement
    direction: int = 0
    confidence: float | None = None


def judge(seen: Motion, group: Group, sided: bool) -> Verdict:
    """Decide one pass, given its companions; `sided` says whether the portal's antennas tell the sides apart."""
    if seen.static:
        return Verdict(Movement.STATIC)
    if not sided:
        return Verdict(Movement.CROSSING if sum(seen.reads) >= MIN_READS else Movement.WEAK)
    if not seen.two_sided:
        return Verdict(Movement.NEAR)
    agreed = group.direction
    supported = agreed != 0 and seen.sign == agreed
    confidence = _confidence(seen, group)
    needed = DOUBT if agreed == 0 and group.members >= QUORUM else SCORE
    if sum(seen.reads) >= MIN_READS and seen.separation >= SEPARATION and seen.score >= needed:
        # a tag that is nearly undecided itself crosses with its companions, not against them
        against = agreed != 0 and not supported and seen.separation < 2 * SEPARATION
        return Verdict(Movement.CROSSING, agreed if against else seen.sign, 0.5 if against else confidence)
    if supported and seen.separation >= SUPPORTED:
        return Verdict(Movement.CROSSING, agreed, confidence)
    if sum(seen.reads) < MIN_READS:
        return Verdict(Movement.WEAK)
    return Verdict(Movement.TURN_BACK)


def _confidence(seen: Motion, group: Group) -> float:
    """Logistic in the score, pulled towards the group's mind when there is one."""
    own = 1 / (1 + exp(-min(seen.score, 30.0) / 2)) if seen.score < inf else 1.0
    if group.members < QUORUM:
        return round(own, 3)
    agreement = (1 + seen.sign * group.votes / (100 * group.members)) / 2
    return round(1 - (1 - own) * (1 - agreement * agreement), 3)


class Ballot:
    """The votes of a portal's ended passes, in bins of half a gap: companions are in the same or the next bin.

    Bins rather than distances make a vote O(1) however many tags pass, and the same whatever order they come in.
    Policy: bins older than the horizon are forgotten with the passes in them.
    """

    def __init__(self, gap: int) -> None:
        self.width = max(1, gap // 2)
        self._bins: dict[int, tuple[int, int]] = {}

    def add(self, seen: Motion, weight: int = 1) -> None:
        """Cast (weight 1) or withdraw (weight -1) a vote."""
        if seen.static or not seen.two_sided:
            return
        at = seen.middle // self.width
        votes, members = self._bins.get(at, (0, 0))
        self._bins[at] = (votes + weight * seen.vote, members + weight)

    def companions(self, seen: Motion) -> Group:
        """The votes around a pass, its own left out."""
        at = seen.middle // self.width
        near = [self._bins.get(at + step, (0, 0)) for step in (-1, 0, 1)]
        own = (seen.vote, 1) if seen.two_sided and not seen.static else (0, 0)
        return Group(sum(votes for votes, _ in near) - own[0], sum(members for _, members in near) - own[1])

    def until(self, seen: Motion) -> int:
        """A pass that begins at or after this time can not be its companion."""
        return (seen.middle // self.width + 2) * self.width

    def forget(self, before: int) -> None:
        """Drop bins that end before a time."""
        for at in [at for at in self._bins if (at + 1) * self.width < before]:
            del self._bins[at]

    def dump(self) -> list[list[int]]:
        """For the snapshot."""
        return [[at, *self._bins[at]] for at in sorted(self._bins)]

    def load(self, rows: list[list[int]]) -> None:
        """From a snapshot."""
        self._bins = {at: (votes, members) for at, votes, members in rows}
