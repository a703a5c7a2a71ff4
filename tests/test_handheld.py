"""Handhelds and scanners: what they say is an instant, and their silence says nothing."""

from dataclasses import replace
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.records import AntennaState, Scan
from core.site import Antenna, Item, Portal, Site, Source, Zone
from tests.played import A, B, Played, at

SITE = Site(
    "leeds",
    (Zone("hall"), Zone("room"), Zone("shelf", inside="room"), Zone("yard")),
    (Portal("dock", ("yard", "hall")),),
    (
        Source(
            "fixed", (Antenna(1, zone="hall"), Antenna(2, zone="room"), Antenna(0, zone="hall")), lateness=1
        ),
        Source("wand", (Antenna(1, zone="room"), Antenna(0, zone="shelf")), lateness=0, handheld=True),
        Source("tunnel", (Antenna(0, portal="dock"),), lateness=0),
    ),
    (
        Item("drill", tags=(A, "barcode:4711"), missing_after=60),
        Item("anna", kind="person", tags=("badge:17",)),
    ),
)


def scan(played: Played, time: float, tag: str = "barcode:4711", operator: str | None = None) -> None:
    """A scan in the hand of whoever it is, and the sign of life after it."""
    played.say("wand", Scan(at(time), tag, tag.partition(":")[2], "code-128", operator))
    played.alive(time + 0.001, "wand")


def test_a_scan_puts_the_item_in_the_scanners_zone() -> None:
    played = Played(SITE)
    scan(played, 1)
    assert played.news() == [("arrived", "room", 1), ("arrived", "shelf", 1)]
    event = played.events[-1]
    assert (event.item, event.tag, event.source) == ("drill", "barcode:4711", "wand")
    assert event.evidence == {"reason": "scan"}
    assert event.reads == 1
    scan(played, 5)
    assert played.news() == []


def test_a_handhelds_silence_ends_nothing() -> None:
    played = Played(SITE)
    played.read("wand", 1, 1, 1.2, 1.5, tag=B)
    played.alive(2, "wand")
    assert played.news() == [("arrived", "room", 1)]
    assert played.events[-1].evidence == {"reason": "handheld"}
    played.alive(4_000)
    played.finish()
    assert played.news() == []


def test_the_newest_instant_wins() -> None:
    played = Played(SITE)
    played.read("wand", 1, 1, tag=B)
    played.read("fixed", 1, 10, 11, tag=B)
    played.alive(20)
    played.read("wand", 1, 30, tag=B)
    played.alive(31)
    assert played.facts == [
        ("arrived", "room", 1),
        ("departed", "room", 10),
        ("arrived", "hall", 10),
        ("departed", "hall", 30),
        ("arrived", "room", 30),
    ]


def test_reads_a_second_apart_are_instants_of_their_own() -> None:
    played = Played(SITE)
    played.read("wand", 1, 1, 1.9, 2.8, tag=B)
    played.read("fixed", 1, 3, tag=B)
    played.read("wand", 1, 3.9, tag=B)
    played.alive(10)
    assert [event.place for event in played.of("arrived")] == ["room", "hall", "room"]
    assert [event.reads for event in played.of("arrived")] == [1, 1, 1]


def test_who_holds_it_is_told() -> None:
    played = Played(SITE)
    scan(played, 0, "badge:17", "badge:17")
    assert [(event.item, event.place) for event in played.of("arrived")] == [
        ("anna", "room"),
        ("anna", "shelf"),
    ]
    scan(played, 1, operator="badge:17")
    played.read("wand", 1, 2, tag=B)
    played.reborn()
    played.alive(3, "wand")
    assert played.events[-2].evidence == {"reason": "scan", "operator": "badge:17"}
    assert played.events[-1].evidence == {"reason": "handheld", "operator": "badge:17"}
    far = 12 * 3_600 + 2
    scan(played, far, "barcode:other")
    assert played.events[-1].evidence == {"reason": "scan"}


def test_a_late_badge_counts_from_when_it_was_read() -> None:
    played = Played(SITE)
    scan(played, 10, operator="badge:2")
    scan(played, 5, "barcode:x", operator="badge:1")
    wand = played.pipeline.state.sources[1]
    assert [wand.holder(at(time)) for time in (4, 5, 9, 10)] == [None, "badge:1", "badge:1", "badge:2"]


def test_many_scans_of_one_make_nobody_forgotten() -> None:
    wand = Played(SITE).pipeline.state.sources[1]
    wand.held(at(0), "badge:1")
    for second in range(100, 20 * 3_600, 7):
        wand.held(at(second), "badge:2")
    assert len(wand.holders) <= 1_024
    for second in (100, 3_600, 19 * 3_600, 31 * 3_600):
        assert wand.holder(at(second)) == "badge:2"
    assert (wand.holder(at(99)), wand.holder(at(33 * 3_600))) == ("badge:1", None)
    for number in range(3_000):
        wand.held(at(90_000 + number), f"badge:{number % 2}")
    assert len(wand.holders) == 1_024


HOLDS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("AB")), max_size=30)


@given(HOLDS, st.randoms())
def test_who_held_it_is_the_same_in_any_order(holds: list[tuple[int, str]], chance: Random) -> None:
    """Hours; of one moment the badge that is later in the alphabet counts."""
    hour = 3_600
    wand = Played(SITE).pipeline.state.sources[1]
    shuffled = chance.sample(holds, len(holds))
    for time, badge in shuffled:
        wand.held(at(time * hour), badge)
    for time in range(60):
        before = max((one for one in holds if one[0] <= time), default=None)
        truth = None if before is None or time - before[0] > 12 else before[1]
        assert wand.holder(at(time * hour)) == truth


@pytest.mark.parametrize("source", ["tunnel", "fixed"])
def test_a_scan_needs_a_zone(source: str) -> None:
    played = Played(SITE)
    played.say(source, Scan(at(1), "barcode:4711", "4711"))
    played.alive(10)
    unplaced = source == "tunnel"
    assert played.pipeline.counts[source]["unplaced"] == unplaced
    assert [event.place for event in played.of("arrived")] == ([] if unplaced else ["hall"])


def test_a_scan_at_a_fixed_reader_is_an_instant() -> None:
    played = Played(SITE)
    played.say("fixed", Scan(at(1), "barcode:4711", "4711"))
    for time in (10, 100, 1_000):
        played.alive(time, "fixed")
    assert [fact[:2] for fact in played.facts] == [("arrived", "hall"), ("missing", "hall")]


def test_a_lost_handheld_blinds_no_zone() -> None:
    played = Played(SITE)
    played.read("fixed", 2, 1, 2, tag=B)
    played.alive(10)
    played.down("wand", 11)
    played.up("wand", 500)
    played.say("wand", AntennaState(at(501), 1, connected=False))
    for time in (20, 40, 60):
        played.alive(time, "fixed")
    departed = played.of("departed")
    assert [(event.place, event.time) for event in departed] == [("room", at(2))]
    assert departed[0].evidence == {"reason": "silence"}


def test_delivered_twice_is_once() -> None:
    played = Played(SITE)
    for _ in range(2):
        scan(played, 1)
    assert played.pipeline.counts["wand"]["duplicates"] == 1
    assert len(played.of("arrived")) == 2


def test_the_times_of_its_own_clock_are_corrected() -> None:
    site = replace(SITE, sources=(SITE.sources[0], replace(SITE.sources[1], offset=10.0)))
    played = Played(replace(site, portals=()))
    played.say("wand", Scan(at(1), "barcode:4711", "4711"))
    played.alive(20, "wand")
    assert played.of("arrived")[0].time == at(11)


def test_what_it_said_outlives_a_change_of_configuration() -> None:
    played = Played(SITE)
    scan(played, 1)
    scan(played, 2, "barcode:nobodys")
    played.read("wand", 1, 3, tag=B)
    played.alive(4, "wand")
    other = Played(replace(SITE, zones=(*SITE.zones, Zone("new"))))
    decided = other.pipeline.adopt(played.events, at(5))
    assert decided.events == []
    other.alive(5_000, "wand", "tunnel")
    other.read("wand", 1, 6_000, tag=B)
    other.alive(6_001, "wand")
    assert other.of("arrived", "departed") == []
