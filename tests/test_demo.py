"""The demo says that it is true only when each door was passed and every event is as it happened."""

import asyncio
from pathlib import Path

from core.events import Event
from gateway.commands.demo import SHORTEST
from gateway.demo import DOORS, Outcome, scenario
from gateway.demo_road import Positions, Van
from simulators.clock import RunningClock
from simulators.score import Score
from simulators.world import World
from tests.fix_daemon import until
from tests.fix_site import START, Wall, all_up, daemon
from tests.virtual_loop import run

GOOD = Score(2, 2, (), (), (), 0, 0, ())
VAN = Positions(20, 20, 20)


def test_a_demo_that_shows_nothing_of_a_door_is_not_true() -> None:
    stray = Event("1", 0, 0, "passed", "pallet-1", None, "dock-1", source="door1")
    assert Outcome((), 100, GOOD, (), VAN).true
    assert not Outcome((), 100, GOOD, ("dock-2",), VAN).true
    assert not Outcome((stray,), 100, Score(2, 2, (), (), (stray,), 0, 0, ()), (), VAN).true


def test_a_demo_whose_van_is_elsewhere_is_not_true() -> None:
    for wrong in (Positions(20, 20, 19), Positions(20, 21, 20), Positions(20, 19, 19), Positions(0, 0, 0)):
        assert not Outcome((), 100, GOOD, (), wrong).true


def test_the_shortest_demo_shows_a_pass_at_each_door() -> None:
    for seed in range(1, 6):
        world = World(scenario(SHORTEST, seed, start=0))
        decided = world.truth.end - 5_000_000
        assert len({one.portal for one in world.truth.crossings if one.time < decided}) == DOORS


def test_every_position_of_the_van_is_in_the_journal_once(tmp_path: Path) -> None:
    """Though acknowledgements are lost, and messages sent twice."""
    van = Van(1, START + 500, 20.0)
    file = tmp_path / "waypost.toml"
    file.write_text(f'[site]\nid = "leeds"\n{van.table()}')

    async def main() -> None:
        clock = RunningClock(START)
        async with daemon(file, Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            driving = asyncio.create_task(van.drive(clock))
            await asyncio.sleep(20.0)
            await van.arrived()
            driving.cancel()
            await asyncio.wait([driving])

    run(main())
    assert van.score(tmp_path / "waypost.db") == Positions(20, 20, 20)
    assert str(Positions(20, 19, 18)) == "18 of 20 fixes of the van, 19 in the journal"
