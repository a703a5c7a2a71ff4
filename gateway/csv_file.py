"""A CSV file of recorded rows: its header, its lines by the thousand, and which line is wrong."""

import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from gateway import csv_fields
from gateway.csv_fields import Bytes

B = TypeVar("B")

BYTES = 1 << 19
"""Bytes that are parsed at once."""

LONGEST_HEADER = 1 << 16
"""Bytes of a first line that may still be a header."""


class BadCsv(Exception):
    """A file is not as it should be; the text names file, line, column, value and remedy."""


def header_of(line: bytes, path: Path) -> list[str]:
    """The names in a first line. Raises BadCsv."""
    return next(csv.reader([_decoded(line, path, 1).removeprefix("\ufeff")]), [])


def _decoded(data: bytes, path: Path, line: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        raise BadCsv(f"{path}:{line}: not UTF-8; save it as CSV in UTF-8") from None


class CsvFile(ABC, Generic[B]):
    """The rows of one file.

    required, optional  the columns of its kind
    unknown             columns that nobody knows, which are left out: the header is read with the first block
    """

    required: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]]

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unknown: list[str] = []

    @abstractmethod
    def plain(self, columns: Mapping[str, Bytes]) -> B | None:
        """The rows of cells as `csv_fields.cells` cuts them; None, or ValueError, where there is any doubt."""

    @abstractmethod
    def parsed(self, columns: Mapping[str, Sequence[str]]) -> B:
        """The same rows, in every notation. Raises ValueError."""

    @abstractmethod
    def check(self, name: str, cell: str) -> None:
        """Raises ValueError, "reason; remedy", if the cell is not what its column holds."""

    def blocks(self) -> Iterator[B]:
        """The rows in order. Raises BadCsv, OSError."""
        with self.path.open("rb") as file:
            header = header_of(file.readline(LONGEST_HEADER), self.path)
            self._check(header)
            line = 2
            while lines := file.readlines(BYTES):
                chunk = b"".join(lines)
                found = self._plain(header, chunk)
                if found is None:
                    found = self._careful(header, chunk, line)
                if found is not None:
                    yield found
                line += len(lines)

    def _check(self, header: list[str]) -> None:
        known = self.required + self.optional
        missing = [f"no column {name}" for name in self.required if name not in header]
        twice = [f"column {name} twice" for name in known if header.count(name) > 1]
        if missing or twice:
            shown = ",".join(self.required) + "[," + ",".join(self.optional) + "]"
            raise BadCsv(f"{self.path}:1: {(missing + twice)[0]}; the header is {shown}")
        self.unknown = [name for name in header if name not in known]

    def _plain(self, header: list[str], chunk: bytes) -> B | None:
        """All lines at once, if they are uniform enough; any doubt is for `_careful`."""
        if not chunk.endswith(b"\n"):
            chunk += b"\n"
        found = csv_fields.cells(chunk, len(header))
        if found is None:
            return None
        try:
            return self.plain(dict(zip(header, found, strict=True)))
        except ValueError:
            return None

    def _careful(self, header: list[str], chunk: bytes, line: int) -> B | None:
        """The same cell by cell, with every notation, and telling the line that is wrong; None of empty lines."""
        lines = list(StringIO(_decoded(chunk, self.path, line), newline=""))
        try:
            rows = list(csv.reader(lines, strict=True))
        except csv.Error as error:
            raise BadCsv(f"{self.path}:{line}: not CSV, here or below: {error}") from None
        if len(rows) != len(lines):
            raise BadCsv(f"{self.path}:{line}: a cell, here or below, holds a line's end; remove it")
        rows = [row for row in rows if row]
        return self._rows(header, rows, line) if rows else None

    def _rows(self, header: list[str], rows: list[list[str]], line: int) -> B:
        try:
            return self.parsed(dict(zip(header, zip(*rows, strict=True), strict=True)))
        except ValueError:
            if len(rows) == 1:
                raise BadCsv(f"{self.path}:{line}: {self._fault(header, rows[0])}") from None
            half = len(rows) // 2  # find the line: rare, so by halves
            self._rows(header, rows[:half], line)
            self._rows(header, rows[half:], line + half)
            raise

    def _fault(self, header: list[str], row: list[str]) -> str:
        """Which cell of a bad row is wrong."""
        if len(row) != len(header):
            return f"{len(row)} cells where the header has {len(header)}; quote cells that hold a comma"
        for name, cell in zip(header, row, strict=True):
            try:
                self.check(name, cell)
            except ValueError as error:
                return f"{name} = {cell!r}: {error}"
        return "the row cannot be read; compare it with the header"
