"""Fixes: the last position of each tracker, and nothing twice."""

import json
from collections import Counter
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from core.pipeline import Pipeline
from core.positions import Positions
from core.records import Dictionary, Fix, Fixes, Flag, Input, Up, fixes
from core.site import Site, Source
from tests.played import Played, at

ONE, TWO = "tracker:353201350112345", "tracker:two"
SITE = Site("leeds", sources=(Source("road"), Source("sky", offset=10.0)))
HERE = Fix(ONE, at(0), 53.8, -1.55, 60.0, 1.5, 271.0, 3.0, 9, Flag.VALID, '{"ignition":true}')


def say(played: Played, *rows: Fix, source: str = "road") -> Fixes | None:
    """One input of fixes; what of it was new, None if all was."""
    batch = fixes(Dictionary(), rows)
    decided = played.pipeline.step(Input(source, 0, batch))
    played.events += decided.events
    played.gaps += decided.gaps
    return None if decided.fresh is None else batch.pick(decided.fresh)


def last(played: Played) -> dict[str, int]:
    """Seconds of the last valid fix of each tracker."""
    return {
        name: (fix.time - at(0)) // 1_000_000 for name, fix in played.pipeline.state.positions.last.items()
    }


def test_the_last_position_of_each_tracker() -> None:
    played = Played(SITE)
    assert say(played, HERE, replace(HERE, time=at(2)), replace(HERE, tracker=TWO)) is None
    assert last(played) == {ONE: 2, TWO: 0}
    assert played.pipeline.state.positions.last[TWO] == replace(HERE, tracker=TWO)
    assert +played.pipeline.counts["road"] == {"fixes": 3, "fixes_accepted": 3}


def test_an_old_one_is_no_news_but_kept() -> None:
    played = Played(SITE)
    say(played, replace(HERE, time=at(9)))
    assert say(played, HERE) is None
    assert last(played) == {ONE: 9}


LATE, COARSE = Flag.VALID | Flag.LATE, Flag.VALID | Flag.COARSE


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("others", "stays"),
    [
        ([(8, LATE)], (9, Flag.VALID)),
        ([(8, COARSE)], (9, Flag.VALID)),
        ([(9, COARSE)], (9, Flag.VALID)),
        ([(10, 0), (9, COARSE), (7, LATE | COARSE)], (9, Flag.VALID)),
        ([(10, COARSE)], (10, COARSE)),
        ([(10, COARSE), (10, LATE), (10, COARSE | LATE)], (10, LATE)),
    ],
)
def test_of_the_same_time_a_blurred_one_takes_no_place(
    together: bool, others: list[tuple[int, int]], stays: tuple[int, int]
) -> None:
    played = Played(SITE)
    rows = [replace(HERE, time=at(second), flags=flags) for second, flags in ((9, Flag.VALID), *others)]
    for some in [rows] if together else [[row] for row in rows]:
        say(played, *some)
    last = played.pipeline.state.positions.last[ONE]
    assert ((last.time - at(0)) // 1_000_000, last.flags) == stays


def test_one_without_a_position_moves_nobody() -> None:
    played = Played(SITE)
    say(played, HERE)
    assert say(played, replace(HERE, time=at(5), lat=0.0, lon=0.0, flags=0)) is None
    assert last(played) == {ONE: 0}
    assert played.pipeline.counts["road"]["fixes_invalid"] == 1


def test_sent_again_is_dropped_and_counted() -> None:
    played = Played(SITE)
    batch = [replace(HERE, time=at(second)) for second in range(20)]
    assert say(played, *batch) is None
    played.reborn()
    again = say(played, *batch, replace(HERE, time=at(21)))
    assert again is not None
    assert again.time.tolist() == [at(21)]
    assert again.attributes == (HERE.attributes,)
    nothing = say(played, *batch)
    assert nothing is not None
    assert len(nothing) == 0
    assert played.pipeline.counts["road"] == {"fixes": 61, "fixes_accepted": 21, "fix_duplicates": 40}
    assert last(played) == {ONE: 21}


@pytest.mark.parametrize(
    "other",
    [
        {"tracker": TWO},
        {"time": at(0) + 1},
        {"lat": 53.8 + 1e-9},
        {"lon": 0.0},
        {"alt": np.nan},
        {"speed": 0.0},
        {"course": 0.0},
        {"accuracy": 1.0},
        {"satellites": -1},
        {"flags": Flag.VALID | Flag.COARSE},
        {"flags": Flag(0)},
        {"attributes": json.dumps({"event": 240})},
    ],
    ids=lambda other: str(*other.items()),
)
def test_what_differs_in_anything_is_another_fix(other: dict[str, object]) -> None:
    played = Played(SITE)
    say(played, HERE)
    assert say(played, replace(HERE, **other)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("late_first", [False, True])
def test_told_at_once_and_again_as_history_is_the_same_fix(late_first: bool) -> None:
    """Whichever comes first stands, also after a restart."""
    played = Played(SITE)
    both = [HERE, replace(HERE, flags=Flag.VALID | Flag.LATE)]
    first, again = reversed(both) if late_first else both
    assert say(played, first) is None
    played.reborn()
    nothing = say(played, again)
    assert nothing is not None
    assert len(nothing) == 0
    assert played.pipeline.state.positions.last[ONE] == first


def test_the_tracker_heard_least_recently_makes_room() -> None:
    positions = Positions(limit=2)
    played = Played(SITE)
    for tracker in ("tracker:a", "tracker:b", "tracker:a", "tracker:c"):
        row = replace(HERE, tracker=tracker, time=at(len(positions.last)))
        positions.take(fixes(Dictionary(), [row]), played.pipeline.state.sources[0].counts)
    assert list(positions.last) == ["tracker:a", "tracker:c"]


def test_what_came_again_fills_no_gap() -> None:
    played = Played(SITE)
    say(played, HERE, replace(HERE, time=at(50)))
    played.down("road", 1)
    played.say("road", Up(at(100)))
    say(played, replace(HERE, time=at(50)), replace(HERE, time=at(60)))
    say(played, replace(HERE, time=at(101)))
    assert [gap.filled for gap in played.gaps] == [1]


def test_a_device_with_a_wrong_clock() -> None:
    played = Played(SITE)
    say(played, replace(HERE, attributes=""), source="sky")
    assert last(played) == {ONE: 10}


def test_a_backlog_fills_the_gap() -> None:
    played = Played(SITE)
    played.alive(0, "road")
    played.down("road", 1)
    played.say("road", Up(at(100)))
    say(played, replace(HERE, time=at(50)), replace(HERE, time=at(60)))
    assert played.gaps == []
    say(played, replace(HERE, time=at(10_000), flags=0))
    assert played.gaps == []
    say(played, replace(HERE, time=at(101)))
    assert [(gap.since, gap.to, gap.filled) for gap in played.gaps] == [(at(1), at(100), 2)]


ROWS = st.lists(
    st.builds(
        Fix,
        st.sampled_from([ONE, TWO, "tracker:3"]),
        st.integers(at(0), at(0) + 5),
        st.sampled_from([1.0, 2.0]),
        *[st.just(3.0)] * 5,
        flags=st.sampled_from([0, 1, 3]),
        attributes=st.sampled_from(["", "{}"]),
    ),
    max_size=30,
)


@given(ROWS, st.integers(1, 7))
def test_batching_is_unobservable(rows: list[Fix], size: int) -> None:
    whole, parts = Pipeline(SITE), Pipeline(SITE)
    batch = fixes(Dictionary(), rows)
    one = whole.step(Input("road", 0, batch)).fresh
    kept = list[tuple[int, str]]()
    for start in range(0, len(rows), size):
        part = fixes(Dictionary(), rows[start : start + size])
        fresh = parts.step(Input("road", 0, part)).fresh
        kept += _spelt(part if fresh is None else part.pick(fresh))
    assert kept == _spelt(batch if one is None else batch.pick(one))
    assert whole.state.positions.last == parts.state.positions.last
    assert list(whole.state.positions.last) == list(parts.state.positions.last)
    assert whole.counts == parts.counts
    assert whole.snapshot() == Pipeline.restore(SITE, whole.snapshot()).snapshot()


def _spelt(batch: Fixes) -> list[tuple[int, str]]:
    who = [batch.trackers.ids[code] for code in batch.tracker.tolist()]
    return list(zip(batch.time.tolist(), who, strict=True))


@given(ROWS, st.integers(1, 3))
def test_who_makes_room_does_not_depend_on_batches(rows: list[Fix], limit: int) -> None:
    whole, parts = Positions(limit), Positions(limit)
    counts, others = Counter[str](), Counter[str]()
    whole.take(fixes(Dictionary(), rows), counts)
    for row in rows:
        parts.take(fixes(Dictionary(), [row]), others)
    assert list(whole.last.items()) == list(parts.last.items())
    assert +counts == +others


def test_a_large_batch_with_a_fix_that_is_in_it_twice() -> None:
    positions, counts = Positions(), Counter[str]()
    rows = [replace(HERE, time=at(second % 100), tracker=f"tracker:{second % 7}") for second in range(400)]
    kept = positions.take(fixes(Dictionary(), [*rows, *rows[:50]]), counts)
    assert kept.tolist() == list(range(400))
    assert positions.take(fixes(Dictionary(), rows), counts).tolist() == []
    assert counts == {"fixes": 850, "fixes_accepted": 400, "fix_duplicates": 450}
    assert {fix.tracker: fix.time for fix in positions.last.values()} == {
        row.tracker: at(max((n for n in range(400) if n % 7 == of), key=lambda n: n % 100) % 100)
        for of, row in enumerate(rows[:7])
    }
