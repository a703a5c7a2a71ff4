"""Re-anchoring: the gateway's clock was wrong by a known step, and everything open moves with it."""

from collections import deque

from core.sources import Source
from core.state import State
from core.tracks import Run


def shift(state: State, by: int) -> None:
    """Move frontiers, open visits, passes and timers by `by` microseconds.

    What was said stays as it was said, and can not be corrected across the step: it is settled.
    """
    for source in state.sources:
        _shift_source(source, by)
    for place in state.places:
        place.blind.shift(by)
        place.deaf.shift(by)
    tracks = state.tracks
    runs = [run for older in tracks.older.values() for run in older]
    for track, newest in tracks.current.items():
        tracks.newest(track)  # as of its last read
        runs.append(newest)
    for run in runs:
        _shift_run(run, by)
    tracks.first[: tracks.size] += by
    tracks.last[: tracks.size] += by
    state.doorway.shift(by)
    state.cells.last[: state.cells.size] += by
    state.seen.shift(by)
    state.inbox.shift(by)
    tracks.armed[: tracks.size] += by
    state.said.clear()
    state.leaving = deque((number, heard + by) for number, heard in state.leaving)
    for door in state.doors.values():
        door.shift(by)
    state.subjects.shift(by)


def _shift_source(source: Source, by: int) -> None:
    source.newest += by if source.newest else 0
    source.timers = [timer + (by << source.SHIFT) for timer in source.timers]
    source.turned += by if source.turned else 0
    source.holders = [(since + by, badge) for since, badge in source.holders]
    if source.blind_since is not None:
        source.blind_since += by
    if source.outage is not None:
        source.outage.since += by
        if source.outage.to is not None:
            source.outage.to += by


def _shift_run(run: Run, by: int) -> None:
    run.first += by
    run.last += by
    run.due += by if run.due else 0
    run.start_based = run.start_based or run.applied
    run.end_based = run.end_based or run.ended
