"""Tags as serial modules tell them, one by one, gathered into columns."""

import math
from collections import Counter

import numpy as np

from core.records import Dictionary, Reads
from core.tags import tag_id

MAX_TAGS = 100_000
"""Ids in one dictionary; past it the next batch begins a new one."""

ONLY_PORT = 1
"""The antenna of a module that has one."""


class TagRows:
    """What was heard since the last `take`. An EPC that is empty or all zero names no tag: counted as zero_epc."""

    def __init__(self, counts: Counter[str], max_tags: int = MAX_TAGS) -> None:
        self._counts = counts
        self._max_tags = max_tags
        self._forget()
        self._clear()

    def add(
        self,
        epc: bytes,
        antenna: int = ONLY_PORT,
        rssi: float = math.nan,
        count: int = 1,
        phase: float = math.nan,
        channel: int = 0,
    ) -> None:
        """A tag: rssi in dBm or raw, phase in rad, channel in kHz."""
        code = self._codes.get(epc)
        if code is None:
            if not any(epc):
                self._counts["zero_epc"] += 1
                return
            code = self._codes[epc] = self._tags.code(tag_id(epc, 8 * len(epc)))
        self._code.append(code)
        self._antenna.append(antenna)
        self._rssi.append(rssi)
        self._count.append(count)
        self._phase.append(phase)
        self._channel.append(channel)

    def take(self, arrival: int) -> Reads | None:
        """All of it, seen at `arrival` (microseconds UTC), since these modules stamp nothing; None if there is nothing."""
        if not self._code:
            return None
        phase, channel = np.array(self._phase, np.float32), np.array(self._channel, np.int32)
        reads = Reads(
            self._tags,
            np.full(len(self._code), arrival, np.int64),
            np.array(self._code, np.int32),
            np.array(self._antenna, np.uint16),
            np.array(self._rssi, np.float32),
            np.array(self._count, np.int32),
            phase=None if np.isnan(phase).all() else phase,
            channel=channel if channel.any() else None,
        )
        self._clear()
        if len(self._tags) >= self._max_tags:
            self._forget()
        return reads

    def _forget(self) -> None:
        self._tags = Dictionary()
        self._codes: dict[bytes, int] = {}

    def _clear(self) -> None:
        self._code: list[int] = []
        self._antenna: list[int] = []
        self._rssi: list[float] = []
        self._count: list[int] = []
        self._phase: list[float] = []
        self._channel: list[int] = []
