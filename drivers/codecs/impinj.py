"""Reader events of Impinj R700, R710 and R720 (the IoT device interface, ReaderEvent of its OpenAPI document 1.7).

One JSON object per event, whichever way it comes; most of its values are there only if the preset asks for them. By
default lastSeenTime is not: then there is only `timestamp`, when the event was queued.
"""

import binascii
import math
from collections import Counter
from collections.abc import Callable, Iterator

from core.records import SECOND, AntennaState, Body, Dropped, Gpi, Idle
from drivers.codecs import json_values as values
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_reads import MessageReads
from drivers.codecs.message_session import Heartbeat, Message, MessageSession, Presence, Said
from drivers.codecs.notice import Notice

SLACK = 1 * SECOND
"""Reads that are newer by this than the end of an inventory are not its last ones, sent late, but those of another."""

Event = dict[str, object]
Stamp = Callable[[int, int], int]
"""From a reader's time and that of the arrival, both in microseconds UTC, to the gateway's."""

_MOST_KILOHERTZ = 10_000_000
_URL_SAFE = str.maketrans("-_", "+/")
_RESTING = ("idle", "armed")
_STATES = (*_RESTING, "running")
_TRANSITIONS = {"low-to-high": True, "high-to-low": False}


class Events:
    """Of one reader. Tags go to `reads`, the rest is told; what says nothing that we use is counted as `other`."""

    def __init__(self, counts: Counter[str], reads: MessageReads, stamp: Stamp) -> None:
        self._counts = counts
        self._reads = reads
        self._stamp = stamp
        self._dark: set[int] = set()
        self._state: str | None = None
        self._rested = self._stopped = 0
        self._unstamped = False
        self._tellers = {
            "inventoryStatusEvent": self._inventory,
            "antennaConnectedEvent": self._antenna_on,
            "antennaDisconnectedEvent": self._antenna_off,
            "gpiTransitionEvent": self._input,
            "overflowEvent": self._overflow,
        }

    def take(self, event: Event, arrival: int) -> Iterator[Body | Notice]:
        """One event. Raises Malformed."""
        tag = event.get("tagInventoryEvent")
        if isinstance(tag, dict):
            yield from self._tag(event, tag, arrival)
            return
        for name, tell in self._tellers.items():
            about = event.get(name)
            if isinstance(about, dict):
                yield from tell(about, self._time(event, arrival))
                return
        self._counts["other"] += 1

    def listed(self, state: str, time: int) -> Iterator[Body | Notice]:
        """The reader says so when it is asked; what it has told by itself is newer."""
        if self._state is None and state in _STATES:
            yield from self._turned(state, time)

    def shift(self, by: int) -> None:
        """The gateway's clock was set forward by `by` microseconds."""
        self._rested += by
        self._stopped += by

    def _tag(self, event: Event, tag: Event, arrival: int) -> Iterator[Body | Notice]:
        seen = tag.get("lastSeenTime")
        if seen is None:
            time = self._time(event, arrival)
            if not self._unstamped:
                self._unstamped = True
                yield Notice(
                    "unstamped",
                    "its events do not say when a tag was seen, but when they were queued: set lastSeenTime to enabled"
                    " in eventConfig.tagInventory of its preset",
                )
        else:
            time = self._stamp(values.rfc3339(seen, "lastSeenTime"), arrival)
        port = values.whole(tag.get("antennaPort"), "antennaPort", 0, 0xFFFF)
        epc = _identity(tag)
        phase = math.radians(values.number(tag.get("phaseAngle"), "phaseAngle"))
        rssi = values.number(tag.get("peakRssiCdbm"), "peakRssiCdbm") / 100
        channel = values.whole(tag.get("frequency"), "frequency", 0, _MOST_KILOHERTZ)
        if self._state in _RESTING and time > self._rested + SLACK:
            yield from self._turned("running", time)
        if port in self._dark:  # a reader may take an antenna for missing that reads well
            self._dark.discard(port)
            yield AntennaState(time, port, True)
        self._reads.add(epc, time, port, rssi, phase=phase % math.tau, channel=channel)

    def _time(self, event: Event, arrival: int) -> int:
        told = event.get("timestamp")
        return arrival if told is None else self._stamp(values.rfc3339(told, "timestamp"), arrival)

    def _inventory(self, about: Event, time: int) -> Iterator[Body | Notice]:
        state = about.get("status", about.get("inventoryStatus"))
        if state not in _STATES:
            raise Malformed(
                f"inventoryStatusEvent.status {values.shown(state)} is none of {', '.join(_STATES)}"
            )
        yield from self._turned(str(state), time)

    def _turned(self, state: str, time: int) -> Iterator[Body | Notice]:
        """A reader that waits for its trigger rests by design; one that was stopped does not, and that is a gap."""
        before, self._state = self._state, state
        if state == "idle" != before:
            self._stopped = time
            yield Notice(
                "stopped", "it does not read: start its inventory, or name the preset that it shall run"
            )
        elif before == "idle" != state:
            yield Dropped(max(time, self._stopped), self._stopped, "its inventory had been stopped")
        rested = before in _RESTING
        if rested != (state in _RESTING):
            self._rested = time
            yield Idle(time, not rested)

    def _antenna_on(self, about: Event, time: int) -> Iterator[Body | Notice]:
        port = _port(about)
        self._dark.discard(port)
        yield AntennaState(time, port, True)

    def _antenna_off(self, about: Event, time: int) -> Iterator[Body | Notice]:
        port = _port(about)
        self._dark.add(port)
        yield AntennaState(time, port, False)

    def _input(self, about: Event, time: int) -> Iterator[Body | Notice]:
        port = values.whole(about.get("gpi"), "gpi", 0, 0xFFFF)
        transition = about.get("transition")
        if not isinstance(transition, str) or transition not in _TRANSITIONS:
            raise Malformed(f"transition {values.shown(transition)} is none of {', '.join(_TRANSITIONS)}")
        yield Gpi(time, port, _TRANSITIONS[transition])

    def _overflow(self, about: Event, time: int) -> Iterator[Body | Notice]:
        """Between the first and the last of the events that it threw away."""
        purged = values.whole(about.get("eventsPurged"), "eventsPurged", 0)
        self._counts["events_lost"] += purged
        since, to = (
            time if about.get(name) is None else self._stamp(values.rfc3339(about[name], name), time)
            for name in ("firstEventTimestamp", "lastEventTimestamp")
        )
        yield Dropped(
            max(since, to), min(since, to), f"the reader's buffer was full: it threw away {purged} events"
        )


class Session(MessageSession):
    """One reader on a broker."""

    def __init__(self, presence: Presence | None = None) -> None:
        super().__init__(presence)
        self._events = Events(self.counts, self.reads, self.stamp)

    def understand(self, message: Message) -> Iterator[Said]:
        """Events, one or an array of them; also the tags of Speedway Connect, the older readers' programme."""

        def tell(one: Event) -> Iterator[Said]:
            if "isHeartBeat" in one:
                yield from self._speedway(one, message.arrival)
            else:
                yield from self._events.take(one, message.arrival)

        yield from self.each(message, values.parse(message.payload), tell)

    def _speedway(self, one: Event, arrival: int) -> Iterator[Said]:
        if one["isHeartBeat"] in (True, "true"):
            yield Heartbeat()
            return
        first = one.get("firstSeenTimestamp")
        self.reads.add(
            values.epc(one.get("epc"), "epc"),
            arrival if first is None else self.stamp(values.rfc3339(first, "firstSeenTimestamp"), arrival),
            values.whole(one.get("antennaPort"), "antennaPort", 0, 0xFFFF),
            values.number(one.get("peakRssi"), "peakRssi"),
        )


def _identity(tag: Event) -> bytes:
    """The EPC: in hex if it is told that way, else in base64 (RFC 4648, section 5)."""
    found = tag.get("epcHex")
    return _base64(tag.get("epc")) if found is None else values.epc(found, "epcHex")


def _base64(text: object) -> bytes:
    """With either alphabet, padded or not. Raises Malformed."""
    if isinstance(text, str):
        digits = text.rstrip("=").translate(_URL_SAFE)
        try:
            return binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
        except ValueError:
            pass
    raise Malformed(
        f"epc {values.shown(text)} is no EPC in base64; set epc or epcHex to enabled in the preset"
    )


def _port(about: Event) -> int:
    if about.get("antennaPort") is None:
        raise Malformed("an antenna event names no antennaPort")
    return values.whole(about["antennaPort"], "antennaPort", 0, 0xFFFF)


def describe(value: object) -> Iterator[Event]:
    """A message as `waypost decode` tells it."""
    for one in values.objects(value):
        tag = one.get("tagInventoryEvent")
        if isinstance(tag, dict):
            yield {
                "time": tag.get("lastSeenTime", one.get("timestamp")), "tag": _identity(tag).hex().upper(),
                **{key: found for key, found in tag.items() if key not in ("epc", "epcHex", "lastSeenTime")},
            }  # fmt: skip
        elif "isHeartBeat" in one and one["isHeartBeat"] not in (True, "true"):
            epc = values.epc(one.get("epc"), "epc").hex().upper()
            rest = {key: found for key, found in one.items() if key not in ("epc", "firstSeenTimestamp")}
            yield {"time": one.get("firstSeenTimestamp"), "tag": epc, **rest}
        else:
            yield {"message": one.get("eventType", "heartbeat" if "isHeartBeat" in one else "unknown"), **one}
