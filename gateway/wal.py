"""SQLite's write-ahead log, looked at from outside: what SQLite itself takes for granted about it.

The log is a header and frames, each with the salt of the header and a checksum that continues the one before
(SQLite file format, section 4.1, "WAL File Format"). SQLite reads up to the first frame whose checksum is
wrong and takes that for the end: right after a power cut, for what follows was never synchronised; wrong for a log
that was damaged later, for then commits that were acknowledged are silently gone. And it believes what the kernel's
cache says, which after a failed fsync may be more than the disk has.
"""

import os
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

HEADER = struct.Struct(">8I")
"""Magic, format, page size, checkpoint number, two salts, two checksums."""
FRAME = struct.Struct(">6I")
"""Page number, size of the database in pages after a commit or zero, two salts, two checksums."""

_MAGIC = 0x377F0682
"""With the lowest bit set the checksums take big-endian words."""
_CHUNK = 1 << 20


def log_of(path: Path) -> Path:
    """The write-ahead log of the database at `path`."""
    return path.with_name(path.name + "-wal")


def read(path: Path) -> bytes:
    """The log of the database at `path`, empty if there is none. Raises OSError."""
    try:
        return log_of(path).read_bytes()
    except FileNotFoundError:
        return b""


def write_again(path: Path, log: bytes) -> None:
    """Write the log of the database at `path` where it stands, as it was read, and synchronise it.

    After a failed fsync the kernel may hold pages that it takes for written and the disk never got. SQLite would
    find a whole transaction there, and a power cut would take it away again. Raises OSError.
    """
    if not log:
        return
    with open(log_of(path), "r+b", buffering=0) as file:
        done = 0
        while done < len(log):
            done += file.write(memoryview(log)[done : done + _CHUNK])
        os.fsync(file.fileno())


def put_back(path: Path, log: bytes) -> None:
    """Let the database at `path`, which nobody has open, have this log. Raises OSError."""
    place, made = log_of(path), path.with_name(path.name + "-wal.new")
    with open(made, "wb") as file:
        file.write(log)
        file.flush()
        os.fsync(file.fileno())
    made.rename(place)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)  # an index of another log


def mended(log: bytes) -> bytes:
    """The log with checksums that hold, so that SQLite reads on behind a damaged frame.

    Up to the last commit frame whose checksum continues the one before it: behind that are a commit that was torn, and
    what is left of an older log. What is damaged in between is for the
    checksums of the rows to find. A log whose header is wrong stays as it is.
    """
    header = _Header.of(log)
    if header is None:
        return log
    frames = header.frames(log)
    ends = [after for at, after in pairwise(frames) if header.ends_commit(log, at, after)]
    whole, sums = bytearray(log), header.sums
    for at in frames:
        if not ends or at > ends[-1]:
            break
        number, pages = FRAME.unpack_from(log, at)[:2]
        sums = header.sums_after(log, at, sums)
        FRAME.pack_into(whole, at, number, pages, *header.salts, *sums)
    return bytes(whole)


def valid_frames(log: bytes) -> int:
    """How many frames SQLite would recover: those up to the last commit whose checksums hold.

    SQLite says the same after a checkpoint, and a thousand times faster.
    """
    header = _Header.of(log)
    valid = 0
    if header is None:
        return valid
    sums = header.sums
    for count, at in enumerate(header.frames(log), 1):
        sums = header.sums_after(log, at, sums)
        _, pages, *salts, first, second = FRAME.unpack_from(log, at)
        if salts != header.salts or (first, second) != sums:
            break
        valid = count if pages else valid
    return valid


def lost_commits(log: bytes, valid: int) -> bool:
    """Are there commits behind the `valid` frames that SQLite recovered, of which one must have been acknowledged?

    A power cut tears the last commit at most: the one before was synchronised before it began. So damage is what
    leaves a commit frame behind the end with one after it whose checksum continues its own, and a wrong header in
    front of frames: a header is synchronised before the first of them.
    """
    header = _Header.of(log)
    if header is None:
        return bool(log[HEADER.size :].strip(b"\0"))
    for at, after in pairwise(header.frames(log)[valid:]):
        _, pages, *salts, first, second = FRAME.unpack_from(log, at)
        if pages and salts == header.salts:
            continued = header.sums_after(log, after, (first, second))
            if continued == FRAME.unpack_from(log, after)[4:]:
                return True
    return False


@dataclass(frozen=True, slots=True)
class _Header:
    word: str
    size: int
    salts: list[int]
    sums: tuple[int, int]

    @classmethod
    def of(cls, log: bytes) -> "_Header | None":
        """None where the log does not begin with a sound one."""
        if len(log) < HEADER.size:
            return None
        magic, _, page, _, salt1, salt2, first, second = HEADER.unpack_from(log)
        word = ">" if magic & 1 else "<"
        if magic & ~1 != _MAGIC or checksum(log[:24], word, (0, 0)) != (first, second):
            return None
        return cls(word, FRAME.size + page, [salt1, salt2], (first, second))

    def frames(self, log: bytes) -> range:
        """Where the whole frames begin."""
        return range(HEADER.size, len(log) - self.size + 1, self.size)

    def ends_commit(self, log: bytes, before: int, at: int) -> bool:
        """Is the frame at `at` the sound last one of a commit of this log, and follows on the frame at `before`?"""
        _, pages, *salts, first, second = FRAME.unpack_from(log, at)
        follows = self.sums_after(log, at, FRAME.unpack_from(log, before)[4:]) == (first, second)
        return bool(pages) and salts == self.salts and follows

    def sums_after(self, log: bytes, at: int, before: tuple[int, int]) -> tuple[int, int]:
        """The checksum that the frame should have if it follows on `before`."""
        return checksum(log[at : at + 8] + log[at + FRAME.size : at + self.size], self.word, before)


def checksum(data: bytes, word: str, sums: tuple[int, int]) -> tuple[int, int]:
    """The log's checksum of `data`, a multiple of eight bytes, continued from `sums`; `word` is > or <."""
    first, second = sums
    words = iter(struct.unpack(f"{word}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
