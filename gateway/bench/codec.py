"""Bytes as a reader sends them and what the codec makes of them, for the measurements without a socket."""

from collections import Counter

from core.records import Reads
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_report import ReportDecoder
from drivers.codecs.reader_clock import ReaderClock
from gateway.bench.scene import Cast
from gateway.bench.script import Playback, Script

START = 1_750_000_000_000_000
"""When scenes without a real clock begin, microseconds UTC: any time does."""
RECEIVED = 1 << 18
"""Bytes of one receive."""
PER_TAG = 10
"""Reads per second of record time of each tag."""

Recorded = list[tuple[bytes, int]]
"""Received bytes, and when (microseconds UTC)."""


class Decoding:
    """One connection's framing and decoding."""

    def __init__(self) -> None:
        self._frames, self._decoder = Frames(), ReportDecoder(Counter())
        self._clock = ReaderClock()
        self._clock.connected(START, START)

    def take(self, data: bytes, now: int) -> Reads:
        """The reads that `data` completes."""
        buffer, spans = self._frames.spans(data)
        return self._decoder.decode(buffer, spans, now, self._clock)


def recorded(cast: Cast, sizes: tuple[int, ...], least: int) -> Recorded:
    """At least that many reads, in pieces as a socket gives them."""
    playback = Playback(Script((cast,), sizes, rounds=max(1, 6400 // sum(sizes))), 0)
    pace = 1e6 / (PER_TAG * cast.tags)
    pieces, now, made = [], START, 0
    while made < least:
        since, now = now, now + max(round(playback.tags * pace), 1)
        block = bytes(playback.block(since, now))
        pieces += [(block[at : at + RECEIVED], now) for at in range(0, len(block), RECEIVED)]
        made += playback.tags
    return pieces


def decoded(pieces: Recorded) -> list[Reads]:
    """The reads of every piece."""
    decoding = Decoding()
    return [decoding.take(data, now) for data, now in pieces]
