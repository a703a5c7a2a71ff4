"""What a session of a device with a byte stream has to be, without I/O; a device that talks by messages: message_session."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from core.records import Body
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.notice import Notice

Said = Iterable[Body | Notice]


class StreamSession(Protocol):
    """One connection; times in microseconds UTC and in seconds of a clock that does not jump.

    error   what ended it, None as long as it goes on
    info    what the device is, once it reads
    counts  what was left out and why; cleared by whoever owns the session
    """

    error: ProtocolError | Unsupported | None
    info: str | None
    counts: Counter[str]

    @property
    def deadline(self) -> float:
        """When `timeout` is due."""

    def receive(self, data: bytes, now: int, at: float, /) -> Said:
        """What `data` brings, in any split of the stream."""

    def timeout(self, now: int, at: float, /) -> Said:
        """Nothing came until `at`."""

    def postpone(self, seconds: float, /) -> None:
        """Nobody listened for so long."""

    def data_to_send(self) -> bytes:
        """What the device is to be told by now."""
