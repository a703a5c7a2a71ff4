"""Which areas a position is in or near: a grid over the earth, for one position and for columns of them."""

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.shapes import Shape

Column = NDArray[np.float64]
Rows = NDArray[np.int64]

REACH = 100.0
"""m outside an area up to which its distance is told; farther away it is merely far."""
CELLS = 4096
"""Cells that one area may take; a wider one is asked at every position."""
_FINEST, _COARSEST = 1 / 512, 1.0
"""Degrees of a cell."""
_PIECE = 1 << 18
"""Pairs of position and edge that are reckoned at once: 2 MB a column."""


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Pairs of a position and an area that it may be in, columns of one length.

    row  int64, position;  area  int64, number of the area;  distance  float64, m from its edge, negative inside
    """

    row: Rows
    area: Rows
    distance: Column


class AreaGrid:
    """Of shapes, which are known by their numbers. It never changes."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = tuple(shapes)
        self._size = _cell_size(self.shapes)
        self._around = round(360.0 / self._size)
        cells: dict[int, list[int]] = defaultdict(list)
        self._wide: list[int] = []
        for number, shape in enumerate(self.shapes):
            taken = self._cells(shape)
            if taken is None:
                self._wide.append(number)
            else:
                for cell in taken:
                    cells[cell].append(number)
        self._cells_of = {cell: tuple(sorted([*numbers, *self._wide])) for cell, numbers in cells.items()}
        self._nowhere = tuple(self._wide)
        self._columns = _Columns(self.shapes, self._cells_of, self._nowhere)

    def candidates(self, lon: float, lat: float) -> tuple[int, ...]:
        """The numbers of all areas within REACH, and of some that are farther away."""
        size = self._size
        cell = (
            math.floor((lat + 90.0) / size) * self._around + math.floor((lon + 180.0) / size) % self._around
        )
        return self._cells_of.get(cell, self._nowhere)

    def near(self, lon: float, lat: float) -> list[tuple[int, float]]:
        """Number and signed distance (m) of those whose rectangle it is in, or within REACH of, at one position."""
        found = []
        for number in self.candidates(lon, lat):
            shape = self.shapes[number]
            x = ((lon - shape.lon + 180.0) % 360.0 - 180.0) * shape.east
            y = (lat - shape.lat) * shape.north
            west, south, east, north = shape.bounds
            beyond = max(west - x, x - east, south - y, y - north)
            if beyond <= REACH:
                found.append((number, shape.distance(lon, lat)))
        return found

    def near_all(self, lon: Column, lat: Column) -> Near:
        """The same for columns of positions, in order of position and of area."""
        rows = np.floor((lat + 90.0) / self._size).astype(np.int64)
        along = np.floor((lon + 180.0) / self._size).astype(np.int64) % self._around
        return self._columns.near(rows * self._around + along, lon, lat)

    def _cells(self, shape: Shape) -> list[int] | None:
        """The cells that it touches with its surroundings; None if they are too many."""
        west, south, east, north = shape.bounds
        size, around = self._size, self._around
        low = math.floor((shape.lat + (south - REACH) / shape.north + 90.0) / size)
        high = math.floor((shape.lat + (north + REACH) / shape.north + 90.0) / size)
        left = math.floor((shape.lon + (west - REACH) / shape.east + 180.0) / size)
        right = math.floor((shape.lon + (east + REACH) / shape.east + 180.0) / size)
        if (high - low + 1) * (right - left + 1) > CELLS:
            return None
        return [row * around + one % around for row in range(low, high + 1) for one in range(left, right + 1)]


def _cell_size(shapes: Sequence[Shape]) -> float:
    """Degrees: about as large as the middle one of the areas, a power of two of them."""
    if not shapes:
        return _COARSEST
    spans = sorted((shape.bounds[3] - shape.bounds[1] + 2 * REACH) / shape.north for shape in shapes)
    size = 2.0 ** round(math.log2(spans[len(spans) // 2] / 2))
    return min(max(size, _FINEST), _COARSEST)


class _Columns:
    """The same grid and the edges of all shapes as columns: lists of lists are flat values and where each begins."""

    def __init__(
        self, shapes: Sequence[Shape], cells: dict[int, tuple[int, ...]], nowhere: tuple[int, ...]
    ) -> None:
        order = sorted(cells)
        self._cell = np.array(order, np.int64)
        lists = [*(cells[cell] for cell in order), nowhere]
        self._areas = np.array([one for each in lists for one in each], np.int64)
        self._areas_begin = _begins([len(each) for each in lists])
        self._edges = np.array([edge for shape in shapes for edge in shape.edges], np.float64).reshape(-1, 4)
        self._edges_begin = _begins([len(shape.edges) for shape in shapes])
        frame = [(one.lon, one.lat, one.east, one.north, one.radius, one.filled) for one in shapes]
        self._frame = np.array(frame, np.float64).reshape(-1, 6)
        bounds = np.array([shape.bounds for shape in shapes], np.float64).reshape(-1, 4)
        self._bounds = bounds + np.array([-REACH, -REACH, REACH, REACH])

    def near(self, cell: Rows, lon: Column, lat: Column) -> Near:
        """By the cell of each position."""
        at = np.searchsorted(self._cell, cell)
        last = max(len(self._cell) - 1, 0)
        known = self._cell[np.minimum(at, last)] == cell if len(self._cell) else np.zeros(len(cell), np.bool_)
        at = np.where(known, at, len(self._cell))
        count = self._areas_begin[at + 1] - self._areas_begin[at]
        row = np.repeat(np.arange(len(cell)), count)
        area = self._areas[_within(self._areas_begin[at], count)]
        mid_lon, mid_lat, east, north, _, _ = self._frame[area].T
        x = ((lon[row] - mid_lon + 180.0) % 360.0 - 180.0) * east
        y = (lat[row] - mid_lat) * north
        west, south, right, top = self._bounds[area].T
        close = np.flatnonzero((x >= west) & (x <= right) & (y >= south) & (y <= top))
        row, area, x, y = row[close], area[close], x[close], y[close]
        return Near(row, area, self._distances(area, x, y))

    def _distances(self, area: Rows, x: Column, y: Column) -> Column:
        """In pieces, so that memory has a bound."""
        count = self._edges_begin[area + 1] - self._edges_begin[area]
        total = np.cumsum(count)
        cuts = np.searchsorted(total, np.arange(_PIECE, total[-1] if len(total) else 0, _PIECE))
        found = np.empty(len(area))
        bounds = np.unique([0, *cuts.tolist(), len(area)]).tolist()
        for first, last in itertools.pairwise(bounds):
            piece = slice(first, last)
            found[piece] = self._piece(area[piece], count[piece], x[piece], y[piece])
        return found

    def _piece(self, area: Rows, count: Rows, x: Column, y: Column) -> Column:
        edges = self._edges[_within(self._edges_begin[area], count)]
        x1, y1, x2, y2 = edges.T
        px, py = np.repeat(x, count) - x1, np.repeat(y, count) - y1
        dx, dy = x2 - x1, y2 - y1
        square = dx * dx + dy * dy
        along = px * dx + py * dy
        share = np.clip(np.divide(along, square, out=np.zeros_like(square), where=square > 0), 0.0, 1.0)
        far = (px - share * dx) ** 2 + (py - share * dy) ** 2
        spans = (py < 0) != (py < dy)
        rise = np.where(spans, dy, 1.0)
        crossed = spans & (px < py * dx / rise)
        begins = np.concatenate(([0], np.cumsum(count)[:-1]))
        radius, filled = self._frame[area, 4], self._frame[area, 5] > 0
        away: Column = np.sqrt(np.minimum.reduceat(far, begins)) - radius
        inside = np.add.reduceat(crossed.astype(np.int64), begins) % 2 > 0
        return np.where(filled & inside, -away, away)


def _begins(lengths: list[int]) -> Rows:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(np.array(lengths, np.int64))))


def _within(begin: Rows, count: Rows) -> Rows:
    """begin[0], begin[0] + 1, ... (count[0] of them), begin[1], ..."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    found: Rows = np.arange(total) + np.repeat(begin - (ends - count), count)
    return found
