"""Everything that the pipeline remembers."""

from collections import deque
from dataclasses import dataclass, field

from core.admission import Admission, Refusal
from core.cells import Cells
from core.company import Company
from core.doors import Door
from core.doorway import Doorway
from core.inbox import Inbox
from core.places import Nesting, Place, places
from core.positions import Positions
from core.records import SECOND
from core.seen import Seen
from core.site import Item, Site
from core.sources import Source, sources
from core.subjects import Subjects
from core.tags import is_code
from core.tracks import Kind, Tracks

INSTANT = SECOND
"""What a handheld says of a tag is one instant as long as no silence longer than this lies in it, microseconds."""
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
    tracks: Tracks
    subjects: Subjects
    seen: Seen = field(default_factory=Seen)
    doorway: Doorway = field(default_factory=Doorway)
    positions: Positions = field(default_factory=Positions)
    of_item: dict[str, int] = field(default_factory=dict)
    """The subjects of items, by id."""
    said: deque[tuple[int, int]] = field(default_factory=deque)
    """(when, subject) of what was said within the horizon, in order."""
    undecided: dict[int, None] = field(default_factory=dict)
    """Subjects with a beginning that waits for certainty."""
    turn: int = TURN
    heard: int = 0
    """Reads in this turn."""
    leaving: deque[tuple[int, int]] = field(default_factory=deque)
    """(subject, when it was heard last) of those that have to make room, the longest unheard first."""

    @classmethod
    def fresh(cls, site: Site) -> "State":
        """The state before the first record."""
        by_id = places(site)
        all_places = list(by_id.values())
        doors = {place.index: Door(place, Company(place.max_pass)) for place in all_places if place.portal}
        cells = Cells([source.id for source in site.sources])
        inbox, tracks = Inbox(cells.source_ids), Tracks()
        subjects = Subjects(all_places, Nesting(site.zones), tracks, cells)
        return cls(site, all_places, sources(site.sources, by_id), doors, cells, inbox, tracks, subjects)

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
        told = source.spec.handheld or is_code(tag)
        if looked_at is None or (told and looked_at[0].portal):
            return Refusal.UNPLACED
        place, side = looked_at
        item = admission.items.get(tag)
        if subject is None:
            subject = self._subject(item)
        kind = Kind.TOLD if told else Kind.PASS if place.portal else Kind.VISIT
        track = self._track(kind, subject, place.index, INSTANT if told else place.gap)
        watch = -1
        if item is not None and item.missing_after is not None:
            watch = self._track(Kind.WATCH, subject, -1, round(item.missing_after * SECOND))
        cell = self.cells.add(tag, source.index, port, track, watch, side)
        if self.subjects.cell[subject] < 0:
            self.subjects.cell[subject] = cell
        return cell

    def _subject(self, item: Item | None) -> int:
        if item is not None and item.id in self.of_item:
            return self.of_item[item.id]
        number = self.subjects.add(item)
        if item is not None:
            self.of_item[item.id] = number
        return number

    def _track(self, kind: Kind, subject: int, place: int, gap: int) -> int:
        owned = self.subjects.tracks(subject)
        for track in owned:
            if self.tracks.place[track] == place and self.tracks.kind[track] is kind:
                return track
        track = self.tracks.add(kind, subject, place, gap)
        self.subjects.add_track(subject, track)
        visits = [one for one in (*owned, track) if self.tracks.kind[one] is Kind.VISIT]
        self.tracks.rivals[visits] = len(visits) > 1
        return track
