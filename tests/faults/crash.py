"""What a disk may hold after a power cut: images rebuilt from the log of shim.c.

A file has what was synchronised; of what was written since, every sector may be there or not, in any order. Names
change in order and are durable with the next synchronisation of anything, as on a journalling file system. A failed
synchronisation has lost what it was for, and no later one brings it back: only writing it again does.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
_HEAD = struct.Struct("<cHQI")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log; see shim.c."""

    op: str
    name: str
    offset: int
    data: bytes


def entries(log: bytes) -> Iterator[Entry]:
    """The log in order."""
    at = 0
    while at < len(log):
        op, name_size, offset, size = _HEAD.unpack_from(log, at)
        at += _HEAD.size
        name = log[at : at + name_size].decode()
        at += name_size
        yield Entry(op.decode(), name, offset, log[at : at + size])
        at += size


@dataclass(slots=True)
class File:
    """The bytes that are certain, and the writes and truncations that are not."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Entry] = field(default_factory=list)

    def after_crash(self, chance: random.Random) -> bytearray:
        """One of the contents that may be found."""
        found = bytearray(self.durable)
        order = self.pending[:]
        fate = chance.random()
        if fate < 0.3:
            return found
        if fate < 0.6:
            chance.shuffle(order)
        for entry in order:
            if fate < 0.8 and chance.random() < 0.4:
                continue
            _apply(found, entry, chance if fate < 0.9 else None)
        return found


def _apply(content: bytearray, entry: Entry, torn: random.Random | None = None) -> None:
    if entry.op == "T":
        content[:] = content[: entry.offset].ljust(entry.offset, b"\0")
        return
    end = entry.offset + len(entry.data)
    at = entry.offset
    while at < end:
        stop = min(end, (at // SECTOR + 1) * SECTOR)
        if torn is None or torn.random() < 0.7:
            content.extend(bytes(max(0, stop - len(content))))
            content[at:stop] = entry.data[at - entry.offset : stop - entry.offset]
        at = stop


class Disk:
    """Files by name, as of some entry of the log."""

    def __init__(self, chance: random.Random) -> None:
        self.marks = 0
        self._chance = chance
        self._files: dict[str, File] = {}
        self._names: list[Entry] = []
        self._durable: dict[str, File] = {}

    def take(self, entry: Entry) -> None:
        """The next thing that happened."""
        match entry.op:
            case "M":
                self.marks = int(entry.data)
            case "W" | "T":
                self._files.setdefault(entry.name, File()).pending.append(entry)
            case "S":
                file = self._files.setdefault(entry.name, File())
                for pending in file.pending:
                    _apply(file.durable, pending)
                file.pending.clear()
                self._durable = dict(self._files)
                self._names.clear()
            case "F":
                file = self._files.setdefault(entry.name, File())
                file.durable = file.after_crash(self._chance)
                file.pending.clear()
            case _:
                self._names.append(entry)
                _rename(self._files, entry)

    def crash(self, directory: Path) -> None:
        """Write what may be found to files of the same names in `directory`."""
        names = dict(self._durable)
        for entry in self._names[: self._chance.randint(0, len(self._names))]:
            _rename(names, entry)
        for name, file in names.items():
            (directory / Path(name).name).write_bytes(file.after_crash(self._chance))


def _rename(files: dict[str, File], entry: Entry) -> None:
    match entry.op:
        case "C":
            files.setdefault(entry.name, File())
        case "U":
            files.pop(entry.name, None)
        case "R":
            files[entry.data.decode()] = files.pop(entry.name)
