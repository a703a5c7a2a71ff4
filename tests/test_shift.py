"""A re-anchored clock: what is open moves with it, nothing is new and nothing is told twice."""

import pytest

from core.records import SECOND, Shift
from core.site import Antenna, Portal, Site, Source, Zone
from tests.played import B, Played, at

SITE = Site(
    "leeds",
    (Zone("yard"), Zone("hall"), Zone("room", silence=10)),
    (Portal("dock", ("yard", "hall"), gap=2),),
    (
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),
        Source("room", (Antenna(1, zone="room"),), lateness=1),
    ),
)
STEPS = pytest.mark.parametrize("step", [3_600, -3_600])


def move(played: Played, step: float) -> None:
    """The clock jumps by this many seconds."""
    played.say("room", Shift(at(step), round(step * SECOND)))


def side(start: float) -> list[float]:
    """Ten reads in a second."""
    return [start + number / 10 for number in range(10)]


@STEPS
def test_in_the_middle_of_a_visit(step: int) -> None:
    played = Played(SITE)
    played.read("room", 1, 0, 4)
    move(played, step)
    played.read("room", 1, step + 6)
    played.alive(step + 16.9)
    assert played.news() == [("arrived", "room", 0)]
    played.alive(step + 18)
    assert played.news() == [("departed", "room", step + 6)]


@STEPS
def test_an_earlier_visit_stays_as_it_was_told(step: int) -> None:
    played = Played(SITE)
    played.read("room", 1, 0)
    played.read("room", 1, 20, 21.5)
    told = [("arrived", "room", 0), ("departed", "room", 0), ("arrived", "room", 20)]
    assert played.news() == told
    move(played, step)
    played.alive(step + 40)
    assert played.news() == [("departed", "room", step + 21.5)]


@STEPS
def test_in_the_middle_of_a_pass(step: int) -> None:
    played = Played(SITE)
    played.read("door", 1, *side(10))
    move(played, step)
    played.read("door", 2, *side(step + 11.5))
    played.alive(step + 20)
    assert [(event.kind, event.place) for event in played.events] == [("passed", "dock"), ("arrived", "hall")]
    assert played.events[0].direction == "in"
    # between the middles of both sides
    assert abs(played.events[0].time - at(step + 11.2)) <= 1_100


@STEPS
def test_a_pass_that_waits_for_its_companion(step: int) -> None:
    played = Played(SITE)
    played.read("door", 1, *side(10))
    played.read("door", 2, *side(11.5))
    played.read("door", 1, *side(11.8), *side(12.5), tag=B)
    played.alive(14.75)
    assert played.events == []
    move(played, step)
    played.read("door", 2, *side(step + 14), tag=B)
    played.alive(step + 20)
    assert [event.place for event in played.of("passed", "arrived")] == ["dock", "hall"] * 2


def test_a_pass_that_is_told_is_not_told_again() -> None:
    played = Played(SITE)
    played.read("door", 1, *side(10))
    played.read("door", 2, *side(11.5))
    played.alive(20)
    assert len(played.news()) == 2
    move(played, 3_600)
    played.alive(3_700)
    assert played.news() == []


def test_an_outage_moves_with_the_clock() -> None:
    played = Played(SITE)
    played.down("door", 5)
    played.down("room", 5)
    played.up("room", 60)
    move(played, 3_600)
    played.up("door", 3_670)
    played.alive(3_680)
    assert [(gap.source, gap.since, gap.to) for gap in played.gaps] == [
        ("door", at(3_605), at(3_670)),
        ("room", at(3_605), at(3_660)),
    ]


@pytest.mark.parametrize("step", [3_600.04, -3_600.04, 0.031])
def test_a_pass_across_the_step_is_dated_to_the_millisecond(step: float) -> None:
    played = Played(SITE)
    played.read("door", 1, *side(0))
    move(played, step)
    played.read("door", 2, *side(step + 1))
    played.alive(step + 10)
    (event,) = played.of("passed")
    assert event.direction == "in"
    assert abs(event.time - at(step + 0.95)) <= 1_100


@STEPS
def test_a_read_that_is_delivered_again_after_the_step_is_a_duplicate(step: int) -> None:
    played = Played(SITE)
    played.read("room", 1, 0, 1, 2)
    move(played, step)
    played.read("room", 1, step + 1, step + 2, step + 3)
    assert played.pipeline.counts["room"] == {"received": 6, "accepted": 4, "duplicates": 2}


def test_a_reader_that_was_never_heard_is_not_heard_by_a_step() -> None:
    played = Played(SITE)
    move(played, 5)
    assert [source.newest for source in played.pipeline.state.sources] == [0, 0]
