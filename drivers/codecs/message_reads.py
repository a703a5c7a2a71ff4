"""Tags as messages tell them, one by one, each with its own time, gathered into columns."""

import math
from collections import Counter

import numpy as np

from core.records import Dictionary, Reads
from core.tags import tag_id

MAX_TAGS = 100_000
"""Ids in one dictionary; past it the next batch begins a new one."""
NO_TAG = -1
"""Stands for the code of an EPC that is empty or all zero: it names no tag."""


class TagCodes:
    """The dictionary of a device's tags, and which code an EPC has in it."""

    def __init__(self, max_tags: int = MAX_TAGS) -> None:
        self._max_tags = max_tags
        self._forget()

    def code(self, epc: bytes) -> int:
        """Of the bytes of an EPC, which is added if it is new; or NO_TAG."""
        code = self._codes.get(epc)
        if code is None:
            if not any(epc):
                return NO_TAG
            code = self._codes[epc] = self.tags.code(tag_id(epc, 8 * len(epc)))
        return code

    def renewed(self) -> bool:
        """Between two batches: begin a new dictionary, if this one has grown past its limit."""
        if len(self.tags) < self._max_tags:
            return False
        self._forget()
        return True

    def _forget(self) -> None:
        self.tags = Dictionary()
        self._codes: dict[bytes, int] = {}


class MessageReads:
    """What was told since the last `take`. An EPC that is empty or all zero names no tag: counted as zero_epc."""

    def __init__(self, counts: Counter[str], max_tags: int = MAX_TAGS) -> None:
        self._counts = counts
        self._codes = TagCodes(max_tags)
        self._rows: list[tuple[int, int, int, float, int, float, float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        epc: bytes,
        time: int,
        antenna: int = 0,
        rssi: float = math.nan,
        count: int = 1,
        phase: float = math.nan,
        channel: float = 0.0,
    ) -> None:
        """A tag: time in microseconds UTC, rssi in dBm or raw, phase in rad, channel in kHz."""
        code = self._codes.code(epc)
        if code == NO_TAG:
            self._counts["zero_epc"] += 1
        else:
            self._rows.append((time, code, antenna, rssi, max(count, 1), phase, channel))

    def take(self) -> Reads | None:
        """All of it; None if there is nothing."""
        if not self._rows:
            return None
        time, code, antenna, rssi, count, phases, channels = zip(*self._rows, strict=True)
        phase = np.array(phases, np.float32)
        channel = np.rint(np.array(channels)).astype(np.int32)
        reads = Reads(
            self._codes.tags,
            np.array(time, np.int64),
            np.array(code, np.int32),
            np.array(antenna, np.uint16),
            np.array(rssi, np.float32),
            np.array(count, np.int32),
            phase=None if np.isnan(phase).all() else phase,
            channel=channel if channel.any() else None,
        )
        self._rows.clear()
        self._codes.renewed()
        return reads
