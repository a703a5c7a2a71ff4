"""Recorded reads in CSV: time,reader,antenna,epc,rssi[,phase,doppler,channel,count], parsed by columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.records import Dictionary, Reads
from gateway import csv_fields
from gateway.csv_cells import WHOLE, floats, mapped, printable, times, within
from gateway.csv_fields import Bytes
from gateway.csv_file import CsvFile
from gateway.tag_text import normal_tag

WORDS = ("reader", "antenna", "epc", "channel", "count")
"""Columns of few distinct values."""


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


class CsvReads(CsvFile[Block]):
    """The rows of one file; `tags` and `readers` may be shared by several files."""

    required = ("time", "reader", "antenna", "epc", "rssi")
    optional = ("phase", "doppler", "channel", "count")

    def __init__(self, path: Path, tags: Tags, readers: Dictionary) -> None:
        super().__init__(path)
        self._tags = tags
        self._readers = readers
        self._newest = np.iinfo(np.int64).min

    def plain(self, columns: Mapping[str, Bytes]) -> Block | None:
        """As a `CsvFile`."""
        time = csv_fields.moments(columns["time"])
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
        return self._made(time, rssi, others, words)

    def parsed(self, columns: Mapping[str, Sequence[str]]) -> Block:
        """As a `CsvFile`."""
        for name in self.required + self.optional:
            printable(columns.get(name, ()))
        others: dict[str, NDArray[np.float32]] = {
            name: floats(columns[name]) for name in ("phase", "doppler") if name in columns
        }
        words = {name: [cell.encode() for cell in cells] for name, cells in columns.items() if name in WORDS}
        return self._made(times(columns["time"]), floats(columns["rssi"]), others, words)

    def check(self, name: str, cell: str) -> None:
        """As a `CsvFile`."""
        if name in self.required + self.optional:
            printable((cell,))
        if name == "time":
            times((cell,))
        elif name in ("rssi", "phase", "doppler"):
            within(floats((cell,)))
        elif name == "epc":
            self._tags.column((cell.encode(),))
        elif name in WHOLE:
            WHOLE[name](cell.encode())

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
