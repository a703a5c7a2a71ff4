"""A recorded log of an NMEA receiver, as `waypost replay` takes it: its tracker is called as the file is."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.records import Dictionary, Fix, fixes
from drivers.codecs.nmea_recording import Recording
from gateway.fix_block import Arrivals, FixBlock

BYTES = 1 << 19
"""Bytes that are parsed at once."""

SENTENCE = re.compile(rb"\$[A-Z][A-Z0-9]{2,8},[^$*\r\n]*\*[0-9A-Fa-f]{2}")
"""By which a file is known to be such a log; the checksum is the codec's matter."""

CAPTURED = "capture.bin"
"""What `waypost capture` calls its recording: the folder has the device's name then."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class NmeaLog:
    """One log; `tracker` is the tag of what its fixes are of."""

    def __init__(self, path: Path, trackers: Dictionary) -> None:
        name = path.resolve().parent.name if path.name == CAPTURED else path.stem
        self.path = path
        self.tracker = "tracker:" + (_UNFIT.sub("-", name)[:64] or "log")
        self._trackers = trackers
        self._recording = Recording(self.tracker)
        self._arrivals = Arrivals()

    @property
    def told(self) -> str:
        """How many sentences there were, and what of them gave no fix, by the names that `decode` has too."""
        wrong = [f"{name} {n}" for name, n in sorted(self._recording.counts.items()) if n]
        return ", ".join([f"{self._recording.sentences} sentences", *wrong])

    def blocks(self) -> Iterator[FixBlock]:
        """Its fixes in order. Raises OSError."""
        with self.path.open("rb") as file:
            while lines := file.readlines(BYTES):
                yield from self._block(self._recording.feed(b"".join(lines)))
            yield from self._block(self._recording.end())

    def _block(self, rows: list[Fix]) -> Iterator[FixBlock]:
        if rows:
            batch = fixes(self._trackers, rows)
            yield FixBlock(batch, self._arrivals.of(np.asarray(batch.time)))
