"""A journal as batches and holes: bounded, in order, and every number is in exactly one of them."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Event
from core.records import Dictionary, Input, Reads, reads
from gateway.journal import Journal
from gateway.sinks import volumes
from gateway.sinks.contract import Batch, Events, Hole, Readings, Stream
from gateway.sinks.feed import BYTES, PIECE, ROWS, Feed, mark
from gateway.sinks.readings import RowsQueue
from gateway.sinks.refused import to_batch, to_text
from tests.faults.scenario import SITE, events, gaps, inputs
from tests.fix_journal import made

TAGS = Dictionary(["E200", "E201"])


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    """Of the known journal; door1's clock is a second behind."""
    found = volumes.live(made(tmp_path / "waypost.db"), {"door1": 1_000_000})
    yield found
    found.close()


def everything(feed: Feed, stream: Stream) -> list[Batch | Hole]:
    """All that follows number 0."""
    found: list[Batch | Hole] = []
    while one := feed.next(stream, found[-1].last if found else 0):
        assert one.first == (found[-1].last + 1 if found else 1)
        found.append(one)
    assert (found[-1].last if found else 0) == feed.head(stream)
    return found


def test_a_batch_has_bounded_bytes(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "waypost.db", SITE)
    large = [
        Event(f"{n}", n, n, "arrived", None, None, None, evidence={"text": "x" * size})
        for n, size in enumerate([10, BYTES * 2, BYTES // 2, BYTES // 3, BYTES // 3, 10])
    ]
    journal.commit((), large)
    feed = volumes.live(journal.path, {})
    found = everything(feed, "events")
    feed.close()
    journal.close()
    assert [one.last - one.first + 1 for one in found] == [1, 1, 2, 2]


def test_large_rows_are_fetched_a_few_at_a_time(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "waypost.db", SITE)
    text = "x" * (BYTES // 10)
    for k in range(20):
        journal.commit(
            (),
            [
                Event(f"{k}-{n}", n, n, "arrived", None, None, None, evidence={"text": text})
                for n in range(25)
            ],
        )
    feed = volumes.live(journal.path, {})
    tracemalloc.start()
    found = feed.next("events", 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    feed.close()
    journal.close()
    assert found is not None
    assert found.last == 9
    assert peak < 2 * PIECE * BYTES // 10


def test_reads_have_the_times_of_a_clock_that_is_right(feed: Feed) -> None:
    rows = [
        (source, time)
        for batch in everything(feed, "reads")
        if isinstance(batch, Batch) and isinstance(batch.rows, Readings)
        for source, part in batch.rows.parts
        for time in part.time.tolist()
    ]
    truth = [
        (one.source, time + (1_000_000 if one.source == "door1" else 0))
        for k in range(1, 9)
        for one in inputs(k)
        if isinstance(one.body, Reads)
        for time in one.body.time.tolist()
    ]
    assert rows == truth


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=8),
    st.lists(st.integers(1, 60), min_size=1, max_size=12),
)
@settings(max_examples=40, deadline=None)
def test_reads_can_be_taken_in_any_pieces_from_any_number(sizes: list[int], wanted: list[int]) -> None:
    truth = [(f"door{n}", time) for n, size in enumerate(sizes) for time in range(size)]
    inputs_of = [
        Input(f"door{n}", 0, reads(TAGS, range(size), [0] * size, [1] * size, [-60] * size))
        for n, size in enumerate(sizes)
    ]

    class Inputs:
        """What a reader gives."""

        def rows(self, kind: object, after: int) -> Iterator[tuple[int, Input]]:
            last = 0
            for n, size in enumerate(sizes):
                last += size
                if last > after:
                    yield last, inputs_of[n]

    queue = RowsQueue(Reads, None, Inputs(), {})
    at = 0
    for number, rows in enumerate(wanted):
        if number % 3 == 2:
            at = rows % len(truth)
        parts, missing = queue.take(at, rows)
        found = [(source, time) for source, part in parts for time in part.time.tolist()]
        assert (found, missing) == (truth[at : at + rows], 0)
        at += len(found)


def test_a_row_of_each_kind_is_the_same_again_from_its_text(feed: Feed) -> None:
    for stream in ("events", "gaps", "reads"):
        batch = feed.next(stream, 0)
        assert isinstance(batch, Batch)
        one = batch.part(1, 1)
        again = to_batch(one.line, 1, to_text(one))
        assert to_text(again) == to_text(one)
        assert mark(again) == mark(one)
        if batch.last > 1:
            with pytest.raises(ValueError, match="is not one row"):
                to_text(batch)


def test_the_mark_of_a_row_is_found_by_its_number(feed: Feed) -> None:
    assert feed.mark("events", 1) == events(1)[0].id
    batch = feed.next("gaps", 0)
    assert isinstance(batch, Batch)
    assert feed.mark("gaps", 1) == mark(batch)
    assert len(gaps(5)) == 1
    assert (feed.mark("reads", 1), feed.mark("events", 99), feed.mark("events", 0)) == (None, None, None)


def test_a_part_of_a_batch_has_the_numbers_of_its_rows(feed: Feed) -> None:
    batch = feed.next("reads", 7)
    assert isinstance(batch, Batch)
    assert (batch.first, batch.last) == (8, 7 + ROWS)
    part = batch.part(20, 40)
    assert isinstance(part.rows, Readings)
    assert isinstance(batch.rows, Readings)
    assert [time for _, one in part.rows.parts for time in one.time.tolist()] == [
        time for _, one in batch.rows.parts for time in one.time.tolist()
    ][12:33]
    told = feed.next("events", 0)
    assert isinstance(told, Batch)
    assert isinstance(told.rows, Events)
    assert told.part(2, 3).rows == Events(told.rows.rows[1:3])
