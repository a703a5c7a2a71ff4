"""Recorded reads and fixes through the daemon's own pipeline, in virtual time and as fast as it can."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count, pairwise

import numpy as np

from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Fixes, Input
from core.site import Site, Source
from gateway.csv_reads import Block
from gateway.fix_block import FixBlock
from gateway.outlook import Outlook

NEVER = 1 << 62
"""A time, and a second, that no recording reaches."""


class Replay:
    """One run. Virtual time is the newest record so far; at each of its whole seconds, and at the end, every source
    says that it is alive, as readers do, so that silences are noticed: up to that time, or up to its next row where
    that is older. Within a second the rows of one reader go together.

    A recorded fix names its tracker, and no device that delivered it: all fixes come from a source of their own.

    unknown  reads of readers that the site does not have: not replayed
    fixes    what became of the fixes, by the names that the pipeline counts
    stands   is told the fixes that had not been there before, batch by batch
    """

    def __init__(
        self, site: Site, readers: Dictionary, stands: Callable[[Fixes], None] = lambda batch: None
    ) -> None:
        self._source = _free_name("replay", site)
        self.pipeline = Pipeline(replace(site, sources=(*site.sources, Source(self._source))))
        self.unknown: Counter[str] = Counter()
        self.reads = 0
        self._stands = stands
        self._tracks: Iterator[FixBlock] = iter(())
        self._track: FixBlock | None = None
        self._end: int | None = None
        self._readers = readers
        self._known = tuple(source.id for source in site.sources)
        self._second: int | None = None

    @property
    def fixes(self) -> Counter[str]:
        return self.pipeline.counts[self._source]

    def run(self, blocks: Iterable[Block], tracks: Iterable[FixBlock] = ()) -> Iterator[Event]:
        """Every event of reads and fixes, in order of decision; open visits stay open at the end."""
        self._tracks = iter(tracks)
        self._track = next(self._tracks, None)
        outlook = Outlook(blocks)
        for block in outlook:
            yield from self._block(block, outlook)
            self._reached(int(block.at[-1]))
        yield from self._fixes_before(NEVER)
        if self._end is not None:
            yield from self._alive(self._end, dict.fromkeys(self._known, self._end))
        yield from self.pipeline.finish().events

    def _reached(self, time: int) -> None:
        self._end = time if self._end is None else max(self._end, time)

    def _fixes_before(self, time: int) -> Iterator[Event]:
        """Those that arrived until then: each tracker has its own time, so no reader's silence waits for one of them."""
        while self._track is not None:
            stop = int(np.searchsorted(self._track.at, time))
            if stop:
                yield from self._fixes(self._track.pick(slice(0, stop)))
            if stop < len(self._track.at):
                self._track = self._track.pick(slice(stop, len(self._track.at)))
                return
            self._track = next(self._tracks, None)

    def _fixes(self, block: FixBlock) -> Iterator[Event]:
        arrival = int(block.at[-1])
        decided = self.pipeline.step(Input(self._source, arrival, block.fixes))
        fresh = decided.fresh
        self._stands(block.fixes if fresh is None else block.fixes.pick(fresh))
        self._reached(arrival)
        yield from decided.events

    def _block(self, block: Block, outlook: Outlook) -> Iterator[Event]:
        seconds = block.at // SECOND
        edges = [0, *(np.flatnonzero(np.diff(seconds)) + 1).tolist(), len(seconds)]
        for start, stop in pairwise(edges):
            yield from self._fixes_before(int(seconds[start]) * SECOND)
            yield from self._until(int(seconds[start]), start, outlook)
            yield from self._rows(block.pick(slice(start, stop)))

    def _until(self, second: int, row: int, outlook: Outlook) -> Iterator[Event]:
        """Let virtual time reach a whole second, that of a row."""
        first = second if self._second is None else self._second + 1
        if first > second:
            return
        bounds = {}
        for source in self._known:
            code = self._readers.find(source)
            following = None if code < 0 else outlook.next_time(code, row)
            bounds[source] = second * SECOND if following is None else following
        tick = first
        while tick < second:
            tick = max(tick, min(self._next(bounds), second))
            yield from self._alive(tick * SECOND, bounds)
            tick += 1
        if tick == second:
            yield from self._alive(second * SECOND, bounds)
        self._second = second

    def _next(self, bounds: Mapping[str, int]) -> int:
        """The next whole second in which a source has something to decide; those before it are passed over."""
        dues = ((self.pipeline.due(source), bound) for source, bound in bounds.items())
        return min(
            (-(-due // SECOND) for due, bound in dues if due is not None and due <= bound), default=NEVER
        )

    def _alive(self, time: int, bounds: Mapping[str, int]) -> Iterator[Event]:
        """Every source says that it has told everything up to a time, or up to its bound if that is earlier."""
        for source, bound in bounds.items():
            yield from self.pipeline.step(Input(source, time, Alive(min(time, bound)))).events

    def _rows(self, block: Block) -> Iterator[Event]:
        self.reads += len(block.reader)
        arrival = int(block.at[-1])
        for code in _distinct(block):
            name = self._readers.ids[code]
            mine = block.pick(np.flatnonzero(block.reader == code)).reads
            if name in self._known:
                yield from self.pipeline.step(Input(name, arrival, mine)).events
            else:
                self.unknown[name] += len(mine)


def _free_name(name: str, site: Site) -> str:
    """That name, or one like it that no device has."""
    taken = {source.id for source in site.sources}
    return next(one for one in (name + "-" * more for more in count()) if one not in taken)


def _distinct(block: Block) -> list[int]:
    """The readers of a block in order of first appearance."""
    codes, first = np.unique(block.reader, return_index=True)
    return [int(code) for code in codes[np.argsort(first)]]
