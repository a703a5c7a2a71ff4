"""One row that a destination refused, as text for the journal's quarantine, and as a batch again."""

import json
from dataclasses import astuple

import numpy as np

from core.records import Dictionary, Fix, Reads, fixes, rows_of
from gateway.sinks.contract import Batch, Events, Gaps, Line, Positions, Readings


def to_text(batch: Batch) -> str:
    """A batch of one row as a JSON array: an event's or a gap's row, or device, tag and the columns of a read or fix."""
    match batch.rows:
        case Events((row,)):
            return json.dumps(row)
        case Gaps((gap,)):
            return json.dumps(gap)
        case Readings(((source, reads),)) if len(reads) == 1:
            return json.dumps(
                [
                    source,
                    reads.tags.ids[int(reads.tag[0])],
                    int(reads.time[0]),
                    int(reads.antenna[0]),
                    float(reads.rssi[0]),
                    int(reads.count[0]),
                    None if reads.phase is None else float(reads.phase[0]),
                    None if reads.doppler is None else float(reads.doppler[0]),
                    None if reads.channel is None else int(reads.channel[0]),
                ]
            )
        case Positions(((source, some),)) if len(some) == 1:
            return json.dumps([source, *astuple(next(rows_of(some)))])
        case _:
            raise ValueError(f"{batch.line.stream} {batch.first} to {batch.last} is not one row")


def to_batch(line: Line, seq: int, text: str) -> Batch:
    """The same row again, number `seq` of its line."""
    row = json.loads(text)
    if line.stream == "events":
        return Batch(line, seq, seq, Events((tuple(row),)))
    if line.stream == "gaps":
        return Batch(line, seq, seq, Gaps((tuple(row),)))
    if line.stream == "fixes":
        source, *fix = row
        return Batch(line, seq, seq, Positions(((source, fixes(Dictionary(), [Fix(*fix)])),)))
    source, tag, time, antenna, rssi, count, phase, doppler, channel = row
    reads = Reads(
        Dictionary([tag]),
        np.array([time], np.int64),
        np.zeros(1, np.int32),
        np.array([antenna], np.uint16),
        np.array([rssi], np.float32),
        np.array([count], np.int32),
        None if phase is None else np.array([phase], np.float32),
        None if doppler is None else np.array([doppler], np.float32),
        None if channel is None else np.array([channel], np.int32),
    )
    return Batch(line, seq, seq, Readings(((source, reads),)))
