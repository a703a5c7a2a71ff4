"""Recorded reads in CSV: time,reader,antenna,epc,rssi[,phase,doppler,channel,count], parsed by columns."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.records import Dictionary, Reads
from gateway.rows import microseconds
from gateway.tag_text import normal_tag

REQUIRED = ("time", "reader", "antenna", "epc", "rssi")
OPTIONAL = ("phase", "doppler", "channel", "count")
ROWS = 1 << 15
"""Rows that are parsed at once."""


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
        self._codes: dict[str, int] = {}

    def column(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The codes of a column. Raises ValueError for a text that is no tag."""
        try:
            return np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))
        except KeyError:
            for text in dict.fromkeys(texts):
                if text not in self._codes:
                    self._codes[text] = self.ids.code(_tag(text))
        return np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts))


def _tag(text: str) -> str:
    # zeros are noise that the pipeline counts, not an error of the file
    return normal_tag(text) if text.strip("0") else text


class CsvReads:
    """The rows of one file; `tags` and `readers` may be shared by several files."""

    def __init__(self, path: Path, tags: Tags, readers: Dictionary) -> None:
        self._path = path
        self._tags = tags
        self._readers = readers
        self._newest = np.iinfo(np.int64).min

    def blocks(self) -> Iterator[Block]:
        """The rows in order. Raises BadCsv, OSError."""
        try:
            with self._path.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.reader(file, strict=True)
                header = next(rows, [])
                self._check(header)
                line = 2
                while chunk := list(islice(rows, ROWS)):
                    yield self._block(header, chunk, line)
                    line += len(chunk)
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadCsv(f"{self._path}: not CSV: {error}; save it as CSV in UTF-8") from None

    def _check(self, header: list[str]) -> None:
        missing = [name for name in REQUIRED if name not in header]
        unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
        if missing or unknown:
            what = f"no column {missing[0]}" if missing else f"unknown column {unknown[0]}"
            known = ",".join(REQUIRED) + "[," + ",".join(OPTIONAL) + "]"
            raise BadCsv(f"{self._path}:1: {what}; the header is {known}")

    def _block(self, header: list[str], chunk: list[list[str]], line: int) -> Block:
        try:
            return self._parsed(dict(zip(header, zip(*chunk, strict=True), strict=True)))
        except ValueError:
            if len(chunk) == 1:
                raise BadCsv(f"{self._path}:{line}: {self._fault(header, chunk[0])}") from None
            half = len(chunk) // 2  # find the line: rare, so by halves
            self._block(header, chunk[:half], line)
            self._block(header, chunk[half:], line + half)
            raise

    def _parsed(self, columns: dict[str, tuple[str, ...]]) -> Block:
        time = _times(columns["time"])
        phase = _numbers(columns.get("phase"))
        doppler = _numbers(columns.get("doppler"))
        channel = _whole(columns.get("channel"), 0)
        count = _whole(columns.get("count"), 1)
        reads = Reads(
            self._tags.ids,
            time,
            self._tags.column(columns["epc"]),
            _ports(columns["antenna"]),
            _floats(columns["rssi"]),
            np.ones(len(time), np.int32) if count is None else np.maximum(count, 1),
            phase,
            doppler,
            channel,
        )
        code = self._readers.code
        reader = np.fromiter(map(code, columns["reader"]), np.int32, len(time))
        at = np.maximum.accumulate(np.maximum(time, self._newest))
        self._newest = int(at[-1])
        return Block(reads, reader, at)

    def _fault(self, header: list[str], row: list[str]) -> str:
        """Which cell of a bad row is wrong."""
        if len(row) != len(header):
            return f"{len(row)} cells where the header has {len(header)}; quote cells that hold a comma"
        for name, cell in zip(header, row, strict=True):
            try:
                _PARSERS[name](self, (cell,))
            except ValueError as error:
                return f"{name} = {cell!r}: {error}"
        return "the row cannot be read; compare it with the header"


def _times(texts: Sequence[str]) -> NDArray[np.int64]:
    """Epoch seconds, or RFC 3339, told by the first of the column."""
    if "-" not in texts[0][1:]:
        seconds = np.array(texts).astype(np.float64)
        if not np.isfinite(seconds).all():
            raise ValueError("no time; write RFC 3339 or epoch seconds")
        # below 2**53 microseconds, the year 2255, a double still tells microseconds apart
        return np.rint(seconds * 1e6).astype(np.int64)
    if all(20 <= len(text) <= 27 and text[10] == "T" and text[-1] == "Z" for text in texts):
        plain = [text[:-1] for text in texts]
        return np.array(plain, "datetime64[us]").astype(np.int64)
    return np.array([microseconds(text) for text in texts], np.int64)


def _floats(texts: Sequence[str]) -> NDArray[np.float32]:
    try:
        return np.array(texts).astype(np.float32)
    except ValueError:
        return np.array([text or "nan" for text in texts]).astype(np.float32)


def _numbers(texts: Sequence[str] | None) -> NDArray[np.float32] | None:
    return None if texts is None else _floats(texts)


def _whole(texts: Sequence[str] | None, default: int) -> NDArray[np.int32] | None:
    if texts is None:
        return None
    values = {text: int(text or default) for text in set(texts)}
    return np.fromiter(map(values.__getitem__, texts), np.int32, len(texts))


def _ports(texts: Sequence[str]) -> NDArray[np.uint16]:
    values = {text: int(text or 0) for text in set(texts)}
    if not all(0 <= port <= 65535 for port in values.values()):
        raise ValueError("not a port; write 0 to 65535")
    return np.fromiter(map(values.__getitem__, texts), np.uint16, len(texts))


_PARSERS = {
    "time": lambda self, cells: _times(cells),
    "reader": lambda self, cells: None,
    "antenna": lambda self, cells: _ports(cells),
    "epc": lambda self, cells: self._tags.column(cells),
    "rssi": lambda self, cells: _floats(cells),
    "phase": lambda self, cells: _floats(cells),
    "doppler": lambda self, cells: _floats(cells),
    "channel": lambda self, cells: _whole(cells, 0),
    "count": lambda self, cells: _whole(cells, 1),
}


def merged(files: Sequence[CsvReads]) -> Iterator[Block]:
    """The rows of several files by time; inside one file the order stays, equal times go by the order of files."""
    if len(files) == 1:
        yield from files[0].blocks()
        return
    sources = [one.blocks() for one in files]
    held: list[Block | None] = [next(source, None) for source in sources]
    while live := [number for number, block in enumerate(held) if block is not None]:
        # up to the earliest end of the blocks in hand, nothing can come between any more
        bound = min(int(block.at[-1]) for block in held if block is not None)
        taken: list[Block] = []
        for number in live:
            block = held[number]
            if block is None:
                continue
            end = int(np.searchsorted(block.at, bound, "right"))
            if end == len(block.at):
                taken.append(block)
                held[number] = next(sources[number], None)
            else:
                taken.append(block.pick(slice(0, end)))
                held[number] = block.pick(slice(end, None))
        yield _by_time(taken)


def _by_time(blocks: list[Block]) -> Block:
    at = np.concatenate([block.at for block in blocks])
    order = np.argsort(at, kind="stable")
    one = Block(_stacked([block.reads for block in blocks]), np.concatenate([b.reader for b in blocks]), at)
    return one.pick(order)


def _stacked(parts: list[Reads]) -> Reads:
    """All rows; a column that only some files have is filled with "unreported" for the others."""
    return Reads(
        parts[0].tags,
        np.concatenate([one.time for one in parts]),
        np.concatenate([one.tag for one in parts]),
        np.concatenate([one.antenna for one in parts]),
        np.concatenate([one.rssi for one in parts]),
        np.concatenate([one.count for one in parts]),
        _filled([one.phase for one in parts], parts),
        _filled([one.doppler for one in parts], parts),
        None
        if all(one.channel is None for one in parts)
        else np.concatenate(
            [np.zeros(len(one), np.int32) if one.channel is None else one.channel for one in parts]
        ),
    )


def _filled(columns: list[NDArray[np.float32] | None], parts: list[Reads]) -> NDArray[np.float32] | None:
    if all(column is None for column in columns):
        return None
    return np.concatenate(
        [
            np.full(len(one), np.nan, np.float32) if column is None else column
            for column, one in zip(columns, parts, strict=True)
        ]
    )
