"""Rows of a batch as one statement each: it inserts them and notes them in the ledger, or does neither.

The body of an event goes as it stands in the journal and is taken apart by the server: taking it apart here costs
four times the CPU time of everything else, on a machine that has better things to do.
"""

from collections.abc import Iterable, Sequence
from typing import LiteralString

import numpy as np
from numpy.typing import NDArray

from core.records import Codes, Dictionary, Fixes, Reads
from gateway.rows import EventRow, GapRow
from gateway.sinks.contract import Batch, Events, Gaps, Positions, Readings
from gateway.sinks.feed import mark
from gateway.sinks.timescale.arrays import (
    Array,
    Parameters,
    chosen,
    documents,
    element,
    numbers,
    texts,
    times,
)

# exact until the year 2255: above it the multiplication, which is one of double precision, loses microseconds
_EVENTS: LiteralString = """
    INSERT INTO waypost.event (
        site, epoch, seq, id, time, detected, time_error, kind, item, tag, place, from_place, direction, lat, lon,
        confidence, reads, late, source, evidence, retracts, of
    )
    SELECT
        %(site)b, %(epoch)b::uuid, seq, id::uuid, time,
        timestamptz 'epoch' + (body->>'detected')::bigint * interval '1 microsecond',
        (body->>'time_error')::double precision, kind, item, tag, place, body->>'from_place', body->>'direction',
        (body->>'lat')::double precision, (body->>'lon')::double precision, (body->>'confidence')::real,
        coalesce((body->>'reads')::bigint, 0), coalesce((body->>'late')::boolean, false), body->>'source',
        coalesce(body->'evidence', '{}'), (body->>'retracts')::uuid, body->>'of'
    FROM unnest(
        %(seq)b::bigint[], %(id)b::text[], %(time)b::timestamptz[], %(kind)b::text[], %(item)b::text[],
        %(tag)b::text[], %(place)b::text[], %(body)b::jsonb[]
    ) AS given (seq, id, time, kind, item, tag, place, body)
"""
_GAPS: LiteralString = """
    INSERT INTO waypost.gap (site, epoch, seq, source, since, until, reason, filled)
    SELECT %(site)b, %(epoch)b::uuid, *
    FROM unnest(
        %(seq)b::bigint[], %(source)b::text[], %(since)b::timestamptz[], %(until)b::timestamptz[],
        %(reason)b::text[], %(filled)b::bigint[]
    )
"""
_READS: LiteralString = """
    INSERT INTO waypost.read (site, epoch, seq, time, source, antenna, tag, rssi, phase, doppler, channel, count)
    SELECT %(site)b, %(epoch)b::uuid, *
    FROM unnest(
        %(seq)b::bigint[], %(time)b::timestamptz[], %(source)b::text[], %(antenna)b::integer[], %(tag)b::text[],
        %(rssi)b::real[], %(phase)b::real[], %(doppler)b::real[], %(channel)b::integer[], %(count)b::integer[]
    )
"""
_FIXES: LiteralString = """
    INSERT INTO waypost.fix (
        site, epoch, seq, time, tracker, lat, lon, alt, speed, course, accuracy, satellites, flags, source, attributes
    )
    SELECT %(site)b, %(epoch)b::uuid, *
    FROM unnest(
        %(seq)b::bigint[], %(time)b::timestamptz[], %(tracker)b::text[], %(lat)b::double precision[],
        %(lon)b::double precision[], %(alt)b::real[], %(speed)b::real[], %(course)b::real[], %(accuracy)b::real[],
        %(satellites)b::integer[], %(flags)b::integer[], %(source)b::text[], %(attributes)b::jsonb[]
    )
"""
_LINE: LiteralString = "%(site)b::text, %(epoch)b::uuid, %(stream)b::text"


def _once(insert: LiteralString, account: LiteralString) -> LiteralString:
    """Rows that are there already change nothing; what `account` raises undoes the insertion."""
    return f"WITH put AS ({insert} ON CONFLICT DO NOTHING RETURNING 1) SELECT {account}"


_WRITTEN: LiteralString = (
    f"waypost.account({_LINE}, %(first)b::bigint, %(last)b::bigint, 'written', NULL, %(mark)b::text, "
    "%(offered)b::bigint, (SELECT count(*) FROM put))"
)
_REDEEMED: LiteralString = (
    f"waypost.settle({_LINE}, %(first)b::bigint, 'written', NULL, %(mark)b::text, (SELECT count(*) FROM put))"
)
DROP: LiteralString = (
    f"SELECT waypost.settle({_LINE}, %(first)b::bigint, %(state)b::text, %(reason)b::text, NULL)"
)
"""Notes that a quarantined number is given up. Parameters: site, epoch, stream, first, state, reason."""
HOLE: LiteralString = f"SELECT waypost.account({_LINE}, %(first)b::bigint, %(last)b::bigint, %(state)b::text, %(reason)b::text, NULL)"
"""Notes numbers that will not come. Parameters: site, epoch, stream, first, last, state, reason."""


def insertion(batch: Batch) -> tuple[LiteralString, Parameters]:
    """The statement that writes what comes next, and its parameters. ValueError for rows that cannot be sent."""
    insert, columns = _columns(batch)
    return _once(insert, _WRITTEN), {**_line(batch), **columns}


def redemption(batch: Batch) -> tuple[LiteralString, Parameters]:
    """The same for one row that the ledger has as quarantined."""
    insert, columns = _columns(batch)
    return _once(insert, _REDEEMED), {**_line(batch), **columns}


def _line(batch: Batch) -> Parameters:
    line = batch.line
    return {
        "site": line.site,
        "epoch": line.epoch,
        "stream": line.stream,
        "first": batch.first,
        "last": batch.last,
        "mark": mark(batch),
        "offered": batch.last - batch.first + 1,
    }


def _columns(batch: Batch) -> tuple[LiteralString, Parameters]:
    match batch.rows:
        case Events(events):
            return _EVENTS, _event_columns(events)
        case Gaps(gaps):
            return _GAPS, _gap_columns(gaps)
        case Readings(readings):
            return _READS, _read_columns(batch.first, readings)
        case Positions(positions):
            return _FIXES, _fix_columns(batch.first, positions)


def _event_columns(rows: Sequence[EventRow]) -> Parameters:
    seq, id, time, kind, item, tag, place, body, _ = zip(*rows, strict=True)
    return {
        "seq": numbers(np.array(seq, np.int64)),
        "id": texts(id),
        "time": times(np.array(time, np.int64)),
        "kind": texts(kind),
        "item": texts(item),
        "tag": texts(tag),
        "place": texts(place),
        "body": documents(body),
    }


def _gap_columns(rows: Sequence[GapRow]) -> Parameters:
    seq, source, since, until, reason, filled, _ = zip(*rows, strict=True)
    return {
        "seq": numbers(np.array(seq, np.int64)),
        "source": texts(source),
        "since": times(np.array(since, np.int64)),
        "until": times(np.array(until, np.int64)),
        "reason": texts(reason),
        "filled": numbers(np.array(filled, np.int64)),
    }


def _read_columns(first: int, parts: Sequence[tuple[str, Reads]]) -> Parameters:
    """What a device does not report is null."""
    every = [reads for _, reads in parts]
    time = np.concatenate([reads.time for reads in every])
    rssi = np.concatenate([reads.rssi for reads in every])
    phase = np.concatenate([_or(reads.phase, np.nan, reads) for reads in every])
    doppler = np.concatenate([_or(reads.doppler, np.nan, reads) for reads in every])
    channel = np.concatenate([_or(reads.channel, 0, reads) for reads in every]).astype(np.int32)
    sources = np.repeat(np.arange(len(parts), dtype=np.int32), [len(reads) for reads in every])
    return {
        "seq": numbers(np.arange(first, first + len(time), dtype=np.int64)),
        "time": times(time),
        "source": chosen([element(source) for source, _ in parts], sources),
        "antenna": numbers(np.concatenate([reads.antenna for reads in every]).astype(np.int32)),
        "tag": _ids((reads.tags, reads.tag) for reads in every),
        "rssi": numbers(rssi, np.isnan(rssi)),
        "phase": numbers(phase, np.isnan(phase)),
        "doppler": numbers(doppler, np.isnan(doppler)),
        "channel": numbers(channel, channel == 0),
        "count": numbers(np.concatenate([reads.count for reads in every])),
    }


def _or(column: NDArray[np.generic] | None, absent: float, reads: Reads) -> NDArray[np.generic]:
    return np.full(len(reads), absent, np.float32) if column is None else column


def _fix_columns(first: int, parts: Sequence[tuple[str, Fixes]]) -> Parameters:
    """What a tracker does not report is null."""
    every = [fixes for _, fixes in parts]
    time = np.concatenate([fixes.time for fixes in every])
    satellites = np.concatenate([fixes.satellites for fixes in every]).astype(np.int32)
    sources = np.repeat(np.arange(len(parts), dtype=np.int32), [len(fixes) for fixes in every])
    attributes = [text or "{}" for fixes in every for text in fixes.attributes or [""] * len(fixes)]
    reported = {
        "alt": np.concatenate([fixes.alt for fixes in every]),
        "speed": np.concatenate([fixes.speed for fixes in every]),
        "course": np.concatenate([fixes.course for fixes in every]),
        "accuracy": np.concatenate([fixes.accuracy for fixes in every]),
    }
    return {
        "seq": numbers(np.arange(first, first + len(time), dtype=np.int64)),
        "time": times(time),
        "tracker": _ids((fixes.trackers, fixes.tracker) for fixes in every),
        "lat": numbers(np.concatenate([fixes.lat for fixes in every])),
        "lon": numbers(np.concatenate([fixes.lon for fixes in every])),
        **{name: numbers(column, np.isnan(column)) for name, column in reported.items()},
        "satellites": numbers(satellites, satellites < 0),
        "flags": numbers(np.concatenate([fixes.flags for fixes in every]).astype(np.int32)),
        "source": chosen([element(source) for source, _ in parts], sources),
        "attributes": documents(attributes),
    }


def _ids(columns: Iterable[tuple[Dictionary, Codes]]) -> Array:
    """Each distinct id is encoded once."""
    known: dict[str, int] = {}
    codes = []
    for ids, column in columns:
        used, places = np.unique(column, return_inverse=True)
        table = [known.setdefault(ids.ids[code], len(known)) for code in used.tolist()]
        codes.append(np.array(table, np.int32)[places])
    return chosen([element(one) for one in known], np.concatenate(codes))
