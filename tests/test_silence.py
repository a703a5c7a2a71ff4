"""Silence counts only while everybody who could hear is up."""

from dataclasses import replace

from core.records import AntennaState, Dropped
from core.site import Antenna, Item, Portal, Site, Source, Zone
from tests.played import A, B, Played, at

ZONES = (Zone("hall", silence=10), Zone("room", silence=10), Zone("yard"))
SITE = Site(
    "leeds",
    ZONES,
    sources=(
        Source(
            "one", (Antenna(1, zone="hall"), Antenna(2, zone="hall"), Antenna(3, zone="room")), lateness=1
        ),
        Source("two", (Antenna(1, zone="hall"),), lateness=1),
    ),
)
ALONE = replace(SITE, sources=SITE.sources[:1])


def test_a_visit_ends_after_its_silence_at_the_last_read() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0, 4)
    played.alive(15)
    assert played.news() == [("arrived", "hall", 0)]
    played.alive(15.1)
    assert played.news() == [("departed", "hall", 4)]
    assert played.events[-1].evidence == {"reason": "silence"}


def test_a_reader_that_is_down_hears_no_silence() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0, 4)
    played.down("one", 6)
    played.up("one", 3_600)
    played.alive(3_600.5)
    played.alive(3_608)
    assert [kind for kind, _, _ in played.news()] == ["arrived", "device_down", "device_up"]
    # 2 s of silence before the outage, 8 s after it, and the lateness
    played.alive(3_610)
    assert played.news() == [("departed", "hall", 4)]
    assert played.events[-1].evidence == {"reason": "silence", "not_after": "2023-11-14T23:13:20.500000Z"}


def test_a_visit_goes_on_through_an_outage() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0, 4)
    played.down("one", 6)
    played.up("one", 3_600)
    played.read("one", 1, 3_600, 3_601)
    played.alive(3_620)
    assert [kind for kind, _, _ in played.news()] == ["arrived", "device_down", "device_up", "departed"]
    assert played.events[-1].time == at(3_601)
    assert played.events[-1].evidence == {"reason": "silence"}


def test_reports_that_a_reader_delivers_once_more_do_not_end_its_blindness() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0, 4)
    played.down("one", 6)
    played.up("one", 60)
    played.read("one", 1, 4, 60, tag=B)
    played.read("one", 1, 61)
    played.finish()
    assert [fact for fact in played.facts if fact[0] == "departed"] == []


def test_an_antenna_that_is_off_hears_no_silence() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0, 4)
    played.say("one", AntennaState(at(5), 2, False))
    played.alive(100)
    assert played.facts == [("arrived", "hall", 0)]
    played.say("one", AntennaState(at(100), 2, True))
    played.alive(109)
    assert played.facts == [("arrived", "hall", 0)]
    played.alive(111)
    assert played.facts[1:] == [("departed", "hall", 4)]


def test_port_zero_stands_for_every_antenna() -> None:
    played = Played(ALONE)
    played.read("one", 3, 0)
    played.read("one", 1, 0.5, tag=B)
    played.say("one", AntennaState(at(1), 0, False))
    played.say("one", AntennaState(at(50), 3, True))
    played.alive(100)
    assert [(fact.tag, fact.place) for fact in played.of("departed")] == [(A, "room")]
    played.say("one", AntennaState(at(100), 0, True))
    played.alive(120)
    assert [(fact.tag, fact.place) for fact in played.of("departed")] == [(A, "room"), (B, "hall")]


def test_an_antenna_of_a_device_that_looks_nowhere_blinds_nothing() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0)
    played.say("one", AntennaState(at(1), 9, False))
    played.alive(20)
    assert played.facts == [("arrived", "hall", 0), ("departed", "hall", 0)]


def test_what_any_port_stands_for_is_watched_again_when_one_is() -> None:
    played = Played(replace(SITE, sources=(Source("any", (Antenna(0, zone="hall"),), lateness=1),)))
    played.read("any", 7, 0)
    played.say("any", AntennaState(at(1), 0, False))
    played.alive(50)
    played.say("any", AntennaState(at(50), 7, True))
    played.alive(70)
    assert played.facts == [("arrived", "hall", 0), ("departed", "hall", 0)]


def test_time_in_which_a_device_lost_records_is_no_silence() -> None:
    played = Played(ALONE)
    played.read("one", 1, 0)
    played.say("one", Dropped(at(9), at(1), "its buffer was full"))
    played.alive(18)
    assert played.facts == [("arrived", "hall", 0)]
    played.alive(19.1)
    assert played.facts[1:] == [("departed", "hall", 0)]
    assert [(gap.since, gap.to, gap.reason) for gap in played.gaps] == [(at(1), at(9), "its buffer was full")]


def test_a_zone_of_two_readers_is_silent_when_both_say_so() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("one", 1, 0)
    played.read("two", 1, 3)
    played.alive(60, "one")
    assert played.news() == [("arrived", "hall", 0)]
    played.alive(14, "two")
    assert played.news() == []
    played.alive(14.1, "two")
    assert played.news() == [("departed", "hall", 3)]


def test_a_zone_is_not_silent_while_one_of_its_readers_is_down() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("one", 1, 0)
    played.down("two", 2)
    played.alive(60, "one")
    played.up("two", 70)
    played.alive(70)
    assert [kind for kind, _, _ in played.news()] == ["device_down", "arrived", "device_up"]
    played.alive(80)
    assert played.news() == [("departed", "hall", 0)]


def test_a_reader_that_was_never_heard_may_have_heard_something() -> None:
    played = Played(SITE)
    played.read("one", 1, 0)
    played.alive(60, "one")
    assert played.facts == [("arrived", "hall", 0)]


def test_another_zone_claims_although_a_blind_one_can_not_be_silent() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("one", 1, 0)
    played.down("two", 2)
    played.read("one", 3, 5, 9, 12, 15)
    assert [fact for fact in played.news() if fact[0] != "device_down"] == [
        ("arrived", "hall", 0),
        ("departed", "hall", 5),
        ("arrived", "room", 5),
    ]


def test_it_waits_while_the_reader_that_is_up_still_hears_it_in_the_blind_zone() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("one", 1, 0)
    played.down("two", 2)
    played.read("one", 3, 5, 9)
    played.read("one", 1, 9.5)
    played.read("one", 3, 12, 15, 18)
    assert [fact for fact in played.news() if fact[0] != "device_down"] == [("arrived", "hall", 0)]


def test_what_a_blind_zone_hears_after_all_takes_the_other_claim_back() -> None:
    played = Played(SITE)
    played.alive(0)
    played.read("one", 1, 0)
    played.down("two", 2)
    played.read("one", 3, 5, 9, 12, 15)
    played.news()
    played.read("one", 1, 16)
    assert played.news() == [("not departed", "hall", 5), ("not arrived", "room", 5)]


DOOR = Portal("dock", ("yard", "hall"), gap=2)
GUARDED = Site(
    "leeds",
    ZONES,
    (DOOR,),
    (
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="hall"))),
        Source("room", (Antenna(1, zone="room"),), lateness=1),
    ),
    (Item("drill", tags=(A, B), missing_after=20),),
)


def test_missing_at_the_last_evidence_and_found_at_the_next() -> None:
    played = Played(GUARDED)
    played.alive(0)
    played.read("room", 1, 1, 3, tag=A)
    played.alive(24)
    assert played.news() == [("arrived", "room", 1), ("departed", "room", 3)]
    played.alive(26)
    assert played.news() == [("missing", "room", 3)]
    played.read("room", 1, 40, tag=B)
    played.alive(42)
    assert played.news() == [("arrived", "room", 40), ("found", "room", 40)]
    assert [(event.item, event.tag) for event in played.of("missing", "found")] == [
        ("drill", A),
        ("drill", B),
    ]


def test_nothing_is_missing_while_a_reader_that_has_heard_it_is_down() -> None:
    played = Played(GUARDED)
    played.alive(0)
    played.read("room", 1, 1)
    played.read("door", 1, 5)
    played.down("room", 6)
    played.alive(1_000, "door")
    played.up("room", 1_000)
    played.alive(1_000)
    played.alive(1_015)
    assert played.of("missing") == []
    # 1 s before the outage and 19 s after it
    played.alive(1_022)
    assert [event.time for event in played.of("missing")] == [at(5)]


def test_evidence_after_an_outage_is_in_time() -> None:
    played = Played(GUARDED)
    played.alive(0)
    played.read("room", 1, 1)
    played.down("room", 6)
    played.up("room", 1_000)
    played.read("door", 1, 1_003)
    played.alive(1_010)
    assert played.of("missing", "found") == []


def test_evidence_long_ago_elsewhere_still_counts_where_it_was() -> None:
    played = Played(GUARDED)
    played.alive(0)
    played.read("door", 1, 1)
    played.read("room", 1, 5)
    played.alive(2_000)
    assert [event.time for event in played.of("missing")] == [at(5)]
    played.read("room", 1, 2_001)
    played.down("door", 2_002)
    played.alive(4_000, "room")
    assert len(played.of("missing")) == 1
