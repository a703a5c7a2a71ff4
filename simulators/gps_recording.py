"""What the receivers of a GPS world say as a file of fixes, in the columns that `waypost replay` takes."""

import csv
import math
from pathlib import Path

import numpy as np

from core.events import rfc3339
from simulators.gps_world import NONE, GpsWorld

COLUMNS = ("time", "tracker", "lat", "lon", "alt", "speed", "course", "accuracy", "satellites", "valid")


def write_fixes(world: GpsWorld, path: Path, every: float) -> int:
    """Write every fix of every asset, each `every` seconds, in order of time; returns how many.

    Columns: time (RFC 3339 with six decimals), tracker, lat, lon (degrees), alt (m), speed (m/s), course (degrees),
    accuracy (m, one standard deviation per axis), satellites, valid (1 or 0). What a receiver does not tell is empty.
    """
    names = list(world.assets)
    said = [world.received(name, every) for name in names]
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for row in range(len(said[0]) if said else 0):
            for name, one in zip(names, said, strict=True):
                numbers = (one.alt, one.speed, one.course, one.accuracy)
                out.writerow(
                    (
                        rfc3339(int(one.time[row])),
                        name,
                        f"{one.lat[row]:.7f}",
                        f"{one.lon[row]:.7f}",
                        *(_known(column[row]) for column in numbers),
                        int(one.satellites[row]),
                        int(one.fix[row] != NONE),
                    )
                )
    return sum(map(len, said))


def _known(value: np.float64) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
