"""The connection of a Queclink tracker, and its datagrams. Each line says whose it is, and is answered with its count."""

import re

from drivers.codecs import queclink
from drivers.codecs.errors import ProtocolError
from drivers.codecs.queclink import ANSWER, Line
from drivers.codecs.tracker_messages import REFUSED, Messages
from drivers.codecs.tracker_session import Report

PORT = 5004
LONGEST = 1 << 14
"""Bytes of a line; fifteen positions are under 2,000."""

_BLANK = b"\r\n\0 "
_BLANKS = re.compile(rb"[\r\n\0 ]+")
_HEADS = (b"+RESP:", b"+BUFF:", b"+ACK:")
_END = b"$"
_END_OR_HEAD = re.compile(rb"\$|\+(?=RESP:|BUFF:|ACK:)")


class Session(Messages):
    """One TCP connection. Who may not deliver is not answered, and hung up on, since the protocol has no refusal."""

    def size(self, at: int) -> int:
        if at == len(self.data):
            return 0
        blanks = _BLANKS.match(self.data, at)
        if blanks is not None:
            return blanks.end() - at
        if not self.tracker and not self._begins(at):
            self.error = ProtocolError(
                "it begins with none of +RESP:, +BUFF: and +ACK:; no Queclink tracker, or one that is set to HEX: set it to"
                " ASCII"
            )
            return 0
        begun = self.data.startswith(b"+", at)
        found = _END_OR_HEAD.search(self.data, at + begun)
        end = len(self.data)
        if found is not None:  # by another head the end of what comes before is missing
            end = found.end() if found[0] == _END else found.start()
        if end - at > LONGEST:
            self.error = ProtocolError(f"a line of more than {LONGEST} bytes; no Queclink tracker?")
            return 0
        return end - at if found is not None else 0

    def _begins(self, at: int) -> bool:
        """Can that be the beginning of a line?"""
        return any(self.data.startswith(head[: len(self.data) - at], at) for head in _HEADS)

    def take(self, message: bytes) -> Report:
        line = queclink.opened(message)
        if line is None:
            blank = not message.strip(_BLANK)
            return Report(self.tracker, counts=() if blank else ("malformed",))
        if line.id != self.tracker and not self.admit(line.id):
            return Report(line.id, counts=REFUSED)
        return self._understand(line)

    def _understand(self, line: Line) -> Report:
        answer = queclink.answer(line)
        if line.head == ANSWER:
            return Report(line.id, answer=answer)
        positions, left_out = queclink.positions(line)
        return Report(line.id, positions, answer, left_out)


def begun(data: bytes) -> Session:
    """The connection that begins with `data`, for `tracker_decode`."""
    return Session()
