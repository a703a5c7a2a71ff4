"""Tags as serial modules tell them: without a time, so that what came together has that of its arrival."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from core.records import Reads
from drivers.codecs.message_reads import MAX_TAGS, MessageReads

ONLY_PORT = 1
"""The antenna of a module that has one."""


class TagRows:
    """What was heard since the last `take`. An EPC that is empty or all zero names no tag: counted as zero_epc."""

    def __init__(self, counts: Counter[str], max_tags: int = MAX_TAGS) -> None:
        self._told = MessageReads(counts, max_tags)

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
        self._told.add(epc, 0, antenna, rssi, count, phase, channel)

    def take(self, arrival: int) -> Reads | None:
        """All of it, seen at `arrival` (microseconds UTC), since these modules stamp nothing; None if there is nothing."""
        reads = self._told.take()
        return None if reads is None else replace(reads, time=np.full(len(reads), arrival, np.int64))
