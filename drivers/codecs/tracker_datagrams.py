"""All datagrams that come to a port, where each holds whole messages of a protocol that connections speak as well."""

from collections.abc import Callable

from drivers.codecs.errors import ProtocolError
from drivers.codecs.tracker_messages import Messages
from drivers.codecs.tracker_session import Admits, Report, everybody


class Datagrams:
    """A `TrackerSession`; `connection` makes one of a connection, which here lasts for a datagram."""

    tracker = ""
    error: ProtocolError | None = None
    pending = 0

    def __init__(self, connection: Callable[[Admits], Messages], admits: Admits = everybody) -> None:
        self._connection = connection
        self._admits = admits

    def receive(self, data: bytes, now: int) -> list[Report]:
        """One datagram; a message that it cuts short is none."""
        one = self._connection(self._admits)
        said = one.receive(data, now) + one.rest()
        if one.pending or not data:
            said.append(Report(one.tracker, counts=("malformed",)))
        return said or [Report(one.tracker)]

    def rest(self) -> list[Report]:
        """Nothing waits for another datagram."""
        return []
