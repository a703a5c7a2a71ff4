"""A short visit to an LLRP reader: who are you? Nothing is set, started or fetched, and the goodbye is said.

The reader speaks first (READER_EVENT_NOTIFICATION), then GET_READER_CAPABILITIES, the antennas by GET_READER_CONFIG,
and CLOSE_CONNECTION (LLRP 1.1). A reader that has a client refuses a second one, and is told nothing then.
"""

from typing import Literal

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import HEADER, Message, decode_message
from drivers.codecs.llrp_capabilities import Capabilities, capabilities
from drivers.codecs.llrp_dialogue import Dialogue, Script, Wait
from drivers.codecs.llrp_events import REFUSALS
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_status import failure

PATIENCE = 2.0
"""Seconds for each step; a reader in the same network answers within milliseconds."""

MOST_BYTES = 4 << 20
"""A reader with a backlog that no client asked to hold sends it to whoever comes: so much is listened to."""

_REPORT = 61
_ANTENNA_PROPERTIES = 2
_BUSY = (1, 2)

State = Literal["free", "busy", "refused", "silent"]


class Greeting:
    """Times in seconds of any clock that does not jump.

    state         what came of it: "silent" until the reader has greeted
    reason        of a state that is not "free", for an operator
    capabilities  what it says it is;  connected: its ports that have an antenna, None if it does not tell
    reports       tag reports that it sent unasked
    over          nothing more is to be said or heard
    """

    def __init__(self, at: float) -> None:
        self.state: State = "silent"
        self.reason = f"nobody greets as an LLRP reader does within {PATIENCE:g} s"
        self.capabilities: Capabilities | None = None
        self.connected: tuple[int, ...] | None = None
        self.reports = 0
        self._bytes = 0
        self._broken = False
        self._frames = Frames()
        self._talk = Dialogue(at)
        self._talk.begin(self._visit(), at)

    @property
    def over(self) -> bool:
        return self._broken or self._talk.deadline is None

    @property
    def deadline(self) -> float:
        """When `timeout` is due; now, if it is over."""
        return self._talk.at if self._talk.deadline is None else self._talk.deadline

    def receive(self, data: bytes, at: float) -> None:
        """From the reader."""
        self._bytes += len(data)
        try:
            for frame in self._frames.feed(data):
                self._hear(frame, at)
        except ProtocolError as error:
            self._broken = True
            if self.state == "silent":
                self.reason = f"what speaks there is no LLRP: {error}"
        if self._bytes > MOST_BYTES:
            self._broken = True

    def lost(self, why: str) -> None:
        """The connection is over."""
        self._broken = True
        if self.state == "silent":
            self.reason = f"{why} before it had greeted as an LLRP reader does; is LLRP switched on there?"

    def timeout(self, at: float) -> None:
        """The deadline is over."""
        self._talk.overdue(at)

    def data_to_send(self) -> bytes:
        """To the reader."""
        return self._talk.data_to_send()

    def _hear(self, frame: bytes, at: float) -> None:
        head, _, id = HEADER.unpack_from(frame)
        if head & 0x3FF == _REPORT:
            self.reports += 1
            return
        message = decode_message(frame)
        if message.name == "KEEPALIVE":
            self._talk.say("KEEPALIVE_ACK", id=id)
        self._talk.hear(message, at)

    def _visit(self) -> Script[None]:
        yield from self._greeted()
        if self.state == "free":
            told = yield from self._answer("GET_READER_CAPABILITIES", {"requested_data": 0})
            self.capabilities = None if told is None else capabilities(told)
            told = yield from self._answer("GET_READER_CONFIG", {"requested_data": _ANTENNA_PROPERTIES})
            if told is not None:
                self.connected = _connected(told)
            yield from self._answer("CLOSE_CONNECTION", {})

    def _greeted(self) -> Script[None]:
        while True:
            event = yield Wait(("READER_EVENT_NOTIFICATION",), PATIENCE)
            if event is None:
                return
            for data in event.every("ReaderEventNotificationData"):
                for attempt in data.every("ConnectionAttemptEvent"):
                    self._attempted(attempt.number("status"))
                    self._talk.version = event.version
                    return

    def _attempted(self, status: int) -> None:
        self.state = "free" if status == 0 else "busy" if status in _BUSY else "refused"
        self.reason = "" if status == 0 else REFUSALS.get(status, f"ConnectionAttemptEvent status {status}")

    def _answer(self, name: str, fields: dict[str, int]) -> Script[Message | None]:
        """None if it is refused, or none comes."""
        id = self._talk.say(name, dict(fields))
        answer = yield Wait((f"{name}_RESPONSE",), PATIENCE, id)
        return None if answer is None or failure(answer) is not None else answer


def _connected(config: Message) -> tuple[int, ...] | None:
    """None if no antenna is told of as connected: some readers do not know."""
    ports = [
        one.number("antenna_id")
        for one in config.every("AntennaProperties")
        if one.number("antenna_connected")
    ]
    return tuple(sorted(ports)) or None
