"""A portal whose antennas see both sides: photo-eyes, the zone it was in, or an assumption tell the direction."""

from dataclasses import replace

import pytest

from core.records import Gpi
from core.site import Antenna, PhotoEye, Portal, Site, Source, Zone
from tests.played import Played, at

DOOR = Source(
    "door", (Antenna(1, portal="dock"),), (PhotoEye(1, "dock", "yard"), PhotoEye(2, "dock", "hall"))
)
SITE = Site(
    "leeds",
    (Zone("yard"), Zone("hall"), Zone("office", inside="hall")),
    (Portal("dock", ("yard", "hall")), Portal("hatch", ("hall", "office"))),
    (
        DOOR,
        Source("hatch", (Antenna(1, portal="hatch"),)),
        Source("inner", (Antenna(1, zone="yard"), Antenna(2, zone="office"))),
    ),
)
PASS = (10.2, 10.3, 10.4, 10.5, 10.6, 10.7, 10.8)


def eyes(played: Played, *seen: tuple[int, float]) -> None:
    """Photo-eyes (port, second) that are interrupted and free again."""
    for port, second in seen:
        played.say("door", Gpi(at(second), port, True))
        played.say("door", Gpi(at(second + 0.1), port, False))


@pytest.mark.parametrize(
    ("first", "second", "direction", "origin", "zone"),
    [(1, 2, "in", "yard", "hall"), (2, 1, "out", "hall", "yard")],
)
def test_two_photo_eyes_tell_direction_and_time(
    first: int, second: int, direction: str, origin: str, zone: str
) -> None:
    played = Played(SITE)
    eyes(played, (first, 10), (7, 10.5), (second, 11))
    played.read("door", 1, *PASS)
    played.alive(20)
    assert played.facts == [("passed", "dock", 10.5), ("arrived", zone, 10.5)]
    passed = played.events[0]
    assert (passed.direction, passed.from_place, passed.time_error) == (direction, origin, 0.5)
    assert (passed.evidence["direction"], passed.evidence["reads"]) == ("eyes", {"dock": 7})


def test_one_photo_eye_tells_the_time() -> None:
    played = Played(SITE)
    eyes(played, (1, 10))
    played.read("door", 1, *PASS)
    played.alive(20)
    assert played.facts == [("passed", "dock", 10)]
    assert (played.events[0].direction, played.events[0].evidence["direction"]) == (None, "unknown")


def test_who_was_in_one_zone_of_the_door_is_in_the_other() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("inner", 1, 5)
    played.alive(9)
    played.read("door", 1, *PASS)
    played.alive(20)
    assert [(event.kind, event.place) for event in played.events] == [
        ("arrived", "yard"),
        ("passed", "dock"),
        ("departed", "yard"),
        ("arrived", "hall"),
    ]
    assert (played.events[1].direction, played.events[1].evidence["direction"]) == ("in", "zone")


def test_of_two_zones_one_inside_the_other_it_leaves_the_inner_one() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("inner", 2, 5)
    played.alive(9)
    played.read("hatch", 1, *PASS)
    played.alive(20)
    assert [(event.kind, event.place, event.direction) for event in played.events] == [
        ("arrived", "hall", None),
        ("arrived", "office", None),
        ("passed", "hatch", "out"),
        ("departed", "office", None),
    ]


@pytest.mark.parametrize(("assume", "zone"), [("in", "hall"), ("out", "yard"), (None, None)])
def test_of_whom_nothing_is_known_what_is_assumed_is_told(assume: str | None, zone: str | None) -> None:
    portal = Portal("dock", ("yard", "hall"), assume=assume)  # type: ignore[arg-type]
    played = Played(replace(SITE, portals=(portal, SITE.portals[1])))
    played.read("door", 1, *PASS)
    played.alive(20)
    assert played.events[0].direction == assume
    assert played.events[0].evidence["direction"] == ("assume" if assume else "unknown")
    assert [event.place for event in played.of("arrived")] == ([zone] if zone else [])
