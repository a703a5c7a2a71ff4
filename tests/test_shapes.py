"""Shapes against closed forms: squares, rings and lines whose distances are known."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.shapes import Point, circle, corridor, metres_per_degree, polygon, turned

EAST, NORTH = metres_per_degree(53.8)
MIDDLE = (-1.55, 53.8)


def at(x: float, y: float, middle: Point = MIDDLE) -> Point:
    """The position x m east and y m north of the middle."""
    return (turned(middle[0] + x / EAST), middle[1] + y / NORTH)


def square(half: float, middle: Point = MIDDLE) -> list[Point]:
    return [at(x, y, middle) for x, y in ((-half, -half), (half, -half), (half, half), (-half, half))]


def of_square(x: float, y: float, half: float) -> float:
    """The signed distance to a square around the origin, by its definition."""
    dx, dy = abs(x) - half, abs(y) - half
    return math.hypot(max(dx, 0.0), max(dy, 0.0)) + min(max(dx, dy), 0.0)


metres = st.floats(-400.0, 400.0)


@given(metres, metres)
def test_a_square_is_a_square(x: float, y: float) -> None:
    assert polygon([square(100.0)]).distance(*at(x, y)) == pytest.approx(of_square(x, y, 100.0), abs=0.01)


@given(metres, metres)
def test_a_hole_is_outside(x: float, y: float) -> None:
    found = polygon([square(200.0), square(50.0)]).distance(*at(x, y))
    assert found == pytest.approx(max(of_square(x, y, 200.0), -of_square(x, y, 50.0)), abs=0.01)


@given(metres, metres)
def test_pieces_are_one_area(x: float, y: float) -> None:
    found = polygon([square(50.0, at(-150.0, 0.0))], [square(50.0, at(150.0, 0.0))]).distance(*at(x, y))
    assert found == pytest.approx(min(of_square(x + 150, y, 50.0), of_square(x - 150, y, 50.0)), abs=0.01)


@given(metres, metres)
def test_a_circle_and_a_corridor(x: float, y: float) -> None:
    assert circle(MIDDLE, 50.0).distance(*at(x, y)) == pytest.approx(math.hypot(x, y) - 50.0, abs=0.01)
    line = corridor([at(-100.0, 0.0), at(100.0, 0.0)], 20.0)
    beyond = max(abs(x) - 100.0, 0.0)
    assert line.distance(*at(x, y)) == pytest.approx(math.hypot(beyond, y) - 20.0, abs=0.01)


@given(metres, metres)
def test_the_antimeridian_is_nowhere_special(x: float, y: float) -> None:
    """A square across it, drawn with a leap in its longitudes, and cut in two as RFC 7946 wants it."""
    middle = (180.0, 53.8)
    leaping = polygon([square(100.0, middle)])
    halves = [
        [at(-100.0, -100.0, middle), (180.0, at(0.0, -100.0)[1]), (180.0, at(0.0, 100.0)[1]), at(-100.0, 100.0, middle)],
        [(-180.0, at(0.0, -100.0)[1]), at(100.0, -100.0, middle), at(100.0, 100.0, middle), (-180.0, at(0.0, 100.0)[1])],
    ]  # fmt: skip
    cut = polygon(*[[half] for half in halves])
    for shape in (leaping, cut):
        assert shape.distance(*at(x, y, middle)) == pytest.approx(of_square(x, y, 100.0), abs=0.01)


def test_what_encloses_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a ring of 2 points"):
        polygon([[at(0, 0), at(1, 1), at(0, 0)]])
    with pytest.raises(ValueError, match="without size"):
        polygon([[(0.0, 1.0), (0.0, 2.0), (0.0, 3.0)]])
    with pytest.raises(ValueError, match="cover each other"):
        polygon([square(10.0)], [square(10.0)])
    with pytest.raises(ValueError, match="0 m is no size"):
        circle(MIDDLE, 0)
    with pytest.raises(ValueError, match="two points"):
        corridor([MIDDLE], 5.0)
