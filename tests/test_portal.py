"""What a tag did at a door, by hand-made motions, and the vote of its companions."""

from dataclasses import replace

import pytest

from core.portal import Ballot, Group, Motion, Movement, judge, motion
from core.records import SECOND
from core.tracks import Run
from core.weights import READS_LIMIT, Sums

UNDECIDED = Motion((3, 3), 1, 0.4, 1.9, 10 * SECOND, 0.1, False)
CLEAR = replace(UNDECIDED, separation=0.6, score=3.0)
ALONE, IN, OUT, TORN = Group(), Group(400, 4), Group(-400, 4), Group(0, 4)


def run(*times: tuple[int, float], last: float | None = None) -> Run:
    """A pass of reads of (side, seconds)."""
    moments = [round(second * SECOND) for _, second in times]
    sums = Sums(moments[0])
    for (side, _), moment in zip(times, moments, strict=True):
        sums.read(side, 1, moment, 1)
    end = max(moments) if last is None else round(last * SECOND)
    return Run(0, min(moments), end, len(times), 0, sums)


def test_the_side_that_was_heard_first_decides_the_sign() -> None:
    there = motion(run((0, 10), (0, 10.2), (1, 12), (1, 12.2)), 30 * SECOND)
    back = motion(run((1, 10), (1, 10.2), (0, 12), (0, 12.2)), 30 * SECOND)
    assert (there.reads, there.sign, there.vote, back.sign, back.vote) == ((2, 2), 1, 100, -1, -100)
    assert there.two_sided
    assert there.middle == pytest.approx(11.1 * SECOND, abs=2_000)
    assert there.error == pytest.approx(1.0, abs=0.002)


def test_a_tag_that_was_heard_on_one_side_has_no_direction() -> None:
    seen = motion(run((0, 10), (0, 12)), 30 * SECOND)
    assert (seen.two_sided, seen.sign, seen.separation, seen.score, seen.error) == (False, 0, 0.0, 0.0, 1.0)


def test_a_pass_without_sums_is_dated_within_itself() -> None:
    seen = motion(Run(0, 10, 20, 5, 0), 30 * SECOND)
    assert (seen.reads, seen.sign, seen.middle) == ((0, 0), 0, 10)


def test_a_pass_that_is_too_long_or_too_full_is_static_and_does_not_vote() -> None:
    full = run((0, 10), (1, 12))
    assert full.sums is not None
    full.sums.sides[0].reads = READS_LIMIT
    long = run((0, 10), (1, 12), last=40.5)
    for seen in (motion(full, 30 * SECOND), motion(long, 30 * SECOND)):
        assert (seen.static, seen.vote) == (True, 0)


@pytest.mark.parametrize(
    ("seen", "group", "movement", "direction"),
    [
        (replace(CLEAR, static=True), IN, Movement.STATIC, 0),
        (replace(CLEAR, reads=(6, 0)), IN, Movement.NEAR, 0),
        (CLEAR, ALONE, Movement.CROSSING, 1),
        (replace(CLEAR, sign=-1), ALONE, Movement.CROSSING, -1),
        (UNDECIDED, ALONE, Movement.TURN_BACK, 0),
        (replace(CLEAR, reads=(1, 1)), ALONE, Movement.WEAK, 0),
        (UNDECIDED, IN, Movement.CROSSING, 1),
        (replace(UNDECIDED, reads=(1, 1)), IN, Movement.CROSSING, 1),
        (replace(UNDECIDED, separation=0.2), IN, Movement.TURN_BACK, 0),
        (UNDECIDED, OUT, Movement.TURN_BACK, 0),
        (CLEAR, OUT, Movement.CROSSING, -1),
        (replace(CLEAR, separation=1.0), OUT, Movement.CROSSING, 1),
        (CLEAR, TORN, Movement.TURN_BACK, 0),
        (replace(CLEAR, score=6.0), TORN, Movement.CROSSING, 1),
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
    ("score", "group", "confidence"),
    [
        (2.0, ALONE, 0.731),  # the logistic function at 1
        (6.0, TORN, 0.964),  # 1 - (1 - 0.9526) * 3/4
        (2.0, IN, 1.0),
        (3.0, OUT, 0.5),  # carried along against its own sign
    ],
)
def test_confidence(score: float, group: Group, confidence: float) -> None:
    assert judge(replace(CLEAR, score=score), group, sided=True).confidence == confidence


@pytest.mark.parametrize(
    ("votes", "members", "direction"), [(300, 3, 1), (-180, 3, -1), (179, 3, 0), (200, 2, 0), (0, 9, 0)]
)
def test_a_group_is_three_that_mostly_agree(votes: int, members: int, direction: int) -> None:
    assert Group(votes, members).direction == direction


def test_companions_are_in_the_same_or_the_next_bin_and_exclude_oneself() -> None:
    ballot = Ballot(2 * SECOND)
    for second in (8, 9, 10, 11, 12):
        ballot.add(replace(CLEAR, middle=second * SECOND))
    assert ballot.companions(CLEAR) == Group(120, 2)
    ballot.add(replace(CLEAR, middle=11 * SECOND), -1)
    assert ballot.companions(CLEAR) == Group(60, 1)
    assert ballot.companions(replace(CLEAR, static=True)) == Group(120, 2)
    assert ballot.until(CLEAR) == 12 * SECOND


def test_only_tags_that_moved_on_both_sides_vote() -> None:
    ballot = Ballot(2 * SECOND)
    ballot.add(replace(CLEAR, static=True))
    ballot.add(replace(CLEAR, reads=(6, 0)))
    assert ballot.dump() == []


def test_a_ballot_forgets_and_survives_as_rows() -> None:
    ballot, restored = Ballot(2), Ballot(2)
    for middle in (5, 6, 7):
        ballot.add(replace(CLEAR, middle=middle))
    ballot.forget(7)
    assert ballot.dump() == [[6, 60, 1], [7, 60, 1]]
    restored.load(ballot.dump())
    assert restored.dump() == ballot.dump()
