"""Unknown tags of a site that lists them: what the list says, how long it gets, and that batches make no difference."""

from dataclasses import replace
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from core.hearing import VECTOR
from core.inbox import Listed
from core.pipeline import Pipeline
from core.records import Dictionary, Input, Reads, Shift, reads
from core.site import Antenna, Item, Site, Source, Tags, Zone
from core.state import State
from tests.played import A, B, C, Played, at, seconds

NOISE = "0" * 24
TAGS = Dictionary((A, B, C, NOISE, *(f"E281{number:020X}" for number in range(96))))
SITE = Site(
    "leeds",
    zones=(Zone("yard"), Zone("hall")),
    sources=(
        Source("gate", (Antenna(1, zone="yard"), Antenna(2, zone="yard"))),
        Source("inner", (Antenna(0, zone="hall"),)),
    ),
    items=(Item("drill", tags=(A,)),),
    tags=Tags(unknown="inbox"),
)

Row = tuple[int, int, int, int]
"""Quarter of a second, tag code, port, sightings."""
row = st.tuples(st.integers(0, 40), st.integers(0, 5), st.integers(1, 3), st.integers(1, 3))


def crowd(seed: int, many: int) -> list[Row]:
    """So many rows as chance will have them: drawn one by one they would take most of the time."""
    chance = Random(seed)
    return [
        (chance.randint(0, 40), chance.randint(0, 99), chance.randint(1, 3), chance.randint(1, 3))
        for _ in range(many)
    ]


crowds = st.builds(crowd, st.integers(0, 1 << 32), st.integers(VECTOR, 3 * VECTOR))
crowded = st.lists(row, max_size=40) | crowds
batches = st.lists(st.tuples(st.sampled_from(("gate", "inner")), crowded), max_size=5)


def batch(rows: list[Row]) -> Reads:
    """The rows as reads."""
    columns: list[tuple[int, ...]] = list(zip(*rows, strict=True)) or [(), (), (), ()]
    quarters, tags, ports, counts = columns
    return reads(TAGS, [at(one / 4) for one in quarters], tags, ports, [-60] * len(rows), counts)


class Model:
    """The list, one read at a time."""

    def __init__(self, limit: int, turn: int) -> None:
        self.limit, self.turn, self.heard, self.evicted = limit, turn, 0, 0
        self.listed: dict[str, Listed] = {}

    def hear(self, source: str, rows: list[Row]) -> None:
        for quarter, tag, port, count in rows:
            if TAGS.ids[tag] not in (A, NOISE):
                self._read(source, TAGS.ids[tag], at(quarter / 4), port, count)
            self.heard += 1
            if self.heard % self.turn == 0 and len(self.listed) > self.limit:
                oldest = sorted(self.listed.values(), key=lambda one: one.last)
                many = len(oldest) - (self.limit - self.limit // 8)
                self.evicted += many
                for one in oldest[:many]:
                    del self.listed[one.tag]

    def _read(self, source: str, tag: str, time: int, port: int, count: int) -> None:
        before = self.listed.get(tag, Listed(tag, time, time, 0, source, port))
        after = replace(before, first=min(before.first, time), reads=before.reads + count)
        if time >= before.last:
            after = replace(after, last=time, source=source, port=port)
        self.listed[tag] = after


def pipeline(limit: int, turn: int) -> Pipeline:
    """One that lists so many, and looks after so many reads."""
    state = State.fresh(replace(SITE, tags=replace(SITE.tags, limit=limit)))
    state.turn = turn
    return Pipeline(state.site, state)


def in_pieces(body: Reads, rows: int) -> list[Reads]:
    """A batch in pieces."""
    return [body.slice(start, start + rows) for start in range(0, len(body), rows)]


@given(batches, st.integers(1, 40), st.sampled_from((1, 7, 50, 200)), st.sampled_from((1, VECTOR, 1_000)))
@settings(max_examples=80, deadline=None)
def test_the_list_is_that_of_one_read_at_a_time(
    said: list[tuple[str, list[Row]]], limit: int, turn: int, rows: int
) -> None:
    model, ours = Model(limit, turn), pipeline(limit, turn)
    for source, some in said:
        model.hear(source, some)
        for part in in_pieces(batch(some), rows):
            assert {event.item for event in ours.step(Input(source, 0, part)).events} <= {"drill"}
        ours = Pipeline.restore(ours.site, ours.snapshot())
        ours.state.turn = turn
        listed = ours.inbox(1_000)
        assert {one.tag: one for one in listed} == model.listed
        assert [one.last for one in listed] == sorted((one.last for one in listed), reverse=True)
        assert ours.unknown_tags == len(model.listed)
    assert sum(counts["evicted"] for counts in ours.counts.values()) == model.evicted


def test_unknown_tags_are_counted_and_listed_and_nothing_else() -> None:
    played = Played(SITE)
    played.read("gate", 1, 0, 1, tag=B)
    played.read("gate", 1, 1, 2)
    played.read("inner", 7, 0.5, tag=B, count=3)
    played.alive(100)
    assert {event.item for event in played.events} == {"drill"}
    assert played.pipeline.inbox(10) == [Listed(B, at(0), at(1), 5, "gate", 1)]
    assert played.pipeline.unknown_tags == 1
    counts = played.pipeline.counts
    assert +counts["gate"] == {"received": 4, "filtered": 2, "unknown": 2, "accepted": 2}
    assert +counts["inner"] == {"received": 1, "filtered": 1, "unknown": 1}


def test_only_the_newest_are_asked_for() -> None:
    played = Played(SITE)
    for number in range(4, 20):
        played.read("gate", 1, number, tag=TAGS.ids[number])
    assert [one.tag for one in played.pipeline.inbox(3)] == [TAGS.ids[number] for number in (19, 18, 17)]


def test_a_site_that_only_counts_lists_nothing() -> None:
    played = Played(replace(SITE, tags=Tags(unknown="count")))
    played.read("gate", 1, 0, tag=B)
    assert played.pipeline.inbox(10) == []
    assert +played.pipeline.counts["gate"] == {"received": 1, "filtered": 1, "unknown": 1}


def test_what_is_filtered_is_not_listed() -> None:
    played = Played(replace(SITE, tags=Tags(unknown="inbox", ignore=(B,))))
    played.read("gate", 1, 0, tag=B)
    played.read("gate", 1, 1, tag=NOISE)
    assert played.pipeline.inbox(10) == []


def test_a_registered_tag_is_not_listed_any_more() -> None:
    said = [("gate", batch([(0, 1, 1, 1), (1, 2, 1, 1)]))]
    known = replace(SITE, items=(*SITE.items, Item("saw", tags=(B,))))
    for site, tags in ((SITE, {B, C}), (known, {C})):
        rebuilt = Pipeline(site)
        for source, body in said:
            rebuilt.step(Input(source, 0, body))
        assert {one.tag for one in rebuilt.inbox(10)} == tags


@pytest.mark.parametrize("by", [-3_600, 3_600])
def test_the_list_moves_with_the_clock(by: int) -> None:
    played = Played(SITE)
    played.read("gate", 1, 10, 20, tag=B)
    played.say("gate", Shift(at(30), by * 1_000_000))
    (one,) = played.pipeline.inbox(10)
    assert (seconds(one.first), seconds(one.last)) == (10 + by, 20 + by)
