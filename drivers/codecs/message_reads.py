"""Tags as messages tell them, one by one, each with its own time, gathered into columns."""

import math
from collections import Counter

import numpy as np

from core.records import Dictionary, Reads
from core.tags import tag_id

MAX_TAGS = 100_000
"""Ids in one dictionary; past it the next batch begins a new one."""


class MessageReads:
    """What was told since the last `take`. An EPC that is empty or all zero names no tag: counted as zero_epc."""

    def __init__(self, counts: Counter[str], max_tags: int = MAX_TAGS) -> None:
        self._counts = counts
        self._max_tags = max_tags
        self._rows: list[tuple[int, int, int, float, int, float, float]] = []
        self._forget()

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
        code = self._codes.get(epc)
        if code is None:
            if not any(epc):
                self._counts["zero_epc"] += 1
                return
            code = self._codes[epc] = self._tags.code(tag_id(epc, 8 * len(epc)))
        self._rows.append((time, code, antenna, rssi, max(count, 1), phase, channel))

    def take(self) -> Reads | None:
        """All of it; None if there is nothing."""
        if not self._rows:
            return None
        time, code, antenna, rssi, count, phases, channels = zip(*self._rows, strict=True)
        phase = np.array(phases, np.float32)
        channel = np.rint(np.array(channels)).astype(np.int32)
        reads = Reads(
            self._tags,
            np.array(time, np.int64),
            np.array(code, np.int32),
            np.array(antenna, np.uint16),
            np.array(rssi, np.float32),
            np.array(count, np.int32),
            phase=None if np.isnan(phase).all() else phase,
            channel=channel if channel.any() else None,
        )
        self._rows.clear()
        if len(self._tags) >= self._max_tags:
            self._forget()
        return reads

    def _forget(self) -> None:
        self._tags = Dictionary()
        self._codes: dict[bytes, int] = {}
