"""All subjects of a site: those that something is going on with as objects, those at rest as rows of columns.

A site knows a hundred thousand tags, and of nearly all of them nothing is to be decided: they are nowhere, or have
been in one zone for long. Such a subject is a row of some forty bytes. Who asks for it gets a `Subject`, made anew and
kept until `rest` finds that nothing would be lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from core.cells import Cells
from core.claims import NOWHERE, Claim, Standing, Stay, left
from core.growth import grown
from core.places import Nesting, Place
from core.site import Item
from core.timeline import Said, Subject
from core.tracks import Kind, Run, Tracks

_BLANK = {
    **dict.fromkeys(("cell", "track", "zone", "last", "base"), -1),
    **dict.fromkeys(("flags", "settled", "since", "anchor"), 0),
}
"""The columns over all subjects, and what stands where there is none."""
SUBJECT_COLUMNS = tuple(_BLANK)
_HELD, _MISSING = 1, 2
_SETTLED = -2
"""The base of a subject whose standing is settled."""
Row = tuple[int, int, int, int, int, int]
"""Zone, last, since, anchor, flags and base of a subject at rest."""


class Subjects:
    """Columns over all subjects; times in microseconds, -1 for none.

    cell        int32[n]  a cell of its own; -1 where the number is free
    track       int32[n]  its first track, whose `next` leads to the others
    settled     int64[n]  as of `Subject`; the rest is its standing, as far as it rests:
    zone, last  int32[n]  the zone of its claim, and the one that it left last, as positions among the places
    since, anchor int64[n] of the claim and of its stays;  flags int8[n]: a run holds the claim; it is missing
    base        int32[n]  the zone that it had left last, when it was nowhere in the settled past
    """

    def __init__(
        self, places: Sequence[Place], nesting: Nesting, tracks: Tracks, cells: Cells, room: int = 256
    ) -> None:
        self.size = 0
        self._places = places
        self._index = {place.id: place.index for place in places}
        self._nesting = nesting
        self._tracks = tracks
        self._cells = cells
        self.cell: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.track: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.zone: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.last: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.base: NDArray[np.int32] = np.full(room, -1, np.int32)
        self.flags: NDArray[np.int8] = np.zeros(room, np.int8)
        self.settled: NDArray[np.int64] = np.zeros(room, np.int64)
        self.since: NDArray[np.int64] = np.zeros(room, np.int64)
        self.anchor: NDArray[np.int64] = np.zeros(room, np.int64)
        self.items: dict[int, Item] = {}
        """Whose number is an item's."""
        self.said: dict[int, tuple[Said, ...]] = {}
        """What was said since the settled past of those who rest."""
        self.awake: dict[int, Subject] = {}
        self.stirred: dict[int, None] = {}
        """Who was asked for since the last `rest`."""
        self.free: list[int] = []
        """A heap of the numbers below `size` that are free: the least is taken first."""

    def __len__(self) -> int:
        return self.size - len(self.free)

    def __iter__(self) -> Iterator[int]:
        """The numbers that are taken."""
        yield from np.flatnonzero(self.cell[: self.size] >= 0).tolist()

    def __getitem__(self, number: int) -> Subject:
        """The subject as an object that may be changed; nobody keeps it."""
        self.wake(number)
        return self.awake[number]

    def wake(self, number: int) -> None:
        """Keep the subject as an object until the next `rest`."""
        self.stirred[number] = None
        if number not in self.awake:
            self.awake[number] = self._made(number)

    def add(self, item: Item | None) -> int:
        """A new subject; it is nobody's until it has a cell."""
        if self.free:
            number = heappop(self.free)
        else:
            number = self.size
            if number == len(self.cell):
                for name, blank in _BLANK.items():
                    setattr(self, name, grown(getattr(self, name), blank))
            self.size += 1
        if item is not None:
            self.items[number] = item
        return number

    def remove(self, number: int) -> None:
        """Forget a subject that no item owns: its number becomes that of a new one."""
        for name, blank in _BLANK.items():
            getattr(self, name)[number] = blank
        for known in (self.awake, self.stirred, self.said):
            known.pop(number, None)
        heappush(self.free, number)

    def name(self, number: int) -> str:
        """The id of the item, or the tag that no item owns."""
        item = self.items.get(number)
        return self._cells.tags[self.cell[number]] if item is None else item.id

    def told(self, number: int) -> tuple[Said, ...]:
        """What was said of a subject since its settled past."""
        awake = self.awake.get(number)
        return self.said.get(number, ()) if awake is None else awake.said

    def tracks(self, number: int) -> tuple[int, ...]:
        """The tracks of a subject, oldest first."""
        found, track = [], int(self.track[number])
        while track >= 0:
            found.append(track)
            track = self._tracks.m_next[track]
        return tuple(found)

    def unowned(self) -> NDArray[np.int64]:
        """The numbers of the tags that no item owns, ascending."""
        taken = self.cell[: self.size] >= 0
        taken[list(self.items)] = False
        return np.flatnonzero(taken)

    def add_track(self, number: int, track: int) -> None:
        """A track is the subject's newest."""
        tracks = self.tracks(number)
        if tracks:
            self._tracks.next[tracks[-1]] = track
        else:
            self.track[number] = track
        if number in self.awake:
            self.awake[number].tracks = (*tracks, track)

    def shift(self, by: int) -> None:
        """All that was said belongs to the settled past; times move by `by` microseconds."""
        for number in tuple(self.said):
            self.wake(number)
        self.settled[: self.size] += by
        self.since[: self.size] += by
        for subject in self.awake.values():
            subject.settle(by)

    def rest(self) -> None:
        """Let those rest who were asked for and may. Nobody else must have kept a subject, or a run."""
        for number in self.stirred:
            subject = self.awake[number]
            row = self._row(subject)
            if row is not None and self._standing(number, row) == subject.now:
                self.zone[number], self.last[number], self.since[number], self.anchor[number] = row[:4]
                self.flags[number], self.base[number], self.settled[number] = *row[4:], subject.settled
                if subject.said:
                    self.said[number] = subject.said
                del self.awake[number]
                for track in subject.tracks:
                    self._tracks.rest(track)
        self.stirred.clear()
        for track in self._tracks.stirred:
            if self._tracks.subject[track] not in self.awake:
                self._tracks.rest(track)
        self._tracks.stirred.clear()

    def _row(self, subject: Subject) -> Row | None:
        """What the columns can say of its standing; None if something is going on."""
        now, base = subject.now, self._number(subject.base)
        settled = subject.base == now
        if subject.passes or subject.revisions or subject.waiting or subject.trace:
            return None
        if not settled and self._nowhere(base) != subject.base:
            return None
        base, last = _SETTLED if settled else base, self._number(now)
        if not (now.claims and now.stays):
            return -1, last, 0, 0, _MISSING * now.missing, base
        claim = now.claims[0]
        flags = _MISSING * now.missing | _HELD * (claim.run is not None)
        return self._index[claim.zone], last, claim.since, now.stays[0].anchor, flags, base

    def _number(self, standing: Standing) -> int:
        """Which zone was left last."""
        return -1 if standing.last_place is None else self._index.get(standing.last_place, -1)

    def _nowhere(self, last: int) -> Standing:
        return left(self._places[last].id) if last >= 0 else NOWHERE

    def _standing(self, number: int, row: Row) -> Standing:
        """What a row says."""
        zone, last, since, anchor, flags, _ = row
        standing = self._nowhere(last)
        if zone >= 0:
            id, run = self._places[zone].id, self._run(number, zone) if flags & _HELD else None
            stays = tuple(Stay(one, since, anchor) for one in reversed(self._nesting.chain(id)))
            standing = replace(standing, claims=(Claim(id, since, run),), stays=stays)
        return replace(standing, missing=True) if flags & _MISSING else standing

    def _run(self, number: int, place: int) -> Run | None:
        """The newest run of the visits of a place."""
        tracks = self._tracks
        here = (track for track in self.tracks(number) if tracks.place[track] == place)
        found = (track for track in here if tracks.kind[track] is Kind.VISIT)
        return next(map(self._tracks.newest, found), None)

    def _made(self, number: int) -> Subject:
        columns = (self.zone, self.last, self.since, self.anchor, self.flags, self.base)
        zone, last, since, anchor, flags, base = (int(column[number]) for column in columns)
        now = self._standing(number, (zone, last, since, anchor, flags, base))
        before = now if base == _SETTLED else self._nowhere(base)
        settled, said = int(self.settled[number]), self.said.pop(number, ())
        item, tracks = self.items.get(number), self.tracks(number)
        return Subject(self.name(number), item, tracks, before, settled, said, now=now)
