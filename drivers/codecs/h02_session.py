"""The connection of a tracker that speaks H02, and its datagrams. Each message says whose it is; few are answered."""

import re
from contextlib import suppress

from drivers.codecs import h02, h02_binary
from drivers.codecs.errors import ProtocolError
from drivers.codecs.h02 import Impossible, Line
from drivers.codecs.tracker_messages import REFUSED, Messages
from drivers.codecs.tracker_session import Admits, Report, everybody

PORT = 5013
LONGEST = 1 << 12
"""Bytes of a line."""

_BLANK = b"\r\n\0 "
_BLANKS = re.compile(rb"[\r\n\0 ]+")
_END_OR_START = re.compile(rb"[#*]")
_START = re.compile(rb"[*$]")
_LINE_BEGINS = re.compile(rb"\*[A-Za-z]{2},")
_AHEAD = 6
"""Bytes behind a short binary message by which the next one is known."""

_ANSWERED = frozenset(("V1", "NBR"))
_ECHOED = frozenset(("HTBT", "V0"))
_WITHOUT_POSITION = _ECHOED | {"LINK", "NBR", "V3", "V4", "XT"}
"""What says that a tracker lives, which cells it hears, or that it has obeyed; V4 may tell a position as well."""


class Session(Messages):
    """One TCP connection.

    Binary messages of both forms look alike: one is short where another message of the same tracker, or a line, follows at
    once. From then on all of the connection are. Until something follows, a short one waits (see `rest`).
    """

    def __init__(self, admits: Admits = everybody, tracker: str = "") -> None:
        super().__init__(admits, tracker)
        self._now = 0
        self._short = False

    @property
    def pending(self) -> int:
        """Of a short message that waits nothing is missing."""
        return 0 if self._waits() else len(self.data)

    def receive(self, data: bytes, now: int) -> list[Report]:
        self._now = now
        said = super().receive(data, now)
        if self._waits():
            self._name()
        return said

    def rest(self) -> list[Report]:
        if not self._waits():
            return []
        data, self.data = self.data, b""
        return [self.take(data)]

    def _name(self) -> None:
        """Whose message waits is known already, so that nobody waits for a name."""
        with suppress(Impossible):
            id = h02_binary.id_of(self.data)
            if self._admits(id):
                self.tracker = id

    def _waits(self) -> bool:
        return self.data.startswith(h02_binary.MARK) and len(self.data) == h02_binary.SHORT

    def size(self, at: int) -> int:
        data = self.data
        start = data[at : at + 1]
        if start == b"*":
            return self._line_size(at)
        if start == h02_binary.MARK:
            return self._binary_size(at)
        if not start:
            return 0
        if blanks := _BLANKS.match(data, at):
            return blanks.end() - at
        if not self.tracker:
            self.error = ProtocolError("it begins with neither * nor $; no H02 tracker?")
            return 0
        found = _START.search(data, at)
        return self._bounded(at, found.start() if found else -1)

    def _line_size(self, at: int) -> int:
        """To #; or to the * of the next one, if the end is missing."""
        found = _END_OR_START.search(self.data, at + 1)
        if found is None:
            return self._bounded(at, -1)
        return self._bounded(at, found.end() if found[0] == b"#" else found.start())

    def _bounded(self, at: int, end: int) -> int:
        size = (end if end >= 0 else len(self.data)) - at
        if size > LONGEST:
            self.error = ProtocolError(f"a message of more than {LONGEST} bytes; no H02 tracker?")
            return 0
        return size if end >= 0 else 0

    def _binary_size(self, at: int) -> int:
        if self._short:
            return h02_binary.SHORT
        end = at + h02_binary.SHORT
        behind = self.data[end : end + _AHEAD]
        if len(behind) < _AHEAD:
            return 0
        self._short = behind == self.data[at : at + _AHEAD] or _LINE_BEGINS.match(behind) is not None
        return h02_binary.SHORT if self._short else h02_binary.LONG

    def take(self, message: bytes) -> Report:
        try:
            if message.startswith(h02_binary.MARK):
                return self._binary(message)
            line = h02.opened(message) if message.endswith(b"#") else None
            if line is None:
                blank = not message.strip(_BLANK)
                return Report(self.tracker, counts=() if blank else ("malformed",))
            return self._line(line)
        except Impossible as error:
            return Report(self.tracker, counts=(str(error),))

    def _binary(self, message: bytes) -> Report:
        id = h02_binary.id_of(message)
        if not self._is_heard(id):
            return Report(id, counts=REFUSED)
        position = h02_binary.position(message)
        return Report(id, [position], counts=_nowhere(position.lat, position.lon))

    def _line(self, line: Line) -> Report:
        id = line.id or self.tracker
        if not id:
            return Report("", counts=("no_id",))
        if not self._is_heard(id):
            return Report(id, counts=REFUSED)
        answer = b""
        if line.kind in _ANSWERED:
            answer = h02.answer(line, id, self._now)
        elif line.kind in _ECHOED:
            answer = h02.echo(line, id)
        try:
            position = h02.position(line.fields)
        except Impossible as error:  # it would be no other if it came again
            return Report(id, answer=answer, counts=(str(error),))
        if position is not None:
            return Report(id, [position], answer, _nowhere(position.lat, position.lon))
        if line.kind in _WITHOUT_POSITION:
            return Report(id, answer=answer)
        return Report(id, answer=answer, counts=("no_fix" if line.kind.startswith("V") else "other",))

    def _is_heard(self, id: str) -> bool:
        return id == self.tracker or self.admit(id)


def begun(data: bytes) -> Session:
    """The connection that begins with `data`, for `tracker_decode`."""
    return Session()


def _nowhere(lat: float, lon: float) -> tuple[str, ...]:
    return ("zero_position",) if lat == 0 and lon == 0 else ()
