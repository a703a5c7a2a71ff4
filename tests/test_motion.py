"""How things truly move in the GPS world: held against sums over many small steps."""

import math

import numpy as np
import pytest

from simulators.local_frame import LocalFrame
from simulators.motion import Itinerary, Motion, Style

VAN = Style(top=13.9, corner=4.0, acceleration=1.5)
CORNERS = [(0.0, 800.0), (5.0, 1400.0), (300.0, 1400.0), (300.0, 1380.0), (900.0, 1380.0)]
STEP = 0.02


def drive() -> Motion:
    """Out and back, with a wait at the third corner."""
    way = Itinerary((0.0, 0.0))
    way.stay(30.0)
    way.go(CORNERS, VAN, [0.0, 0.0, 12.0])
    way.stay(60.0)
    way.go([*reversed(CORNERS[:-1]), (0.0, 0.0)], VAN)
    return way.motion()


def test_speed_is_the_rate_of_the_position_and_within_its_limits() -> None:
    motion = drive()
    seconds = np.arange(0.0, float(motion.begins[-1]) + 60.0, STEP)
    at = motion.at(seconds)
    speed = np.hypot(at.east_rate, at.north_rate)
    moved = np.hypot(np.diff(at.east), np.diff(at.north)) / STEP
    assert np.abs(moved - (speed[1:] + speed[:-1]) / 2).max() < 1.7  # at a corner the straight way is shorter
    assert np.median(np.abs(moved - (speed[1:] + speed[:-1]) / 2)) < 1e-6
    assert speed.max() <= VAN.top + 1e-9
    assert np.abs(np.diff(speed)).max() <= VAN.acceleration * STEP + 1e-9
    sums = np.cumsum((at.east_rate[1:] + at.east_rate[:-1]) / 2 * STEP)
    assert np.abs(sums - (at.east[1:] - at.east[0])).max() < 0.5


def test_it_passes_every_corner_slowly_and_stands_where_it_waits() -> None:
    motion = drive()
    seconds = np.arange(0.0, float(motion.begins[-1]), STEP)
    at = motion.at(seconds)
    speed = np.hypot(at.east_rate, at.north_rate)
    for corner in CORNERS:
        away = np.hypot(at.east - corner[0], at.north - corner[1])
        assert away.min() < 0.2
    for corner in (CORNERS[1], CORNERS[3]):
        assert speed[np.hypot(at.east - corner[0], at.north - corner[1]) < 0.05].max() <= VAN.corner + 0.2
    assert speed[np.hypot(at.east - CORNERS[0][0], at.north - CORNERS[0][1]) < 1.0].min() > 13.0
    stands = (speed == 0) & (np.hypot(at.east - 300.0, at.north - 1400.0) < 1e-6)
    assert stands.sum() * STEP == pytest.approx(12.0, abs=2 * STEP)


def test_it_is_there_before_its_beginning_and_after_its_end() -> None:
    motion = drive()
    end = float(motion.begins[-1])
    at = motion.at(np.array([-5.0, 0.0, end, end + 1e6]))
    assert np.allclose(at.east, 0.0, atol=1e-6)
    assert np.allclose(at.north, 0.0, atol=1e-6)
    assert not np.hypot(at.east_rate, at.north_rate).any()


@pytest.mark.parametrize(
    ("centre", "radius"), [((0.0, 0.0), 50.0), ((0.0, 700.0), 100.0), ((300.0, 1390.0), 30.0)]
)
def test_when_it_crosses_a_circle(centre: tuple[float, float], radius: float) -> None:
    motion = drive()
    inside, times = motion.crossings(centre, radius)
    seconds = np.arange(0.0, float(motion.begins[-1]), STEP)
    at = motion.at(seconds)
    within = np.hypot(at.east - centre[0], at.north - centre[1]) <= radius
    assert inside == within[0]
    changes = seconds[np.flatnonzero(np.diff(within))]
    assert len(times) == len(changes) >= 2
    assert np.all((np.array(times) >= changes - 1e-6) & (np.array(times) <= changes + STEP + 1e-6))


def test_what_never_moves_crosses_nothing() -> None:
    parked = Itinerary((3.0, 4.0)).motion()
    assert parked.crossings((3.0, 4.5), 1.0) == (True, [])
    assert parked.crossings((3.0, 9.0), 1.0) == (False, [])
    at = parked.at(np.array([0.0, 1e5]))
    assert at.east.tolist() == [3.0, 3.0]
    assert at.north.tolist() == [4.0, 4.0]


def test_short_legs_are_driven_as_fast_as_they_can_be() -> None:
    """A triangle of speed: 4 m from a standstill to one take 2 sqrt(4 / 1.5) s."""
    way = Itinerary((0.0, 0.0))
    way.go([(0.0, 4.0), (0.0, 4.0)], VAN)
    assert way.seconds == pytest.approx(2 * math.sqrt(4.0 / 1.5))


@pytest.mark.parametrize("lat", [0.0, 45.0, -53.8, 70.0])
def test_a_local_metre_is_one_on_the_ellipsoid(lat: float) -> None:
    """Against the radii of curvature of WGS 84."""
    a, square = 6_378_137.0, 6.694379990141e-3
    sine = 1 - square * math.sin(math.radians(lat)) ** 2
    meridian = a * (1 - square) / sine**1.5
    parallel = a / math.sqrt(sine) * math.cos(math.radians(lat))
    frame = LocalFrame(lat, 10.0)
    north, east = frame.metres_per_degree
    assert north == pytest.approx(math.radians(meridian), rel=1e-5)
    assert east == pytest.approx(math.radians(parallel), rel=1e-5)
    there = frame.degrees(np.array([1000.0]), np.array([-2000.0]))
    assert np.allclose(frame.metres(*there), [[1000.0], [-2000.0]])
