"""NMEA 0183 sentences in a stream of bytes: $ to *HH with the right checksum, whatever stands between them.

A $ always begins anew, so half a sentence hides no whole one; the line end is not waited for. What is longer than
receivers write (gpsd's bound) is two sentences in one, which has been seen with a checksum that fits.
"""

import re
from collections import Counter

LONGEST = 130
"""Characters from $ to the second digit of the checksum."""

_SENTENCE = re.compile(rb"\$([^$*\r\n]*+)\*([0-9A-Fa-f]{2})")
_ENDS = re.compile(rb"[$\r\n]")
_PIECES = re.compile(rb"\$[^$\r\n]*|[^$\r\n]+")


class Sentences:
    """One stream, in any split.

    counts  noise (bytes of no sentence), encapsulated (lines that begin with !, as those of AIS), checksum (sentences
            whose checksum is wrong), too_long
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._left = b""
        self._skipping: str | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """What stands between $ and * in the sentences that end in `data`."""
        data = self._left + data
        at = self._skip(data)
        bodies = []
        for found in _SENTENCE.finditer(data, at):
            start, end = found.span()
            if end - start > LONGEST:
                continue
            if at < start and (between := data[at:start]) != b"\r\n":
                self._between(between)
            at = end
            body, told = found.groups()
            if checksum(body) == int(told, 16):
                bodies.append(body)
            else:
                self._counts["checksum"] += 1
        self._keep(data[at:])
        return bodies

    def flush(self) -> None:
        """Nothing more will come for what is left."""
        left, self._left, self._skipping = self._left, b"", None
        self._between(left)

    def _skip(self, data: bytes) -> int:
        """Where the rest of what was too long to keep ends."""
        if self._skipping is None:
            return 0
        ends = _ENDS.search(data)
        end = len(data) if ends is None else ends.start()
        if self._skipping == "noise":
            self._counts["noise"] += end
        if ends is not None:
            self._skipping = None
        return end

    def _keep(self, rest: bytes) -> None:
        """The beginning of a sentence or of a line, but no more than LONGEST of it."""
        begin = max(rest.rfind(b"$"), rest.rfind(b"\n") + 1, rest.rfind(b"\r") + 1)
        self._between(rest[:begin])
        self._left = rest[begin:]
        if len(self._left) >= LONGEST:
            self._skipping = self._between(self._left)
            self._left = b""

    def _between(self, data: bytes) -> str | None:
        """Bytes of no sentence; returns what the last piece of them counts as."""
        name = None
        for piece in _PIECES.findall(data):
            if piece.startswith(b"!"):
                name, n = "encapsulated", 1
            elif piece.startswith(b"$") and len(piece) >= LONGEST:
                name, n = "too_long", 1
            else:
                name, n = "noise", len(piece)
            self._counts[name] += n
        return name


def checksum(body: bytes) -> int:
    """The exclusive or of all bytes between $ and *, of at most LONGEST."""
    folded = int.from_bytes(body)
    for half in (512, 256, 128, 64, 32, 16, 8):
        folded = folded >> half ^ folded & (1 << half) - 1
    return folded


def sentence(body: str) -> bytes:
    """The sentence as a receiver writes it, with its checksum and its line end."""
    inside = body.encode("ascii")
    return b"$%b*%02X\r\n" % (inside, checksum(inside))
