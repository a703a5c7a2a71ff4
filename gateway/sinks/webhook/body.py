"""Request bodies: as many rows of a batch as fit, in JSON with the field names of the contract."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.events import rfc3339
from core.records import Fixes, Flag, Reads, rows_of
from gateway.rows import event_json, gap_json, row_event, row_gap
from gateway.sinks.contract import Batch, Events, Gaps, Line, Poisoned, Positions, Readings

LARGEST = 1 << 20
"""Bytes of a body, but for a single row that has more."""
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Body:
    """Rows `first` to `last` of a line. `key` is the same whenever the same rows are sent."""

    key: str
    data: bytes


def bodies(batch: Batch, largest: int = LARGEST) -> Iterator[Body]:
    """All rows of a batch in order. Raises Poisoned where JSON has no word for a value, such as a time after 9999."""
    waiting: list[str] = []
    first, size = batch.first, 0
    room = largest - len(_whole(batch.line, batch.last, batch.last, []))
    try:
        for number, row in enumerate(_rows(batch), batch.first):
            if waiting and size + len(row) + 1 > room:
                yield _body(batch.line, first, waiting)
                waiting, first, size = [], number, 0
            waiting.append(row)
            size += len(row) + 1
    except ValueError as error:
        raise Poisoned(f"cannot be said in JSON: {error}") from error
    yield _body(batch.line, first, waiting)


def _body(line: Line, first: int, rows: list[str]) -> Body:
    last = first + len(rows) - 1
    key = f"{line.site}/{line.epoch}/{line.stream}/{first}-{last}"
    return Body(key, _whole(line, first, last, rows))


def _whole(line: Line, first: int, last: int, rows: list[str]) -> bytes:
    head = {"site": line.site, "epoch": line.epoch, "stream": line.stream, "first": first, "last": last}
    return f'{_encode(head)[:-1]},"rows":[{",".join(rows)}]}}'.encode()


def _rows(batch: Batch) -> Iterator[str]:
    """Each row as JSON; all of it is ASCII, so characters are bytes."""
    match batch.rows:
        case Events(rows):
            return (_encode(event_json(row_event(row)[1])) for row in rows)
        case Gaps(rows):
            return (_encode(gap_json(row_gap(row)[1])) for row in rows)
        case Readings(parts):
            return (_encode(row) for source, reads in parts for row in _read_rows(source, reads))
        case Positions(parts):
            return (_encode(row) for source, fixes in parts for row in _fix_rows(source, fixes))


def _fix_rows(source: str, fixes: Fixes) -> Iterator[Mapping[str, object]]:
    """What was not reported is null; of the flags those that are set have names."""
    for fix in rows_of(fixes):
        yield {
            "source": source,
            "time": rfc3339(fix.time),
            "tracker": fix.tracker,
            "lat": fix.lat,
            "lon": fix.lon,
            "alt": _known(fix.alt),
            "speed": _known(fix.speed),
            "course": _known(fix.course),
            "accuracy": _known(fix.accuracy),
            "satellites": None if fix.satellites < 0 else fix.satellites,
            "flags": [str(flag.name).lower() for flag in Flag(fix.flags)],
            "attributes": json.loads(fix.attributes or "{}"),
        }


def _read_rows(source: str, reads: Reads) -> Iterator[Mapping[str, object]]:
    """What was not reported is null, and a channel of 0 too."""
    count = len(reads)
    nothing = np.full(count, np.nan, np.float32)
    columns = (
        reads.time.tolist(),
        reads.tag.tolist(),
        reads.antenna.tolist(),
        reads.count.tolist(),
        reads.rssi.tolist(),
        (nothing if reads.phase is None else reads.phase).tolist(),
        (nothing if reads.doppler is None else reads.doppler).tolist(),
        [0] * count if reads.channel is None else reads.channel.tolist(),
    )
    for time, tag, antenna, sightings, rssi, phase, doppler, channel in zip(*columns, strict=True):
        yield {
            "source": source,
            "time": rfc3339(time),
            "tag": reads.tags.ids[tag],
            "antenna": antenna,
            "rssi": _known(rssi),
            "phase": _known(phase),
            "doppler": _known(doppler),
            "channel": channel or None,
            "count": sightings,
        }


def _known(value: float) -> float | None:
    """Of a float32, in as many digits as it has; JSON knows no NaN and no infinity."""
    return float(f"{value:.7g}") if np.isfinite(value) else None
