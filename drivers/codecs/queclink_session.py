"""The connection of a Queclink tracker, and its datagrams. Each line says whose it is, and is answered with its count."""

from drivers.codecs import queclink
from drivers.codecs.errors import ProtocolError
from drivers.codecs.queclink import ANSWER, Line
from drivers.codecs.tracker_messages import REFUSED, Messages
from drivers.codecs.tracker_session import Report

PORT = 5004
LONGEST = 1 << 14
"""Bytes of a line; fifteen positions are under 2,000."""

_BLANK = b"\r\n\0 "
_HEADS = (b"+RESP:", b"+BUFF:", b"+ACK:")
_END = b"$"


class Session(Messages):
    """One TCP connection. Who may not deliver is not answered, and hung up on, since the protocol has no refusal."""

    def size(self, at: int) -> int:
        start = self.data[at : at + 1]
        if not start or start in _BLANK:
            return len(start)
        if not self.tracker and not self._begins(at):
            self.error = ProtocolError(
                "it begins with none of +RESP:, +BUFF: and +ACK:; no Queclink tracker, or one that is set to HEX: set it to"
                " ASCII"
            )
            return 0
        end = self.data.find(_END, at)
        again = self._next_head(at + 1, end)
        if again >= 0:  # the end of what comes before is missing
            end = again - 1
        size = (end + 1 if end >= 0 else len(self.data)) - at
        if size > LONGEST:
            self.error = ProtocolError(f"a line of more than {LONGEST} bytes; no Queclink tracker?")
            return 0
        return size if end >= 0 else 0

    def _begins(self, at: int) -> bool:
        """Can that be the beginning of a line?"""
        return any(self.data.startswith(head[: len(self.data) - at], at) for head in _HEADS)

    def _next_head(self, at: int, end: int) -> int:
        """Where another line begins before this one ends, -1 if none does."""
        found = [self.data.find(head, at, end if end >= 0 else None) for head in _HEADS]
        return min((one for one in found if one >= 0), default=-1)

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
