"""RO_ACCESS_REPORT to `Reads`: all tags of all reports that have arrived, in one step.

Tags of one shape are checked header byte by header byte against a template and decoded as columns. As long as
all of them have the shape of the last ones, their bytes are not even walked through; else the tags are walked
one by one, sorted by shape, and those of shapes too rare for a template are read singly. A tag that is not well
formed costs itself and is counted, also one whose length is wrong: the next one is looked for behind it.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from core.records import Channels, Dictionary, Reads
from drivers.codecs.llrp import HEADER
from drivers.codecs.llrp_codes import EpcCodes
from drivers.codecs.llrp_frames import Span
from drivers.codecs.llrp_layout import BREAKS, TAG_REPORT_DATA, Layout, lay_out, next_tag
from drivers.codecs.llrp_sightings import Clock, Sightings
from drivers.codecs.llrp_template import Rows, Template

Places = NDArray[np.intp]

MAX_TAGS = 200_000
"""Ids in one dictionary; past it the next report begins a new one."""

MAX_TEXT = 16 << 20
"""Characters of the ids in one dictionary, likewise: the longest EPC that a report can hold has 16 KiB of them."""

MAX_TEMPLATES = 256
"""Templates that are kept; past it the next report begins with none."""

_TEMPLATES_PER_LENGTH = 8
_TLV = struct.Struct("!HH")


class ReportDecoder:
    """Reports of one connection.

    hop_table  kHz by channel index, once the capabilities are known (see `Sightings`)
    counts     what was left out and why: zero_epc, malformed, unknown (parameters without a known length),
               other (parameters in reports that are no tags)
    """

    def __init__(
        self, counts: Counter[str], max_tags: int = MAX_TAGS, max_templates: int = MAX_TEMPLATES
    ) -> None:
        self.hop_table: Channels | None = None
        self.counts = counts
        self._max_tags = max_tags
        self._max_templates = max_templates
        self._codes = EpcCodes(Dictionary())
        self._usual: Template | None = None
        self._templates: dict[int, list[Template]] = {}

    @property
    def templates(self) -> int:
        """How many templates are kept."""
        return sum(map(len, self._templates.values()))

    def decode(self, buffer: bytes, reports: list[Span], arrival: int, clock: Clock) -> Reads:
        """The reads of `reports`, spans of RO_ACCESS_REPORT in `buffer`, in order; `arrival` in microseconds UTC."""
        if len(self._codes.tags) >= self._max_tags or self._codes.text > MAX_TEXT:
            self._codes = EpcCodes(Dictionary())
        if self.templates > self._max_templates:
            self._templates.clear()
        found = self._alike(buffer, reports) or self._walked(buffer, reports)
        return found.reads(self._codes.tags, arrival, clock, self.counts)

    def _alike(self, buffer: bytes, reports: list[Span]) -> Sightings | None:
        """All tags at once, if every one of them has the usual layout."""
        usual = self._usual
        rows = None if usual is None else _rows(buffer, reports, usual)
        if usual is None or rows is None or not usual.fits(rows):
            return None
        self._count_unknown(usual.layout, len(rows))
        return Sightings(usual.codes(rows, self._codes), usual.values(rows), self.hop_table)

    def _walked(self, buffer: bytes, reports: list[Span]) -> Sightings:
        """Tag by tag: where each begins, sorted by length, then each length by shape."""
        starts: dict[int, list[int]] = {}
        places: dict[int, list[int]] = {}
        n = 0
        for start, length in self._tags(buffer, reports):
            starts.setdefault(length, []).append(start)
            places.setdefault(length, []).append(n)
            n += 1
        found = Sightings.places(n)
        for length, several in starts.items():
            data = b"".join([buffer[start : start + length] for start in several])
            self._sort(data, length, np.array(places[length], np.intp), found)
        if starts:
            most = max(starts, key=lambda length: length * len(starts[length]))
            self._usual = next(iter(self._templates.get(most, ())), None)
        return found

    def _tags(self, buffer: bytes, reports: list[Span]) -> Iterator[tuple[int, int]]:
        """Start and length of every TagReportData."""
        for _, start, length, repeats in reports:
            for end in range(start + length, start + length * repeats + 1, length):
                yield from self._tags_of(buffer, end - length + HEADER.size, end)

    def _tags_of(self, buffer: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
        """The same of one report.

        Where it is broken the length of the tag before may be the lie, and surely is if a TV parameter follows: those
        stand in tags only.
        """
        held: tuple[int, int] | None = None
        before, breaks = at, 0
        while at < end:
            type, size = _TLV.unpack_from(buffer, at) if end - at >= 4 else (buffer[at] << 8, 0)
            broken = size < 4 or at + size > end or type > 0x7FFF
            if held is not None and not (broken and type > 0x7FFF):
                yield held
            held = None
            if broken:
                self.counts["malformed"] += 1
                breaks += 1
                at = before = next_tag(buffer, before + 1, end) if breaks < BREAKS else end
                continue
            if type == TAG_REPORT_DATA:
                held = at, size
            else:
                self.counts["other"] += 1
            before, at = at, at + size
        if held is not None:
            yield held

    def _sort(self, data: bytes, length: int, places: Places, found: Sightings) -> None:
        """Tags of one length to their templates; a new shape makes one while there is room for it."""
        templates = self._templates.setdefault(length, [])
        rows = np.arange(len(places))
        for template in templates:
            rows = self._put(template, data, rows, places, found)
        while len(rows) and len(templates) < _TEMPLATES_PER_LENGTH:
            layout = lay_out(_tag(data, length, int(rows[0])))
            if layout is None:
                rows = rows[1:]
                continue
            templates.append(Template(layout))
            rows = self._put(templates[-1], data, rows, places, found)
        self._singly(((places[row], _tag(data, length, row)) for row in rows.tolist()), found)

    def _put(
        self, template: Template, data: bytes, rows: Places, places: Places, found: Sightings
    ) -> NDArray[np.intp]:
        """The tags among `rows` that fit `template` go to their places; the other rows come back."""
        tags = np.frombuffer(data, template.dtype)[rows]
        fitting = template.fitting(tags)
        if fitting.any():
            tags = tags[fitting]
            self._count_unknown(template.layout, len(tags))
            alike = Sightings(template.codes(tags, self._codes), template.values(tags), self.hop_table)
            found.put(places[rows[fitting]], alike)
        return rows[~fitting]

    def _singly(self, tags: Iterable[tuple[int, bytes]], found: Sightings) -> None:
        """Tags whose shapes are too many for templates: read one by one, put together where values agree."""
        alike: dict[tuple[str, ...], list[tuple[int, int, list[int]]]] = {}
        for place, tag in tags:
            layout = lay_out(tag)
            if layout is not None:
                self._count_unknown(layout, 1)
                names = tuple(sorted(layout.columns))
                one = (
                    place,
                    self._codes.code(*layout.epc_of(tag)),
                    [layout.value(tag, name) for name in names],
                )
                alike.setdefault(names, []).append(one)
        for names, several in alike.items():
            places, codes, values = zip(*several, strict=True)
            columns = zip(names, zip(*values, strict=True), strict=True)
            raw = {name: np.array(column, np.int64) for name, column in columns}
            found.put(np.array(places), Sightings(np.array(codes, np.int32), raw, self.hop_table))

    def _count_unknown(self, layout: Layout, tags: int) -> None:
        if layout.unknown:
            self.counts["unknown"] += tags


def _tag(data: bytes, length: int, row: int) -> bytes:
    return data[row * length : (row + 1) * length]


def _rows(buffer: bytes, reports: list[Span], template: Template) -> Rows | None:
    """The tags of `reports` as if all had that layout, copied next to each other; None if their sizes forbid it."""
    size = template.layout.length
    view = memoryview(buffer)
    bodies: list[memoryview | bytes] = []
    for _, start, length, repeats in reports:
        if (length - HEADER.size) % size:
            return None
        if repeats == 1:
            bodies.append(view[start + HEADER.size : start + length])
        else:
            frames = np.ndarray((repeats, length), np.uint8, buffer, start)
            bodies.append(frames[:, HEADER.size :].tobytes())
    return np.frombuffer(b"".join(bodies), template.dtype)
