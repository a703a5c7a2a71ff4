"""What a device that talks by messages says, as `waypost decode` tells it: tags, fixes and scans, and all else by name."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.events import rfc3339
from core.records import Channels, Fixes, Floats, Reads, Scan, rows_of
from drivers.codecs import fix_lines, message_recording
from drivers.codecs import json_values as values
from drivers.codecs.message_session import Message, MessageSession, Said
from drivers.codecs.notice import Notice

Line = dict[str, object]


def decode_lines(data: bytes, session: MessageSession, topic: str, arrival: int) -> Iterator[Line]:
    """One JSON-able object per tag and scan ("tag"), per fix ("lat"), and per other thing; what is not understood is an
    "error". The lines are as for `message_decode`.

    session  of the device, as its settings make it
    topic    of a message that stands there without one;  arrival  the same, microseconds UTC
    """
    for message in _messages(data, topic, arrival):
        for said in session.receive([message]):
            yield from lines(said)
    if session.counts:
        yield {"message": "counted", **session.counts}


def _messages(data: bytes, topic: str, arrival: int) -> Iterator[Message]:
    whole = b"\n" in data.strip() and values.is_json(data)
    for line in [data] if whole else data.splitlines():
        before, _, rest = line.partition(b" ")
        if not line.strip():
            continue
        if rest.lstrip()[:1] in (b"{", b"[") and before[:1] not in b'{["':
            yield Message(before.decode(errors="replace"), rest, False, arrival)
        elif _is_recorded(line):
            (one,) = message_recording.messages(line)
            yield one if one.arrival else replace(one, arrival=arrival)
        else:
            yield Message(topic, line, False, arrival)


def _is_recorded(line: bytes) -> bool:
    try:
        next(message_recording.messages(line), None)
    except values.Malformed:
        return False
    return True


def lines(said: Said) -> Iterator[Line]:
    """Of one thing that was said."""
    match said:
        case Reads():
            yield from _reads(said)
        case Fixes():
            yield from map(fix_lines.line, rows_of(said))
        case Scan():
            yield {
                "time": rfc3339(said.time),
                "tag": said.tag,
                "code": said.code,
                "symbology": said.symbology or None,
                "operator": said.operator,
            }
        case Notice("malformed", text):
            yield {"error": text}
        case Notice(name, text):
            yield {"message": name, "text": text}
        case _:
            yield {"message": type(said).__name__.lower(), "text": str(said)}


def _reads(batch: Reads) -> Iterator[Line]:
    optional = {"phase": batch.phase, "doppler": batch.doppler, "channel": batch.channel}
    told = {name: column for name, column in optional.items() if column is not None}
    for row in range(len(batch)):
        yield {
            "time": rfc3339(int(batch.time[row])),
            "tag": batch.tags.ids[batch.tag[row]],
            "antenna": int(batch.antenna[row]) or None,
            "rssi": _number(batch.rssi, row),
            "count": int(batch.count[row]),
            **{name: _number(column, row) for name, column in told.items()},
        }


def _number(column: Floats | Channels, row: int) -> float | None:
    value = float(column[row])
    return None if np.isnan(value) else round(value, 4)
