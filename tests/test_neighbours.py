"""Doors side by side: what goes through one is heard at the other, and passed only once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.events import Event
from core.portal import Movement
from core.site import Antenna, Portal, Site, Source, Zone
from tests.played import Fact, Played, fact, standing

SIDES = (Antenna(1, portal="", side="yard"), Antenna(2, portal="", side="hall"))


def _reader(id: str, portal: str) -> Source:
    return Source(id, tuple(replace(antenna, portal=portal) for antenna in SIDES))


SITE = Site(
    "s",
    zones=(Zone("yard"), Zone("hall"), Zone("store")),
    portals=(
        Portal("dock-1", ("yard", "hall")),
        Portal("dock-2", ("hall", "yard")),
        Portal("gate", ("hall", "store")),
    ),
    sources=(
        _reader("one", "dock-1"),
        _reader("two", "dock-2"),
        Source("three", (Antenna(1, portal="gate", side="hall"), Antenna(2, portal="gate", side="store"))),
    ),
)
DOCK_1 = [("passed", "dock-1", 11.1), ("arrived", "hall", 11.1)]


def walk(played: Played, source: str, rssi: float, since: float = 10.0) -> None:
    """From one side to the other in two seconds."""
    played.read(source, 1, *(since + tenth / 10 for tenth in range(11)), rssi=rssi)
    played.read(source, 2, *(since + 1.2 + tenth / 10 for tenth in range(11)), rssi=rssi)


def told(events: Sequence[Event]) -> list[Fact]:
    """Events in short, to a tenth of a second."""
    return [(kind, place, round(time, 1)) for kind, place, time in map(fact, events)]


def settled(played: Played) -> list[Fact]:
    """What was said, when everybody has heard enough."""
    played.alive(20)
    return told(played.events)


def stands(played: Played) -> list[Fact]:
    """What of it was not taken back."""
    return told(standing(played.events))


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_the_weaker_of_two_passes_at_once_is_an_echo(order: tuple[str, str]) -> None:
    played = Played(SITE)
    for source in order:
        walk(played, source, -55.0 if source == "one" else -67.0)
    assert settled(played) == DOCK_1
    assert played.pipeline.passes["dock-1"] == Counter({Movement.CROSSING: 1})
    assert +played.pipeline.passes["dock-2"] == Counter({Movement.NEAR: 1})


def test_without_powers_the_reads_decide() -> None:
    played = Played(SITE)
    walk(played, "one", float("nan"))
    walk(played, "two", float("nan"))
    played.read("one", 2, 11.55, rssi=float("nan"))
    assert [place for _, place, _ in settled(played)] == ["dock-1", "hall"]


def test_units_that_differ_are_not_compared() -> None:
    raw = replace(SITE.sources[1], rssi="raw")
    played = Played(replace(SITE, sources=(SITE.sources[0], raw, SITE.sources[2])))
    walk(played, "one", -55.0)
    walk(played, "two", 200.0)
    played.read("one", 2, 12.25)
    assert [place for _, place, _ in settled(played)] == ["dock-1", "hall"]


def test_one_after_the_other_both_are_passes() -> None:
    played = Played(SITE)
    walk(played, "one", -55.0)
    walk(played, "two", -67.0, since=13.0)
    assert [fact for fact in settled(played) if fact[0] == "passed"] == [
        ("passed", "dock-1", 11.1),
        ("passed", "dock-2", 14.1),
    ]


def test_doors_in_a_row_are_both_gone_through() -> None:
    played = Played(SITE)
    walk(played, "one", -55.0)
    walk(played, "three", -67.0, since=10.5)
    assert [fact for fact in settled(played) if fact[0] == "passed"] == [
        ("passed", "dock-1", 11.1),
        ("passed", "gate", 11.6),
    ]


def test_late_reads_decide_anew_at_which_door_it_was() -> None:
    played = Played(SITE)
    walk(played, "two", -67.0)
    assert settled(played) == [("passed", "dock-2", 11.1), ("arrived", "hall", 11.1)]
    walk(played, "one", -55.0)
    assert stands(played) == DOCK_1


def test_an_echo_is_a_pass_again_when_late_reads_show_that_the_other_was_none() -> None:
    played = Played(SITE)
    walk(played, "one", -55.0)
    walk(played, "two", -67.0)
    assert settled(played) == DOCK_1
    # it had stood in that door for long before
    played.read("one", 1, *(second / 2 for second in range(-60, 20)), rssi=-55.0)
    assert stands(played) == [("passed", "dock-2", 11.1), ("arrived", "hall", 11.1)]


@given(st.permutations(range(4)))
def test_every_order_of_arrival_ends_in_the_same_pass(order: list[int]) -> None:
    played = Played(SITE)
    parts = [("one", -55.0, 1), ("one", -55.0, 2), ("two", -67.0, 2), ("two", -67.0, 1)]
    for number in order:
        source, rssi, port = parts[number]
        since = 10.0 if number in (0, 2) else 11.2
        played.read(source, port, *(since + tenth / 10 for tenth in range(11)), rssi=rssi)
        played.alive(30)
    assert stands(played) == DOCK_1


def back(played: Played, source: str, since: float) -> None:
    """The other way in two seconds."""
    played.read(source, 2, *(since + tenth / 10 for tenth in range(11)))
    played.read(source, 1, *(since + 1.2 + tenth / 10 for tenth in range(11)))


def passed(played: Played) -> list[tuple[str | None, float]]:
    """Direction and time of what passed."""
    played.alive(60)
    return [
        (one.direction, round(fact(one)[2], 1)) for one in standing(played.events) if one.kind == "passed"
    ]


def test_what_looks_like_the_same_pass_again_is_its_echo() -> None:
    played = Played(SITE)
    walk(played, "one", -60, 10.0)
    walk(played, "one", -60, 16.0)
    walk(played, "one", -60, 22.0)
    assert passed(played) == [("in", 11.1)]


def test_who_comes_back_passes_again() -> None:
    played = Played(SITE)
    walk(played, "one", -60, 10.0)
    back(played, "one", 16.0)
    walk(played, "one", -60, 22.0)
    assert passed(played) == [("in", 11.1), ("out", 17.1), ("in", 23.1)]
