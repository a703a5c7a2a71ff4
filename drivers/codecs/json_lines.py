"""JSON, an object a line, out of a stream of bytes; empty lines are told too: many servers keep a connection alive by them."""

MOST_LINE = 1 << 18
"""Bytes of a line."""


class Lines:
    """`skipped`: bytes of lines that were too long; they are read over up to their end."""

    def __init__(self, most: int = MOST_LINE) -> None:
        self.skipped = 0
        self._most = most
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete by now, in any split of the stream, without white space around them."""
        *lines, rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:
            self.skipped += len(lines.pop(0))
            self._skipping = False
        found = []
        for line in lines:
            if len(line) > self._most:
                self.skipped += len(line)
            else:
                found.append(line.strip())
        if self._skipping or len(rest) > self._most:
            self._skipping = True
            self.skipped += len(rest)
            rest = b""
        self._rest = rest
        return found
