"""What each antenna hears right now, for `waypost watch`; costs nothing while nobody watches."""

from dataclasses import dataclass, field

import numpy as np

from core.records import SECOND, Reads

TAGS = 100_000
"""Distinct tags counted per antenna and second; more are not told apart."""


@dataclass(slots=True)
class _Antenna:
    reads: int = 0
    tags: set[str] = field(default_factory=set)
    power: float = 0.0
    heard: int = 0
    last: int = 0


class Live:
    """Gathers reads between two calls of `rows`."""

    def __init__(self) -> None:
        self._antennas: dict[tuple[str, int], _Antenna] = {}

    def watch(self, device: str, reads: Reads) -> None:
        """A batch of a device passed by."""
        for port in np.unique(reads.antenna).tolist():
            self._add(self._antennas.setdefault((device, port), _Antenna()), reads, reads.antenna == port)

    def _add(self, antenna: _Antenna, reads: Reads, mine: "np.typing.NDArray[np.bool_]") -> None:
        antenna.reads += int(reads.count[mine].sum())
        antenna.last = max(antenna.last, int(reads.time[mine].max()))
        if len(antenna.tags) < TAGS:
            antenna.tags.update(reads.tags.ids[code] for code in np.unique(reads.tag[mine]).tolist())
        rssi = reads.rssi[mine]
        known = rssi[~np.isnan(rssi)]
        antenna.power += float(known.sum(dtype=np.float64))
        antenna.heard += len(known)

    def rows(self, seconds: float, now: int) -> list[dict[str, str | int | float | None]]:
        """One row per antenna ever heard: device, antenna, reads_per_second, tags, rssi (mean), age (s); starts anew."""
        rows: list[dict[str, str | int | float | None]] = []
        for (device, port), one in sorted(self._antennas.items()):
            rows.append(
                {
                    "device": device,
                    "antenna": port,
                    "reads_per_second": round(one.reads / seconds, 1),
                    "tags": len(one.tags),
                    "rssi": round(one.power / one.heard, 1) if one.heard else None,
                    "age": round(max(now - one.last, 0) / SECOND, 3),
                }
            )
            self._antennas[device, port] = _Antenna(last=one.last)
        return rows
