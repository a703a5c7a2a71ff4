"""Nesting of zones, intervals of blindness, and what a place takes from the configuration."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from core.places import Blind, Nesting, places, unwatched
from core.site import Antenna, PhotoEye, Portal, Site, Source, Zone

spans = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(0, 30)), max_size=8)


def blind_seconds(told: list[tuple[str, int, int]], still: int | None, start: int, stop: int) -> int:
    """The same by looking at every moment."""
    return sum(
        any(begin <= moment < end for _, begin, end in told) or (still is not None and moment >= still)
        for moment in range(start, stop)
    )


@given(spans, spans, st.none() | st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_blindness_is_the_union_of_what_several_causes_say(
    told: list[tuple[str, int, int]],
    elsewhere: list[tuple[str, int, int]],
    still: int | None,
    start: int,
    length: int,
) -> None:
    one, other = Blind(), Blind()
    for blind, some in ((one, told), (other, elsewhere)):
        for cause, begin, end in some:
            blind.begin(cause, begin)
            blind.end(cause, end)
    assert one.starts == sorted(one.starts)
    assert all(end < begin for end, begin in zip(one.ends, one.starts[1:], strict=False))
    if still is not None:
        one.begin("c", still)
    stop = start + length
    assert unwatched([one, other], start, stop) == blind_seconds([*told, *elsewhere], still, start, stop)


def test_an_outage_that_is_reported_twice_began_when_it_was_reported_first() -> None:
    blind = Blind()
    blind.begin("reader", 10)
    blind.begin("reader", 20)
    blind.end("reader", 30)
    blind.end("reader", 40)
    assert (blind.starts, blind.ends, blind.open) == ([10], [30], {})


def test_only_the_newest_outages_are_remembered() -> None:
    blind = Blind()
    for number in range(Blind.LIMIT + 2):
        blind.begin("reader", 10 * number)
        blind.end("reader", 10 * number + 5)
    assert (len(blind.starts), blind.starts[0], blind.ends[0]) == (Blind.LIMIT, 20, 25)


def test_blindness_moves_with_the_clock() -> None:
    blind = Blind()
    blind.begin("reader", 10)
    blind.end("reader", 20)
    blind.begin("antenna", 40)
    blind.shift(-7)
    assert (blind.starts, blind.ends, blind.open) == ([3], [13], {"antenna": 33})


def test_zones_inside_zones() -> None:
    nesting = Nesting((Zone("site"), Zone("hall", "site"), Zone("shelf", "hall"), Zone("yard")))
    assert nesting.chain("shelf") == ("shelf", "hall", "site")
    assert [nesting.depth(zone) for zone in ("site", "hall", "shelf", "unknown")] == [1, 2, 3, 1]
    assert nesting.nested("site", "shelf")
    assert nesting.nested("shelf", "site")
    assert not nesting.nested("shelf", "yard")


def test_a_circle_of_zones_does_not_hang() -> None:
    assert Nesting((Zone("a", "b"), Zone("b", "a"))).chain("a") == ("a", "b")


DOOR = Portal("dock", ("yard", "hall"), gap=1.5, max_pass=20, lateness=0.25)


@pytest.mark.parametrize(
    ("zone", "silent"),
    [
        (Zone("yard"), False),
        (Zone("yard", leave="silence"), True),
        (Zone("room"), True),
        (Zone("room", leave="elsewhere"), False),
    ],
)
def test_a_zone_that_a_portal_leads_to_is_left_by_being_elsewhere(zone: Zone, silent: bool) -> None:
    site = Site("leeds", (zone, Zone("hall")), (DOOR,))
    assert places(site)[zone.id].silent is silent


def test_places_know_who_feeds_them_and_whether_sides_can_be_told_apart() -> None:
    site = Site(
        "leeds",
        (Zone("yard"), Zone("hall", silence=4.5)),
        (DOOR, Portal("gate", ("yard", "hall"))),
        (
            Source("one", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),
            Source("two", (Antenna(0, zone="hall"), Antenna(1, portal="gate"))),
            Source("eyes", gpi=(PhotoEye(1, "gate", "yard"), PhotoEye(2, "gate", "hall"))),
        ),
    )
    made = places(site)
    assert [place.index for place in made.values()] == [0, 1, 2, 3]
    assert (made["hall"].gap, made["hall"].lateness, made["hall"].sources) == (4_500_000, None, [1])
    dock, gate = made["dock"], made["gate"]
    assert (dock.gap, dock.max_pass, dock.lateness) == (1_500_000, 20_000_000, 250_000)
    assert (dock.sided, dock.sources) == (True, [0])
    assert (gate.sided, gate.sources) == (False, [1, 2])
