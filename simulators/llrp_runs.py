"""ROSpecs at work: disabled, inactive, active, and what moves them (LLRP 1.0.1, clauses 10.1 and 10.2.1).

An Immediate ROSpec that ends by itself begins again, as readers do that repeat an AISpec with a stop trigger; one
that was stopped by STOP_ROSPEC waits for START_ROSPEC. One ROSpec runs at a time: a lower priority number wins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from simulators.llrp_rospec import (
    DURATION,
    GPI_START,
    GPI_STOP,
    IMMEDIATE,
    PERIODIC,
    TAG_OBSERVATION,
    GpiTrigger,
    Inventory,
    RoSpec,
)
from simulators.llrp_status import bad_field

DISABLED, INACTIVE, ACTIVE = 0, 1, 2
MILLISECOND = 1000
_ATTEMPT = 100  # ms that a round of inventory is taken to last


class Listener(Protocol):
    """Who is told what the ROSpecs do."""

    def started(self, run: "Run", time: int) -> None:
        """A ROSpec became active."""

    def inventory_ended(self, run: "Run", time: int) -> None:
        """The current AISpec of an active ROSpec is done."""

    def ended(self, run: "Run", time: int, preempted_by: int) -> None:
        """A ROSpec became inactive; `preempted_by` is 0 if it ended by itself or was stopped."""


@dataclass(slots=True)
class Run:
    """One ROSpec and how far it is; times in microseconds of true UTC."""

    spec: RoSpec
    added: int
    state: int = DISABLED
    since: int = 0
    index: int = 0
    inventory_since: int = 0
    new_tag: int = 0
    next_period: int | None = None
    tags: set[bytes] = field(default_factory=set)

    @property
    def inventory(self) -> Inventory:
        """The AISpec that runs."""
        return self.spec.inventories[self.index]

    def begin_inventory(self, index: int, time: int) -> None:
        self.index, self.inventory_since, self.new_tag = index, time, time
        self.tags.clear()

    def end(self) -> int | None:
        """When the ROSpec ends by its stop trigger, as far as time decides it."""
        stop = self.spec.stop
        if stop.type == DURATION:
            return self.since + stop.duration * MILLISECOND
        if stop.type == GPI_STOP and stop.gpi and stop.gpi.timeout:
            return self.since + stop.gpi.timeout * MILLISECOND
        return None

    def inventory_end(self) -> int | None:
        """When the AISpec ends by its stop trigger, as far as time decides it."""
        stop, since = self.inventory.stop, self.inventory_since
        if stop.type == DURATION:
            return since + stop.duration * MILLISECOND
        if stop.type == GPI_STOP and stop.gpi and stop.gpi.timeout:
            return since + stop.gpi.timeout * MILLISECOND
        if stop.type == TAG_OBSERVATION and stop.observation:
            watch = stop.observation
            limits = [since + watch.timeout * MILLISECOND] if watch.timeout else []
            if watch.type == 1:
                limits.append(self.new_tag + watch.quiet * MILLISECOND)
            if watch.type == 2:
                limits.append(since + watch.attempts * _ATTEMPT * MILLISECOND)
            return min(limits, default=None)
        return None


class Runs:
    """All ROSpecs of a reader by id."""

    def __init__(self, listener: Listener) -> None:
        self._runs: dict[int, Run] = {}
        self._listener = listener

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def active(self) -> Run | None:
        """The ROSpec that runs."""
        return next((run for run in self if run.state == ACTIVE), None)

    def named(self, id: int) -> list[Run]:
        """The ROSpec `id`, or all for 0; raises Refused if there is none of that id."""
        if id == 0:
            return list(self)
        if id not in self._runs:
            raise bad_field(f"there is no ROSpec {id}; there are {sorted(self._runs) or 'none'}")
        return [self._runs[id]]

    def add(self, spec: RoSpec, now: int) -> None:
        self._runs[spec.id] = Run(spec, now)

    def delete(self, id: int, now: int) -> None:
        for run in self.named(id):
            self._finish(run, now)
            del self._runs[run.spec.id]

    def enable(self, id: int, now: int) -> None:
        for run in self.named(id):
            if run.state != DISABLED:
                continue
            run.state, start = INACTIVE, run.spec.start
            if start.type == IMMEDIATE:
                self._start(run, now)
            elif start.type == PERIODIC:
                run.next_period = (run.added if start.utc is None else start.utc) + start.offset * MILLISECOND
                while run.next_period < now and start.period:
                    run.next_period += start.period * MILLISECOND

    def disable(self, id: int, now: int) -> None:
        for run in self.named(id):
            self._finish(run, now)
            run.state, run.next_period = DISABLED, None

    def start(self, id: int, now: int) -> None:
        """START_ROSPEC; raises Refused unless the ROSpec is enabled and nothing more important runs."""
        run = self._one(id)
        if run.state == DISABLED:
            raise bad_field(f"ROSpec {id} is disabled: enable it first")
        if run.state == INACTIVE and not self._start(run, now):
            raise bad_field(f"ROSpec {id} cannot start: a ROSpec of the same or a higher priority runs")

    def stop(self, id: int, now: int) -> None:
        """STOP_ROSPEC; raises Refused unless the ROSpec runs."""
        run = self._one(id)
        if run.state != ACTIVE:
            raise bad_field(f"ROSpec {id} does not run")
        self._finish(run, now)

    def gpi(self, port: int, high: bool, now: int) -> None:
        """An enabled input line changed."""
        for run in list(self):
            if (
                run.state == INACTIVE
                and run.spec.start.type == GPI_START
                and _hit(run.spec.start.gpi, port, high)
            ):
                self._start(run, now)
            elif run.state == ACTIVE and _hit(run.spec.stop.gpi, port, high):
                self._end(run, now)
            elif run.state == ACTIVE and _hit(run.inventory.stop.gpi, port, high):
                self._next_inventory(run, now)

    def saw(self, run: Run, epc: bytes, now: int) -> None:
        """The running ROSpec saw a tag: that may end its AISpec."""
        watch = run.inventory.stop.observation
        if watch is None:
            return
        if epc not in run.tags:
            run.tags.add(epc)
            run.new_tag = now
        if watch.type == 0 and len(run.tags) >= watch.tags > 0:
            self._next_inventory(run, now)

    def due(self) -> int | None:
        """When `advance` has something to do."""
        return min((time for time, _ in self._pending()), default=None)

    def advance(self, now: int) -> None:
        """Do what has fallen due up to `now`, each at its own time."""
        while pending := [one for one in self._pending() if one[0] <= now]:
            time, act = min(pending, key=lambda one: one[0])
            act(time)

    def _pending(self) -> Iterator[tuple[int, Callable[[int], None]]]:
        for run in self:
            if run.state == INACTIVE and run.next_period is not None:
                yield run.next_period, partial(self._period, run)
            if run.state == ACTIVE:
                end, inventory_end = run.end(), run.inventory_end()
                if end is not None:
                    yield end, partial(self._end, run)
                if inventory_end is not None:
                    yield inventory_end, partial(self._next_inventory, run)

    def _one(self, id: int) -> Run:
        if id == 0:
            raise bad_field("START_ROSPEC and STOP_ROSPEC name one ROSpec: 0 is not allowed")
        return self.named(id)[0]

    def _period(self, run: Run, time: int) -> None:
        period = run.spec.start.period
        run.next_period = time + period * MILLISECOND if period else None
        self._start(run, time)

    def _start(self, run: Run, now: int) -> bool:
        other = self.active
        if other is not None:
            if other.spec.priority <= run.spec.priority:
                return False
            self._finish(other, now, run.spec.id)
        run.state, run.since = ACTIVE, now
        run.begin_inventory(0, now)
        self._listener.started(run, now)
        return True

    def _next_inventory(self, run: Run, now: int) -> None:
        if run.index + 1 == len(run.spec.inventories):
            self._end(run, now)
            return
        self._listener.inventory_ended(run, now)
        run.begin_inventory(run.index + 1, now)

    def _end(self, run: Run, now: int) -> None:
        """The ROSpec is done; an Immediate one begins again."""
        length = now - run.since
        self._finish(run, now)
        if run.spec.start.type == IMMEDIATE and length > 0:
            self._start(run, now)

    def _finish(self, run: Run, now: int, preempted_by: int = 0) -> None:
        if run.state != ACTIVE:
            return
        self._listener.inventory_ended(run, now)
        run.state = INACTIVE
        period = run.spec.start.period * MILLISECOND
        while run.next_period is not None and period and run.next_period < now:
            run.next_period += period
        self._listener.ended(run, now, preempted_by)


def _hit(trigger: GpiTrigger | None, port: int, high: bool) -> bool:
    return trigger is not None and trigger.port == port and trigger.high == high
