"""Silence: how long a track must be quiet, whose word that takes, and when nobody can say. Blind time does not count."""

from collections.abc import Callable, Iterator

from core.places import Place, unwatched
from core.sources import Source
from core.state import State
from core.tracks import Kind, Run


class Silences:
    """Judges the silences of the tracks of a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def lateness(self, source: Source, track: int) -> int:
        """How far the source must be beyond a time for it to be decided on this track, microseconds.

        The track of all evidence belongs to no place: it takes the source's own lateness, and a microsecond more, so
        that of one instant it is decided last.
        """
        place = self._state.tracks.place[track]
        return source.lateness(None) + 1 if place < 0 else source.lateness(self._state.places[place])

    def places(self, track: int, time: int) -> list[Place]:
        """Whose antennas must be up for a silence after `time` to count.

        Of a visit it is the zone; of all evidence it is every place where the subject was heard by then. A handheld
        watches nothing.
        """
        state, tracks = self._state, self._state.tracks
        if tracks.kind[track] is Kind.TOLD:
            return []
        if tracks.place[track] >= 0:
            return [state.places[tracks.place[track]]]
        all_tracks = state.subjects.tracks(tracks.subject[track])
        heard = [one for one in all_tracks if tracks.place[one] >= 0 and self._was_heard(one, time)]
        return [state.places[tracks.place[one]] for one in heard]

    def _was_heard(self, track: int, time: int) -> bool:
        tracks = self._state.tracks
        oldest = tracks.oldest(track)
        if oldest is not None:
            return oldest <= time
        return bool(tracks.count[track] and tracks.last[track] <= time)

    def uptime(self, track: int) -> Callable[[int, int], int]:
        """The time between two reads of a track in which it was watched; of a pass simply the time."""
        if self._state.tracks.kind[track] is Kind.PASS:
            return lambda start, stop: stop - start

        def watched(start: int, stop: int) -> int:
            blinds = (place.blind for place in self.places(track, start))
            return stop - start - unwatched(blinds, start, stop)

        return watched

    def blind(self, run: Run) -> Place | None:
        """A place that would have to hear the run's next read, and can not at the moment."""
        return next((place for place in self.places(run.track, run.last) if place.blind.open), None)

    def final(self, run: Run) -> bool:
        """Can the run no longer grow by what is not late? Where a place is blind, those that do speak are asked."""
        if run.ended or self.blind(run) is None:
            return run.ended
        quiet = run.last + int(self._state.tracks.gap[run.track])
        return all(
            self._state.sources[index].newest >= quiet + self.lateness(self._state.sources[index], run.track)
            for place in self.places(run.track, run.last)
            for index in self._speaking(place)
        )

    def due(self, run: Run) -> int | None:
        """When the run's silence is or was complete, as far as is known; None while a place is blind."""
        if run.ended:
            return run.due
        return None if self.blind(run) is not None else self.complete(run)

    def complete(self, run: Run) -> int:
        """When a run that has not ended will have been silent for its gap, where no place is blind."""
        gap = int(self._state.tracks.gap[run.track])
        due, before = run.last + gap, -1
        blinds = [place.blind for place in self.places(run.track, run.last) if place.blind.starts]
        while blinds and before != due:
            before, due = due, run.last + gap + unwatched(blinds, run.last, due)
        return due

    def not_after(self, run: Run) -> int | None:
        """The end of the newest blind interval in the silence that ended the run."""
        blind = self._state.places[self._state.tracks.place[run.track]].blind
        return max((end for _, end in blind.intervals(run.last, run.due)), default=None)

    def behind(self, source: Source, track: int, due: int) -> Source | None:
        """A source that must also be beyond `due` before it is decided on the track, and is not yet."""
        for index in self._witnesses(track):
            other = self._state.sources[index]
            if other is not source and other.newest < due + self.lateness(other, track):
                return other
        return None

    def _witnesses(self, track: int) -> Iterator[int]:
        """The sources whose word it takes.

        A pass does not wait for a reader that is down or was never heard; a silence does. A run that waits for the
        silence of another one will be its heir, if it is not silent itself.
        """
        state = self._state
        if state.tracks.kind[track] is Kind.PASS:
            yield from self._speaking(state.places[state.tracks.place[track]])
            return
        run = next((run for run in state.tracks.runs(track) if not run.ended), None)
        for place in self.places(track, 0 if run is None else run.last):
            yield from self._speaking(place) if place.blind.open else place.sources
        subject = state.subjects.awake.get(state.tracks.subject[track])
        for heir, _ in () if subject is None else subject.now.waiting:
            yield from self._speaking(state.places[state.tracks.place[heir.track]])

    def speaking(self, track: int) -> Source | None:
        """A source that is up where the track is; the track of all evidence is nowhere."""
        place = self._state.tracks.place[track]
        index = None if place < 0 else next(self._speaking(self._state.places[place]), None)
        return None if index is None else self._state.sources[index]

    def _speaking(self, place: Place) -> Iterator[int]:
        for index in place.sources:
            if self._state.sources[index].up and self._state.sources[index].newest:
                yield index
