"""What was heard of something, read by read, out of the inputs of a journal."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from math import isnan

import numpy as np

from core.events import rfc3339
from core.offset import corrected
from core.records import SECOND, Input, Reads, Scan
from core.site import Antenna, Site, Source

MOST = 100_000
"""Sightings that are kept, the ones that came last."""

Row = dict[str, str | int | float | None]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One row of a report, or one scan. `time` in microseconds UTC, the device's offset applied; `rssi` None = not told.

    `place` and `side` are where the antenna looks at, None where it looks at nothing that the site names.
    """

    time: int
    tag: str
    device: str
    antenna: int
    place: str | None
    side: str | None
    rssi: float | None
    count: int

    def as_json(self) -> Row:
        """By the names of the contract."""
        return {
            "time": rfc3339(self.time),
            "tag": self.tag,
            "device": self.device,
            "antenna": self.antenna,
            "place": self.place,
            "side": self.side,
            "rssi": self.rssi,
            "count": self.count,
        }


def sightings(inputs: Iterable[Input], site: Site, tags: Collection[str]) -> list[Sighting]:
    """By time; what was delivered again stands once."""
    sources = {source.id: source for source in site.sources}
    found: deque[Sighting] = deque(maxlen=MOST)
    for input in inputs:
        source = sources.get(input.source)
        if source is not None:
            found.extend(_heard(input, source, tags))
    once = {(one.device, one.antenna, one.tag, one.time): one for one in reversed(found)}
    return sorted(once.values(), key=lambda one: (one.time, one.device, one.antenna, one.tag))


def _heard(input: Input, source: Source, tags: Collection[str]) -> Iterator[Sighting]:
    body = corrected(input.body, round(source.offset * SECOND))
    if isinstance(body, Scan) and body.tag in tags:
        place, side = _looks_at(source, 0)
        yield Sighting(body.time, body.tag, source.id, 0, place, side, None, 1)
    if not isinstance(body, Reads):
        return
    codes = [code for tag in tags if (code := body.tags.find(tag)) >= 0]
    for row in np.flatnonzero(np.isin(body.tag, codes)).tolist():
        port, rssi = int(body.antenna[row]), float(body.rssi[row])
        place, side = _looks_at(source, port)
        yield Sighting(
            int(body.time[row]),
            body.tags.ids[body.tag[row]],
            source.id,
            port,
            place,
            side,
            None if isnan(rssi) else round(rssi, 2),
            int(body.count[row]),
        )


def _looks_at(source: Source, port: int) -> tuple[str | None, str | None]:
    by_port: dict[int, Antenna] = {one.port: one for one in source.antennas}
    antenna = by_port.get(port) or by_port.get(0)
    return (None, None) if antenna is None else (antenna.portal or antenna.zone, antenna.side)


def by_antenna(heard: Iterable[Sighting]) -> list[Row]:
    """A row for each antenna, in order of first read: rows and sightings, first and last, the strongest and when."""
    groups: dict[tuple[str, int], list[Sighting]] = {}
    for one in heard:
        groups.setdefault((one.device, one.antenna), []).append(one)
    return [_summary(group) for group in groups.values()]


def _summary(group: list[Sighting]) -> Row:
    first, last = group[0], group[-1]
    told = [(one.rssi, one.time) for one in group if one.rssi is not None]
    strongest, when = max(told, key=lambda one: (one[0], -one[1])) if told else (None, None)
    return {
        "device": first.device,
        "antenna": first.antenna,
        "place": first.place,
        "side": first.side,
        "rows": len(group),
        "reads": sum(one.count for one in group),
        "first": rfc3339(first.time),
        "last": rfc3339(last.time),
        "strongest": strongest,
        "strongest_at": None if when is None else rfc3339(when),
    }
