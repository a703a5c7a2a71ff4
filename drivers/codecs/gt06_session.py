"""The connection of a tracker that speaks GT06. It begins with a login; each frame is answered with its serial number."""

from drivers.codecs import gt06
from drivers.codecs.errors import ProtocolError
from drivers.codecs.gt06 import Frame, Impossible
from drivers.codecs.tracker_messages import REFUSED, Messages
from drivers.codecs.tracker_session import UNNAMED, Admits, Report, everybody

PORT = 5023
LONGEST = 1 << 13
"""Bytes of a long frame."""

_LEAST = 5


class Session(Messages):
    """One TCP connection. Who may not deliver is not answered, and hung up on, since the protocol has no refusal."""

    def __init__(self, admits: Admits = everybody, tracker: str = "") -> None:
        super().__init__(admits, tracker)
        self._zone = 0

    def size(self, at: int) -> int:
        start = self.data[at : at + 2]
        if start not in (gt06.SHORT, gt06.LONG):
            if start not in (b"", gt06.SHORT[:1], gt06.LONG[:1]):
                self.error = ProtocolError(
                    "a frame that begins with neither 78 78 nor 79 79; no GT06 tracker?"
                )
            return 0
        wide = 2 if start == gt06.LONG else 1
        if len(self.data) < at + 2 + wide:
            return 0
        size = int.from_bytes(self.data[at + 2 : at + 2 + wide])
        if not _LEAST <= size <= LONGEST:
            self.error = ProtocolError(f"a frame of {size} bytes, where {_LEAST} to {LONGEST} can be")
            return 0
        end = at + 2 + wide + size
        told = self.data[end : end + len(gt06.END)]
        if len(told) == len(gt06.END) and told != gt06.END:
            self.error = ProtocolError("a frame that does not end where it should; no GT06 tracker?")
            return 0
        return end + len(gt06.END) - at

    def take(self, message: bytes) -> Report:
        frame = gt06.opened(message)
        if frame is None:
            return Report(self.tracker, counts=("bad_crc",))
        try:
            return self._understand(frame)
        except Impossible as error:  # it would be no other if it came again
            answer = gt06.sealed(frame.protocol, b"", frame.serial) if self.tracker else b""
            return Report(self.tracker, answer=answer, counts=(str(error),))

    def _understand(self, frame: Frame) -> Report:
        answer = gt06.sealed(frame.protocol, b"", frame.serial)
        if frame.protocol == gt06.LOGIN:
            self._zone = gt06.zone(frame.content)
            return self._log_in(gt06.imei(frame.content), answer)
        if not self.tracker:
            return Report("", counts=("no_login",))
        if frame.protocol in gt06.HEARTBEATS:
            return Report(self.tracker, answer=answer)
        if frame.protocol not in gt06.LOCATIONS | gt06.ALARMS:
            return Report(self.tracker, answer=answer, counts=("other",))
        position = gt06.position(frame)
        nowhere = ("zero_position",) if position.lat == 0 and position.lon == 0 else ()
        return Report(self.tracker, [position], answer, nowhere, zone=self._zone)

    def _log_in(self, tracker: str, answer: bytes) -> Report:
        return Report(tracker, answer=answer) if self.admit(tracker) else Report(tracker, counts=REFUSED)


def begun(data: bytes) -> Session:
    """The connection that begins with `data`, for `tracker_decode`."""
    is_login = data[:2] == gt06.SHORT and data[3:4] == bytes((gt06.LOGIN,))
    return Session(tracker="" if is_login or data[:2] not in (gt06.SHORT, gt06.LONG) else UNNAMED)
