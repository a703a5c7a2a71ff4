"""The pipeline: inputs in, events and gaps out. Pure, deterministic, without a clock.

Time moves by what the sources say. Each source has a frontier; what needs to know that nothing earlier is on its way
(a visit's beginning, a silence, the end of a pass) is a timer on that frontier. Batching is unobservable: a batch
gives the same events as its rows one by one.
"""

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np

from core.admission import Admission
from core.adoption import adopt
from core.decider import Decided, Decider
from core.events import Event, Evidence, Gap, Identity
from core.hearing import Hearing
from core.inbox import Listed
from core.offset import corrected
from core.places import Nesting
from core.records import (
    Alive,
    AntennaState,
    Dictionary,
    Down,
    Dropped,
    Fixes,
    Flag,
    Gpi,
    Idle,
    Input,
    Reads,
    Scan,
    Shift,
    Up,
    reads,
)
from core.shift import shift
from core.site import Site
from core.snapshot import dump, load
from core.sources import Source, fill
from core.state import State


class Pipeline:
    """The whole of `core` for one site."""

    def __init__(self, site: Site, state: State | None = None) -> None:
        self.site = site
        self.state = state or State.fresh(site)
        self._sources = {source.spec.id: source for source in self.state.sources}
        self._decider = Decider(self.state, Nesting(site.zones), Identity(site.id))
        self._admission = Admission(site)
        self._hearing = Hearing(self.state, self._decider, self._admission)

    @classmethod
    def restore(cls, site: Site, data: bytes) -> "Pipeline":
        """From a snapshot; raises `core.snapshot.IncompatibleSnapshot` for another version or configuration."""
        return cls(site, load(site, data))

    def snapshot(self) -> bytes:
        """The state, for `restore`."""
        return dump(self.state)

    @property
    def counts(self) -> dict[str, Counter[str]]:
        """Per source: received = noise + duplicates + filtered + accepted; of the accepted late, too_late, unplaced;
        of the filtered unknown. `evicted` are unknown tags that were forgotten, by the source that heard them last.
        """
        return {source.spec.id: source.counts for source in self.state.sources}

    @property
    def passes(self) -> dict[str, Counter[str]]:
        """Per portal: passes by movement."""
        return {door.place.id: door.counts for door in self.state.doors.values()}

    @property
    def unknown_tags(self) -> int:
        """How many tags that no item owns are remembered: followed, or listed in the inbox."""
        return self.state.unowned + self.state.inbox.size

    def inbox(self, limit: int) -> list[Listed]:
        """The unknown tags that a site lists instead of following them: those heard last, the last one first."""
        return list(self.state.inbox.newest(limit))

    def step(self, input: Input) -> Decided:
        """Take one input; raises KeyError for a source that the site does not have."""
        source = self._sources[input.source]
        decider, body = self._decider, corrected(input.body, source.offset)
        decided = decider.decided = Decided()
        if isinstance(body, Reads):
            self._hear(source, body)
        elif isinstance(body, Fixes):
            self._fix(source, body)
        elif isinstance(body, Scan):
            self._scan(source, body)
        elif isinstance(body, Alive):
            self._alive(source, body.time)
        elif isinstance(body, Down):
            self._down(source, body)
        elif isinstance(body, Up):
            self._up(source, body)
        elif isinstance(body, AntennaState):
            self._antenna(source, body)
        elif isinstance(body, Gpi):
            self._gpi(source, body)
        elif isinstance(body, Shift):
            shift(self.state, body.by)
        elif isinstance(body, Idle):
            self._idle(source, body)
        else:
            self._dropped(source, body)
        decider.rest(source)
        return decided

    def due(self, source: str) -> int | None:
        """How far a source's frontier must come before anything is decided by it; None = nothing waits for it."""
        return self._sources[source].due()

    def _hear(self, source: Source, reads: Reads) -> None:
        fill(source, reads.time)
        if source.blind_since is not None and source.up:
            news = np.flatnonzero(reads.time > source.blind_since)
            first = int(news[0]) if len(news) else len(reads)
            self._hearing.hear(source, reads.slice(0, first))
            reads = reads.slice(first, len(reads))
            if len(reads):
                self._sees(source, int(reads.time[0]))
        self._hearing.hear(source, reads)
        self._caught_up(source)

    def _fix(self, source: Source, batch: Fixes) -> None:
        """Positions. Each tracker has its own time, so what they say does not move the device's.

        What came before changes nothing: the journal does not have it, so it must not matter to who steps that again.
        """
        kept = self.state.positions.take(batch, source.counts)
        if len(kept) < len(batch):
            self._decider.decided.fresh = kept
        if not len(kept):
            return
        time = batch.time[kept]
        fill(source, time)
        valid = time[(batch.flags[kept] & Flag.VALID) > 0]  # a clock that nobody believes says nothing of now
        newest = int(valid.max(initial=source.newest))
        self._sees(source, newest)
        outage = source.outage
        self._caught_up(source, alive=outage is not None and outage.to is not None and newest >= outage.to)

    def _scan(self, source: Source, scan: Scan) -> None:
        """A sighting of the code's tag, at no antenna."""
        if scan.operator is not None:
            source.held(scan.time, scan.operator)
        self._hear(source, reads(Dictionary([scan.tag]), [scan.time], [0], [0], [math.nan]))

    def _alive(self, source: Source, time: int) -> None:
        self._sees(source, max(time, source.newest))
        self._decider.advance(source, None, time)
        self._caught_up(source, alive=True)

    def _sees(self, source: Source, time: int) -> None:
        if source.sees(time):
            self._decider.watched(source, source.places)

    def _caught_up(self, source: Source, alive: bool = False) -> None:
        """Write the gap when the source has come back to the present."""
        outage = source.outage
        if outage is None or outage.to is None or not (alive or source.newest >= outage.to):
            return
        source.outage = None
        self._decider.decided.gaps.append(
            Gap(source.spec.id, outage.since, outage.to, outage.reason, outage.filled)
        )

    def _down(self, source: Source, body: Down) -> None:
        if source.down(body):
            self._rests(source, max(body.time, source.newest), False)  # the next connection says it anew
            self._device_event(source, "device_down", body.time, {"reason": body.reason})
            self._decider.lost(source)
            self._decider.blinded(source)

    def _dropped(self, source: Source, body: Dropped) -> None:
        """What was lost may have been anything: silence in that time means nothing."""
        for place in source.places:
            place.blind.begin("dropped", body.since)
            place.blind.end("dropped", body.time)
        self._decider.decided.gaps.append(Gap(source.spec.id, body.since, body.time, body.reason))

    def _up(self, source: Source, body: Up) -> None:
        if source.up:
            return
        source.up = True
        assert source.outage is not None, "a link that is down has an outage"
        source.outage.to = max(body.time, source.outage.since)
        self._device_event(source, "device_up", body.time, {})

    def _device_event(self, source: Source, kind: str, time: int, evidence: Evidence) -> None:
        # a link that is lost again before the device has said anything has its old last sign of life
        time = source.turned = max(time, source.turned + 1)
        identity = self._decider.identity.event(kind, source.spec.id, None, time, 0)
        event = Event(identity, time, time, kind, None, None, None, source=source.spec.id, evidence=evidence)
        self._decider.decided.events.append(event)

    def _antenna(self, source: Source, body: AntennaState) -> None:
        for port in [body.port] if body.port else list(source.by_port):
            looked_at = source.looks_at(port)
            if looked_at is None or source.spec.handheld:
                continue
            for blind in (looked_at[0].blind, looked_at[0].deaf):
                if not body.connected:
                    blind.begin(source.cause(port), body.time)
                    continue
                for cause in source.causes(body.port, blind):
                    blind.end(cause, body.time)
            if body.connected:
                self._decider.watched(source, [looked_at[0]])
            else:
                self._decider.blinded(source)

    def _idle(self, source: Source, body: Idle) -> None:
        self._rests(source, body.time, body.idle)
        if body.idle:
            self._decider.blinded(source)
        else:
            self._decider.watched(source, source.places)

    def _rests(self, source: Source, time: int, idle: bool) -> None:
        """A place is not watched while a device rests. A cause of its own: antennas come and go meanwhile."""
        for place in source.places:
            (place.blind.begin if idle else place.blind.end)(f"{source.spec.id}:idle", time)

    def _gpi(self, source: Source, body: Gpi) -> None:
        for eye in source.spec.gpi:
            for door in self.state.doors.values():
                if eye.port == body.port and door.place.id == eye.portal and door.place.portal is not None:
                    door.eye(body.time, int(eye.side == door.place.portal.between[1]), body.state)

    def adopt(self, events: Iterable[Event], now: int) -> Decided:
        """Keep to what was said: after stepping the journal's inputs under a new configuration or version.

        `events` are all events of the journal in order; `now` dates the departures from zones that are gone.
        """
        decided = self._decider.decided = Decided()
        adopt(self.state, self._decider, self._admission, events, now)
        return decided

    def finish(self) -> Decided:
        """The end of a replay: time advances until every beginning and pass is decided; open visits stay open."""
        decider = self._decider
        decided = decider.decided = Decided()
        decider.finish()
        return decided
