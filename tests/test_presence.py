"""Presence held against the words of its contract: the union of intervals, made without looking at the code."""

from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from core.hearing import VECTOR
from core.records import reads
from core.site import Antenna, Item, Site, Source, Zone
from tests.played import TAGS, A, B, Played, at, seconds, standing

SILENCE = {"hall": 10.5, "room": 5.5}
SITE = Site(
    "leeds",
    zones=(Zone("hall", silence=10.5), Zone("room", inside="hall", silence=5.5)),
    sources=(Source("reader", (Antenna(1, zone="hall"), Antenna(2, zone="room"))),),
)
HEARD_BY = {"hall": ("hall", "room"), "room": ("room",)}
"""Whoever is in the room is in the hall."""
PORT = {"hall": 1, "room": 2}
END = 300.0

Said = tuple[str, str, str, float, int, str]
"""Kind, tag, zone, second, reads, id."""


def visits(times: set[int], silence: float) -> list[list[int]]:
    """Times that no longer silence divides."""
    found: list[list[int]] = []
    for time in sorted(times):
        if found and time - found[-1][-1] <= silence:
            found[-1].append(time)
        else:
            found.append([time])
    return found


def expected(tag: str, heard: dict[str, set[int]]) -> list[Said]:
    """Arrivals and departures of a tag that was heard in zones at times."""
    said = []
    for zone, by in HEARD_BY.items():
        stays: list[tuple[float, float, float, int]] = []
        heard_there = [
            (visit[0], visit[-1] + SILENCE[inner], visit[-1], len(visit))
            for inner in by
            for visit in visits(heard.get(inner, set()), SILENCE[inner])
        ]
        for visit in sorted(heard_there):
            if not stays or visit[0] >= stays[-1][1]:
                stays.append(visit)
                continue
            first, until, last, reads = stays.pop()
            stays.append((first, max(until, visit[1]), max(last, visit[2]), reads + visit[3]))
        for first, _, last, reads in stays:
            for kind, time, count in (("arrived", first, 1), ("departed", last, reads)):
                name = f"{kind}|{tag}|{zone}|{at(first)}|0"
                id = str(uuid5(uuid5(NAMESPACE_URL, "waypost:leeds"), name))
                said.append((kind, tag, zone, float(time), count, id))
    return sorted(said)


READS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from((A, B)), st.sampled_from(tuple(PORT))),
    min_size=1,
    max_size=60,
    unique=True,
)


def said(played: Played) -> list[Said]:
    return sorted(
        (event.kind, event.tag or "", event.place or "", seconds(event.time), event.reads, event.id)
        for event in standing(played.events)
    )


def wanted(heard: list[tuple[int, str, str]]) -> list[Said]:
    zones: dict[str, dict[str, set[int]]] = {}
    for time, tag, zone in heard:
        zones.setdefault(tag, {}).setdefault(zone, set()).add(time)
    return sorted(one for tag, by_zone in zones.items() for one in expected(tag, by_zone))


@given(READS)
@settings(max_examples=60, deadline=None)
def test_who_is_heard_arrives_and_departs_when_it_was_heard_last(heard: list[tuple[int, str, str]]) -> None:
    played = Played(SITE)
    for time, tag, zone in sorted(heard):
        played.read("reader", PORT[zone], time, tag=tag)
    played.alive(END)
    assert said(played) == wanted(heard)
    assert not played.of("retracted")


@given(READS)
@settings(max_examples=60, deadline=None)
def test_so_it_is_whatever_the_order_of_arrival_but_for_the_revisions(
    heard: list[tuple[int, str, str]],
) -> None:
    played = Played(SITE)
    for time, tag, zone in heard:
        played.read("reader", PORT[zone], time, tag=tag)
        played.read("reader", PORT[zone], time, tag=tag)  # delivered twice
    played.alive(END)
    facts = [(kind, tag, zone, time) for kind, tag, zone, time, _, _ in said(played)]
    assert facts == [(kind, tag, zone, time) for kind, tag, zone, time, _, _ in wanted(heard)]


@pytest.mark.parametrize("others", [0, VECTOR])
def test_an_arrival_has_the_sightings_of_its_first_record(others: int) -> None:
    played = Played(replace(SITE, items=(Item("crate", tags=(A,), missing_after=60),)))
    for first in (10, 100):
        times = [at(first + number / 100) for number in range(others + 3)]
        tags = [0, *[1] * others, 0, 0]
        counts = [5, *[1] * others, 3, 2]
        rows = len(times)
        played.say("reader", reads(TAGS, times, tags, [1] * rows, [-60.0] * rows, counts))
    played.alive(END)
    assert [(event.kind, event.reads) for event in played.events if event.item is not None] == [
        ("arrived", 5),
        ("departed", 10),
        ("missing", 10),
        ("arrived", 5),
        ("found", 5),
        ("departed", 10),
        ("missing", 10),
    ]


def test_only_what_a_late_record_decided_is_late() -> None:
    played = Played(SITE)
    played.read("reader", 1, 100, tag=B)
    played.read("reader", 1, 95)
    played.read("reader", 1, 101)
    played.alive(110)
    played.read("reader", 2, 104, 105, tag=B)
    played.alive(200)
    assert [(event.kind, event.tag, event.place, event.late) for event in played.events] == [
        ("arrived", A, "hall", True),
        ("arrived", B, "hall", False),
        ("arrived", B, "room", True),
        ("departed", B, "room", True),
        ("departed", B, "hall", True),
        ("departed", A, "hall", False),
    ]
