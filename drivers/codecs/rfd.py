"""Zebra handhelds with the IoT Connector: RFD40 and RFD90. Tags, barcodes, heartbeats, alerts and responses as JSON.

The tags of a message share its time. What is known of the fields comes from Zebra's published schema and the messages
that are printed in it; some of these contradict it, and are taken as they came (`_count`, `_kilohertz`, `_identity`).
"""

import json
import math
from binascii import crc_hqx
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.records import SECOND, Alive, Dropped, Scan
from drivers.codecs import json_values as values
from drivers.codecs import label
from drivers.codecs.battery import Battery
from drivers.codecs.event_numbers import EventNumbers
from drivers.codecs.json_values import Malformed
from drivers.codecs.label import Labels
from drivers.codecs.message_session import (
    Heartbeat,
    Message,
    MessageSession,
    Presence,
    Publication,
    Said,
    State,
)
from drivers.codecs.notice import Notice

Object = dict[str, object]

PORT = 1
"""Its only antenna."""

LIVE = 2 * SECOND
"""What comes so soon after it was seen is no backlog: nothing of the same moment is on its way any more."""

_FINE = (0, 1, 11, 12)  # done, accepted, reads already, rests already
_NO_REGION = 6
_MILLISECOND = 1000
_ALERTS = ("ALERT", "EVENT", "NOTIFICATION")
_IDENTITIES = ("EPCid", "idHex", "EPC")


@dataclass(frozen=True, slots=True)
class Tag:
    """Times in microseconds UTC as the handheld has them, None = not told; rssi in dBm, phase in rad, channel in kHz."""

    epc: bytes
    rssi: float
    count: int
    phase: float
    channel: float
    first: int | None
    last: int | None


class Session(MessageSession):
    """One handheld. `commands` is the topic of its commands; codes that begin with `badge` are badges."""

    def __init__(
        self, presence: Presence | None = None, commands: str | None = None, badge: str | None = None
    ) -> None:
        super().__init__(presence)
        self._commands = commands
        self._labels = Labels(badge)
        self._battery = Battery()
        self._numbers = EventNumbers()
        self._last: int | None = None
        self._unnamed = False

    def start(self) -> Sequence[Publication]:
        """Read all the time, not only when the trigger is pulled."""
        return () if self._commands is None else (control(self._commands, "START"),)

    def stop(self) -> Sequence[Publication]:
        """Read when the trigger is pulled."""
        return () if self._commands is None else (control(self._commands, "STOP"),)

    def understand(self, message: Message) -> Iterator[Said]:
        """Tags and barcodes, heartbeats, alerts, its connection, responses; the rest is counted."""
        yield from self.each(message, values.parse(message.payload), lambda one: self._record(message, one))

    def _record(self, message: Message, one: Object) -> Iterator[Said]:
        data = one.get("data")
        if isinstance(data, dict) and ("tagData" in data or "barcodeData" in data):
            yield from self._data(message, data, one.get("timestamp"))
        elif one.get("eventName") == "heartbeat":
            yield Heartbeat()
            yield from self._charge(data)
        elif "connectionState" in one:
            online = one["connectionState"] in (True, "CONNECTED")
            yield State(online, f"says that it is {'' if online else 'dis'}connected")
        elif isinstance(one.get("response"), dict):
            yield from _response(one)
        else:
            yield from self._event(one)

    def _data(self, message: Message, data: Object, timestamp: object) -> Iterator[Said]:
        time = newest = self._time(timestamp, message.arrival)
        tags: list[Tag] = []
        lost = 0

        def tag(record: Object) -> Iterator[Said]:
            nonlocal lost
            lost += self._skipped(record)
            if _is_named(record):
                tags.append(_tag(record))
            else:
                yield from self._without_epc()

        def scan(record: Object) -> Iterator[Said]:
            yield self._scan(record, time)

        wrong = list(self.each(message, data.get("tagData") or [], tag))
        yield from self._missing(lost, time)
        yield from self.each(message, data.get("barcodeData") or [], scan)
        yield from wrong
        seen: dict[bytes, Tag] = {}
        for one in tags:
            if one.last is None:
                seen[one.epc] = _joined(seen[one.epc], one) if one.epc in seen else one
            else:
                newest = max(newest, self._aggregated(one, one.last, message.arrival))
        for one in seen.values():
            self._add(one, time, one.count)
        if message.arrival - newest < LIVE:
            yield Alive(newest + 1)

    def _skipped(self, tag: Object) -> int:
        """How many events its number says that were lost before it."""
        number = tag.get("eventNum")
        return 0 if number is None else self._numbers.missing(values.whole(number, "eventNum", 0))

    def _missing(self, lost: int, time: int) -> Iterator[Said]:
        since = time if self._last is None else min(self._last, time)
        self._last = time
        if lost:
            self.counts["events_lost"] += lost
            yield Dropped(time, since, f"its event numbers skip {lost}: the handheld lost these events")

    def _without_epc(self) -> Iterator[Notice]:
        """Of a record only its number has to be there: what the operating mode leaves out cannot be read."""
        self.counts["no_epc"] += 1
        if not self._unnamed:
            self._unnamed = True
            yield Notice(
                "no_epc",
                "it tells tags without their EPC: enable it in tagMetaDataToEnable of its operating mode",
            )

    def _aggregated(self, tag: Tag, last: int, arrival: int) -> int:
        """A report that stands for several reads: the first of them, and the last at the time that is returned."""
        end = self.stamp(last, arrival)
        count = tag.count
        if tag.first is not None and tag.first < last and count > 1:
            self._add(tag, end - (last - tag.first), count - 1)
            count = 1
        self._add(tag, end, count)
        return end

    def _add(self, tag: Tag, time: int, count: int) -> None:
        self.reads.add(tag.epc, time, PORT, tag.rssi, count, tag.phase, tag.channel)

    def _scan(self, code: Object, time: int) -> Scan | Notice:
        text, symbology = code.get("decodedBarcode"), code.get("symbology")
        if not isinstance(text, str):
            raise Malformed(f"decodedBarcode {values.shown(text)} is no text")
        found = self._labels.scan(text, time)
        if isinstance(found, Scan) and not found.symbology and isinstance(symbology, str):
            return replace(found, symbology=_symbology(symbology))
        return found

    def _event(self, one: Object) -> Iterator[Said]:
        details = one.get("alertDetails")
        name = str(one.get("id"))
        if isinstance(details, dict) and "batteryAlert" in details:
            yield from self._charge(details)
        elif one.get("type") in _ALERTS and (name.endswith("_SET") or one.get("state") == "SET"):
            more = values.shown(one.get("description") or details)
            yield Notice("alerts", f"the handheld reports {values.shown(name)}: {more}")
        elif one.get("eventName") == "exception":
            yield from _exceptions(one)
        else:
            self.counts["other"] += 1

    def _charge(self, data: object) -> Iterator[Notice]:
        """`data` has the battery's state, or has none."""
        found = data.get("batteryAlert", data.get("batteryStatus")) if isinstance(data, dict) else None
        if not isinstance(found, dict):
            return
        percent = found.get("chargePercentage", found.get("level"))
        if percent is not None:
            charging = found.get("status") == "CHARGING"
            notice = self._battery.at(values.whole(percent, "chargePercentage", 0), charging)
            if notice is not None:
                yield notice

    def _time(self, timestamp: object, arrival: int) -> int:
        return arrival if timestamp is None else self.stamp(values.rfc3339(timestamp, "timestamp"), arrival)


def control(topic: str, operation: str, what: str = "RFID") -> Publication:
    """START or STOP its radio, or its SCANNER."""
    body = {
        "command": "control_operation",
        "requestId": f"waypost-{operation.lower()}",
        "ctrlOprPayload": {"controlType": what, "operation": operation},
    }
    return Publication(topic, json.dumps(body).encode())


def bank_epc(bank: bytes) -> bytes:
    """The EPC in an EPC memory bank, which begins with the CRC and the PC of Gen2 tags (ISO/IEC 18000-63); else `bank`."""
    end = 4 + (bank[2] >> 3) * 2 if len(bank) > 4 else 0
    if 0 < end <= len(bank) and crc_hqx(bank[2:end], 0xFFFF) ^ 0xFFFF == int.from_bytes(bank[:2]):
        return bank[4:end]
    return bank


def _tag(one: Object) -> Tag:
    phase = values.number(one.get("phase"), "phase")
    return Tag(
        _identity(one),
        values.number(one.get("peakRssi"), "peakRssi"),
        _count(one),
        math.radians(phase) % math.tau,
        _kilohertz(one.get("channel")),
        _milliseconds(one, "firstSeenTime"),
        _milliseconds(one, "lastSeenTime"),
    )


def _is_named(one: Object) -> bool:
    return any(one.get(key) is not None for key in _IDENTITIES)


def _identity(one: Object) -> bytes:
    """EPCid; idHex in the older schema; EPC alone, or the whole bank of that name."""
    for key in ("EPCid", "idHex"):
        if one.get(key) is not None:
            return values.epc(one[key], key)
    return bank_epc(values.epc(one.get("EPC"), "EPCid"))


def _count(one: Object) -> int:
    """Published messages tell 1 as 256, its bytes swapped: a multiple of 256 is taken for such a number."""
    told = values.whole(one.get("seenCount", one.get("reads")), "seenCount", 1)
    return told >> 8 if 0 < told < 1 << 16 and not told & 0xFF else told


def _kilohertz(channel: object) -> float:
    """From MHz, as the schema has it, or from kHz; a number that is neither is the index of a channel: 0 = unknown."""
    found = values.number(channel, "channel", 0.0)
    if 840 <= found <= 960:
        return found * 1000
    return found if 840_000 <= found <= 960_000 else 0.0


def _milliseconds(one: Object, name: str) -> int | None:
    return None if one.get(name) is None else values.epoch(one[name], name, _MILLISECOND)


def _joined(tag: Tag, other: Tag) -> Tag:
    """Two reads of one tag with one time: as one that counts for both, as strong as the stronger."""
    rssi = tag.rssi if math.isnan(other.rssi) or tag.rssi > other.rssi else other.rssi
    return replace(tag, rssi=rssi, count=tag.count + other.count)


def _symbology(name: str) -> str:
    return name.lower().replace("_", "-")


def _response(one: Object) -> Iterator[Said]:
    """A refused command; one that was not needed is none."""
    said = one["response"]
    assert isinstance(said, dict)
    code = said.get("code")
    if code in _FINE:
        return
    remedy = "look at it with 123RFID Desktop"
    if code == _NO_REGION:
        remedy = "set its region with 123RFID Desktop; without one it may not read"
    command, reason = values.shown(one.get("command")), values.shown(said.get("description"))
    yield Notice("commands_refused", f"the handheld refuses {command}: {reason} (code {code}); {remedy}")


def _exceptions(one: Object) -> Iterator[Said]:
    details = one.get("details")
    found = details.get("exceptions") if isinstance(details, dict) else None
    for part, told in found.items() if isinstance(found, dict) else ():
        if isinstance(told, dict) and told.get("code"):
            yield Notice("reader_errors", f"its {part} reports: {values.shown(told.get('message'))}")


def describe(value: object) -> Iterator[dict[str, object]]:
    """A message as `waypost decode` tells it."""
    for one in values.objects(value):
        data = one.get("data")
        if isinstance(data, dict) and ("tagData" in data or "barcodeData" in data):
            time = one.get("timestamp")
            yield from (_tag_row(tag, time) for tag in values.objects(data.get("tagData") or []))
            yield from (_code_row(code, time) for code in values.objects(data.get("barcodeData") or []))
        else:
            yield {"message": one.get("eventName", one.get("type", one.get("command", "unknown"))), **one}


def _tag_row(tag: Object, time: object) -> dict[str, object]:
    if not _is_named(tag):
        return {"message": "a tag without EPC", "time": time, **tag}
    rest = {key: found for key, found in tag.items() if key not in ("EPCid", "idHex")}
    return {"time": time, "tag": _identity(tag).hex().upper(), **rest}


def _code_row(code: Mapping[str, object], time: object) -> dict[str, object]:
    text = code.get("decodedBarcode")
    try:
        found = label.read(text if isinstance(text, str) else "")
    except label.Refused as refused:
        return {"error": str(refused), **code}
    return {"time": time, "tag": found.tag, "code": found.code, "symbology": code.get("symbology")}
