"""The bytes of a serial module cut into frames, whatever was lost or added on the line.

A frame is where length and checksum say so, never where a delimiter happens to stand: those occur inside data. What
begins no frame costs one byte, and the next one is looked at; so a frame that was cut short, or a false beginning in
the middle of one, hides no whole frame behind it.
"""

from collections.abc import Callable

NOT_HERE = 0
"""No frame begins here."""

UNFINISHED = -1
"""One may begin here; more bytes will tell."""

Measure = Callable[[bytes | bytearray, int], int]
"""How long the frame is that begins at that place in the bytes; or NOT_HERE, or UNFINISHED."""


class Frames:
    """One stream. `first` is the byte that all frames begin with, None if any may.

    noise  bytes that belonged to no frame
    """

    def __init__(self, measure: Measure, first: bytes | None = None) -> None:
        self.noise = 0
        self._measure = measure
        self._first = first
        self._left = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The whole frames that end in `data`; any split of a stream gives the same ones.

        What is left is shorter than the longest frame.
        """
        self._left += data
        return self._cut(final=False)

    def flush(self) -> list[bytes]:
        """Nothing more will come for what is left: the whole frames that a false or broken beginning hid."""
        return self._cut(final=True)

    def whole(self, data: bytes) -> list[bytes]:
        """All that is in `data`, behind which nothing comes."""
        return [*self.feed(data), *self.flush()]

    def _cut(self, final: bool) -> list[bytes]:
        left, at, frames = self._left, 0, []
        while at < len(left):
            length = self._measure(left, at)
            if length > 0:
                frames.append(bytes(left[at : at + length]))
                at += length
            elif length == UNFINISHED and not final:
                break
            else:
                behind = at + 1 if self._first is None else left.find(self._first, at + 1)
                behind = len(left) if behind < 0 else behind
                self.noise += behind - at
                at = behind
        del left[:at]
        return frames
