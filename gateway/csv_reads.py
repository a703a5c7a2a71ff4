"""Recorded reads in CSV: time,reader,antenna,epc,rssi[,phase,doppler,channel,count], parsed by columns."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.records import Dictionary, Reads
from gateway import csv_fields
from gateway.csv_cells import WHOLE, floats, mapped, printable, times, within
from gateway.tag_text import normal_tag

REQUIRED = ("time", "reader", "antenna", "epc", "rssi")
OPTIONAL = ("phase", "doppler", "channel", "count")
WORDS = ("reader", "antenna", "epc", "channel", "count")
"""Columns of few distinct values."""
BYTES = 1 << 19
"""Bytes that are parsed at once."""


class BadCsv(Exception):
    """A file is not as it should be; the text names file, line, column, value and remedy."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive rows of a file.

    reads   the rows, whoever read them
    reader  int32[n]  code of the reader's id
    at      int64[n]  when the row arrived, by virtual time: the newest time so far in this file
    """

    reads: Reads
    reader: NDArray[np.int32]
    at: NDArray[np.int64]

    def pick(self, rows: "slice | NDArray[np.intp]") -> "Block":
        """The given rows."""
        one = self.reads
        picked = Reads(
            one.tags,
            one.time[rows],
            one.tag[rows],
            one.antenna[rows],
            one.rssi[rows],
            one.count[rows],
            None if one.phase is None else one.phase[rows],
            None if one.doppler is None else one.doppler[rows],
            None if one.channel is None else one.channel[rows],
        )
        return Block(picked, self.reader[rows], self.at[rows])


class Tags:
    """Texts of EPCs to codes; each distinct text is looked at once."""

    def __init__(self) -> None:
        self.ids = Dictionary()
        self._codes: dict[bytes, int] = {}

    def column(self, texts: Sequence[bytes]) -> NDArray[np.int32]:
        """The codes of a column. Raises ValueError for a text that is no tag."""
        try:
            return np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))
        except KeyError:
            for text in dict.fromkeys(texts):
                if text not in self._codes:
                    self._codes[text] = self.ids.code(_tag(text.decode()))
        return np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))


def _tag(text: str) -> str:
    printable((text,))
    # zeros are noise that the pipeline counts, not an error of the file
    return normal_tag(text) if text.strip("0") else text


class CsvReads:
    """The rows of one file; `tags` and `readers` may be shared by several files.

    unknown  columns that nobody knows, which are left out: the header is read with the first block
    """

    def __init__(self, path: Path, tags: Tags, readers: Dictionary) -> None:
        self._tags = tags
        self._readers = readers
        self._newest = np.iinfo(np.int64).min
        self.path = path
        self.unknown: list[str] = []

    def blocks(self) -> Iterator[Block]:
        """The rows in order. Raises BadCsv, OSError."""
        with self.path.open("rb") as file:
            header = self._header(file.readline())
            line = 2
            while lines := file.readlines(BYTES):
                chunk = b"".join(lines)
                yield self._plain(header, chunk) or self._careful(header, chunk, line)
                line += len(lines)

    def _header(self, line: bytes) -> list[str]:
        header = next(csv.reader([self._decoded(line, 1).removeprefix("\ufeff")]), [])
        self._check(header)
        return header

    def _decoded(self, data: bytes, line: int) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line += data.count(b"\n", 0, error.start)
            raise BadCsv(f"{self.path}:{line}: not UTF-8; save it as CSV in UTF-8") from None

    def _check(self, header: list[str]) -> None:
        missing = [f"no column {name}" for name in REQUIRED if name not in header]
        twice = [f"column {name} twice" for name in REQUIRED + OPTIONAL if header.count(name) > 1]
        if missing or twice:
            known = ",".join(REQUIRED) + "[," + ",".join(OPTIONAL) + "]"
            raise BadCsv(f"{self.path}:1: {(missing + twice)[0]}; the header is {known}")
        self.unknown = [name for name in header if name not in REQUIRED + OPTIONAL]

    def _plain(self, header: list[str], chunk: bytes) -> Block | None:
        """All lines at once, if they are uniform enough; any doubt is for `_careful`."""
        if not chunk.endswith(b"\n"):
            chunk += b"\n"
        found = csv_fields.cells(chunk, len(header))
        if found is None:
            return None
        columns = dict(zip(header, found, strict=True))
        stamp = columns["time"]
        time = csv_fields.rfc3339(stamp) if stamp.shape[1] >= 20 else csv_fields.epoch_seconds(stamp)
        rssi = csv_fields.numbers(columns["rssi"])
        if time is None or rssi is None:
            return None
        others: dict[str, NDArray[np.float32]] = {}
        for name in ("phase", "doppler"):
            if name in columns:
                column = csv_fields.numbers(columns[name])
                if column is None:
                    return None
                others[name] = column
        words = {name: csv_fields.texts(cell) for name, cell in columns.items() if name in WORDS}
        try:
            return self._made(time, rssi, others, words)
        except ValueError:
            return None

    def _careful(self, header: list[str], chunk: bytes, line: int) -> Block:
        """The same cell by cell, with every notation, and telling the line that is wrong."""
        lines = list(StringIO(self._decoded(chunk, line), newline=""))
        try:
            rows = list(csv.reader(lines, strict=True))
        except csv.Error as error:
            raise BadCsv(f"{self.path}:{line}: not CSV, here or below: {error}") from None
        if len(rows) != len(lines):
            raise BadCsv(f"{self.path}:{line}: a cell, here or below, holds a line's end; remove it")
        return self._rows(header, [row for row in rows if row], line)

    def _rows(self, header: list[str], rows: list[list[str]], line: int) -> Block:
        try:
            return self._parsed(dict(zip(header, zip(*rows, strict=True), strict=True)))
        except ValueError:
            if len(rows) == 1:
                raise BadCsv(f"{self.path}:{line}: {self._fault(header, rows[0])}") from None
            half = len(rows) // 2  # find the line: rare, so by halves
            self._rows(header, rows[:half], line)
            self._rows(header, rows[half:], line + half)
            raise

    def _parsed(self, columns: dict[str, tuple[str, ...]]) -> Block:
        for name in REQUIRED + OPTIONAL:
            printable(columns.get(name, ()))
        others: dict[str, NDArray[np.float32]] = {
            name: floats(columns[name]) for name in ("phase", "doppler") if name in columns
        }
        words = {name: [cell.encode() for cell in cells] for name, cells in columns.items() if name in WORDS}
        return self._made(times(columns["time"]), floats(columns["rssi"]), others, words)

    def _made(
        self,
        time: NDArray[np.int64],
        rssi: NDArray[np.float32],
        others: dict[str, NDArray[np.float32]],
        words: dict[str, list[bytes]],
    ) -> Block:
        """A block of its columns. Raises ValueError for a word that is not what its column holds."""
        for column in (rssi, *others.values()):
            within(column)
        n = len(time)
        count = np.ones(n, np.int32)
        if "count" in words:
            count = mapped(words["count"], WHOLE["count"], np.dtype(np.int32))
        reads = Reads(
            self._tags.ids,
            time,
            self._tags.column(words["epc"]),
            mapped(words["antenna"], WHOLE["antenna"], np.dtype(np.uint16)),
            rssi,
            count,
            others.get("phase"),
            others.get("doppler"),
            mapped(words["channel"], WHOLE["channel"], np.dtype(np.int32)) if "channel" in words else None,
        )
        reader = mapped(words["reader"], self._reader, np.dtype(np.int32))
        at = np.maximum.accumulate(np.maximum(time, self._newest))
        self._newest = int(at[-1])
        return Block(reads, reader, at)

    def _reader(self, text: bytes) -> int:
        reader = text.decode()
        printable((reader,))
        return self._readers.code(reader)

    def _fault(self, header: list[str], row: list[str]) -> str:
        """Which cell of a bad row is wrong."""
        if len(row) != len(header):
            return f"{len(row)} cells where the header has {len(header)}; quote cells that hold a comma"
        for name, cell in zip(header, row, strict=True):
            try:
                self._try(name, cell)
            except ValueError as error:
                return f"{name} = {cell!r}: {error}"
        return "the row cannot be read; compare it with the header"

    def _try(self, name: str, cell: str) -> None:
        """Raises ValueError if the cell is not what its column holds."""
        if name in REQUIRED + OPTIONAL:
            printable((cell,))
        if name == "time":
            times((cell,))
        elif name in ("rssi", "phase", "doppler"):
            within(floats((cell,)))
        elif name == "epc":
            self._tags.column((cell.encode(),))
        elif name in WHOLE:
            WHOLE[name](cell.encode())
