"""What do these LLRP bytes say? One JSON-able object per tag and per other message."""

import math
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from core.tags import tag_id
from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import HEADER, Message, Node, Parameter, Unknown, decode_message, decode_parameter
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_layout import BREAKS, next_tag
from drivers.codecs.llrp_schema import Bits, Value
from drivers.codecs.llrp_sightings import LAST_TIME
from drivers.codecs.llrp_tables import MESSAGE_TYPES

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Line = dict[str, Json]

_TEXT = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]*")
"""No message can be mistaken for that: the first byte of its length is 0."""
_SEPARATORS = str.maketrans("", "", " \t:,-")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CLOCKS = {"time": "", "uptime": "_uptime"}
_STAMPS = {
    f"{seen}SeenTimestamp{clock}": f"{seen.lower()}_seen{suffix}"
    for seen in ("First", "Last")
    for clock, suffix in (("UTC", ""), ("Uptime", "_uptime"))
}
_PLAIN = {
    "AntennaID": "antenna",
    "PeakRSSI": "rssi",
    "ChannelIndex": "channel_index",
    "TagSeenCount": "count",
}
_SCALED = {  # in dBm, rad and Hz, with so many decimals
    "ImpinjPeakRSSI": ("rssi", 0.01, 2),
    "ImpinjRFPhaseAngle": ("phase", 2 * math.pi / 4096, 6),
    "ImpinjRFDopplerFrequency": ("doppler", 1 / 16, 4),
}


def decode_lines(data: bytes) -> Iterator[Line]:
    """Messages in raw bytes or in lines of hex; what is broken gives {"error": ...}, and it goes on behind it."""
    if not _TEXT.fullmatch(data[: HEADER.size]):
        yield from _messages(data)
        return
    gathered, before = bytearray(), 0

    def told(end: int) -> Iterator[Line]:
        nonlocal before
        yield from _messages(bytes(gathered[:end]), before)
        del gathered[:end]
        before += end

    for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
        digits = line.partition("#")[0].translate(_SEPARATORS).removeprefix("0x")
        try:
            new = bytes.fromhex(digits)
        except ValueError:
            yield from told(len(gathered))
            yield {"error": f"line {number} is no hex: {line.strip()[:60]!r}"}
            continue
        if new and _whole(new) == len(new):  # what is unfinished before it was cut short
            yield from told(len(gathered))
        gathered += new
        yield from told(_whole(gathered))
    yield from told(len(gathered))


def _whole(data: bytes | bytearray) -> int:
    """Where the last of the whole messages of known types that `data` begins with ends."""
    end = 0
    while end + HEADER.size <= len(data) and end < (stop := _stop(data, end)) <= len(data):
        end = stop
    return end


def _messages(data: bytes, before: int = 0) -> Iterator[Line]:
    """The messages in `data`, which stands behind `before` other bytes."""
    start = 0
    while start < len(data):
        frames = Frames()
        try:
            found = frames.feed(data[start:])
        except ProtocolError:
            found = []
        for frame in found:
            yield from _message(decode_message(frame))
            start += len(frame)
        if start < len(data):
            error = frames.error or f"the message has {len(data) - start} bytes only"
            behind = _next_message(data, start + 1)
            yield {"error": str(error), "offset": before + start, "skipped": behind - start}
            start = behind


def _next_message(data: bytes, start: int) -> int:
    """Where a whole message of a known type begins that ends with the data or before another one; else the end."""
    for at in range(start, len(data) - HEADER.size + 1):
        stop = _stop(data, at)
        if stop == len(data) or (stop and stop <= len(data) - HEADER.size and _stop(data, stop)):
            return at
    return len(data)


def _stop(data: bytes | bytearray, start: int) -> int:
    """Where the message at `start` ends; 0 if this is no header of a known message."""
    head, length, _ = HEADER.unpack_from(data, start)
    known = 1 <= head >> 10 <= 2 and head & 0x3FF in MESSAGE_TYPES and length >= HEADER.size
    return start + length if known else 0


def _message(message: Message) -> Iterator[Line]:
    if message.name != "RO_ACCESS_REPORT" or not message.children:
        yield {"message": message.name, "id": message.id, "version": message.version, **_inside(message)}
    else:
        yield from _reported(message.children)


def _reported(children: tuple[Parameter | Unknown, ...]) -> Iterator[Line]:
    """Tag by tag; behind damage it goes on at the next one, as the driver does."""
    left, breaks = deque(children), 0
    while left:
        child = left.popleft()
        if isinstance(child, Parameter) and child.name == "TagReportData":
            yield _tag(child)
        elif isinstance(child, Unknown) and child.malformed and breaks < BREAKS:
            breaks += 1
            behind = next_tag(child.data, 1, len(child.data))
            yield {"error": child.data[:behind].hex()}
            left.extendleft(reversed(decode_parameter(child.data[behind:])))
        else:
            yield _readable(child)


def _tag(data: Parameter) -> Line:
    tag: Line = {"time": None, "tag": None}
    others: list[Json] = []
    for child in data.children:
        if isinstance(child, Unknown) or not _take(child, tag):
            others.append(_readable(child))
    if others:
        tag["parameters"] = others
    for name in ("time", "uptime"):
        stamp = tag.get(f"last_seen{_CLOCKS[name]}", tag.get(f"first_seen{_CLOCKS[name]}"))
        if stamp is not None:
            tag[name] = stamp
            break
    return tag


def _take(child: Parameter, tag: Line) -> bool:
    """One value of a tag by its plain name, if it has one."""
    value = next(iter(child.fields.values()), 0)
    match child.name, value:
        case "EPC_96", bytes():
            tag["tag"] = tag_id(value, 96)
        case "EPCData", Bits(count, data):
            tag["tag"] = tag_id(data, count)
        case "ImpinjSerializedTID", tuple():
            tag["tid"] = "".join(f"{word:04X}" for word in value)
        case name, int() if name in _SCALED:
            name, unit, decimals = _SCALED[name]
            tag[name] = round(value * unit, decimals)
        case name, int() if name in _STAMPS:
            tag[_STAMPS[name]] = value if name.endswith("Uptime") else _rfc3339(value)
        case name, int() if name in _PLAIN:
            tag.setdefault(_PLAIN[name], value)
        case _:
            return False
    return True


def _readable(node: Node | Unknown) -> Line:
    if isinstance(node, Unknown):
        return {"error" if node.malformed else "unknown": node.data.hex()}
    return {"parameter": node.name, **_inside(node)}


def _inside(node: Node) -> Line:
    inside: Line = {name: _json(value) for name, value in node.fields.items()}
    if node.children:
        inside["parameters"] = [_readable(child) for child in node.children]
    return inside


def _json(value: Value) -> Json:
    match value:
        case bytes():
            return value.hex()
        case Bits(count, data):
            return {"bits": count, "data": data.hex()}
        case tuple():
            return list(value)
    return value


def _rfc3339(microseconds: int) -> str:
    if microseconds > LAST_TIME:
        return f"{microseconds} us, which is no time"
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
