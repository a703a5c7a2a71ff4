"""Inputs that were set aside outlive the journal's tag codes, and whatever is wrong with them."""

from pathlib import Path

import pytest

from core.records import Alive, Dictionary, Input, Reads, reads
from gateway import retention
from gateway.journal import Journal
from gateway.poison import TEXT, poison_row, row_poison
from gateway.rows import RowDamaged
from tests.faults.scenario import plain

TAGS = Dictionary(f"{number:024X}" for number in range(1000))
READS = reads(TAGS, [1, 2, 3], [7, 900, 7], [1, 1, 1], [-60, -61, -62])
BATCH = Input("door1", 5, READS)


def test_reads_bring_only_the_tags_that_they_need() -> None:
    row = poison_row(1, BATCH, "ValueError: no")
    assert row[3] == '["000000000000000000000007", "000000000000000000000384"]'
    seq, found = row_poison(row)
    assert (seq, found.time, found.error) == (1, 5, "ValueError: no")
    assert found.input == BATCH
    assert plain(found.input) == plain(BATCH)


def test_an_occurrence_comes_back() -> None:
    found = row_poison(poison_row(2, Input("door1", 5, Alive(4)), "why"))[1]
    assert found.input is not None
    assert found.input.body == Alive(4)


@pytest.mark.parametrize(
    "body",
    [
        Reads(TAGS, READS.time, READS.tag[:1], READS.antenna, READS.rssi, READS.count),
        reads(Dictionary(), [1], [5], [1], [-60]),
        "not even a body",
    ],
)
def test_what_cannot_be_stored_is_shown(body: Reads) -> None:
    found = row_poison(poison_row(3, Input("door1", 5, body), "why"))[1]
    assert found.input is None
    assert found.error.startswith("why; it cannot be stored as it is either")
    assert repr(body)[:20] in found.error


def test_a_long_error_is_cut() -> None:
    assert len(row_poison(poison_row(1, BATCH, "x" * 2 * TEXT))[1].error) == TEXT


@pytest.mark.parametrize("column", range(5))
def test_any_changed_column_is_noticed(column: int) -> None:
    row: list[object] = list(poison_row(1, BATCH, "why"))
    value = row[column]
    row[column] = value + 1 if isinstance(value, int) else value + value  # type: ignore[operator]
    with pytest.raises(RowDamaged, match="set aside"):
        row_poison(tuple(row))  # type: ignore[arg-type]


def test_no_more_are_kept_than_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "POISON_KEPT", 3)
    journal = Journal.open(tmp_path / "waypost.db", "leeds")
    for number in range(1, 8):
        journal.set_aside(BATCH, f"{number}")
    assert [(seq, one.error) for seq, one in journal.past.poison()] == [(5, "5"), (6, "6"), (7, "7")]
    assert list(journal.past.ledger()) == [retention.Drop("poison", 1, 4, "poison_kept", 0)]
    counts = journal.counts()
    assert (counts.dropped, counts.pressed) == ({"poison": 4}, 4)
    journal.close()
