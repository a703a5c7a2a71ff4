"""Everything that the pipeline remembers."""

from collections import deque
from dataclasses import dataclass, field

from core.admission import Admission, Refusal
from core.cells import Cells
from core.doors import Door
from core.inbox import Inbox
from core.places import Place, places
from core.portal import Ballot
from core.records import SECOND
from core.seen import Seen
from core.site import Item, Site
from core.sources import Source, sources
from core.timeline import Subject
from core.tracks import Kind, Tracks

TURN = 65_536
"""Reads of the whole site between two looks at how many unknown tags are remembered."""


@dataclass(slots=True)
class State:
    """The pipeline's memory. `turn` is how many reads there are between two looks at the bound of unknown tags."""

    site: Site
    places: list[Place]
    sources: list[Source]
    doors: dict[int, Door]
    cells: Cells
    inbox: Inbox
    tracks: Tracks = field(default_factory=Tracks)
    seen: Seen = field(default_factory=Seen)
    subjects: list[Subject] = field(default_factory=list)
    of_item: dict[str, int] = field(default_factory=dict)
    """The subjects of items, by id."""
    said: deque[tuple[int, int]] = field(default_factory=deque)
    """(when, subject) of what was said within the horizon, in order."""
    undecided: dict[int, None] = field(default_factory=dict)
    """Subjects with a beginning that waits for certainty."""
    turn: int = TURN
    heard: int = 0
    """Reads in this turn."""

    @classmethod
    def fresh(cls, site: Site) -> "State":
        """The state before the first record."""
        by_id = places(site)
        all_places = list(by_id.values())
        doors = {place.index: Door(place, Ballot(place.gap)) for place in all_places if place.portal}
        cells = Cells([source.id for source in site.sources])
        inbox = Inbox(cells.source_ids)
        return cls(site, all_places, sources(site.sources, by_id), doors, cells, inbox)

    @property
    def unowned(self) -> int:
        """How many subjects are tags that no item owns."""
        return len(self.subjects) - len(self.of_item)

    def resolve(self, source: Source, admission: Admission, tag: str, port: int) -> int:
        """The cell of (source, tag, port), made when it is new; a `Refusal` when it is not tracked."""
        refusal = admission.refusal(source.spec, tag)
        if refusal is not None:
            return refusal
        subject = None
        for cell in self.cells.of_tag(tag):
            if self.cells.sources[cell] == source.index and self.cells.ports[cell] == port:
                return cell
            subject = self.tracks.subject[self.cells.m_track[cell]]
        looked_at = source.looks_at(port)
        if looked_at is None:
            return Refusal.UNPLACED
        place, side = looked_at
        item = admission.items.get(tag)
        if subject is None:
            subject = self._subject(tag, item)
        kind = Kind.PASS if place.portal else Kind.VISIT
        track = self._track(kind, subject, place.index, place.gap)
        watch = -1
        if item is not None and item.missing_after is not None:
            watch = self._track(Kind.WATCH, subject, -1, round(item.missing_after * SECOND))
        return self.cells.add(tag, source.index, port, track, watch, side)

    def _subject(self, tag: str, item: Item | None) -> int:
        if item is not None and item.id in self.of_item:
            return self.of_item[item.id]
        number = len(self.subjects)
        self.subjects.append(Subject(tag if item is None else item.id, item))
        if item is not None:
            self.of_item[item.id] = number
        return number

    def _track(self, kind: Kind, subject: int, place: int, gap: int) -> int:
        owner = self.subjects[subject]
        for track in owner.tracks:
            if self.tracks.place[track] == place:
                return track
        track = self.tracks.add(kind, subject, place, gap)
        owner.tracks = (*owner.tracks, track)
        visits = [one for one in owner.tracks if self.tracks.kind[one] is Kind.VISIT]
        self.tracks.rivals[visits] = len(visits) > 1
        return track
