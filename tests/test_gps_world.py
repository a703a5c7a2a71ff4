"""The GPS world: the same seed is the same world, and what a receiver says is near to where its asset truly is."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from simulators.asset_receiver import AssetReceiver
from simulators.clock import SECOND
from simulators.gps_scenario import GpsScenario, Kind
from simulators.gps_world import GOOD, LATCHED, NONE, Asset, GpsWorld, Received
from simulators.land import Circle, Land, road
from simulators.local_frame import LocalFrame
from simulators.motion import Itinerary, Style

QUIET = GpsScenario(excursions_per_hour=0.0, spikes_per_hour=0.0)
FRAME = LocalFrame(53.8, -1.55)
KINDS: tuple[Kind, ...] = ("vehicle", "equipment", "person")


def off(world: GpsWorld, asset: str, said: Received) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """m from the truth."""
    true = world.truth(asset, said.time)
    east, north = world.land.frame.metres(said.lat, said.lon)
    return np.hypot(east - true.east, north - true.north)


def through_a_tunnel() -> GpsWorld:
    """Two assets that drive 2 km north, and through a tunnel from 900 to 1100 m; one begins in a place at the start."""
    ground = Land(
        FRAME, (Circle("depot", (0.0, 0.0), 50.0),), tunnels=(Circle("tunnel", (0.0, 1000.0), 100.0),)
    )
    world = GpsWorld(replace(QUIET, seconds=600.0), ground)
    way = Itinerary((0.0, 0.0))
    way.stay(60.0)
    way.go([(0.0, 2000.0)], Style(10.0, 4.0, 1.0))
    world.add(Asset("van", "vehicle", way.motion()))
    world.add(Asset("lorry", "vehicle", way.motion(), tunnel="latched", speeds=False))
    return world


def test_the_same_seed_is_the_same_world_in_any_order() -> None:
    one, other = GpsWorld(GpsScenario(seconds=7200.0)), GpsWorld(GpsScenario(seconds=7200.0))
    for number, kind in enumerate(KINDS):
        one.asset(f"a{number}", kind)
    for number, kind in reversed(list(enumerate(KINDS))):
        other.asset(f"a{number}", kind)
    other.received("a1", 1.0)
    for number in range(3):
        mine, yours = one.received(f"a{number}", 10.0), other.received(f"a{number}", 10.0)
        assert mine.lat.tolist() == yours.lat.tolist()
        assert mine.speed.tolist() == yours.speed.tolist()
    assert one.stays() == other.stays()
    third = GpsWorld(GpsScenario(seed=2, seconds=7200.0))
    third.asset("a0", "vehicle")
    assert third.received("a0", 10.0).lat.tolist() != one.received("a0", 10.0).lat.tolist()


def test_what_happens_does_not_depend_on_who_asks_how_often() -> None:
    world = GpsWorld(GpsScenario(seconds=7200.0))
    world.asset("van", "vehicle")
    often, seldom = world.received("van", 1.0), world.received("van", 30.0)
    assert np.isin(seldom.time, often.time).all()
    quick, slow = world.truth("van", often.time), world.truth("van", seldom.time)
    assert quick.east[::30].tolist() == slow.east.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_moves_as_it_does(kind: Kind) -> None:
    world = GpsWorld(GpsScenario(seconds=3 * 86_400.0))
    speeds = []
    for number in range(20):
        world.asset(f"{kind}-{number}", kind)
        said = world.received(f"{kind}-{number}", 30.0)
        true = world.truth(f"{kind}-{number}", said.time)
        speeds.append(np.hypot(true.east_rate, true.north_rate))
        assert np.median(off(world, f"{kind}-{number}", said)) < 12.0
    speed = np.array(speeds)
    top, least, most = {
        "vehicle": (22.2, 0.05, 0.6),
        "equipment": (22.2, 1e-4, 0.01),
        "person": (1.5, 0.05, 0.5),
    }[kind]
    assert speed.max() <= top + 1e-9
    assert least < (speed > 0).mean() < most


def test_stays_are_where_the_truth_is_in_a_place() -> None:
    """Looked at just before and just behind each moment."""
    world = GpsWorld(GpsScenario(seed=3, seconds=86_400.0))
    for number in range(12):
        world.asset(f"a{number}", KINDS[number % 3])
    places = {place.id: place for place in world.land.places}
    stays = world.stays()
    assert len(stays) > 100
    for stay in stays:
        for moment, inside in ((stay.entered, [False, True]), (stay.left, [True, False])):
            if moment is not None:
                at = world.truth(stay.asset, np.array([moment - 2000, moment + 2000]))
                assert places[stay.place].holds(at.east, at.north).tolist() == inside
    for (asset, place), several in itertools.groupby(
        sorted(stays, key=lambda one: (one.asset, one.place, one.entered or 0)),
        lambda one: (one.asset, one.place),
    ):
        there = np.zeros(8640, np.bool_)
        times = world.scenario.start + np.arange(8640) * 10 * SECOND
        for one in several:
            there |= (times >= (one.entered or 0)) & (times < (one.left or world.end))
        at = world.truth(asset, times)
        assert (there == places[place].holds(at.east, at.north)).mean() > 0.999


def test_roads_are_the_same_there_and_back() -> None:
    here, there = (10.0, 20.0), (-500.0, 900.0)
    out, back = [here, *road(here, there)], [there, *road(there, here)]
    assert out == back[::-1]
    for one, other in itertools.pairwise(out):
        assert one[0] == other[0] or one[1] == other[1]


def test_in_a_tunnel_there_is_no_fix_or_an_old_one() -> None:
    world = through_a_tunnel()
    for asset, code in (("van", NONE), ("lorry", LATCHED)):
        said = world.received(asset, 1.0)
        north = world.truth(asset, said.time).north
        hidden = (north >= 900.0) & (north <= 1100.0)
        assert 19 <= hidden.sum() <= 21
        assert (said.fix[hidden] == code).all()
        assert (said.fix[~hidden] == GOOD).all()
        assert len(set(said.lat[hidden].tolist())) == 1
        assert said.lat[hidden][0] == said.lat[np.flatnonzero(hidden)[0] - 1]
        assert (said.satellites[hidden] == 0).all() == (code == NONE)
        assert off(world, asset, said)[~hidden].max() < 40.0
    assert np.isnan(world.received("lorry", 1.0).speed).all()
    assert world.received("van", 1.0).speed[200] == pytest.approx(10.0, abs=0.5)
    assert (world.received("van", 1.0).course[200] + 180.0) % 360.0 == pytest.approx(180.0, abs=3.0)


def test_when_it_left_the_depot_is_known_to_the_microsecond() -> None:
    """1 m/s2 up to 10 m/s is at 50 m after 10 s."""
    (van, lorry) = through_a_tunnel().stays()
    assert van.left == lorry.left == 1_767_225_600 * SECOND + 70 * SECOND
    assert van.entered is None
    assert {van.asset, lorry.asset} == {"van", "lorry"}


def test_between_high_buildings_there_are_fewer_satellites() -> None:
    ground = Land(FRAME, (Circle("depot", (0.0, 0.0), 50.0),), canyons=(Circle("street", (0.0, 0.0), 100.0),))
    world = GpsWorld(QUIET, ground)
    for name, east in (("in", 0.0), ("out", 500.0)):
        world.add(Asset(name, "equipment", Itinerary((east, 0.0)).motion()))
    inside, outside = world.received("in", 10.0), world.received("out", 10.0)
    assert inside.satellites.max() < 7 <= outside.satellites.min()
    assert off(world, "in", inside).mean() > 3 * off(world, "out", outside).mean()


def test_two_of_one_name_are_refused() -> None:
    world = through_a_tunnel()
    with pytest.raises(ValueError, match="van is in this world already"):
        world.add(Asset("van", "vehicle", Itinerary((0.0, 0.0)).motion()))


def test_a_receiver_says_what_it_last_knew() -> None:
    world = through_a_tunnel()
    receiver = AssetReceiver(world, "van", 10.0)
    said = world.received("van", 10.0)
    start = world.scenario.start
    assert receiver.start == start
    assert receiver.at(start + 25 * SECOND).lat == said.lat[2]
    assert receiver.at(start - SECOND) == receiver.at(start)
    assert receiver.at(start + 10_000 * SECOND).lat == said.lat[-1]
    (hidden,) = {receiver.at(start + at * SECOND).fix for at in range(170, 180)}
    assert hidden == "none"
