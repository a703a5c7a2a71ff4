"""Recorded fixes in CSV: time,tracker,lat,lon[,alt,speed,course,accuracy,satellites,valid], parsed by columns.

The units are those of `core.records.Fixes`. What a receiver may well have written, and cannot be, is left out and
counted; a cell that nobody can read is an error of the file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.records import Dictionary, Fixes, Flag, Floats
from drivers.codecs.fix_values import NO
from gateway import csv_fields
from gateway.csv_cells import LARGEST, WHOLE, doubles, mapped, printable, times
from gateway.csv_fields import Bytes
from gateway.csv_file import CsvFile
from gateway.fix_block import Arrivals, FixBlock
from gateway.fix_dates import doubts
from gateway.tag_text import normal_tag

NUMBERS = ("lat", "lon", "alt", "speed", "course", "accuracy")
WORDS = ("tracker", "satellites", "valid")
"""Columns of few distinct values."""

SCHEME = "tracker:"
_YES = ("", "1", "true", "yes", "a", "y", "valid")
_VALID = int(Flag.VALID)

Doubles = NDArray[np.float64]


class CsvFixes(CsvFile[FixBlock]):
    """The rows of one file; `trackers` may be shared by several files.

    left_out  rows that are no fixes, by the cause in `fix_block.TROUBLES`
    """

    required = ("time", "tracker", "lat", "lon")
    optional = ("alt", "speed", "course", "accuracy", "satellites", "valid")

    def __init__(self, path: Path, trackers: Dictionary) -> None:
        super().__init__(path)
        self.left_out: Counter[str] = Counter()
        self._trackers = trackers
        self._arrivals = Arrivals()
        self._codes: dict[bytes, int] = {}

    def plain(self, columns: Mapping[str, Bytes]) -> FixBlock | None:
        """As a `CsvFile`."""
        time = csv_fields.moments(columns["time"])
        if time is None:
            return None
        numbers: dict[str, Doubles] = {}
        for name in NUMBERS:
            if name in columns:
                column = csv_fields.doubles(columns[name])
                if column is None:
                    return None
                numbers[name] = column
        words = {name: csv_fields.texts(cell) for name, cell in columns.items() if name in WORDS}
        return self._made(time, np.zeros(len(time), np.bool_), numbers, words)

    def parsed(self, columns: Mapping[str, Sequence[str]]) -> FixBlock:
        """As a `CsvFile`."""
        for name in self.required + self.optional:
            printable(columns.get(name, ()))
        timeless = np.array([not text for text in columns["time"]], np.bool_)
        time = times([text or "0" for text in columns["time"]])
        numbers = {name: doubles(columns[name]) for name in NUMBERS if name in columns}
        words = {name: [cell.encode() for cell in cells] for name, cells in columns.items() if name in WORDS}
        return self._made(time, timeless, numbers, words)

    def check(self, name: str, cell: str) -> None:
        """As a `CsvFile`."""
        if name in self.required + self.optional:
            printable((cell,))
        if name == "time" and cell:
            times((cell,))
        elif name in NUMBERS:
            _sized(doubles((cell,)), name)
        elif name == "tracker":
            self._tracker(cell.encode())
        elif name == "satellites":
            WHOLE[name](cell.encode())
        elif name == "valid":
            _flags(cell.encode())

    def _made(
        self,
        time: NDArray[np.int64],
        timeless: NDArray[np.bool_],
        numbers: Mapping[str, Doubles],
        words: Mapping[str, list[bytes]],
    ) -> FixBlock:
        """Of its columns. Raises ValueError for a value that is not what its column holds."""
        n = len(time)
        numbers = {
            name: column + 0.0 for name, column in numbers.items()
        }  # of -0.0 it makes 0.0, like the fast way
        unsaid = np.full(n, np.nan)
        alt, speed, course, accuracy = (
            _sized(numbers.get(name, unsaid), name) for name in ("alt", "speed", "course", "accuracy")
        )
        tracker = mapped(words["tracker"], self._tracker, np.dtype(np.int32))
        flags = np.full(n, _VALID, np.uint8)
        if "valid" in words:
            flags = mapped(words["valid"], _flags, np.dtype(np.uint8))
        satellites = np.full(n, -1, np.int16)
        if "satellites" in words:
            satellites = mapped(words["satellites"], WHOLE["satellites"], np.dtype(np.int16))
        lat, lon = numbers["lat"], numbers["lon"]
        fixes = Fixes(
            self._trackers, time, tracker, lat, lon, alt, speed, course, accuracy, satellites, flags
        )
        return self._kept(fixes, timeless)

    def _kept(self, fixes: Fixes, timeless: NDArray[np.bool_]) -> FixBlock:
        """Without what can be no fix; of several causes the first one counts."""
        lat, lon = fixes.lat, fixes.lon
        left = np.ones(len(fixes), np.bool_)
        causes = {
            "no_time": timeless,
            "no_tracker": fixes.tracker < 0,
            "no_position": np.isnan(lat) | np.isnan(lon),
            "out_of_range": ~((np.abs(lat) <= 90) & (np.abs(lon) <= 180)),
            "zero_position": (lat == 0) & (lon == 0),
        }
        for name, bad in causes.items():
            self._leave_out(name, left, bad)
        for name, bad in doubts(fixes.time, fixes.tracker, left):
            self._leave_out(name, left, bad)
        kept = fixes if left.all() else fixes.pick(np.flatnonzero(left))
        return FixBlock(kept, self._arrivals.of(kept.time))

    def _leave_out(self, name: str, left: NDArray[np.bool_], bad: NDArray[np.bool_]) -> None:
        if n := int(np.count_nonzero(left & bad)):
            self.left_out[name] += n
            left &= ~bad

    def _tracker(self, text: bytes) -> int:
        """The code of a tracker's tag, -1 if nobody is named."""
        code = self._codes.get(text)
        if code is None:
            name = text.decode().strip()
            tag = normal_tag(name if name.startswith(SCHEME) else SCHEME + name) if name else ""
            code = self._codes[text] = self._trackers.code(tag) if tag else -1
        return code


def _sized(column: Doubles, name: str) -> Floats:
    """float32[n], NaN for what says "unknown". Raises ValueError for a number that cannot be meant."""
    if name not in ("lat", "lon") and (np.abs(column) > LARGEST).any():
        raise ValueError(f"out of range; write {-LARGEST:.0f} to {LARGEST:.0f}, or leave the cell empty")
    if name in ("speed", "accuracy"):
        column = np.where(column < 0, np.nan, column)
    elif name == "course":
        column = np.where(column == -1, np.nan, column % 360.0)
    return column.astype(np.float32)


def _flags(text: bytes) -> int:
    word = text.decode().strip().lower()
    if word not in _YES and word not in NO:
        raise ValueError("neither true nor false; write 1 or 0, or leave the cell empty")
    return _VALID if word in _YES else 0
