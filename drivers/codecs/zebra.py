"""Zebra fixed readers with the IoT Connector: FX7500, FX9600, ATR7000, FXR60, FXR90.

Zebra's IoT Connector interface: tag data as one object or an array of them, everything but idHex optional; commands
and responses on topics of their own.
"""

import json
import math
from collections.abc import Iterator, Sequence

from core.records import Dropped, Gpi
from drivers.codecs import json_values as values
from drivers.codecs.event_numbers import EventNumbers
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_session import Heartbeat, Message, MessageSession, Presence, Publication, Said
from drivers.codecs.notice import Notice

ONGOING = "ongoing"
"""A start that is refused with these words (REST: status 422) found the radio at work."""
_ALREADY = 422
_TID_BYTES = 12


class Session(MessageSession):
    """One reader. `commands` is the topic of its control commands; none: it is started by others."""

    def __init__(self, presence: Presence | None = None, commands: str | None = None) -> None:
        super().__init__(presence)
        self._commands = commands
        self._numbers = EventNumbers()
        self._last: int | None = None

    def begin(self) -> Sequence[Publication]:
        """Let it read; one that does already answers so."""
        return () if self._commands is None else (start(self._commands),)

    def understand(self, message: Message) -> Iterator[Said]:
        """Tag data, heartbeats, inputs, responses; other management events are counted."""
        for one in values.objects(values.parse(message.payload)):
            kind = one.get("type")
            data = one.get("data")
            if isinstance(data, dict) and "idHex" in data:
                yield from self._tag(one, data, message.arrival)
            elif "response" in one:
                yield from _response(one)
            elif isinstance(kind, str) and kind.lower() == "heartbeat":
                yield Heartbeat()
            elif isinstance(kind, str) and kind.lower() == "gpi" and isinstance(data, dict):
                yield self._input(one, data, message.arrival)
            else:
                self.counts["other"] += 1

    def _tag(self, one: dict[str, object], data: dict[str, object], arrival: int) -> Iterator[Said]:
        time = self._time(one, arrival)
        if data.get("eventNum") is not None:
            lost = self._numbers.missing(values.whole(data["eventNum"], "eventNum", 0))
            if lost:
                self.counts["events_lost"] += lost
                since = min(time if self._last is None else self._last, time)
                yield Dropped(time, since, f"its event numbers skip {lost}: the reader lost these events")
        self._last = time
        phase = values.number(data.get("phase"), "phase")
        self.reads.add(
            _identity(data),
            time,
            values.whole(data.get("antenna"), "antenna", 0, 0xFFFF),
            values.number(data.get("peakRssi"), "peakRssi"),
            values.whole(data.get("reads"), "reads", 1),
            math.radians(phase) % math.tau,
            _kilohertz(data.get("channel")),
        )

    def _time(self, one: dict[str, object], arrival: int) -> int:
        if one.get("timestamp") is None:
            return arrival
        return self.stamp(values.rfc3339(one["timestamp"], "timestamp"), arrival)

    def _input(self, one: dict[str, object], data: dict[str, object], arrival: int) -> Said:
        port = values.whole(data.get("pin"), "pin", 0, 0xFFFF)
        return Gpi(self._time(one, arrival), port, str(data.get("state")).upper() == "HIGH")


def start(topic: str) -> Publication:
    """Begin to read; a reboot ends it."""
    body = {"command": "start", "command_id": "waypost-start", "payload": {"doNotPersistState": True}}
    return Publication(topic, json.dumps(body).encode())


def _identity(data: dict[str, object]) -> bytes:
    """The EPC; with FastID a TID of 96 bits stands behind it."""
    found = values.epc(data["idHex"], "idHex")
    if data.get("format") != "fastID":
        return found
    if data.get("PC") is not None:
        words = values.epc(data["PC"], "PC")[:1]
        return found[: (words[0] >> 3) * 2] if words else found
    return found[:-_TID_BYTES] if len(found) > _TID_BYTES else found


def _kilohertz(megahertz: object) -> float:
    found = values.number(megahertz, "channel", 0.0)
    if not 0 <= found < 10_000:
        raise Malformed(f"channel {values.shown(megahertz)} is no frequency in MHz")
    return found * 1000


def _response(one: dict[str, object]) -> Iterator[Said]:
    """A refused command; a start that was not needed is none."""
    said = values.shown(one.get("payload"))
    if one["response"] == "success" or ONGOING in json.dumps(one) or _code(one) == _ALREADY:
        return
    command = values.shown(one.get("command"))
    yield Notice("commands_refused", f"the reader refuses {command}: {said}; look at its status page")


def _code(one: dict[str, object]) -> object:
    payload = one.get("payload")
    return payload.get("code") if isinstance(payload, dict) else None


def describe(value: object) -> Iterator[dict[str, object]]:
    """A message as `waypost decode` tells it."""
    for one in values.objects(value):
        data = one.get("data")
        if isinstance(data, dict) and "idHex" in data:
            yield {
                "time": one.get("timestamp"), "tag": _identity(data).hex().upper(),
                **{key: found for key, found in data.items() if key != "idHex"},
            }  # fmt: skip
        else:
            yield {"message": one.get("type", one.get("command", "unknown")), **one}
