"""The demo says that it is true only when each door was passed and every event is as it happened."""

from core.events import Event
from gateway.commands.demo import SHORTEST
from gateway.demo import DOORS, Outcome, scenario
from simulators.score import Score
from simulators.world import World

GOOD = Score(2, 2, (), (), (), 0, 0, ())


def test_a_demo_that_shows_nothing_of_a_door_is_not_true() -> None:
    stray = Event("1", 0, 0, "passed", "pallet-1", None, "dock-1", source="door1")
    assert Outcome((), 100, GOOD, ()).true
    assert not Outcome((), 100, GOOD, ("dock-2",)).true
    assert not Outcome((stray,), 100, Score(2, 2, (), (), (stray,), 0, 0, ()), ()).true


def test_the_shortest_demo_shows_a_pass_at_each_door() -> None:
    for seed in range(1, 6):
        world = World(scenario(SHORTEST, seed, start=0))
        decided = world.truth.end - 5_000_000
        assert len({one.portal for one in world.truth.crossings if one.time < decided}) == DOORS
