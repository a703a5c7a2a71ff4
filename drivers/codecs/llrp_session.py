"""An LLRP client's connection to a reader, without I/O: bytes in, records and bytes out (LLRP 1.1).

    the reader accepts us -> capabilities -> Impinj's extensions, if it is theirs -> keepalives, events, holding
    -> what it held is handed over -> our ROSpec, if it is not there -> states of the antennas -> reading

`Up` comes before the first other record. `Alive` follows only when what the reader held has been handed over and
it is reading: from then on its silence means something.
"""

from collections import Counter
from collections.abc import Callable
from itertools import groupby

import numpy as np

from core.records import SECOND, Alive, AntennaState, Body, Idle, Up
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.llrp import Message, Parameter, decode_message, opaque
from drivers.codecs.llrp_dialogue import Dialogue, Script, Wait
from drivers.codecs.llrp_events import records, stamp
from drivers.codecs.llrp_frames import Frames, Span
from drivers.codecs.llrp_idle import Activity, longest_run
from drivers.codecs.llrp_report import ReportDecoder
from drivers.codecs.llrp_setup import Reading, ro_spec
from drivers.codecs.llrp_start import antennas, configured, extended, greeted, introduced
from drivers.codecs.llrp_status import failure
from drivers.codecs.llrp_tables import MESSAGE_TYPES, MESSAGES
from drivers.codecs.llrp_takeover import starts_at_once, take_over
from drivers.codecs.notice import Notice
from drivers.codecs.reader_clock import ReaderClock

MISSED = 3
"""Keepalive periods without a byte after which the connection is given up."""

CLOSING_SECONDS = 2.0
"""How long a clean stop waits for the reader."""

_FRESH = 1 * SECOND
_RESTART_SECONDS = 1.0
_START, _END, _PREEMPTION = 0, 1, 2  # ROSpecEventType
_REPORT = MESSAGES["RO_ACCESS_REPORT"].key
_A_REPORT = Message("RO_ACCESS_REPORT")

Said = Body | Notice
"""What a session hands over."""


class Session:
    """One connection. `now` is the gateway's time in microseconds UTC, `at` seconds of a clock that does not jump.

    error    the connection is of no use any more: raise it when what was handed over is dealt with
    closed   a clean stop is complete
    info     vendor, model and firmware, once it is reading; None before
    clock    how the reader's times are mapped
    counts   what was left out and why; the receiver may clear it
    """

    def __init__(self, reading: Reading, now: int, at: float, synchronised: bool = True) -> None:
        self.error: ProtocolError | Unsupported | None = None
        self.closed = False
        self.info: str | None = None
        self.clock = ReaderClock(synchronised)
        self.counts: Counter[str] = Counter()
        self._reading = reading
        self._frames = Frames()
        self._reports = ReportDecoder(self.counts)
        self._said: list[Said] = []
        self._greeted = self._up = False
        self._now, self._heard = now, at
        self._newest = 0
        self._dark: set[int] = set()
        self._activity = Activity()
        self._spec = Parameter("ROSpec")
        self._holds = False
        self._wanted = True
        self._started = at
        self._talk = Dialogue(at)
        self._talk.begin(self._set_up(), at)

    @property
    def deadline(self) -> float:
        """When `timeout` is due, unless something is received before."""
        waiting = self._talk.deadline
        return self._heard + MISSED * self._reading.keepalive if waiting is None else waiting

    def data_to_send(self) -> bytes:
        """What the reader is to be sent now."""
        return self._talk.data_to_send()

    def receive(self, data: bytes, now: int, at: float) -> list[Said]:
        """What `data` tells, in order; if the stream is broken, `error` is set behind that."""
        self._now, self._heard = now, at
        return self._collect(lambda: self._take(data, at))

    def timeout(self, now: int, at: float) -> list[Said]:
        """Nothing came until `at`."""
        self._now = now
        return self._collect(lambda: self._overdue(at))

    def postpone(self, seconds: float) -> None:
        """Nobody listened for so long: it does not count as the reader's silence."""
        self._heard += seconds
        self._talk.postpone(seconds)

    def shift(self, by: int) -> None:
        """`now` was set forward by `by` microseconds."""
        self.clock.shift(by)
        self._activity.shift(by)
        self._newest += by

    def set_output(self, port: int, high: bool, at: float) -> list[Said]:
        """Drive a general-purpose output of the reader."""
        data = Parameter("GPOWriteData", {"gpo_port": port, "gpo_data": int(high)})
        return self._order("SET_READER_CONFIG", {}, (data,), at)

    def start(self, at: float) -> list[Said]:
        """Go on reading after `stop`."""
        self._wanted = True
        return self._order("START_ROSPEC", {"rospec_id": self._id}, (), at)

    def stop(self, at: float) -> list[Said]:
        """Stop reading; the connection stays."""
        self._wanted = False
        return self._order("STOP_ROSPEC", {"rospec_id": self._id}, (), at)

    def close(self, at: float) -> None:
        """Begin a clean stop: a reader that holds reports goes on reading, for the next connection."""
        self._talk.begin(self._closing(), at)

    @property
    def _id(self) -> int:
        return self._spec.number("rospec_id")

    def _collect(self, step: Callable[[], None]) -> list[Said]:
        try:
            step()
        except (ProtocolError, Unsupported) as error:
            self.error = error
        said, self._said = self._said, []
        return said

    def _say(self, what: Said) -> None:
        if not self._up and not isinstance(what, Notice):
            self._up = True
            self._said.append(Up(self._now))
        if isinstance(what, AntennaState):
            (self._dark.discard if what.connected else self._dark.add)(what.port)
        self._said.append(what)

    def _alive(self) -> None:
        alive = Alive(self._now - self.clock.behind)
        if self.info is not None and self._said[-1:] != [alive]:
            self._tell(self._activity.alive(alive.time))
            self._say(alive)

    def _tell(self, change: Idle | None) -> None:
        if change is not None:
            self._say(change)

    def _caught_up(self) -> bool:
        """The newest read is of just now, by the reader's clock."""
        return self._newest >= self._now - self.clock.behind - _FRESH

    # Scripts

    def _set_up(self) -> Script[None]:
        talk, reading = self._talk, self._reading
        yield from greeted(talk, self.clock, lambda: self._now)
        self._greeted = True
        reader = yield from introduced(talk, self.clock)
        self._reports.hop_table = reader.channels()
        extensions = yield from extended(talk, reader)
        refused = yield from configured(talk, reading, reader)
        if refused is not None:
            self._say(Notice("settings_refused", f"the reader does without {refused}"))
        self._spec, self._holds = ro_spec(reading, reader, extensions), reader.holds
        self._activity = Activity(longest_run(self._spec))
        runs = yield from take_over(talk, self._spec, self._caught_up)
        for port, connected in (yield from antennas(talk)).items():
            if not reading.antennas or port in reading.antennas:
                self._say(AntennaState(self._now, port, connected))
        self._tell(self._activity.listed(self._now - self.clock.behind, runs))
        self.info, self._started = str(reader), talk.at
        self._alive()

    def _read_on(self) -> Script[None]:
        """Our ROSpec ended although nobody asked for it."""
        if self._talk.at - self._started < _RESTART_SECONDS:
            raise ProtocolError("the reader ends our ROSpec as soon as it has started")
        self._started = self._talk.at
        yield from self._talk.request("START_ROSPEC", {"rospec_id": self._id})

    def _order(
        self, name: str, fields: dict[str, int], children: tuple[Parameter, ...], at: float
    ) -> list[Said]:
        def script() -> Script[None]:
            why = failure((yield from self._talk.ask(name, fields, children)))
            if why is not None:
                self._say(Notice("orders_refused", f"the reader refused {name}: {why}"))

        return self._collect(lambda: self._talk.then(script(), at))

    def _closing(self) -> Script[None]:
        if not self._holds and self._id:
            for name in ("STOP_ROSPEC", "DISABLE_ROSPEC", "DELETE_ROSPEC"):
                self._talk.say(name, {"rospec_id": self._id})
        id = self._talk.say("CLOSE_CONNECTION")
        yield Wait(("CLOSE_CONNECTION_RESPONSE",), CLOSING_SECONDS, id)
        self.closed = True

    # What comes in

    def _take(self, data: bytes, at: float) -> None:
        buffer, spans = self._frames.spans(data)
        for are_reports, several in groupby(spans, key=lambda span: span[0] == _REPORT):
            if are_reports:
                self._report(buffer, list(several), at)
                continue
            for _, start, length, repeats in several:
                for begin in range(start, start + length * repeats, length):
                    self._message(decode_message(buffer[begin : begin + length]), at)
        if self._frames.error is not None:
            raise self._frames.error

    def _overdue(self, at: float) -> None:
        if at < self.deadline:
            return
        if self._talk.deadline is None:
            silence = MISSED * self._reading.keepalive
            raise ProtocolError(f"nothing heard for {silence:g} s: {MISSED} keepalives are missing")
        self._talk.overdue(at)

    def _report(self, buffer: bytes, spans: list[Span], at: float) -> None:
        reads = self._reports.decode(buffer, spans, self._now, self.clock)
        if len(reads):
            self._tell(self._activity.heard(reads.time))
            self._newest = int(reads.time.max())
            if self._dark:  # a reader may take an antenna for missing that reads well
                for port in self._dark.intersection(np.unique(reads.antenna).tolist()):
                    self._say(AntennaState(self._newest, port, True))
            self._say(reads)
        self._talk.hear(_A_REPORT, at)

    def _message(self, message: Message, at: float) -> None:
        for unknown in opaque(message):
            self.counts["malformed" if unknown.malformed else "unknown"] += 1
        if message.name == "READER_EVENT_NOTIFICATION" and self._greeted:
            for data in message.every("ReaderEventNotificationData"):
                self._event(data, at)
        if self._talk.hear(message, at):
            return
        if message.name == "KEEPALIVE":
            self._talk.say("KEEPALIVE_ACK", id=message.id)
            self._alive()
        elif message.name == "ERROR_MESSAGE":
            self._say(Notice("reader_errors", f"the reader reports an error: {failure(message)}"))
        elif message.name == "UNKNOWN":
            self.counts["malformed" if message.number("type") in MESSAGE_TYPES else "unknown"] += 1

    def _event(self, data: Parameter, at: float) -> None:
        time = self._time_of(data)
        for record in records(data, time, self._newest or time):
            self._say(record)
        for event in data.every("ROSpecEvent"):
            if event.number("rospec_id") == self._id:
                self._turned(event.number("type"), time, at)
        if data.first("ConnectionCloseEvent") is not None:
            raise ProtocolError("the reader closed the connection")

    def _turned(self, type: int, time: int, at: float) -> None:
        """Our ROSpec has started or ended."""
        if type == _START:
            self._tell(self._activity.started(time))
        elif starts_at_once(self._spec) and self._wanted:
            if type == _END and self.info is not None:
                self._talk.then(self._read_on(), at)
        elif type in (_END, _PREEMPTION):
            self._tell(self._activity.ended(time))

    def _time_of(self, data: Parameter) -> int:
        when = stamp(data)
        if when is None:
            return self._now
        convert = self.clock.uptime if when[1] else self.clock.utc
        return int(convert(np.array([when[0]], np.int64), self._now)[0])
