"""Zebra fixed readers with the IoT Connector: FX7500, FX9600, ATR7000, FXR60, FXR90.

Zebra's IoT Connector interface: tag data as one object or an array of them, everything but idHex optional; commands
and responses on topics of their own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import pi

import numpy as np

from core.records import Dropped, Gpi, Times
from drivers.codecs import json_values as values
from drivers.codecs.event_numbers import EventNumbers
from drivers.codecs.json_columns import Rfc3339, found_in_each
from drivers.codecs.json_rows import Field, Rows, Units, channels, measured
from drivers.codecs.json_session import JsonSession
from drivers.codecs.message_session import Heartbeat, Message, Presence, Publication, Said
from drivers.codecs.notice import Notice

ONGOING = "ongoing"
"""A start that is refused with these words (REST: status 422) found the radio at work."""
_ALREADY = 422
_TID_BYTES = 12
_NAMES: Mapping[Field, str] = {
    "tag": "idHex", "time": "timestamp", "antenna": "antenna", "rssi": "peakRssi", "count": "reads",
    "phase": "phase", "channel": "channel", "number": "eventNum",
}  # fmt: skip


class Session(JsonSession):
    """One reader. `commands` is the topic of its control commands; none: it is started by others."""

    def __init__(self, presence: Presence | None = None, commands: str | None = None) -> None:
        self._timestamps = Rfc3339().column
        units = Units(self._timestamps, measured(1.0), measured(pi / 180), channels(1000.0, "MHz"))
        super().__init__(_NAMES, units, presence)
        self._commands = commands
        self._numbers = EventNumbers()
        self._last: int | None = None

    def begin(self) -> Sequence[Publication]:
        """Let it read; one that does already answers so."""
        return () if self._commands is None else (start(self._commands),)

    def stop(self) -> Sequence[Publication]:
        """Let it rest."""
        return () if self._commands is None else (stop(self._commands),)

    def understand(self, message: Message) -> Iterator[Said]:
        """Tag data, heartbeats, inputs, responses; other management events are counted."""
        root = values.parse(message.payload)
        records = root if isinstance(root, list) else [root]
        if all(map(_is_plain_tag, records)):
            yield from self._tags(message, records)
            return
        yield from self.each(message, records, lambda one: self._record(message, one))

    def told(self, rows: Rows, time: Times) -> Iterator[Said]:
        """See JsonSession. Where numbers are missing, the reads before and after stand apart."""
        assert rows.number is not None
        done = 0
        for at, (number, seen) in enumerate(zip(rows.number.tolist(), time.tolist(), strict=True)):
            lost = self._numbers.missing(number) if number >= 0 else 0
            if lost:
                yield from super().told(rows.pick(slice(done, at)), time[done:at])
                self.counts["events_lost"] += lost
                since = seen if self._last is None else min(self._last, seen)
                yield Dropped(seen, since, f"its event numbers skip {lost}: the reader lost these events")
                done = at
            self._last = seen
        yield from super().told(rows.pick(slice(done, None)), time[done:])

    def _record(self, message: Message, one: dict[str, object]) -> Iterator[Said]:
        kind = one.get("type")
        data = one.get("data")
        if isinstance(data, dict) and "idHex" in data:
            told = data if data.get("format") != "fastID" else data | {"idHex": _identity(data).hex()}
            yield from self._tags(message, [one | {"data": told}])
        elif "response" in one:
            yield from _response(one)
        elif isinstance(kind, str) and kind.lower() == "heartbeat":
            yield Heartbeat()
        elif isinstance(kind, str) and kind.lower() == "gpi" and isinstance(data, dict):
            yield self._input(one, data, message.arrival)
        else:
            self.counts["other"] += 1

    def _tags(self, message: Message, records: list[object]) -> Iterator[Said]:
        data = found_in_each(records, ("data",))
        return self.tell(
            message,
            {
                field: found_in_each(records if field == "time" else data, (name,))
                for field, name in _NAMES.items()
            },
        )

    def _input(self, one: dict[str, object], data: dict[str, object], arrival: int) -> Said:
        port = values.whole(data.get("pin"), "pin", 0, 0xFFFF)
        times = self._timestamps([one.get("timestamp")], "timestamp")
        (time,) = self.stamps(times, np.array([arrival], np.int64)).tolist()
        return Gpi(time, port, str(data.get("state")).upper() == "HIGH")


def start(topic: str) -> Publication:
    """Begin to read; a reboot ends it."""
    body = {"command": "start", "command_id": "waypost-start", "payload": {"doNotPersistState": True}}
    return Publication(topic, json.dumps(body).encode())


def stop(topic: str) -> Publication:
    """Read no more, until the next start."""
    body = {"command": "stop", "command_id": "waypost-stop", "payload": {}}
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


def _is_plain_tag(one: object) -> bool:
    data = one.get("data") if isinstance(one, dict) else None
    return isinstance(data, dict) and "idHex" in data and data.get("format") != "fastID"


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
