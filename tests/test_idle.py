"""A device that rests between two triggers: neither a silence nor a gap."""

from dataclasses import replace

import pytest

from core.records import AntennaState, Idle
from core.site import Antenna, Item, Portal, Site, Source, Zone
from tests.played import A, Played, at

HALL = Site(
    "leeds",
    (Zone("hall", silence=10),),
    sources=(Source("one", (Antenna(1, zone="hall"), Antenna(2, zone="hall")), lateness=1),),
)
DOCK = Site(
    "leeds",
    (Zone("yard"), Zone("hall")),
    (Portal("dock", ("yard", "hall"), gap=2),),
    (Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),),
)


def test_a_visit_ends_by_the_silence_of_the_time_in_which_the_reader_reads() -> None:
    played = Played(HALL)
    played.say("one", Idle(at(-60), True))
    played.say("one", Idle(at(0), False))
    played.read("one", 1, 0, 4)
    played.say("one", Idle(at(8), True))
    played.alive(3_600)
    played.say("one", Idle(at(3_600), False))
    played.alive(3_605)
    played.say("one", Idle(at(3_605), True))
    played.alive(7_200)
    assert played.news() == [("arrived", "hall", 0)]
    played.say("one", Idle(at(7_200), False))
    played.alive(7_203)  # 4 + 5 + 1 s of silence, and the lateness
    assert played.news() == [("departed", "hall", 4)]
    assert played.gaps == []


def test_a_visit_goes_on_through_a_rest() -> None:
    played = Played(HALL)
    played.read("one", 1, 0, 4)
    for hour in range(1, 4):
        played.say("one", Idle(at(3_600 * hour - 3_592), True))
        played.say("one", Idle(at(3_600 * hour), False))
        played.read("one", 2, 3_600 * hour + 3)
    played.alive(3 * 3_600 + 12)
    assert played.facts == [("arrived", "hall", 0)]


def test_nobody_goes_missing_while_everybody_rests() -> None:
    item = Item("gen", tags=(A,), missing_after=20)
    played = Played(replace(HALL, items=(item,)))
    played.read("one", 1, 0)
    played.say("one", Idle(at(1), True))
    played.alive(600)
    assert played.facts == [("arrived", "hall", 0)]
    played.say("one", Idle(at(600), False))
    played.alive(622)
    assert [kind for kind, _, _ in played.facts] == ["arrived", "departed", "missing"]


def test_a_pass_is_decided_promptly_although_the_reader_rests_by_then() -> None:
    played = Played(DOCK)
    played.say("door", Idle(at(0), False))
    played.read("door", 1, 1.0, 1.2, 1.4, 1.6)
    played.read("door", 2, 3.0, 3.2, 3.4, 3.6)
    played.say("door", Idle(at(4), True))
    played.alive(5)
    assert played.of("passed") == []
    played.alive(9)
    (passed,) = played.of("passed")
    assert (passed.place, passed.direction, passed.tag) == ("dock", "in", A)


@pytest.mark.parametrize("port", [0, 1])
def test_antennas_come_and_go_while_it_rests(port: int) -> None:
    played = Played(HALL)
    played.read("one", 1, 0)
    played.say("one", Idle(at(1), True))
    played.say("one", AntennaState(at(2), port, False))
    played.say("one", AntennaState(at(3), port, True))
    played.alive(60)
    assert played.facts == [("arrived", "hall", 0)]
    played.say("one", AntennaState(at(60), port, False))
    played.say("one", Idle(at(61), False))
    played.alive(120)
    assert played.facts == [("arrived", "hall", 0)]


def test_a_rest_ends_with_the_connection() -> None:
    played = Played(HALL)
    played.read("one", 1, 0, 4)
    played.say("one", Idle(at(6), True))
    played.alive(50)
    played.down("one", 40)
    played.reborn()
    played.up("one", 60)
    played.alive(60.5)
    played.alive(67)
    assert played.of("departed") == []
    played.alive(70)  # 2 s before the rest, 8 s after the outage, and the lateness
    assert played.of("departed") != []
