"""Positions in columns: what a frame of many records is read into, and what goes to the daemon."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, overload

import numpy as np

from core.records import Dictionary, Fixes
from drivers.codecs.tracker_session import Position


class Columns(NamedTuple):
    """Positions column by column, in the order and the units of `Position`."""

    time: Sequence[int]
    lat: Sequence[float]
    lon: Sequence[float]
    alt: Sequence[float]
    speed: Sequence[float]
    course: Sequence[float]
    accuracy: Sequence[float]
    satellites: Sequence[int]
    flags: Sequence[int]
    attributes: Sequence[str]


_NOTHING = Columns(*[()] * len(Columns._fields))


@dataclass(frozen=True, slots=True)
class Track(Sequence[Position]):
    """Positions of one tracker, which become rows only where somebody wants these."""

    columns: Columns

    def __len__(self) -> int:
        return len(self.columns.time)

    def __iter__(self) -> Iterator[Position]:
        return map(Position._make, zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, at: int) -> Position: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Position]: ...

    def __getitem__(self, at: int | slice) -> Position | Sequence[Position]:
        return list(self)[at]


def columns(positions: Sequence[Position]) -> Columns:
    """Those of any positions."""
    if isinstance(positions, Track):
        return positions.columns
    return Columns._make(zip(*positions, strict=True)) if positions else _NOTHING


def stamps(positions: Sequence[Position]) -> list[tuple[int, int]]:
    """Time and flags of each."""
    if isinstance(positions, Track):
        return list(zip(positions.columns.time, positions.columns.flags, strict=True))
    return [(one.time, one.flags) for one in positions]


def fixes(trackers: Dictionary, rows: Sequence[tuple[str, Sequence[Position]]]) -> Fixes:
    """One batch of what several trackers said; the ids are tags: "tracker:" and what the tracker calls itself."""
    every = _joined([positions for _, positions in rows])
    codes = list[int]()
    for tracker, positions in rows:
        codes += [trackers.code(f"tracker:{tracker}")] * len(positions)
    return Fixes(
        trackers,
        np.array(every.time, np.int64),
        np.array(codes, np.int32),
        np.array(every.lat, np.float64),
        np.array(every.lon, np.float64),
        np.array(every.alt, np.float32),
        np.array(every.speed, np.float32),
        np.array(every.course, np.float32),
        np.array(every.accuracy, np.float32),
        np.array(every.satellites, np.int16),
        np.array(every.flags, np.uint8),
        tuple(every.attributes) if any(every.attributes) else None,
    )


def _joined(several: Sequence[Sequence[Position]]) -> Columns:
    """All positions, in order."""
    if not any(isinstance(one, Track) for one in several):
        return columns(list(chain.from_iterable(several)))
    parts = zip(*map(columns, several), strict=True)
    return Columns._make(map(list, map(chain.from_iterable, parts)))
