"""What a tag did at a door, by hand-made motions and companies; the log-odds are added up by hand."""

from dataclasses import replace

import pytest

from core.company import Group
from core.motion import Motion
from core.portal import Movement, judge, odds
from core.records import SECOND

UNDECIDED = Motion((5, 5), 0.0, 0.0, (10 * SECOND, 12 * SECOND), 11 * SECOND, 0.1)
CLEAR = replace(UNDECIDED, contrast=1.0, order=1.0)
BACK = replace(UNDECIDED, contrast=-1.0, order=-1.0)
ALONE, TWO = Group(), Group(2, 2, 2, 2_000)
IN, OUT, TORN = Group(10, 10, 10, 8_000), Group(10, 10, -10, 8_000), Group(10, 10, 0, 8_000)
BLUNT = Group(10, 4, 4, 800)
"""Few of them were heard on both sides, and hardly differently."""


@pytest.mark.parametrize(
    ("seen", "group", "direction", "expected"),
    [
        # -4.15 + 2.37 + 1.99 + 0.72 ln 5
        (CLEAR, ALONE, 1, 1.3688),
        (CLEAR, TWO, 1, 1.3688),
        (CLEAR, ALONE, -1, -7.3512),
        # -5.4 + 1.85 + 0.55 + 4.7 * 10 / 13 + 6.8 * 8 / 13
        (CLEAR, IN, 1, 4.8),
        (CLEAR, IN, -1, -7.2308),
        # -5.4 + 1.85 * 0 + 0.55 * 0 + 4.7 * 4 / 7 + 6.8 * 0.8 / 7
        (UNDECIDED, BLUNT, 1, -1.9371),
    ],
)
def test_log_odds(seen: Motion, group: Group, direction: int, expected: float) -> None:
    assert odds(seen, group, direction) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("seen", "group", "movement", "direction"),
    [
        (replace(CLEAR, static=True), IN, Movement.STATIC, 0),
        (replace(CLEAR, reads=(6, 0)), IN, Movement.NEAR, 0),
        (replace(CLEAR, reads=(2, 0)), IN, Movement.NEAR, 0),
        (CLEAR, ALONE, Movement.CROSSING, 1),
        (BACK, ALONE, Movement.CROSSING, -1),
        (UNDECIDED, ALONE, Movement.TURN_BACK, 0),
        (replace(UNDECIDED, reads=(9, 2)), ALONE, Movement.NEAR, 0),
        (replace(CLEAR, reads=(1, 1)), ALONE, Movement.WEAK, 0),
        (UNDECIDED, IN, Movement.CROSSING, 1),
        (replace(UNDECIDED, reads=(1, 1)), IN, Movement.CROSSING, 1),
        (UNDECIDED, OUT, Movement.CROSSING, -1),
        (CLEAR, OUT, Movement.TURN_BACK, 0),
        (UNDECIDED, TORN, Movement.TURN_BACK, 0),
        (CLEAR, TORN, Movement.CROSSING, 1),
        (UNDECIDED, BLUNT, Movement.TURN_BACK, 0),
    ],
)
def test_judgement(seen: Motion, group: Group, movement: Movement, direction: int) -> None:
    verdict = judge(seen, group, sided=True)
    assert (verdict.movement, verdict.direction) == (movement, direction)


@pytest.mark.parametrize(("reads", "movement"), [((3, 0), Movement.CROSSING), ((2, 0), Movement.WEAK)])
def test_a_portal_without_sides_tells_that_but_not_where(reads: tuple[int, int], movement: Movement) -> None:
    verdict = judge(replace(CLEAR, reads=reads), IN, sided=False)
    assert (verdict.movement, verdict.direction, verdict.confidence) == (movement, 0, None)


@pytest.mark.parametrize(
    ("seen", "group", "confidence", "members"),
    [
        (CLEAR, ALONE, 0.797, 0),  # the logistic function at 1.3688
        (CLEAR, IN, 0.992, 10),
        (UNDECIDED, IN, 0.917, 10),
    ],
)
def test_confidence(seen: Motion, group: Group, confidence: float, members: int) -> None:
    verdict = judge(seen, group, sided=True)
    assert (verdict.confidence, verdict.company) == (confidence, members)
