"""A Teltonika tracker's connection, and its datagrams.

A connection begins with the tracker's IMEI, which is accepted (01) or refused (00); then come frames, each answered with
the number of its records. A tracker that is told another number sends the frame again.
"""

import re

from drivers.codecs.crc16 import arc
from drivers.codecs.errors import ProtocolError
from drivers.codecs.teltonika import Malformed, Records
from drivers.codecs.tracker_messages import REFUSED, Messages
from drivers.codecs.tracker_session import UNNAMED, Admits, Report, everybody

PORT = 5027
LONGEST = 1 << 14
"""Bytes of a frame; the maker's limit is 1,280."""

_IMEI = re.compile(rb"\d{10,20}")
_LONGEST_LOGIN = 22
"""Bytes, with the length before it."""
_AROUND = 12
"""Bytes of a frame beside its data: zeros, length, checksum."""
_KEEPALIVES = re.compile(rb"\xff+")


class Session(Messages):
    """One TCP connection."""

    def __init__(self, admits: Admits = everybody, tracker: str = "") -> None:
        super().__init__(admits, tracker)
        self._records = Records()

    def size(self, at: int) -> int:
        data = self.data
        if len(data) <= at:
            return 0
        if not self.tracker:
            return self._login_size(at)
        if keepalives := _KEEPALIVES.match(data, at):
            return keepalives.end() - at
        if any(data[at : at + 4]):
            self.error = ProtocolError("a frame that does not begin with four zeros; no Teltonika tracker?")
            return 0
        if len(data) < at + 8:
            return 0
        size = int.from_bytes(data[at + 4 : at + 8])
        if not 3 <= size <= LONGEST:
            self.error = ProtocolError(f"a frame of {size} bytes, where 3 to {LONGEST} can be")
            return 0
        return size + _AROUND

    def _login_size(self, at: int) -> int:
        data = self.data
        if len(data) < at + 2:
            return 0
        size = int.from_bytes(data[at : at + 2])
        digits = data[at + 2 : at + 2 + size]
        if not 10 <= size <= 20 or (digits and not digits.isdigit()):
            self.error = ProtocolError(
                "it does not begin with an IMEI; no Teltonika tracker, or another codec"
            )
            return 0
        return 2 + size

    def take(self, message: bytes) -> Report:
        if not self.tracker:
            tracker = message[2:].decode("ascii")
            if not self.admit(tracker):
                return Report(tracker, answer=b"\0", counts=REFUSED)
            return Report(tracker, answer=b"\1")
        if _KEEPALIVES.match(message):
            return Report(self.tracker)
        said = message[8:-4]
        if arc(said) != int.from_bytes(message[-4:]):
            return Report(self.tracker, answer=_count(0), counts=("bad_crc",))
        try:
            count, positions, left_out = self._records.read(said)
        except Malformed as error:
            name = str(error)
            return Report(self.tracker, answer=b"" if name == "commands" else _count(0), counts=(name,))
        return Report(self.tracker, positions, _count(count), left_out)


def begun(data: bytes) -> Session:
    """The connection that begins with `data`, for `tracker_decode`."""
    return Session(tracker=UNNAMED if data.startswith(bytes(4)) else "")


class Datagrams:
    """All that comes to a UDP port. There is no checksum but that of UDP itself; what is broken gets no answer."""

    tracker = ""
    error: ProtocolError | None = None
    pending = 0

    def __init__(self, admits: Admits = everybody) -> None:
        self._admits = admits
        self._records = Records()

    def receive(self, data: bytes, now: int) -> list[Report]:
        """One datagram: u16 length, u16 packet, 01, u8 AVL packet, u16 length of the IMEI, IMEI, AVL data."""
        name = data[8 : 8 + int.from_bytes(data[6:8])]
        if len(data) < 8 or int.from_bytes(data[:2]) != len(data) - 2 or not _IMEI.fullmatch(name):
            return [Report("", counts=("malformed",))]
        tracker = name.decode("ascii")
        if not self._admits(tracker):
            return [Report(tracker, counts=REFUSED)]
        try:
            count, positions, left_out = self._records.read(data[8 + len(name) :])
        except Malformed as error:
            return [Report(tracker, counts=(str(error),))]
        answer = b"\0\5" + data[2:4] + b"\1" + data[5:6] + bytes((count,))
        return [Report(tracker, positions, answer, left_out)]


def apart(data: bytes) -> Datagrams | None:
    """What takes a datagram, None if `data` is none, for `tracker_decode`. A login tells its length as well, but is short."""
    whole = len(data) > _LONGEST_LOGIN and int.from_bytes(data[:2]) == len(data) - 2
    return Datagrams() if whole else None


def _count(records: int) -> bytes:
    return records.to_bytes(4)
