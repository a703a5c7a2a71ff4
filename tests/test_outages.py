"""Links that are lost and come back: events of the device, gaps, and what the backlog fills."""

import pytest

from core.events import Gap
from core.records import Alive, AntennaState, Dropped, Input
from core.site import Antenna, Site, Source, Zone
from tests.played import Played, at

SITE = Site(
    "leeds",
    (Zone("hall", silence=10),),
    sources=(Source("one", (Antenna(1, zone="hall"), Antenna(2, zone="hall")), lateness=1),),
)


def test_a_source_that_the_site_does_not_have() -> None:
    with pytest.raises(KeyError, match="two"):
        Played(SITE).pipeline.step(Input("two", 0, Alive(at(0))))


def test_a_gap_is_written_when_the_backlog_is_delivered() -> None:
    played = Played(SITE)
    played.read("one", 1, 0)
    played.down("one", 5)
    played.up("one", 60)
    played.read("one", 1, 20, 30, 40)
    assert played.gaps == []
    played.read("one", 1, 61)
    assert played.gaps == [Gap("one", at(5), at(60), "lost", 3)]
    assert played.facts[:2] == [("device_down", None, 5), ("device_up", None, 60)]


def test_the_device_says_that_nothing_is_on_its_way() -> None:
    played = Played(SITE)
    played.down("one", 5)
    played.up("one", 60)
    played.alive(59)
    assert played.gaps == [Gap("one", at(5), at(60), "lost", 0)]


def test_a_link_is_lost_and_back_only_once() -> None:
    played = Played(SITE)
    played.up("one", 1)
    played.down("one", 5)
    played.down("one", 6)
    played.up("one", 60)
    played.up("one", 61)
    assert played.facts == [("device_down", None, 5), ("device_up", None, 60)]


def test_a_link_that_is_lost_again_before_anything_was_heard_is_one_gap() -> None:
    played = Played(SITE)
    played.down("one", 5)
    played.up("one", 60)
    played.down("one", 5)
    played.up("one", 90)
    played.alive(91)
    assert [kind for kind, _, _ in played.facts] == ["device_down", "device_up"] * 2
    assert len({event.id for event in played.events}) == 4
    assert played.gaps == [Gap("one", at(5), at(90), "lost", 0)]


def test_old_reports_after_an_outage_are_heard_but_end_nothing() -> None:
    played = Played(SITE)
    played.read("one", 1, 4)
    played.down("one", 5)
    played.up("one", 60)
    played.read("one", 1, 3, 4)
    assert played.pipeline.counts["one"]["duplicates"] == 1
    assert played.gaps == []
    played.alive(70.9)
    assert played.of("departed") == []


def test_antennas_that_are_off_hold_a_visit() -> None:
    played = Played(SITE)
    played.read("one", 1, 0)
    played.say("one", AntennaState(at(1), 0, False))
    played.alive(100)
    assert played.facts == [("arrived", "hall", 0)]
    played.say("one", AntennaState(at(100), 0, True))
    played.alive(111)
    assert played.facts[1:] == [("departed", "hall", 0)]


def test_what_a_device_dropped_is_a_gap() -> None:
    played = Played(SITE)
    played.say("one", Dropped(at(9), at(1), "its buffer was full"))
    assert played.gaps == [Gap("one", at(1), at(9), "its buffer was full", 0)]
