"""Cutting a byte stream into LLRP messages (LLRP 1.1, binary encoding of messages)."""

import numpy as np

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import HEADER

MAX_MESSAGE = 16 << 20
"""Bytes that one message may have; a reader's largest known report (10,000 tags) has about 1 MB."""

_ALIKE = np.dtype([("head", np.uint32), ("rest", np.uint16)])


_STREAK = 8

Span = tuple[int, int, int, int]
"""Messages of one type and length, one behind the other: type, start, length, how many.

A plain tuple, as one is made per message: a NamedTuple doubles the time of framing.
"""


class Frames:
    """Whole messages out of any split of the stream; holds at most one unfinished message.

    `error` is set when a broken header comes next: whole messages before it are still handed over, then it is
    raised. The stream cannot be found again behind a wrong length; only a new connection helps.
    """

    def __init__(self) -> None:
        self.error: ProtocolError | None = None
        self._held = bytearray()
        self._need = HEADER.size

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes. Raises ProtocolError if the stream is broken where it starts."""
        buffer, spans = self.spans(data)
        return [
            buffer[at : at + length]
            for _, start, length, repeats in spans
            for at in range(start, start + length * repeats, length)
        ]

    def spans(self, data: bytes) -> tuple[bytes, list[Span]]:
        """The same as spans of one buffer: thousands of equal messages cost one step."""
        if self._held:
            self._held += data
            if len(self._held) < self._need and self.error is None:
                return b"", []
            data = bytes(self._held)
        spans, end = self._cut(data)
        self._held[:] = data[end:]
        if self.error is not None and not spans:
            raise self.error
        return data, spans

    def _cut(self, data: bytes) -> tuple[list[Span], int]:
        """The spans in `data` and where they end."""
        spans: list[Span] = []
        start, size, streak, before = 0, len(data), 0, 0
        self._need = HEADER.size
        while start + HEADER.size <= size:
            head, length, _ = HEADER.unpack_from(data, start)
            if not 1 <= head >> 10 <= 2 or not HEADER.size <= length <= MAX_MESSAGE:
                self.error = _broken(data[start : start + HEADER.size], head >> 10, length)
                break
            if start + length > size:
                self._need = length
                break
            streak = streak + 1 if length == before else 0
            repeats = _alike(data, start, length) if streak >= _STREAK else 1
            spans.append((head & 0x3FF, start, length, repeats))
            start += length * repeats
            before = length
        return spans, start


def _alike(data: bytes, start: int, length: int) -> int:
    """How many whole messages from `start` on begin with the same six bytes: version, type and length."""
    most = (len(data) - start) // length
    seen, window = 1, 16
    while seen < most:
        window = min(4 * window, most)
        heads = np.ndarray(window, _ALIKE, data, start, length)
        same = (heads["head"] == heads["head"][0]) & (heads["rest"] == heads["rest"][0])
        seen = window if same.all() else int(same.argmin())
        if seen < window:
            break
    return seen


def _broken(header: bytes, version: int, length: int) -> ProtocolError:
    if version not in (1, 2):  # 1.0.1 and 1.1
        return ProtocolError(
            f"LLRP header {header.hex()}: version {version} is not 1 or 2; is this an LLRP port?"
        )
    return ProtocolError(f"LLRP header {header.hex()}: length {length} is not {HEADER.size} to {MAX_MESSAGE}")
