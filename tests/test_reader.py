"""What commands about the past see of a journal."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Event
from core.records import Alive, Dictionary, Input, Reads, reads
from gateway import reader as module
from gateway.database import JournalDamaged, JournalMissing, JournalUnusable
from gateway.journal import Journal
from gateway.reader import Reader, open_read_only
from gateway.tables import Filter
from gateway.wal import log_of
from tests.faults import scenario
from tests.faults.scenario import COMMITS, SITE, events, gaps, inputs, snapshot

EVENTS = [
    Event(
        f"{n}",
        n * 10,
        n * 10,
        ("arrived", "departed")[n % 2],
        f"item-{n % 5}",
        f"tag-{n % 3}",
        f"zone-{n % 4}",
    )
    for n in range(1, 101)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed journal of a hundred events."""
    place = tmp_path / "way post?.db"
    journal = Journal.open(place, SITE)
    for start in range(0, 100, 7):
        journal.commit((), EVENTS[start : start + 7])
    journal.close()
    return place


@pytest.fixture(params=[3, 512])
def reader(path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Read in small windows, and in one."""
    monkeypatch.setattr(module, "WINDOW", request.param)
    monkeypatch.setattr(module, "FILTERED", 2 * request.param)
    monkeypatch.setattr(module, "INPUTS", request.param)
    with open_read_only(path) as opened:
        yield opened


FILTERS: list[tuple[Filter, Callable[[Event], bool]]] = [
    (Filter(), lambda event: True),
    (Filter(item="item-1"), lambda event: event.item == "item-1"),
    (Filter(tag="tag-2"), lambda event: event.tag == "tag-2"),
    (Filter(place="zone-3"), lambda event: event.place == "zone-3"),
    (Filter(kind="arrived"), lambda event: event.kind == "arrived"),
    (Filter(since=200, until=700), lambda event: 200 <= event.time < 700),
    (Filter(item="item-2", kind="departed", since=500), lambda e: e.item == "item-2" and e.kind == "departed" and e.time >= 500),
    (Filter(item="nobody"), lambda event: False),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_events_are_picked_by_what_they_are(reader: Reader, number: int) -> None:
    wanted, accepts = FILTERS[number]
    expected = [(seq, event) for seq, event in enumerate(EVENTS, 1) if accepts(event)]
    assert list(reader.events(0, wanted)) == expected
    assert list(reader.events(40, wanted)) == [(seq, event) for seq, event in expected if seq > 40]
    assert reader.last_events(4, wanted) == expected[-4:]
    assert reader.last_events(1000, wanted) == expected
    assert reader.last_events(0, wanted) == []


def test_it_says_whose_it_is(reader: Reader, path: Path) -> None:
    journal = Journal.open(path, SITE)
    assert (reader.site, reader.epoch) == (SITE, journal.epoch)
    journal.close()


def test_reads_are_numbered_by_row(path: Path) -> None:
    journal = Journal.open(path, SITE)
    for k in range(1, COMMITS + 1):
        journal.commit(inputs(k), events(k), gaps(k), snapshot(k))
    batches = [one for k in range(1, COMMITS + 1) for one in inputs(k) if isinstance(one.body, Reads)]
    last, expected = 0, []
    for one in batches:
        assert isinstance(one.body, Reads)
        last += len(one.body)
        expected.append((last, scenario.plain(one)))
    for after in (0, 1, 11, 12, 15, 45, last - 1, last):
        found = [(seq, scenario.plain(one)) for seq, one in journal.past.rows(Reads, after)]
        assert found == [(seq, one) for seq, one in expected if seq > after]
    journal.close()


def test_it_reads_while_the_daemon_writes_and_holds_no_transaction(path: Path) -> None:
    journal = Journal.open(path, SITE)
    with open_read_only(path) as reader:
        walk = reader.events()
        next(walk)
        journal.commit(inputs(1), events(1))
        busy, frames, moved = journal._open_file().db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, frames, moved) == (0, 0, 0), "a reader between two windows is in nobody's way"
        assert sum(1 for _ in walk) == 99
        assert [event.id for _, event in reader.events(100)] == ["1-0"]
    journal.close()


def test_a_crashed_journal_is_read_with_its_log(path: Path, tmp_path: Path) -> None:
    journal = Journal.open(path, SITE)
    journal.commit(inputs(1), events(1))
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    log_of(copy).write_bytes(log_of(path).read_bytes())
    journal.close()
    with open_read_only(copy) as reader:
        assert [event.id for _, event in reader.events(100)] == ["1-0"]


def test_an_older_snapshot_serves_when_the_newest_is_damaged(path: Path) -> None:
    journal = Journal.open(path, SITE)
    for k in (1, 2, 3):
        journal.commit(inputs(k), snapshot=f"state {k}".encode())
    assert journal.snapshot() == (9, b"state 3")
    journal.close()
    change(path, "UPDATE snapshot SET data = x'00' WHERE number = (SELECT max(number) FROM snapshot)")
    journal = Journal.open(path, SITE)
    assert journal.opening.state == "continued"
    assert journal.snapshot() == (6, b"state 2")
    journal.close()
    change(path, "UPDATE snapshot SET data = x'00'")
    journal = Journal.open(path, SITE)
    assert journal.snapshot() is None
    assert len(list(journal.inputs())) == 9
    journal.close()


def test_a_snapshot_without_the_inputs_behind_it_is_none(path: Path) -> None:
    journal = Journal.open(path, SITE)
    journal.commit(inputs(1), snapshot=b"old")
    journal.commit(inputs(2))
    journal.close()
    change(path, "DELETE FROM input WHERE number <= (SELECT max(number) FROM snapshot) + 1")
    journal = Journal.open(path, SITE)
    assert journal.snapshot() is None
    journal.close()


def change(path: Path, sql: str) -> None:
    db = sqlite3.connect(path)
    with db:
        db.execute(sql)
    db.close()


def test_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalMissing, match=r"there is no journal .*none.db; has the daemon run"):
        open_read_only(tmp_path / "none.db")
    assert not list(tmp_path.iterdir())


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="is a directory"):
        open_read_only(tmp_path)


def test_garbage(tmp_path: Path) -> None:
    path = tmp_path / "waypost.db"
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(JournalDamaged, match="not a database"):
        open_read_only(path)
    assert path.read_bytes() == b"garbage" * 1000


def test_a_database_that_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    change(path, "CREATE TABLE t (x)")
    with pytest.raises(JournalUnusable, match="is a database, but no journal"):
        open_read_only(path)


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("UPDATE event SET place = 'moon' WHERE seq = 50", "events"),
        ("UPDATE gap SET filled = 9", "gaps"),
        ("UPDATE input SET time = time + 1", "inputs"),
        ("UPDATE input SET body = zeroblob(9)", "reads"),
        ("UPDATE tag SET ids = '[]'", "inputs"),
        ("UPDATE poison SET error = ''", "poison"),
        ("INSERT INTO ledger VALUES (1, 'reads', 1, 2, 'x', 0, 0)", "ledger"),
    ],
)
def test_a_damaged_row_is_named(path: Path, sql: str, read: str) -> None:
    journal = Journal.open(path, SITE)
    journal.commit(inputs(5), events(5), gaps(5))
    journal.set_aside(inputs(1)[0], "why")
    journal.close()
    change(path, sql)
    with (
        open_read_only(path) as reader,
        pytest.raises(JournalDamaged, match=r"is damaged: .* not as|tag codes"),
    ):
        list(reader.rows(Reads) if read == "reads" else getattr(reader, read)())


@pytest.mark.parametrize("sql", ["UPDATE meta SET value = 'x'", "DELETE FROM meta"])
def test_a_journal_that_does_not_say_whose_it_is(path: Path, sql: str) -> None:
    change(path, sql)
    with pytest.raises(JournalDamaged, match=r"site"):
        open_read_only(path)


def test_an_event_comes_back_whole(path: Path) -> None:
    journal = Journal.open(path, SITE)
    late = replace(
        EVENTS[0], late=True, evidence={"not_after": 5}, retracts="0", of="arrived", lat=1.5, reads=7
    )
    journal.commit([Input("door1", 5, inputs(1)[1].body)], [late])
    assert [event for _, event in journal.past.events(100)] == [late]
    journal.close()


def test_when_a_tag_was_read_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INPUTS", 2)
    tags = Dictionary(["E200", "E201", "E202"])
    journal = Journal.open(tmp_path / "waypost.db", SITE)
    for number, (code, time) in enumerate([(0, 10), (1, 30), (0, 20), (1, 25), (1, 26)]):
        journal.commit([Input("door1", number, reads(tags, [time], [code], [1], [-50]))])
    journal.commit([Input("door1", 9, Alive(9))])
    journal.close()
    with open_read_only(tmp_path / "waypost.db") as opened:
        assert opened.last_read(("E200",), 100) == 20
        assert opened.last_read(("E200",), 3) is None
        assert opened.last_read(("E200", "E201"), 100) == 26
        assert opened.last_read(("E202", "E203"), 100) is None
