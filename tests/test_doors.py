"""A portal at work: who waits for whom, judging again, photo-eyes, and what is forgotten."""

from dataclasses import replace

import pytest

from core.company import Company, Group
from core.doors import EYES, LIMIT, Door, Judged, is_crossing
from core.motion import Motion
from core.places import Place
from core.portal import Movement, Verdict
from core.records import SECOND
from core.site import Portal
from core.tracks import Run

GAP = 2 * SECOND
SPAN = 10 * SECOND, 12 * SECOND
UNDECIDED = Motion((3, 3), 0.4, 0.3, SPAN, 11 * SECOND, 0.1)
"""A turn-back by its own evidence, a crossing among companions that crossed."""
CLEAR = replace(UNDECIDED, reads=(20, 20), contrast=1.0, order=1.0)


@pytest.fixture
def door() -> Door:
    """A door between yard and hall."""
    portal = Portal("dock", ("yard", "hall"), gap=2.0, max_pass=30.0)
    return Door(Place("dock", 2, None, portal, GAP, 30 * SECOND, sided=True), Company(30 * SECOND))


def passing(track: int, second: float, lasting: float = 1.0) -> Run:
    """A pass that began then."""
    return Run(track, round(second * SECOND), round((second + lasting) * SECOND), 40, 0, 0)


def close(door: Door, *runs: Run) -> None:
    """Passes ended; each was a clear way from side 0 to side 1."""
    for run in runs:
        door.closed(run, replace(CLEAR, span=(run.first, run.last), middle=(run.first + run.last) // 2))


def tracks(some: list[Judged]) -> list[int]:
    """Whose passes they are."""
    return [one.run.track for one in some]


def test_a_pass_waits_for_those_that_began_before_its_vote_was_over(door: Door) -> None:
    short, long, later = passing(1, 10), passing(2, 10.5, 5), passing(3, 20)
    for run in (short, long, later):
        door.opened(run)
    close(door, short)
    assert list(door.ready()) == []
    close(door, long)
    ready = list(door.ready())
    assert tracks(ready) == [1, 2]
    assert [door.judge(one) for one in ready] == [True, True]
    assert [is_crossing(one) for one in ready] == [True, True]
    close(door, later)
    assert tracks(list(door.ready())) == [3]


def test_nobody_waits_for_a_static_tag(door: Door) -> None:
    short, parked = passing(1, 10), passing(2, 10)
    for run in (short, parked):
        door.opened(run)
    close(door, short)
    door.became_static(parked)
    assert parked.static
    assert tracks(list(door.ready())) == [1]


def test_a_pass_is_judged_again_with_its_companions(door: Door) -> None:
    one = Judged(Run(1, 0, 0, 6, 0), UNDECIDED)
    assert not is_crossing(one)
    door.company.add(UNDECIDED)
    assert door.judge(one)
    assert not door.judge(one)
    assert one.verdict is not None
    assert one.verdict.movement is Movement.TURN_BACK
    for _ in range(3):
        door.company.add(CLEAR)
    assert door.judge(one)
    assert is_crossing(one)
    assert (door.counts["turn_back"], door.counts["crossing"]) == (0, 1)


def test_evidence_takes_back_the_votes_of_the_passes_that_it_changes(door: Door) -> None:
    old, changed, joined, other = passing(1, 10), passing(1, 30), passing(1, 33), passing(2, 30)
    close(door, old, changed, joined, other)
    for one in door.ready():
        door.judge(one)
    close(door, passing(1, 50))
    alive = [old, changed, door.waiting[0][2].run]
    assert [one.run for one in door.withdraw(changed, alive)] == [changed, joined]
    assert door.withdraw(changed, alive) == []
    assert door.counts["crossing"] == 2
    assert [one.run for one in door.ready()] == alive[2:]
    assert len(door.company) == 3


def test_a_pass_that_waits_is_taken_back_too(door: Door) -> None:
    run = passing(1, 10)
    door.opened(run)
    close(door, run)
    door.opened(run)
    assert len(door.withdraw(run, [run])) == 1
    assert (door.open, list(door.ready()), len(door.company)) == ({}, [], 0)


def test_judged_passes_near_a_changed_vote_are_found(door: Door) -> None:
    for track, second in ((1, 10), (2, 12), (3, 12)):
        seen = replace(CLEAR, span=(second * SECOND, (second + 1) * SECOND))
        verdict = None if track == 3 else Verdict(Movement.CROSSING, 1)
        door.ended[track] = [Judged(Run(track, 0, 0, 6, 0), seen, verdict)]
    assert tracks(door.companions([(9 * SECOND, 10_500_000)])) == [1]
    assert tracks(door.companions([(10 * SECOND, 13 * SECOND)])) == [1, 2]
    assert tracks(door.companions([(14 * SECOND, 15 * SECOND)])) == []


@pytest.mark.parametrize(
    ("eyes", "direction", "middle", "error"),
    [
        ([], 0, 11.0, 0.1),
        ([(7.9, 0), (14.1, 1)], 0, 11.0, 0.1),
        ([(9.0, 0), (11.5, 0)], 0, 11.5, 0.0),
        ([(10.5, 1), (9.0, 0)], 1, 9.75, 0.75),
        ([(9.0, 1), (10.5, 0)], -1, 9.75, 0.75),
        ([(8.5, 0), (9.0, 1), (10.8, 1), (11.4, 0)], -1, 11.1, 0.3),
    ],
)
def test_photo_eyes_date_a_pass_and_tell_its_direction(
    door: Door, eyes: list[tuple[float, int]], direction: int, middle: float, error: float
) -> None:
    for second, side in eyes:
        door.eye(round(second * SECOND), side)
    told, dated = door.by_eyes(Run(1, 10 * SECOND, 12 * SECOND, 6, 0), UNDECIDED)
    assert told == direction
    assert dated == replace(UNDECIDED, middle=round(middle * SECOND), error=error)


def test_what_the_photo_eyes_saw_too_long_ago_is_not_known(door: Door) -> None:
    one = Judged(passing(1, 10), CLEAR)
    door.eye(0, 0)
    door.eye(1, 0, interrupted=False)
    assert door.own(one).movement is Movement.NEAR
    for second in range(20, 20 + EYES):
        door.eye(second * SECOND, 0)
    assert door.own(one).movement is Movement.CROSSING


def test_only_the_newest_activations_are_remembered(door: Door) -> None:
    for time in range(EYES + 44):
        door.eye(time, 0)
    assert [time for time, _, _ in door.eyes] == list(range(44, EYES + 44))


def test_a_shift_moves_what_runs_and_settles_what_was_judged(door: Door) -> None:
    door.eye(5, 1)
    done, waits, runs = passing(1, 10), passing(2, 30), passing(3, 30)
    close(door, done)
    (judged,) = door.ready()
    door.judge(judged)
    door.opened(runs)
    close(door, waits)
    before = door.waiting[0][2].seen.middle
    door.shift(10 * SECOND)
    assert door.eyes == [(10 * SECOND + 5, 1, True)]
    assert [first for first, _, _ in door.begun] == [40 * SECOND]
    assert list(door.ended) == [2]
    assert door.ended[2][0].seen.middle == before + 10 * SECOND
    stranger = replace(CLEAR, span=(40 * SECOND, 41 * SECOND), middle=0)
    assert door.company.of(replace(stranger, static=True)) == Group(1, 1, 1, 1_000)


def test_what_was_judged_is_forgotten_beyond_the_horizon(door: Door) -> None:
    crossing = Verdict(Movement.CROSSING, 1)
    dues = ((1, 99, crossing), (2, 100, crossing), (3, 99, None))
    for track, due, verdict in dues:
        door.ended[track] = [Judged(Run(track, 0, 0, 6, 0, due=due * SECOND), CLEAR, verdict)]
    door.forget(59 * SECOND)
    assert list(door.ended) == [1, 2, 3]
    door.forget(100 * SECOND)
    assert list(door.ended) == [2, 3]


def test_the_oldest_passes_beyond_the_limit_are_forgotten(door: Door) -> None:
    crossing = Verdict(Movement.CROSSING, 1)
    passes = [Judged(Run(1, 0, 0, 6, 0, due=200 * SECOND + n), CLEAR, crossing) for n in range(LIMIT + 2)]
    door.ended[1] = passes
    door.forget(100 * SECOND)
    assert door.ended[1] == passes[2:]
