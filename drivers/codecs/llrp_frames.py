"""Cutting a byte stream into LLRP messages (LLRP 1.1, clause 9.1)."""

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import HEADER

MAX_MESSAGE = 16 << 20
"""Bytes that one message may have; a reader's largest known report (10,000 tags) has about 1 MB."""

VERSIONS = (1, 2)
"""Protocol versions 1.0.1 and 1.1 as they stand in the header."""


class Frames:
    """Whole messages out of any split of the stream; holds at most one unfinished message.

    `error` is set when a broken header comes next: whole messages before it are still handed over, then
    `feed` raises it. The stream cannot be found again behind a wrong length; only a new connection helps.
    """

    def __init__(self) -> None:
        self.error: ProtocolError | None = None
        self._held = bytearray()
        self._need = HEADER.size

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes. Raises ProtocolError if the stream is broken where it starts."""
        self._held += data
        frames: list[bytes] = []
        if len(self._held) < self._need and self.error is None:
            return frames
        held = bytes(self._held)
        start = 0
        while (length := self._length(held, start)) and start + length <= len(held):
            frames.append(held[start : start + length])
            start += length
        del self._held[:start]
        self._need = length or HEADER.size
        if self.error is not None and not frames:
            raise self.error
        return frames

    def _length(self, held: bytes, start: int) -> int:
        """The length of the message at `start`; 0 while its header is not whole, or broken."""
        if len(held) - start < HEADER.size:
            return 0
        head, length, _ = HEADER.unpack_from(held, start)
        if head >> 10 not in VERSIONS:
            self.error = ProtocolError(
                f"LLRP header {held[start : start + 10].hex()}: version {head >> 10} is not 1 or 2; is this port an LLRP reader?"
            )
            return 0
        if not HEADER.size <= length <= MAX_MESSAGE:
            self.error = ProtocolError(
                f"LLRP header {held[start : start + 10].hex()}: length {length} is not 10 to {MAX_MESSAGE}"
            )
            return 0
        return int(length)
