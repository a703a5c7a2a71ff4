"""How many fixes a second one core holds against areas, and decides; CPU time."""

import math
import time
from collections.abc import Iterator

import numpy as np

from core.area_grid import AreaGrid
from core.areas import Areas
from core.shapes import Shape, polygon
from gateway.bench.areas_cells import PLAIN, Cell, area, parked
from gateway.bench.rows import Row

SPARSE, DENSE, DECIDED = 150_000.0, 30_000.0, 40_000.0
_CORNERS = 8
_SPREAD = 0.3
_BATCH = 20_000


def speeds(seconds: float) -> Iterator[Row]:
    """All rows of this kind; `seconds` for each."""
    yield _geometry("geometry, 1,000 polygons", 1_000, 300.0, seconds, SPARSE)
    yield _geometry("geometry, 10,000 overlapping", 10_000, 800.0, seconds, DENSE)
    yield _decider(seconds)


def shapes(count: int, metres: float) -> list[Shape]:
    """Random stars of eight corners on 0.6 by 0.6 degrees."""
    rng, (lat, lon) = np.random.default_rng(1), PLAIN.origin
    found = []
    for _ in range(count):
        x, y = (float(one) for one in rng.uniform(-_SPREAD, _SPREAD, 2))
        turns = np.sort(rng.uniform(0.0, math.tau, _CORNERS)).tolist()
        far = (rng.uniform(0.5, 1.0, _CORNERS) * metres / 111_000).tolist()
        ring = [
            (lon + x + r * math.cos(a) / 0.59, lat + y + r * math.sin(a))
            for r, a in zip(far, turns, strict=True)
        ]
        found.append(polygon([ring]))
    return found


def _geometry(name: str, count: int, metres: float, seconds: float, target: float) -> Row:
    grid, rng = AreaGrid(shapes(count, metres)), np.random.default_rng(2)
    lon = PLAIN.origin[1] + rng.uniform(-_SPREAD, _SPREAD, _BATCH)
    lat = PLAIN.origin[0] + rng.uniform(-_SPREAD, _SPREAD, _BATCH)
    spent, done, pairs = 0.0, 0, 0
    while spent < seconds or not done:
        began = time.process_time()
        pairs = len(grid.near_all(lon, lat).row)
        spent, done = spent + time.process_time() - began, done + _BATCH
    points = list(zip(lon.tolist(), lat.tolist(), strict=True))[:2_000]
    began = time.process_time()
    for point in points:
        grid.near(*point)
    single = len(points) / max(time.process_time() - began, 1e-9)
    conditions = (
        f"columns of {_BATCH:,}, {pairs / _BATCH:.1f} distances each; one at a time {single:,.0f}/s; CPU"
    )
    return Row(f"areas {name}", "signed distances", done / spent, "fixes/s", conditions, target)


def _decider(seconds: float) -> Row:
    fixes = next(parked(Cell("", PLAIN, True), 15.0, 1, 77))
    spent, done = 0.0, 0
    while spent < seconds or not done:
        areas = Areas(AreaGrid([area()]))
        began = time.process_time()
        for fix in fixes:
            areas.take(fix, fix.time)
        spent, done = spent + time.process_time() - began, done + len(fixes)
    return Row(
        "areas decider",
        "fixes decided",
        done / spent,
        "fixes/s",
        "a parked asset, one at a time; CPU",
        DECIDED,
    )
