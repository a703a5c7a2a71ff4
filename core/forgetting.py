"""Forgetting a subject: whatever the state refers to it by becomes free, and is that of somebody new later.

It takes time in proportion to what is known of the subject, not of all. Timers of its tracks stay: they find nothing
armed when they ring. Cells stay given up until `Seen` has forgotten what was read there.
"""

from core.doors import Door
from core.state import State
from core.tracks import Kind


def forget(state: State, number: int) -> list[Door]:
    """Forget a tag that no item owns, with all its evidence; returns the doors where passes of it were going on.

    Only the votes that its passes have cast stay.
    """
    released = []
    for track in state.subjects.tracks(number):
        place = state.places[state.tracks.place[track]]
        place.parked.pop(track, None)
        if state.tracks.kind[track] is Kind.PASS:
            door = state.doors[place.index]
            if door.leave(track, state.tracks.runs(track)):
                released.append(door)
        source = state.tracks.armed_by[track]
        if source >= 0:
            state.sources[source].idle_timers += 1
        state.tracks.remove(track)
    state.cells.remove(state.subjects.name(number))
    state.undecided.pop(number, None)
    state.subjects.remove(number)
    return released
