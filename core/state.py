"""Everything that the pipeline remembers."""

from dataclasses import dataclass, field

from core.admission import Admission, Refusal
from core.cells import Cells
from core.doors import Door
from core.places import Place, places
from core.portal import Ballot
from core.records import SECOND
from core.seen import Seen
from core.site import Site
from core.sources import Source, sources
from core.timeline import Subject
from core.tracks import Kind, Tracks


@dataclass(slots=True)
class State:
    """The pipeline's memory."""

    site: Site
    places: list[Place]
    sources: list[Source]
    doors: dict[int, Door]
    cells: Cells = field(default_factory=Cells)
    tracks: Tracks = field(default_factory=Tracks)
    seen: Seen = field(default_factory=Seen)
    subjects: list[Subject] = field(default_factory=list)
    by_name: dict[str, int] = field(default_factory=dict)
    track_of: dict[tuple[int, int], int] = field(default_factory=dict)
    """(subject, place) to track; place -1 is the track of all evidence."""
    armed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Track to the timer that is set for it: (source, threshold)."""
    undecided: dict[int, None] = field(default_factory=dict)
    """Subjects with a beginning that waits for certainty."""
    unknown: int = 0
    """Subjects that are tags of no item."""

    @classmethod
    def fresh(cls, site: Site) -> "State":
        """The state before the first record."""
        by_id = places(site)
        all_places = list(by_id.values())
        doors = {place.index: Door(place, Ballot(place.gap)) for place in all_places if place.portal}
        return cls(site, all_places, sources(site.sources, by_id), doors)

    def resolve(self, source: Source, admission: Admission, tag: str, port: int) -> int:
        """The cell of (source, tag, port), made when it is new; a `Refusal` when it is not tracked."""
        refusal = admission.refusal(source.spec, tag)
        if refusal is not None:
            return refusal
        known = self.cells.by_name.get((tag, source.spec.id, port))
        if known is not None:
            return known
        looked_at = source.looks_at(port)
        if looked_at is None:
            return Refusal.UNPLACED
        place, side = looked_at
        item = admission.items.get(tag)
        subject = self._subject(tag, admission)
        kind = Kind.PASS if place.portal else Kind.VISIT
        track = self._track(kind, subject, place.index, place.gap)
        watch = -1
        if item is not None and item.missing_after is not None:
            watch = self._track(Kind.WATCH, subject, -1, round(item.missing_after * SECOND))
        return self.cells.add((tag, source.spec.id, port), track, watch, side)

    def _subject(self, tag: str, admission: Admission) -> int:
        item = admission.items.get(tag)
        name = tag if item is None else item.id
        number = self.by_name.get(name)
        if number is None:
            number = self.by_name[name] = len(self.subjects)
            self.subjects.append(Subject(name, item))
            self.unknown += item is None
        return number

    def _track(self, kind: Kind, subject: int, place: int, gap: int) -> int:
        track = self.track_of.get((subject, place))
        if track is None:
            track = self.track_of[subject, place] = self.tracks.add(kind, subject, place, gap)
            self.subjects[subject].tracks.append(track)
        return track
