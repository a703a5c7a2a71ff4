"""The pipeline's promises: batching is unobservable, and every order of arrival ends in the same events."""

from collections import Counter
from dataclasses import dataclass, replace

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Input, Reads, reads
from core.site import Antenna, Item, Portal, Site, Source, Zone

EPOCH = 1_700_000_000 * SECOND
TAGS = ("E20000000000000000000001", "E20000000000000000000002", "E20000000000000000000003")
DICTIONARY = Dictionary(TAGS)

SITE = Site(
    "leeds",
    zones=(
        Zone("yard"),
        Zone("warehouse"),
        Zone("office", inside="warehouse", silence=3.0),
        Zone("attic", silence=2.0),
    ),
    portals=(
        Portal("dock", ("yard", "warehouse"), gap=1.0, max_pass=8.0),
        Portal("gate", ("warehouse", "yard"), gap=1.5, max_pass=6.0, assume="out"),
    ),
    sources=(
        Source(
            "door",
            (
                Antenna(1, portal="dock", side="yard"),
                Antenna(2, portal="dock", side="warehouse"),
                Antenna(3, zone="yard"),
            ),
        ),
        Source(
            "inner",
            (
                Antenna(1, zone="office"),
                Antenna(2, zone="attic"),
                Antenna(3, zone="yard"),
                Antenna(4, portal="gate"),
            ),
            lateness=0.5,
        ),
    ),
    items=(Item("pair", tags=TAGS[:2], missing_after=6.0),),
)


@dataclass(frozen=True)
class Row:
    """One read: milliseconds after the epoch, tag code, source, port, dBm."""

    at: int
    tag: int
    source: str
    port: int
    rssi: int


moments = st.integers(0, 30_000) | st.integers(0, 120).map(lambda quarter: quarter * 250)
powers = st.integers(-80, -40)
rows = st.builds(Row, moments, st.integers(0, 2), st.just("inner"), st.integers(1, 4), powers) | st.builds(
    Row, moments, st.integers(0, 2), st.just("door"), st.integers(1, 3), powers
)
arrivals = st.lists(rows, max_size=60, unique_by=lambda row: (row.at, row.tag, row.source, row.port))


def batch(part: list[Row]) -> Reads:
    """Reads of one source from rows."""
    return reads(
        DICTIONARY,
        [EPOCH + row.at * 1_000 for row in part],
        [row.tag for row in part],
        [row.port for row in part],
        [row.rssi for row in part],
    )


def runs_of_source(part: list[Row], cuts: set[int]) -> list[list[Row]]:
    """Rows cut where the source changes, and at the given places."""
    batches: list[list[Row]] = []
    for number, row in enumerate(part):
        if batches and batches[-1][-1].source == row.source and number not in cuts:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def play(part: list[Row], cuts: set[int], close: bool = True) -> tuple[list[Event], Pipeline]:
    """Events of rows in this order of arrival, split at the cuts."""
    pipeline = Pipeline(SITE)
    events: list[Event] = []
    for one in runs_of_source(part, cuts):
        events += pipeline.step(Input(one[0].source, 0, batch(one))).events
    if close:
        for source in ("door", "inner", "door"):
            events += pipeline.step(Input(source, 0, Alive(EPOCH + 120 * SECOND))).events
    events += pipeline.finish().events
    return events, pipeline


Fact = tuple[str, str | None, str | None, str | None, str | None, str | None, int]


def standing(events: list[Event]) -> Counter[Fact]:
    """Events minus retractions, without what depends on the order of arrival (id, detected, late, reads)."""
    taken_back = {event.retracts for event in events}
    return Counter(
        (event.kind, event.item, event.tag, event.place, event.from_place, event.direction, event.time)
        for event in events
        if event.kind != "retracted" and event.id not in taken_back
    )


@given(arrivals, st.sets(st.integers(1, 60)), st.booleans())
@settings(max_examples=80, deadline=None)
def test_batching_is_unobservable(part: list[Row], cuts: set[int], close: bool) -> None:
    split, _ = play(part, cuts, close)
    whole, _ = play(part, set(), close)
    single, _ = play(part, set(range(61)), close)
    assert split == whole == single


@given(arrivals, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_every_order_of_arrival_leaves_the_same_standing_events(part: list[Row], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(part)
    random.shuffle(shuffled)
    disordered, _ = play(shuffled, set())
    ordered, _ = play(sorted(part, key=lambda row: row.at), set())
    assert standing(disordered) == standing(ordered)


@given(arrivals, st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_a_snapshot_goes_on_where_it_was_taken(part: list[Row], at: int) -> None:
    whole = Pipeline(SITE)
    for one in runs_of_source(part[:at], set()):
        whole.step(Input(one[0].source, 0, batch(one)))
    restored = Pipeline.restore(SITE, whole.snapshot())
    for one in runs_of_source(part[at:], set()):
        assert (
            restored.step(Input(one[0].source, 0, batch(one))).events
            == whole.step(Input(one[0].source, 0, batch(one))).events
        )
    assert restored.finish().events == whole.finish().events
    assert restored.counts == whole.counts


@given(arrivals)
@settings(max_examples=40, deadline=None)
def test_the_counts_add_up(part: list[Row]) -> None:
    _, pipeline = play(part + part, set())
    for source, counts in pipeline.counts.items():
        received = sum(row.source == source for row in part + part)
        assert counts["received"] == received
        assert counts["noise"] + counts["duplicates"] + counts["filtered"] + counts["accepted"] == received


@given(arrivals)
@settings(max_examples=40, deadline=None)
def test_ids_are_unique_and_retractions_name_what_they_take_back(part: list[Row]) -> None:
    events, _ = play(part, set())
    ids = [event.id for event in events]
    assert len(set(ids)) == len(ids)
    for number, event in enumerate(events):
        if event.kind == "retracted":
            taken = next(one for one in events[:number] if one.id == event.retracts)
            assert (taken.kind, taken.item, taken.tag, taken.place, taken.time) == (
                event.of,
                event.item,
                event.tag,
                event.place,
                event.time,
            )


def test_columns_and_rows_agree_on_a_long_stream() -> None:
    rng = np.random.default_rng(7)
    part = [
        Row(int(at), int(rng.integers(3)), "door", int(rng.integers(1, 3)), int(rng.integers(-80, -40)))
        for at in np.sort(rng.integers(0, 25_000, 3_000)) + rng.integers(-100, 100, 3_000).clip(-50)
    ]
    single, one_by_one = play(part, set(range(len(part))))
    whole, in_columns = play(part, set())
    assert single == whole
    assert one_by_one.counts == in_columns.counts


CALM = replace(
    SITE,
    sources=(
        SITE.sources[0],
        Source(
            "inner",
            (Antenna(1, zone="office"), Antenna(2, zone="warehouse"), Antenna(4, portal="gate")),
            lateness=0.5,
        ),
    ),
)
"""No zone hears what another one hears that is not nested with it."""


def in_step(part: list[Row]) -> list[Event]:
    """Events of rows in order of time, while every source says at every moment that it is alive."""
    pipeline = Pipeline(CALM)
    events: list[Event] = []
    for one in sorted(part, key=lambda one: one.at):
        for source in ("door", "inner"):
            events += pipeline.step(Input(source, 0, Alive(EPOCH + one.at * 1_000))).events
        events += pipeline.step(Input(one.source, 0, batch([one]))).events
    for second in range(31, 120):
        for source in ("door", "inner"):
            events += pipeline.step(Input(source, 0, Alive(EPOCH + second * SECOND))).events
    return events


@given(st.lists(rows.filter(lambda row: row.port != 3), max_size=60))
@settings(max_examples=60, deadline=None)
def test_what_comes_in_order_and_in_time_is_never_corrected(part: list[Row]) -> None:
    assert [event for event in in_step(part) if event.kind == "retracted" or event.late] == []
