"""The simulated world: the same for the same seed, true to its own plan, and about as busy as a real site."""

import dataclasses
import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from simulators.layout import Door, Layout, Room, docks
from simulators.traffic import Move, Scenario
from simulators.world import SECOND, Sightings, World

MAX_PASS = 30 * SECOND


@pytest.fixture(scope="module")
def hour() -> World:
    """An hour at three doors and a room, with every class of stray and half of the pallets registered."""
    return World(Scenario(seed=7, layout=docks(doors=3), turned_back_per_hour=5.0, registered=0.5))


@pytest.fixture(scope="module")
def heard(hour: World) -> dict[str, Sightings]:
    return {reader: hour.sightings(reader) for reader in hour.scenario.layout.readers}


def digest(world: World) -> str:
    """Everything that a world says, as one number."""
    sha = hashlib.sha256(world.truth.to_json().encode())
    for reader in world.scenario.layout.readers:
        for seen in world.play(reader):
            for column in dataclasses.fields(seen):
                sha.update(getattr(seen, column.name).tobytes())
    return sha.hexdigest()


def of(world: World, heard: dict[str, Sightings], move: Move) -> tuple[Sightings, Door | Room]:
    """What was heard of a move where it took place."""
    place = next(one for one in world.scenario.layout.places if one.id == move.place)
    pallet = world.traffic.pallets[move.pallet]
    seen = heard[place.reader]
    since, until = (
        world.scenario.start + round(knot[0] * SECOND) for knot in (move.knots[0], move.knots[-1])
    )
    its = (seen.tag >= pallet.first) & (seen.tag < pallet.last) & np.isin(seen.antenna, place.ports)
    return seen.pick(its & (seen.time >= since) & (seen.time < until)), place


def moves(world: World, *kinds: str) -> Iterator[Move]:
    found = [move for move in world.traffic.moves if move.kind in kinds]
    assert found, f"the scenario has no {kinds}"
    return iter(found)


def test_the_same_seed_gives_the_same_bytes() -> None:
    scenario = Scenario(seed=3, seconds=120.0, crossings_per_hour=200.0)
    assert digest(World(scenario)) == digest(World(scenario))
    assert digest(World(scenario)) != digest(World(dataclasses.replace(scenario, seed=4)))


def test_what_one_reader_hears_does_not_hang_on_who_else_is_asked() -> None:
    world = World(Scenario(seed=3, seconds=60.0, crossings_per_hour=300.0))
    alone = World(world.scenario).sightings("door2")
    for reader in world.scenario.layout.readers:
        seen = world.sightings(reader)
        if reader == "door2":
            assert np.array_equal(seen.time, alone.time)
            assert np.array_equal(seen.rssi, alone.rssi)


def test_sightings_are_delivered_in_order_and_a_little_later_than_they_were_made(
    hour: World, heard: dict[str, Sightings]
) -> None:
    for seen in heard.values():
        assert len(seen)
        assert (np.diff(seen.sent) >= 0).all()
        delay = seen.sent - seen.time
        assert delay.min() >= 0
        assert delay.max() <= 0.2 * SECOND
        assert (np.diff(seen.time) < 0).any()
        assert seen.time.min() >= hour.scenario.start
        assert seen.time.max() < hour.truth.end + SECOND


def test_no_tag_is_read_twice_at_one_antenna_and_time(heard: dict[str, Sightings]) -> None:
    for seen in heard.values():
        place = seen.tag.astype(np.int64) * 8 + seen.antenna
        order = np.lexsort((seen.time, place))
        assert ((np.diff(place[order]) != 0) | (np.diff(seen.time[order]) != 0)).all()


def test_columns_are_what_a_reader_can_say(heard: dict[str, Sightings]) -> None:
    for seen in heard.values():
        assert -83.0 < seen.rssi.min() < seen.rssi.max() < -25.0
        assert 0.0 <= seen.phase.min() <= seen.phase.max() <= np.float32(2 * np.pi)
        assert set(np.unique(seen.channel)) <= set(range(1, 51))


def test_rates_are_those_of_a_real_door(heard: dict[str, Sightings]) -> None:
    door = heard["door1"]
    gaps = np.concatenate([np.diff(np.sort(door.time[door.tag == tag])) for tag in np.unique(door.tag)])
    assert 0.1 < np.median(gaps) / SECOND < 0.25
    per_second = np.bincount((door.time - door.time.min()) // SECOND)
    assert 30 < per_second[per_second > 0].mean() < 200
    assert per_second.max() <= 320


def test_every_tag_that_crosses_is_heard_on_both_sides_and_first_where_it_came_from(
    hour: World, heard: dict[str, Sightings]
) -> None:
    for move in moves(hour, "in", "out"):
        seen, door = of(hour, heard, move)
        assert isinstance(door, Door)
        pallet = hour.traffic.pallets[move.pallet]
        near = np.isin(seen.antenna, door.near)
        for tag in range(pallet.first, pallet.last):
            own = seen.tag == tag
            assert (own & near).any()
            assert (own & ~near).any()
        middle_near, middle_far = seen.time[near].mean(), seen.time[~near].mean()
        assert (middle_near < middle_far) == (move.kind == "in")


def test_a_one_sided_stray_is_heard_on_its_side_only(hour: World, heard: dict[str, Sightings]) -> None:
    for move in moves(hour, "one-sided"):
        seen, door = of(hour, heard, move)
        assert isinstance(door, Door)
        side = door.near if move.knots[0][1] < 0 else door.far
        assert len(seen)
        assert set(seen.antenna.tolist()) <= set(side)


def test_a_parked_stray_is_heard_in_the_door_for_longer_than_any_pass(
    hour: World, heard: dict[str, Sightings]
) -> None:
    for move in moves(hour, "parked"):
        seen, _ = of(hour, heard, move)
        assert seen.time.max() - seen.time.min() > MAX_PASS


def test_a_turned_back_stray_is_not_among_the_crossings(hour: World) -> None:
    crossed = {move.pallet for move in moves(hour, "in", "out")}
    for move in moves(hour, "turned-back", "one-sided", "parked"):
        assert move.pallet not in crossed


def test_a_pallet_is_where_its_crossings_brought_it(hour: World) -> None:
    between = {door.id: door.between for door in hour.scenario.layout.doors}
    where: dict[int, str] = {}
    free: dict[int, float] = {}
    for move in hour.traffic.moves:
        assert move.knots[0][0] >= free.get(move.pallet, -1.0)
        free[move.pallet] = move.knots[-1][0]
        if move.kind in ("in", "out"):
            here, there = between[move.place] if move.kind == "in" else between[move.place][::-1]
            assert where.setdefault(move.pallet, here) == here
            where[move.pallet] = there
        elif move.kind == "visit":
            assert where[move.pallet] == "warehouse"


def test_a_visit_is_heard_from_its_beginning_to_its_end(hour: World, heard: dict[str, Sightings]) -> None:
    for move in moves(hour, "visit"):
        seen, _ = of(hour, heard, move)
        begin, end = (hour.scenario.start + round(move.knots[n][0] * SECOND) for n in (1, 2))
        times = np.sort(np.concatenate([[begin, end], seen.time]))
        assert np.diff(times).max() < 5 * SECOND


def test_everything_is_over_before_the_end(hour: World) -> None:
    assert all(move.knots[-1][0] <= hour.scenario.seconds for move in hour.traffic.moves)


def test_a_reader_may_serve_two_doors_and_a_room() -> None:
    layout = Layout(
        "small",
        (
            Door("front", ("street", "shop"), "reader", (1,), (2,)),
            Door("back", ("shop", "store"), "reader", (4,), (3,)),
        ),
        (Room("shelf", "store", "reader", (5, 6)),),
    )
    world = World(Scenario(seed=5, seconds=900.0, layout=layout, crossings_per_hour=60.0, visits=1.0))
    seen = world.sightings("reader")
    assert layout.ports("reader") == (1, 2, 3, 4, 5, 6)
    assert set(seen.antenna.tolist()) == {1, 2, 3, 4, 5, 6}
    assert layout.zones == ("street", "shop", "store")


def test_an_unknown_reader_is_named() -> None:
    with pytest.raises(KeyError, match="'door9' is not in the layout"):
        World(Scenario(seconds=10.0)).play("door9")


def test_a_path_that_does_not_reach_a_point_says_so() -> None:
    move = Move(0, "dock-1", "one-sided", ((0.0, -6.0), (4.0, -2.0), (8.0, -6.0)))
    assert move.reaches(-4.0) == 2.0
    with pytest.raises(ValueError, match="one-sided move at dock-1 does not come to x = 0"):
        move.reaches(0.0)


def test_a_world_without_traffic_is_silent() -> None:
    quiet = Scenario(seconds=30.0, crossings_per_hour=0.0, one_sided_per_hour=0.0, parked_per_hour=0.0)
    world = World(quiet)
    assert len(world.sightings("door1")) == 0
    assert world.truth.crossings == ()
