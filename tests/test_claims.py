"""Claims: what a subject's standing becomes where evidence of several zones meets."""

from core.claims import NOWHERE, Cause
from core.places import Nesting
from core.site import Zone
from core.tracks import Run

NESTING = Nesting((Zone("yard"), Zone("shed"), Zone("hall"), Zone("bay", inside="hall")))


def run(track: int, first: int, last: int) -> Run:
    return Run(track, first, last, 2, track)


def test_who_waits_inside_the_zone_that_a_pass_leads_to_arrives_with_it() -> None:
    state, said = NOWHERE.began(run(0, 0, 10), "yard", NESTING)
    assert [(one.kind, one.place) for one in said] == [("arrived", "yard")]
    for number, zone in enumerate(("bay", "shed"), 1):
        state, said = state.began(run(number, 5, 9), zone, NESTING)
        assert not said  # the yard still reads it
    state, said = state.told("hall", Cause(8, 7, 3, 4, {"reason": "passed"}), NESTING, left="yard")
    assert [(one.kind, one.place, one.time) for one in said] == [
        ("departed", "yard", 8),
        ("arrived", "hall", 8),
        ("arrived", "bay", 8),
    ]
    assert [claim.zone for claim in state.claims] == ["hall", "bay"]
    assert state.waiting == ()
