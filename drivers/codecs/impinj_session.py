"""A client of an Impinj reader's event stream (GET /data/stream), without I/O: an HTTP response that does not end.

A line is an event. An empty one is sent when there was nothing to send for a while: whatever the reader had kept for
us is through by then.
"""

from collections import Counter
from collections.abc import Iterator

from core.records import Alive, Body, Up
from drivers.codecs import json_values as values
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.http1 import Head, Response
from drivers.codecs.impinj import Events
from drivers.codecs.impinj_refusals import OK, ended, stream_refused
from drivers.codecs.json_lines import Lines
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_reads import MessageReads
from drivers.codecs.notice import Notice
from drivers.codecs.reader_clock import ReaderClock

WATCHDOG = 90.0
"""Seconds without a byte after which the stream has stalled, as its documentation has it."""

Said = Body | Notice


class Session:
    """One connection, from the request to its end.

    request   what asks for the stream;  user: with whose name
    name      what the reader is called
    watchdog  s without a byte that end it
    """

    def __init__(
        self, request: bytes, user: str, name: str, clock: ReaderClock, at: float, watchdog: float = WATCHDOG
    ) -> None:
        self.info: str | None = None
        self.error: ProtocolError | Unsupported | None = None
        self.counts: Counter[str] = Counter()
        self.clock = clock
        self.deadline = at + watchdog
        self._reads = MessageReads(self.counts)
        self._events = Events(self.counts, self._reads, self._stamp)
        self._response = Response()
        self._lines = Lines()
        self._skipped = 0
        self._out = request
        self._user = user
        self._name = name
        self._watchdog = watchdog
        self._refusal: Head | None = None
        self._listed: str | None = None

    def data_to_send(self) -> bytes:
        """What the reader is to be sent now."""
        data, self._out = self._out, b""
        return data

    def receive(self, data: bytes, now: int, at: float) -> list[Said]:
        """What `data` tells, in order; if that ends the stream, `error` is set behind it."""
        self.deadline = at + self._watchdog
        said: list[Said] = []
        body = bytearray()
        for part in self._response.feed(data):
            if isinstance(part, bytes):
                body += part
            elif part.status == OK:
                self.info = self._name
                said.append(Up(now))
            else:
                self._refusal = part
        if self.info is not None:
            said += self._told(bytes(body), now)
        self.error = self._over(bytes(body))
        return said

    def timeout(self, now: int, at: float) -> list[Said]:
        """Nothing came until `at`."""
        if at >= self.deadline:
            self.error = ProtocolError(
                f"nothing heard for {self._watchdog:g} s, no sign of life either; look at the reader and its network"
            )
        return []

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long: it does not count as the reader's silence."""
        self.deadline += seconds

    def shift(self, by: int) -> None:
        """`now` was set forward by `by` microseconds."""
        self.clock.shift(by)
        self._events.shift(by)

    def listed(self, state: str) -> None:
        """The state of the inventory, as the reader says when it is asked: idle, armed or running.

        It waits until what the reader has kept is through, which is older.
        """
        self._listed = state

    def _told(self, body: bytes, now: int) -> Iterator[Said]:
        lines = self._lines.feed(body)
        for line in lines:
            if line:
                try:
                    for said in self._line(line, now):
                        yield from self._flush()
                        yield said
                except Malformed as error:
                    yield from self._flush()
                    yield Notice("malformed", f"an event cannot be understood: {error}")
        yield from self._flush()
        if self._lines.skipped > self._skipped:
            self._skipped = self._lines.skipped
            yield Notice("malformed", "a line of its stream is longer than any event, and was not read")
        if lines and not any(lines):
            yield from self._caught_up(now)

    def _line(self, line: bytes, now: int) -> Iterator[Said]:
        for event in values.objects(values.parse(line)):
            yield from self._events.take(event, now)

    def _caught_up(self, now: int) -> Iterator[Said]:
        time = now - self.clock.behind
        if self._listed is not None:
            yield from self._events.listed(self._listed, time)
            self._listed = None
        yield Alive(time)

    def _stamp(self, time: int, arrival: int) -> int:
        return self.clock.moment(time, arrival)

    def _flush(self) -> Iterator[Said]:
        reads = self._reads.take()
        if reads is not None:
            yield reads

    def _over(self, body: bytes) -> ProtocolError | Unsupported | None:
        """Why the stream is over; None while it is not."""
        if self._refusal is not None:
            return stream_refused(self._refusal, body, self._user)
        if self._response.ended:
            return ended(self._user)
        return self._response.error
