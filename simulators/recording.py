"""A simulated world as a file of reads, in the columns that `waypost replay` takes."""

import csv
from operator import itemgetter
from pathlib import Path

import numpy as np

from simulators.radio import FCC_KHZ
from simulators.world import Sightings, World

COLUMNS = ("time", "reader", "antenna", "epc", "rssi", "phase", "doppler", "channel", "count")


def write_reads(world: World, path: Path) -> int:
    """Write every read of every reader in order of delivery; returns how many.

    Columns: time (RFC 3339 with six decimals), reader, antenna, epc (upper-case hex), rssi (dBm), phase (rad),
    doppler (Hz), channel (kHz), count.
    """
    names = [epc.hex().upper() for epc in world.epcs]
    rows = 0
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        readers = world.scenario.layout.readers
        # All readers cut their pieces at the same times, so piece by piece is in order of delivery.
        for pieces in zip(*(world.play(reader) for reader in readers), strict=True):
            lines = [
                line
                for reader, seen in zip(readers, pieces, strict=True)
                for line in _lines(names, reader, seen)
            ]
            lines.sort(key=itemgetter(0))
            out.writerows(line[1:] for line in lines)
            rows += len(lines)
    return rows


def _lines(
    names: list[str], reader: str, seen: Sightings
) -> list[tuple[int, str, str, int, str, str, str, str, int, int]]:
    times = np.datetime_as_string(seen.time.view("datetime64[us]"), timezone="UTC")
    return [
        (
            sent,
            str(time),
            reader,
            antenna,
            names[tag],
            f"{rssi:.2f}",
            f"{angle:.4f}",
            f"{shift:.2f}",
            FCC_KHZ[hop - 1],
            1,
        )
        for sent, time, antenna, tag, rssi, angle, shift, hop in zip(
            seen.sent.tolist(),
            times,
            seen.antenna.tolist(),
            seen.tag.tolist(),
            seen.rssi.tolist(),
            seen.phase.tolist(),
            seen.doppler.tolist(),
            seen.channel.tolist(),
            strict=True,
        )
    ]
