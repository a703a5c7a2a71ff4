"""Fixes on their way through the daemon: intake, writer, journal, feed; what is sent again adds nothing."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.records import Dictionary, Fix, Input, reads, rows_of
from gateway.reader import open_read_only
from gateway.sinks import volumes
from gateway.sinks.contract import Batch, Positions
from gateway.sinks.refused import to_batch, to_text
from tests.delivering import NOW, deliver, road, stored, track
from tests.virtual_loop import run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "waypost.db"


def spelt(rows: list[Fix]) -> list[str]:
    """NaN is what it is."""
    return list(map(repr, rows))


def test_what_is_acknowledged_is_in_the_journal_once(path: Path) -> None:
    first, second = track("7", 0, 20), track("7", 15, 20)
    run(deliver(path, [road(*first), road(*first), road(*second), road(*second[3:9])]))
    assert spelt(stored(path)) == spelt(track("7", 0, 35))
    with open_read_only(path) as past:
        assert past.head().fixes == 35


def test_a_restart_knows_what_was_delivered(path: Path) -> None:
    run(deliver(path, [road(*track("7", 0, 20))]))
    run(deliver(path, [road(*track("7", 0, 20)), road(*track("7", 20, 1))]))
    assert spelt(stored(path)) == spelt(track("7", 0, 21))


def test_the_journal_has_a_devices_own_times_also_of_what_is_left_of_a_batch(path: Path) -> None:
    run(deliver(path, [road(*track("8", 0, 5), source="sky"), road(*track("8", 3, 5), source="sky")]))
    assert spelt(stored(path)) == spelt(track("8", 0, 8))
    run(deliver(path, [road(*track("8", 0, 9), source="sky")]))
    assert spelt(stored(path)) == spelt(track("8", 0, 9))


def test_nothing_new_costs_no_commit(path: Path) -> None:
    once = run(deliver(path, [road(*track("7", 0, 20))]))
    other = path.with_name("other.db")
    assert run(deliver(other, [road(*track("7", 0, 20)) for _ in range(10)])) == once


def test_the_feed_gives_them_in_order_with_the_times_of_a_clock_that_is_right(path: Path) -> None:
    tags = Dictionary(["E2"])
    seen = Input("door", NOW, reads(tags, [NOW], [0], [1], [-60.0]))
    run(
        deliver(
            path,
            [road(*track("7", 0, 3)), seen, road(*track("8", 0, 2), source="sky"), road(*track("7", 3, 4))],
        )
    )
    with closing(volumes.live(path, {"sky": 1_000_000})) as feed:
        assert feed.head("fixes") == 9
        batch = feed.next("fixes", 1)
        assert isinstance(batch, Batch)
        assert isinstance(batch.rows, Positions)
        assert (batch.first, batch.last) == (2, 9)
        found = [(source, fix) for source, some in batch.rows.parts for fix in rows_of(some)]
        late = [replace(fix, time=fix.time + 1_000_000) for fix in track("8", 0, 2)]
        truth = [("road", fix) for fix in track("7", 1, 2)]
        truth += [("sky", fix) for fix in late] + [("road", fix) for fix in track("7", 3, 4)]
        assert [(source, repr(fix)) for source, fix in found] == [
            (source, repr(fix)) for source, fix in truth
        ]
        assert feed.mark("fixes", 3) is None
        assert feed.next("fixes", 9) is None
        part = batch.part(4, 6)
        assert isinstance(part.rows, Positions)
        assert [source for source, some in part.rows.parts for _ in rows_of(some)] == ["sky", "sky", "road"]
        one = batch.part(4, 4)
        assert to_text(to_batch(one.line, 4, to_text(one))) == to_text(one)
        with pytest.raises(ValueError, match="is not one row"):
            to_text(batch)
