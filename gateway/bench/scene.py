"""Who is where when: the traffic of a benchmark, as tag reports that only lack their times.

Parked tags are always heard on one antenna. Passers go through the reader's portal: one side, then the other, then
silence, and the other way round next time. Visitors are heard by a zone's antenna for a while, then silent. So the
events of a second do not depend on how many reads tell of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.records import Times
from drivers.codecs.llrp import Parameter, encode_parameter

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int32]

SLOT = 0.05
"""Seconds for which the set of tags in view stays the same."""

EPC = 0x3034_257B_F400_0000_0000_0000
"""SGTIN-96 of a made-up company; the serial number counts tags."""

_CHANGING = np.dtype(
    {
        "names": ["epc", "antenna", "rssi", "channel", "first", "last"],
        "formats": ["V12", ">u2", "i1", ">u2", ">i8", ">i8"],
        "offsets": [5, 18, 21, 23, 26, 35],
        "itemsize": 46,
    }
)
_NOISE = 1 << 14


@dataclass(frozen=True, slots=True)
class Cast:
    """How many tags do what at one reader; ports 1 and 2 are a portal's sides, 3 and 4 look at zones.

    ports    where the parked ones are
    cycle    seconds from one pass of a passer to the next; side: seconds that it is heard on each side
    visit    seconds from one visit of a visitor to the next; stay: seconds that it lasts
    together the passers of one pallet; pallets follow each other evenly through the cycle
    """

    parked: int
    passers: int = 0
    visitors: int = 0
    ports: tuple[int, ...] = (1, 2, 3, 4)
    cycle: float = 4.0
    side: float = 0.5
    visit: float = 3.0
    stay: float = 1.0
    together: int = 1

    @property
    def tags(self) -> int:
        """All of them."""
        return self.parked + self.passers + self.visitors


class Scene:
    """The tags of one reader: 46-byte reports (LLRP 1.1, TagReportData with EPC-96) by tag and antenna.

    first  number of the reader's first tag; seed: of the order in which tags are heard
    phase  seconds by which its traffic is ahead of others'
    """

    def __init__(self, cast: Cast, first: int = 0, seed: int = 1, phase: float = 0.0) -> None:
        self.cast = cast
        self._phase = phase
        random = np.random.default_rng(seed)
        tags = np.arange(first, first + cast.tags, dtype=np.int64)
        parked, passers, visitors = np.split(tags, [cast.parked, cast.parked + cast.passers])
        pairs = [(tag, cast.ports[n % len(cast.ports)]) for n, tag in enumerate(parked.tolist())]
        pairs += [(tag, port) for tag in passers.tolist() for port in (1, 2)]
        pairs += [(tag, 3 + n % 2) for n, tag in enumerate(visitors.tolist())]
        self._reports = _encode(pairs, random)
        self._parked: Rows = random.permutation(cast.parked).astype(np.int32)
        self._slots = [random.permutation(rows) for rows in self._by_slot()]
        self._noise = random.integers(-70, -50, 2 * _NOISE).astype(np.int8)
        self._heard = [0, 0]
        self._share = 0.0
        self._blocks = 0

    def _by_slot(self) -> list[Rows]:
        """The reports of the moving tags that are in view in each slot of a period."""
        cast = self.cast
        period = 2 * cast.cycle * (cast.visit if cast.visitors else 1)
        slots = np.arange(round(period / SLOT)) * SLOT
        pallets = -(-cast.passers // cast.together)
        found: list[Rows] = []
        passers, visitors = np.arange(cast.passers), np.arange(cast.visitors)
        begin = passers // cast.together * cast.cycle / max(1, pallets)
        for at in slots.tolist():
            since = (at - begin) % (2 * cast.cycle)
            within, back = since % cast.cycle, since >= cast.cycle
            far = (within >= cast.side) != back
            seen = within < 2 * cast.side
            passing = cast.parked + 2 * passers[seen] + far[seen]
            staying = (at - visitors * cast.visit / max(1, cast.visitors)) % cast.visit < cast.stay
            visiting = cast.parked + 2 * cast.passers + visitors[staying]
            found.append(np.concatenate((passing, visiting)).astype(np.int32))
        return found

    def reports(self, n: int, times: Times) -> Bytes:
        """uint8[n, 46]: the next n reports, all of the moment times[-1], with these times (int64, microseconds UTC)."""
        moving = self.in_view(int(times[-1]))
        self._share += n * len(moving) / max(1, len(moving) + len(self._parked))
        m = min(n, int(self._share)) if len(self._parked) else n
        self._share -= m
        rows = np.empty(n, np.int32)
        order = self._mixed(n, m)
        rows[order[:m]] = self._next(moving, m, 0)
        rows[order[m:]] = self._next(self._parked, n - m, 1)
        reports: Bytes = self._reports.take(rows, axis=0)
        fields = reports.view(_CHANGING)[:, 0]
        fields["first"] = fields["last"] = times
        start = self._blocks * 4099 % _NOISE
        fields["rssi"] = np.resize(self._noise[start : start + _NOISE], n)
        self._blocks += 1
        return reports

    def in_view(self, time: int) -> Rows:
        """int32[n]: the moving tags in view at that time, microseconds UTC, as positions among the reports."""
        return self._slots[int((time / 1e6 + self._phase) / SLOT) % len(self._slots)]

    def _mixed(self, n: int, m: int) -> NDArray[np.int64]:
        """Where in a block the reports of moving tags (the first m) and of parked ones stand: evenly mixed."""
        at = np.arange(n)
        chosen = np.zeros(n, np.bool_)
        chosen[at[:m] * n // max(1, m)] = True
        return np.concatenate((at[chosen], at[~chosen]))

    def _next(self, rows: Rows, n: int, which: int) -> Rows:
        """The next n of `rows`, round and round."""
        if not n:
            return rows[:0]
        start = self._heard[which] % len(rows)
        self._heard[which] = start + n
        return rows.take(np.arange(start, start + n), mode="wrap")


def _encode(pairs: list[tuple[int, int]], random: np.random.Generator) -> Bytes:
    """uint8[n, 46]: a report for each (tag, port), from one that the codec has encoded."""
    children = (
        Parameter("EPC_96", {"epc": EPC.to_bytes(12, "big")}),
        Parameter("AntennaID", {"antenna_id": 1}),
        Parameter("PeakRSSI", {"peak_rssi": -60}),
        Parameter("ChannelIndex", {"channel_index": 1}),
        Parameter("FirstSeenTimestampUTC", {"microseconds": 0}),
        Parameter("LastSeenTimestampUTC", {"microseconds": 0}),
        Parameter("TagSeenCount", {"tag_count": 1}),
    )
    one = np.frombuffer(encode_parameter(Parameter("TagReportData", {}, children)), np.uint8)
    reports: Bytes = np.tile(one, (len(pairs), 1))
    fields = reports.view(_CHANGING)[:, 0]
    epcs = b"".join([(EPC + tag).to_bytes(12, "big") for tag, _ in pairs])
    fields["epc"] = np.frombuffer(epcs, "V12")
    fields["antenna"] = [port for _, port in pairs]
    fields["channel"] = random.integers(1, 51, len(pairs))
    return reports
