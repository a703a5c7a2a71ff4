"""The grid finds what asking every shape finds, one by one and in columns."""

import math

import numpy as np
import pytest

from core import area_grid
from core.area_grid import REACH, AreaGrid, Column
from core.shapes import Shape, circle, corridor, polygon

RNG = np.random.default_rng(3)


def some(count: int, spread: float) -> list[Shape]:
    found: list[Shape] = []
    for number in range(count):
        lon, lat = (float(one) for one in RNG.uniform(-spread, spread, 2))
        far = float(RNG.uniform(0.0005, 0.005))
        ring = [(lon + far, lat), (lon, lat + far), (lon - far, lat), (lon, lat - far)]
        found += [polygon([ring]), circle(ring[0], far * 1e5), corridor(ring[:3], 30.0)][number % 3 :][:1]
    return found


def held(shapes: list[Shape], lon: Column, lat: Column) -> None:
    """Every area that is within REACH is found, with the distance that its shape tells, and both ways agree."""
    grid = AreaGrid(shapes)
    near = grid.near_all(lon, lat)
    columns = {
        (row, area): distance
        for row, area, distance in zip(
            near.row.tolist(), near.area.tolist(), near.distance.tolist(), strict=True
        )
    }
    singles = {
        (row, area): distance
        for row, point in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
        for area, distance in grid.near(*point)
    }
    assert list(columns) == list(singles)
    assert list(columns.values()) == pytest.approx(list(singles.values()), abs=1e-6)
    for row, point in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
        for area, shape in enumerate(shapes):
            distance = shape.distance(*point)
            assert distance > REACH - 1e-6 or singles[row, area] == distance


def test_it_finds_what_all_shapes_tell() -> None:
    lon, lat = RNG.uniform(-0.05, 0.05, (2, 300))
    held(some(60, 0.05), lon, lat)


def test_across_the_antimeridian() -> None:
    shapes = [circle((179.999, 0.0), 500.0), circle((-179.999, 0.0), 500.0)]
    lon = RNG.uniform(179.99, 180.01, 100)
    held(shapes, (lon + 180.0) % 360.0 - 180.0, RNG.uniform(-0.01, 0.01, 100))


def test_a_wide_area_among_small_ones() -> None:
    wide = polygon([[(-20.0, -20.0), (20.0, -20.0), (20.0, 20.0), (-20.0, 20.0)]])
    lon, lat = RNG.uniform(-0.05, 0.05, (2, 50))
    held([*some(6, 0.05), wide], lon, lat)


def test_no_shapes_and_no_positions() -> None:
    nothing = np.empty(0)
    assert len(AreaGrid([]).near_all(np.zeros(3), np.zeros(3)).row) == 0
    assert len(AreaGrid(some(3, 0.01)).near_all(nothing, nothing).row) == 0
    assert AreaGrid([]).near(0.0, 0.0) == []


def test_pieces_are_unobservable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns that are reckoned a few edges at a time tell the same."""
    shapes, (lon, lat) = some(30, 0.01), RNG.uniform(-0.01, 0.01, (2, 50))
    whole = AreaGrid(shapes).near_all(lon, lat)
    monkeypatch.setattr(area_grid, "_PIECE", 7)
    parts = AreaGrid(shapes).near_all(lon, lat)
    assert math.isfinite(float(whole.distance.sum()))
    assert np.array_equal(whole.distance, parts.distance)
    assert np.array_equal(whole.area, parts.area)
