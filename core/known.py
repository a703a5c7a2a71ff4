"""What a timeline asks about everything else, answered from the state."""

from collections.abc import Iterator

from core.events import Evidence
from core.places import Nesting, Place
from core.silence import Silences
from core.state import State
from core.tags import is_code
from core.tracks import Kind, Run


class Known:
    """The `World` of the timelines."""

    def __init__(self, state: State, nesting: Nesting, silences: Silences) -> None:
        self._state = state
        self.nesting = nesting
        self._silences = silences
        self.over = False
        """Nothing more will be heard of anybody."""

    def runs(self, track: int) -> Iterator[Run]:
        """The remembered runs of a track, oldest first."""
        return self._state.tracks.runs(track)

    def track_kind(self, track: int) -> Kind:
        """What the track's runs mean."""
        return self._state.tracks.kind[track]

    def track_place(self, track: int) -> Place:
        """Where the track is."""
        return self._state.places[self._state.tracks.place[track]]

    def rank(self, track: int) -> tuple[int, str]:
        """Orders tracks in the same instant: visits by zone, then passes by portal, then the track of all evidence."""
        place = self._state.tracks.place[track]
        return self._state.tracks.kind[track], "" if place < 0 else self._state.places[place].id

    def final(self, run: Run) -> bool:
        """Can the run no longer grow by what is not late, or can nobody say?"""
        return self.over or self._silences.final(run)

    def doubt(self, run: Run) -> None:
        """Something is decided against a run that has not ended: its next read must be noticed."""
        self._state.tracks.doubt(run)

    def outlives(self, run: Run, time: int) -> bool:
        """Does the run's silence end after a time, as far as is known?"""
        due = self._silences.due(run)
        return due is None or due > time

    def teller(self, run: Run) -> Evidence:
        """How a run of a handheld came about, and who held it then."""
        tag, _, _ = self._state.cells.name(run.cell)
        holder = self._state.sources[self._state.cells.sources[run.cell]].holder(run.first)
        reason = "scan" if is_code(tag) else "handheld"
        return {"reason": reason} if holder is None else {"reason": reason, "operator": holder}

    def not_after(self, run: Run) -> int | None:
        """The end of the newest blind interval in the silence that ended the run."""
        return self._silences.not_after(run)

    def awaited(self, run: Run) -> bool:
        """Will it be decided as soon as a source that is up says more?"""
        if self.track_kind(run.track) is Kind.PASS:
            return not run.static and self._silences.speaking(run.track) is not None
        return self._state.sources[self._state.cells.sources[run.cell]].up

    def overtaken(self, run: Run) -> None:
        """Count a run that was told of after newer evidence of its subject was settled."""
        self._state.sources[self._state.cells.sources[run.cell]].counts["overtaken"] += 1
