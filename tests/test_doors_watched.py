"""A door with two sides, and who watches it besides: photo-eyes, and the reader that says when an antenna is off."""

from dataclasses import replace

import pytest

from core.events import Event
from core.portal import Movement
from core.records import AntennaState, Gpi, Shift
from core.site import Antenna, PhotoEye, Portal, Site, Source, Zone
from tests.played import A, B, Played, at

SITE = Site(
    "s",
    (Zone("yard"), Zone("hall")),
    (Portal("dock", ("yard", "hall"), assume="in"),),
    (
        Source(
            "door",
            (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall")),
            (PhotoEye(1, "dock", "yard"), PhotoEye(2, "dock", "hall")),
        ),
        Source("inner", (Antenna(1, zone="yard"),)),
    ),
)


def eye(played: Played, port: int, *changes: float) -> None:
    """A photo-eye is interrupted, free, interrupted and so on."""
    for number, second in enumerate(changes):
        played.say("door", Gpi(at(second), port, number % 2 == 0))


def walk(played: Played, since: float, tag: str = A, first: int = 1) -> Event | None:
    """From one side to the other in two seconds; what is told of it."""
    for port, begin in ((first, since), (3 - first, since + 1.2)):
        played.read("door", port, *(begin + tenth / 10 for tenth in range(9)), tag=tag)
    before = len(played.of("passed"))
    played.alive(since + 8)
    told = played.of("passed")[before:]
    return told[0] if told else None


def antenna(played: Played, second: float, port: int, connected: bool) -> None:
    """The reader says that an antenna is off, or on again."""
    played.say("door", AntennaState(at(second), port, connected))


def test_nobody_crosses_unseen_where_photo_eyes_work() -> None:
    played = Played(SITE)
    assert walk(played, 10) is not None
    eye(played, 1, 60, 60.5)
    assert walk(played, 60) is not None
    assert walk(played, 110, B) is None
    assert +played.pipeline.passes["dock"] == {Movement.CROSSING: 2, Movement.NEAR: 1}
    played.reborn()
    assert walk(played, 160, B) is None
    played.say("door", Shift(at(180), 3_600_000_000))
    assert walk(played, 3_800, B) is None
    eye(played, 1, 3_850, 3_850.5)
    assert walk(played, 3_850, B) is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((7.9, 8.5), True),  # free again within the gap before
        ((7.0, 7.9), False),
        ((7.0,), True),  # still interrupted
        ((13.9,), True),
        ((14.1,), True),  # until then nobody knew that there are eyes
        ((7.0, 7.1, 14.1), False),
        ((7.0, 20.0), True),
    ],
)
def test_when_an_eye_sees_a_pass(changes: tuple[float, ...], told: bool) -> None:
    played = Played(SITE)
    eye(played, 2, *changes)
    assert (walk(played, 10) is not None) is told


def test_an_eye_that_never_says_that_it_is_free_is_so_in_the_end() -> None:
    played = Played(SITE)
    eye(played, 1, 10)
    assert walk(played, 30) is not None
    assert walk(played, 60, B) is None


def test_an_eye_that_was_never_interrupted_is_none() -> None:
    played = Played(SITE)
    played.say("door", Gpi(at(5), 1, False))
    assert walk(played, 10) is not None


def test_two_eyes_know_the_direction_better() -> None:
    played = Played(SITE)
    eye(played, 1, 10.9, 11.0)
    eye(played, 2, 10.5, 10.6)
    passed = walk(played, 10)
    assert passed is not None
    assert (passed.direction, passed.evidence["direction"]) == ("out", "eyes")
    eye(played, 1, 30.5, 30.6)
    eye(played, 2, 30.9, 31.0)
    passed = walk(played, 30, B)
    assert passed is not None
    assert (passed.direction, passed.evidence["direction"]) == ("in", "antennas")


@pytest.mark.parametrize("port", [0, 1, 2])
def test_a_side_that_was_off_tells_no_direction(port: int) -> None:
    """Neither does the zone that it was in, nor what is assumed at doors without sides."""
    played = Played(SITE)
    played.alive(0)
    played.read("inner", 1, 5)
    played.alive(9)
    antenna(played, 9, port, connected=False)
    passed = walk(played, 10)
    assert passed is not None
    assert (passed.direction, passed.evidence["direction"], passed.confidence) == (None, "blind", None)
    assert [event.place for event in played.of("arrived")] == ["yard"]
    played.reborn()
    played.say("door", Shift(at(20), 1_000_000))
    antenna(played, 29, port, connected=True)
    passed = walk(played, 30, B)
    assert passed is not None
    assert passed.direction == "in"


def test_an_antenna_that_is_off_before_or_after_a_pass_does_not_matter() -> None:
    played = Played(SITE)
    antenna(played, 8, 1, connected=False)
    antenna(played, 9, 1, connected=True)
    passed = walk(played, 10)
    antenna(played, 19, 1, connected=False)
    assert passed is not None
    assert passed.direction == "in"


def test_photo_eyes_tell_the_direction_when_a_side_is_off() -> None:
    played = Played(replace(SITE, portals=(Portal("dock", ("yard", "hall")),)))
    antenna(played, 9, 1, connected=False)
    eye(played, 1, 10.9, 11.0)
    eye(played, 2, 10.5, 10.6)
    passed = walk(played, 10)
    assert passed is not None
    assert (passed.direction, passed.evidence["direction"]) == ("out", "eyes")
