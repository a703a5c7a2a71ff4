"""An LLRP reader without its socket: messages, sightings and the passing of time in, messages out.

Everything is told the time (microseconds of true UTC); `due` says when the next thing happens by itself.
"""

import itertools
from dataclasses import dataclass, field

from drivers.codecs.llrp import Message, Parameter, encode_message
from simulators.clock import OwnClock
from simulators.llrp_access import AccessSpecs
from simulators.llrp_config import (
    AISPEC_EVENT,
    ANTENNA_EVENT,
    EXCEPTION,
    FILL_WARNING,
    GPI_EVENT,
    ROSPEC_EVENT,
    Config,
)
from simulators.llrp_models import R420, Model
from simulators.llrp_outbox import CAPACITY, Entry, Ledger, Outbox
from simulators.llrp_reports import Collection, Place, Sighting, report_message
from simulators.llrp_runs import Run, Runs

SUCCEEDED, READER_INITIATED_EXISTS, CLIENT_INITIATED_EXISTS, ANOTHER_ATTEMPTED = 0, 1, 2, 4
"""ConnectionAttemptStatusType, clause 13.2.6.11."""

_NEARLY_FULL = 0.8
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True)
class Setup:
    """Which reader this is and how it behaves.

    merges     sightings of a tag at an antenna go into one tag report until it is sent
    capacity   messages that it holds while nobody listens
    patience   keepalives without an answer after which it gives the connection up
    identity   its MAC address as EUI-64
    """

    model: Model = R420
    clock: OwnClock = field(default_factory=OwnClock)
    merges: bool = False
    capacity: int = CAPACITY
    patience: int = 5
    identity: bytes = bytes.fromhex("001625fffe100001")


class Device:
    """A reader that is switched on at `now`."""

    def __init__(self, setup: Setup, now: int) -> None:
        self.setup = setup
        self.ledger = Ledger()
        self.config = Config(setup.model)
        self.access = AccessSpecs()
        self.runs = Runs(self)
        self.outbox = Outbox(self.ledger, self._overflow, setup.capacity)
        self.extensions = False
        self.hangup = False
        self.client: int | None = None  # how the connection came about: a status that refuses a second one
        self.state_value = 0
        self.keepalives = 0
        self._boot = now
        self._now = now
        self._unanswered = 0
        self._keepalive_due: int | None = None
        self._ids = itertools.count(1)
        self._collections: dict[int, Collection] = {}

    # The connection

    def connected(self, now: int, reader_initiated: bool = False) -> None:
        """A client is there: greet it, and send what was held unless it asked to hold that."""
        self._now = now
        self.client = READER_INITIATED_EXISTS if reader_initiated else CLIENT_INITIATED_EXISTS
        self.hangup = self.extensions = False
        self.outbox.reply(self._attempt(SUCCEEDED))
        if not self.config.hold:
            self.outbox.release()
        self.schedule_keepalive(now)

    def refuse(self, now: int) -> bytes:
        """Somebody else tries to connect: what he is told; the client is told too."""
        self._now = now
        assert self.client is not None
        self.outbox.reply(self._attempt(ANOTHER_ATTEMPTED))
        return self._attempt(self.client)

    def disconnected(self, now: int) -> None:
        """The client is gone: what it has not got is held."""
        self._now = now
        self.client, self._keepalive_due, self.extensions = None, None, False
        self.outbox.hold()

    def goodbye(self, now: int) -> None:
        """The reader closes the connection by itself, and says so."""
        self._now = now
        self.outbox.reply(self._notification(Parameter("ConnectionCloseEvent")))
        self.hangup = True

    # The world

    def see(self, sighting: Sighting, now: int) -> None:
        """A tag is read, if a ROSpec runs on that antenna."""
        self._now = now
        self.ledger.seen += 1
        run = self.runs.active
        if run is None or not self._listens(run, sighting.antenna):
            self.ledger.unread += 1
            return
        collection = self._collections[run.spec.id]
        place = Place(run.spec.id, run.index + 1, run.inventory.parameter_spec)
        own = self.setup.clock.reads(now if sighting.time is None else sighting.time, self._boot)
        if collection.add(sighting, own, place):
            self.ledger.waiting += 1
        else:
            self.ledger.merged += 1
        if collection.complete:
            self._report(run.spec.id)
        elif lost := collection.trim():
            self.ledger.waiting -= lost
            self.ledger.overflowed += lost
            self.outbox.lost()
        self.runs.saw(run, sighting.epc, now)

    def gpi(self, port: int, high: bool, now: int) -> None:
        """An input line goes high or low; a line that no client enabled does nothing."""
        self._now = now
        if (port in self.config.gpis_high) == high:
            return
        self.config.gpis_high ^= {port}
        if port not in self.config.gpis_on:
            return
        self._event(GPI_EVENT, Parameter("GPIEvent", {"gpi_port": port, "gpi_event": int(high)}))
        self.runs.gpi(port, high, now)

    def antenna(self, port: int, plugged: bool, now: int) -> None:
        """An antenna is plugged in or falls off."""
        self._now = now
        if (port not in self.config.unplugged) == plugged:
            return
        self.config.unplugged ^= {port}
        self._event(ANTENNA_EVENT, Parameter("AntennaEvent", {"type": int(plugged), "antenna_id": port}))

    def exception(self, text: str, now: int) -> None:
        """Something goes wrong inside the reader."""
        self._now = now
        self._event(EXCEPTION, Parameter("ReaderExceptionEvent", {"message": text}))

    def power_cycle(self, now: int) -> None:
        """Off and on again: the configuration, the ROSpecs and everything held are gone."""
        self._now = self._boot = now
        self.config.reset()
        self.clear()
        self.outbox = Outbox(self.ledger, self._overflow, self.setup.capacity)
        self.client, self._keepalive_due, self.extensions = None, None, False

    # Time

    def due(self) -> int | None:
        """When `advance` has something to do."""
        times = [time for time in (self.runs.due(), self._keepalive_due) if time is not None]
        return min(times, default=None)

    def advance(self, now: int) -> None:
        """Do what has fallen due up to `now`."""
        self.runs.advance(now)
        while self._keepalive_due is not None and self._keepalive_due <= now:
            self._keepalive_due += self.config.keepalive * _MILLISECOND
            self._unanswered += 1
            self.hangup = self.hangup or self._unanswered > self.setup.patience
            self.keepalives += 1
            self.outbox.reply(encode_message(Message("KEEPALIVE", id=next(self._ids))))
        self._now = now

    def schedule_keepalive(self, now: int) -> None:
        """Keepalives begin one period from now, if there are to be any."""
        self._unanswered = 0
        period = self.config.keepalive * _MILLISECOND
        self._keepalive_due = now + period if period and self.client is not None else None

    def answered(self) -> None:
        """The client answered a keepalive."""
        self._unanswered = 0

    # What requests need

    def add(self, run_id: int, collection: Collection) -> None:
        self._collections[run_id] = collection

    def forget(self, id: int) -> None:
        """The reports of a deleted ROSpec (0 = of all) are lost, as readers may lose them."""
        for one in list(self._collections) if id == 0 else [id]:
            lost = len(self._collections.pop(one))
            self.ledger.waiting -= lost
            self.ledger.deleted += lost
        self.outbox.forget(id or None)

    def clear(self) -> None:
        """No ROSpecs, no AccessSpecs, no reports."""
        self.runs.delete(0, self._now)
        self.forget(0)
        self.access.clear()

    def report_all(self) -> bool:
        """Put everything that was collected into reports, complete or not; False if there was nothing."""
        return any([self._report(id) for id in self._collections])

    # What the ROSpecs tell

    def started(self, run: Run, time: int) -> None:
        self._rospec_event(0, run, time)

    def inventory_ended(self, run: Run, time: int) -> None:
        self._now = time
        if run.spec.report.trigger == 1:
            self._report(run.spec.id)
        fields = {"type": 0, "rospec_id": run.spec.id, "spec_index": run.index + 1}
        self._event(AISPEC_EVENT, Parameter("AISpecEvent", fields))

    def ended(self, run: Run, time: int, preempted_by: int) -> None:
        self._now = time
        if run.spec.report.trigger:
            self._report(run.spec.id)
        self._rospec_event(2 if preempted_by else 1, run, time, preempted_by)

    def _rospec_event(self, type: int, run: Run, time: int, other: int = 0) -> None:
        self._now = time
        fields = {"type": type, "rospec_id": run.spec.id, "preempting_rospec_id": other}
        self._event(ROSPEC_EVENT, Parameter("ROSpecEvent", fields))

    # Writing

    def _listens(self, run: Run, antenna: int) -> bool:
        wanted = run.inventory.antennas
        exists = 1 <= antenna <= self.setup.model.antennas and antenna not in self.config.unplugged
        return exists and (not wanted or antenna in wanted)

    def _report(self, id: int) -> bool:
        collection = self._collections[id]
        if not len(collection):
            return False
        # Reports that are written for nobody keep all fields: who will read them is not known.
        tags = collection.take(self.extensions or self.client is None)
        self.ledger.waiting -= len(tags)
        before = self.outbox.filled
        self.outbox.put(Entry(report_message(tags, next(self._ids)), len(tags), id))
        if before < _NEARLY_FULL <= self.outbox.filled:
            full = Parameter("ReportBufferLevelWarningEvent", {"percentage_full": round(_NEARLY_FULL * 100)})
            self._event(FILL_WARNING, full)
        return True

    def _event(self, type: int, event: Parameter) -> None:
        if type in self.config.events:
            self.outbox.put(Entry(self._notification(event)))

    def _overflow(self) -> bytes:
        return self._notification(Parameter("ReportBufferOverflowErrorEvent"))

    def _attempt(self, status: int) -> bytes:
        return self._notification(Parameter("ConnectionAttemptEvent", {"status": status}))

    def _notification(self, event: Parameter) -> bytes:
        name = "UTCTimestamp" if self.setup.clock.utc else "Uptime"
        time = Parameter(name, {"microseconds": self.setup.clock.reads(self._now, self._boot)})
        data = Parameter("ReaderEventNotificationData", {}, (time, event))
        return encode_message(Message("READER_EVENT_NOTIFICATION", {}, (data,), id=next(self._ids)))
