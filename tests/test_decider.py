"""When things are decided, and by whose word."""

from core.site import Antenna, Item, Portal, Site, Source, Zone
from tests.played import A, B, Played, at, seconds, standing

DOCK = Portal("dock", ("yard", "hall"), gap=2, max_pass=10)
SITE = Site(
    "leeds",
    (Zone("yard"), Zone("hall"), Zone("room", silence=10)),
    (DOCK,),
    (
        Source("near", (Antenna(1, portal="dock", side="yard"), Antenna(2, zone="room"))),
        Source("far", (Antenna(1, portal="dock", side="hall"), Antenna(2, zone="room"))),
    ),
)


def crossing(played: Played, start: float) -> None:
    """In through the dock, both readers hear it."""
    for moment in range(4):
        played.read("near", 1, start + moment * 0.1)
    for moment in range(4):
        played.read("far", 1, start + 1 + moment * 0.1)


def test_a_pass_waits_for_both_readers_of_its_door() -> None:
    played = Played(SITE)
    played.alive(0)
    crossing(played, 10)
    played.alive(20, "near")
    assert played.facts == []
    played.alive(13.5, "far")
    assert played.facts == []
    played.alive(13.7, "far")
    assert [(event.kind, event.direction) for event in played.of("passed")] == [("passed", "in")]


def test_a_pass_does_not_wait_for_a_reader_that_was_never_heard() -> None:
    played = Played(SITE)
    played.read("near", 1, 10)
    played.alive(13, "near")
    assert played.pipeline.passes["dock"]["near"] == 1


def test_a_pass_does_not_wait_for_a_reader_that_is_down() -> None:
    played = Played(SITE)
    played.alive(0)
    played.down("far", 1)
    played.read("near", 1, 10)
    played.alive(13, "near")
    assert played.pipeline.passes["dock"]["near"] == 1


def test_a_pass_does_not_wait_for_the_reader_that_heard_it_last() -> None:
    played = Played(SITE)
    played.alive(0)
    crossing(played, 10)
    played.down("far", 11.4)
    played.alive(20, "near")
    assert len(played.of("passed")) == 1


def test_a_visit_may_be_timed_by_any_reader_of_its_zone() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("far", 2, 10)
    played.down("far", 11)
    played.alive(60, "near")
    played.up("far", 60)
    played.alive(60)
    played.alive(72)
    assert [seconds(event.time) for event in played.of("departed")] == [10]


def test_disorder_within_the_lateness_is_not_late() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("near", 1, 10, 10.1, 10.2, 12.3)
    played.read("near", 1, 12.15)
    for moment in (13, 13.1, 13.2):
        played.read("far", 1, moment)
    played.alive(20)
    (event,) = played.of("passed")
    assert (event.late, event.reads) == (False, 8)


def test_a_late_read_at_a_door_decides_its_pass_anew_and_no_other() -> None:
    played = Played(SITE)
    played.alive(0)
    crossing(played, 10)
    played.alive(20)
    crossing(played, 30)
    played.alive(40)
    assert len(played.of("passed")) == 2
    played.news()
    played.read("near", 1, 29)
    played.alive(41)
    first, second, again = played.of("passed")
    assert [(event.retracts, event.of) for event in played.of("retracted")][:1] == [(second.id, "passed")]
    assert (again.late, again.reads, seconds(again.time) < seconds(second.time)) == (True, 9, True)
    assert [event.id for event in standing(played.events) if event.kind == "passed"] == [first.id, again.id]
    assert played.pipeline.passes["dock"]["crossing"] == 2


def test_a_begin_waits_for_the_vote_on_its_own_pass() -> None:
    played = Played(SITE)
    played.alive(0)
    for moment in (9.5, 11, 12.5, 14, 15.5):
        played.read("near", 1, moment, tag=B)
    crossing(played, 10)
    played.read("far", 2, 13)
    played.alive(17)
    assert [fact for fact in played.facts if fact[0] == "arrived"] == []
    played.alive(30)
    assert [(event.kind, event.place) for event in played.events if event.tag == A][:4] == [
        ("passed", "dock"),
        ("arrived", "hall"),
        ("departed", "hall"),
        ("arrived", "room"),
    ]
    assert played.of("retracted") == []


def test_a_tag_that_stands_in_the_door_does_not_hold_up_the_others() -> None:
    played = Played(SITE)
    played.alive(0)
    for moment in range(0, 40):
        played.read("near", 1, moment * 1.5, tag=B)
        played.alive(moment * 1.5, "far")
        if moment == 10:
            crossing(played, 15)
    played.alive(60)
    (event,) = played.of("passed")
    assert event.tag == A
    assert seconds(event.detected) < 35
    assert played.pipeline.passes["dock"] == {"crossing": 1}
    played.alive(70)
    assert played.pipeline.passes["dock"] == {"crossing": 1, "static": 1}


def test_all_tags_of_an_item_are_one_subject() -> None:
    site = Site("leeds", SITE.zones, SITE.portals, SITE.sources, (Item("drill", tags=(A, B)),))
    played = Played(site)
    played.alive(0)
    for moment in (10, 10.1, 10.2):
        played.read("near", 1, moment, tag=A)
        played.read("far", 1, moment + 1, tag=B)
    played.read("near", 2, 14, tag=B)
    played.alive(20)
    assert [(event.kind, event.item, event.tag, event.place) for event in played.events] == [
        ("passed", "drill", A, "dock"),
        ("arrived", "drill", A, "hall"),
        ("departed", "drill", B, "hall"),
        ("arrived", "drill", B, "room"),
    ]
    assert played.of("passed")[0].reads == 6


def test_the_end_of_a_replay_decides_passes_and_beginnings_and_leaves_visits_open() -> None:
    played = Played(SITE)
    crossing(played, 10)
    played.read("near", 2, 12, 16, tag=B)
    played.finish()
    assert [(event.tag, event.kind, event.place) for event in played.events] == [
        (B, "arrived", "room"),
        (A, "passed", "dock"),
        (A, "arrived", "hall"),
    ]
    played.finish()
    assert len(played.events) == 3


def test_an_event_dates_its_decision() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("near", 2, 10)
    played.read("near", 2, 11.5, 12.25)
    (event,) = played.events
    assert (event.time, event.detected, event.source, event.evidence) == (
        at(10),
        at(12.25),
        "near",
        {"antenna": 2},
    )
