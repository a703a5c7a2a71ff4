"""The life of a journal: what goes in comes out, after a crash, and after the commit that failed."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.records import Alive, Dictionary, Input, Reads, Shift
from gateway import redating, tag_codes
from gateway.database import JournalError, JournalFailed, JournalUnusable
from gateway.journal import LOG, Journal
from gateway.quarantine import quarantined
from gateway.reader import open_read_only
from gateway.transaction import Transaction
from gateway.wal import log_of
from tests.faults import scenario
from tests.faults.scenario import COMMITS, SITE, events, gaps, inputs, snapshot
from tests.fix_journal import cut_off, fill, made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "waypost.db"


@pytest.fixture
def filled(path: Path) -> Path:
    return made(path)


@pytest.fixture
def crashed(path: Path, tmp_path: Path) -> Path:
    return cut_off(path, tmp_path / "crashed.db")


def test_what_is_committed_comes_back_from_the_same_journal_and_from_the_next(path: Path) -> None:
    journal = Journal.open(path, SITE)
    assert journal.opening.state == "new"
    fill(journal)
    assert scenario.content(journal.past) == COMMITS
    epoch = journal.epoch
    journal.close()
    journal = Journal.open(path, SITE)
    assert (journal.opening.state, journal.epoch) == ("continued", epoch)
    assert scenario.content(journal.past) == COMMITS
    journal.close()


def test_a_crash_keeps_all(crashed: Path) -> None:
    assert scenario.check(crashed, COMMITS) == COMMITS


def test_commit_tells_the_last_numbers(path: Path) -> None:
    journal = Journal.open(path, SITE)
    head = journal.commit(inputs(5), events(5), gaps(5))
    assert (head.number, head.inputs, head.reads, head.events, head.gaps) == (1, 3, 15, 2, 1)
    head = journal.commit(inputs(1))
    assert (head.number, head.inputs, head.reads, head.events, head.gaps) == (2, 6, 30, 2, 1)
    assert head.time == inputs(1)[-1].arrival
    assert journal.commit(()).number == 3
    journal.close()


def test_inputs_go_on_behind_the_snapshot(filled: Path) -> None:
    journal = Journal.open(filled, SITE)
    found = journal.snapshot()
    assert found == (21, snapshot(7))
    assert [seq for seq, _ in journal.inputs(21)] == [22, 23, 24]
    assert [one for _, one in journal.inputs(23)] == inputs(8)[2:]
    assert list(journal.inputs(24)) == []
    journal.close()


def test_every_new_journal_has_its_own_epoch(tmp_path: Path) -> None:
    epochs = set()
    for name in ("a.db", "b.db"):
        journal = Journal.open(tmp_path / name, SITE)
        epochs.add(journal.epoch)
        journal.close()
    assert len(epochs) == 2


def test_notes_ride_along(path: Path) -> None:
    journal = Journal.open(path, SITE)
    journal.notebook.put("totals", "{}")
    assert journal.get("totals") == "{}"
    assert journal.notebook.cursor("timescale", "events") == 0
    journal.notebook.advance("timescale", "events", 7)
    journal.commit(())
    journal.notebook.put("late", "x")
    journal.close()
    journal = Journal.open(path, SITE)
    assert (journal.get("totals"), journal.get("late"), journal.get("none")) == ("{}", "x", None)
    assert journal.notebook.cursor("timescale", "events") == 7
    with pytest.raises(ValueError, match="epoch"):
        journal.notebook.put("epoch", "mine")
    journal.close()


def test_an_input_is_set_aside_with_its_bytes(path: Path) -> None:
    journal = Journal.open(path, SITE)
    journal.set_aside(inputs(1)[0], "ZeroDivisionError")
    [(seq, poison)] = journal.past.poison()
    assert (seq, poison.error) == (1, "ZeroDivisionError")
    assert poison.input is not None
    assert scenario.plain(poison.input) == scenario.plain(inputs(1)[0])
    assert list(journal.inputs()) == []
    journal.close()


def test_what_cannot_be_written_is_refused_and_the_journal_goes_on(path: Path) -> None:
    journal = Journal.open(path, SITE)
    fill(journal)
    nameless = replace(events(1)[0], id=None)  # type: ignore[arg-type]
    for bad in (replace(events(1)[0], time=2**70), replace(events(1)[0], item="\ud800"), nameless):
        with pytest.raises((ValueError, OverflowError)):
            journal.commit(inputs(9), [bad])
    assert scenario.content(journal.past) == COMMITS
    journal.close()


def test_tag_codes_start_again_when_there_are_too_many(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_codes, "GENERATION", 10)
    journal = Journal.open(path, SITE)
    sent = []
    for k in range(8):
        tags = Dictionary(f"{k // 2}-{number}" for number in range(6))
        sent.append(Input("door1", k, batch(tags, 6)))
        journal.commit(sent[-1:])
        if k % 3 == 2:
            journal.close()
            journal = Journal.open(path, SITE)
    assert [scenario.plain(one) for _, one in journal.inputs()] == [scenario.plain(one) for one in sent]
    assert len({id(one.body.tags) for _, one in journal.inputs() if isinstance(one.body, Reads)}) > 1
    journal.close()


def batch(tags: Dictionary, n: int) -> Reads:
    numbers = np.arange(n)
    return Reads(
        tags,
        numbers.astype(np.int64),
        (numbers % len(tags)).astype(np.int32),
        np.ones(n, np.uint16),
        np.random.default_rng(n).random(n, np.float32),
        np.ones(n, np.int32),
    )


def test_the_log_is_moved_into_the_file_when_it_has_grown(path: Path) -> None:
    journal = Journal.open(path, SITE)
    big = [Input("door1", 0, batch(Dictionary(["a", "b"]), 30_000))]
    while journal.counts().payload < 3 * LOG:
        journal.commit(big)
        before, overgrown = journal.counts().checkpoints, journal.overgrown
        journal.tend()
        assert journal.counts().checkpoints == before + overgrown
    assert journal.counts().checkpoints >= 2
    assert log_of(path).stat().st_size < 2 * LOG
    journal.close()


def test_the_log_is_bounded_also_when_nobody_tends_it(path: Path) -> None:
    journal = Journal.open(path, SITE)
    big = [Input("door1", 0, batch(Dictionary(["a", "b"]), 30_000))]
    while journal.counts().payload < 10 * LOG:
        journal.commit(big)
    assert log_of(path).stat().st_size < 6 * LOG
    journal.close()


def test_counts_tell_what_was_done(path: Path) -> None:
    journal = Journal.open(path, SITE)
    fill(journal)
    counts = journal.counts()
    assert counts.commits == COMMITS
    assert counts.p50 is not None
    assert counts.p99 is not None
    assert 0 < counts.p50 <= counts.p99
    assert counts.size == journal.size() > counts.payload > 0
    journal.close()


def test_only_one_process_writes(path: Path) -> None:
    journal = Journal.open(path, SITE)
    with pytest.raises(JournalUnusable, match=r"in use: another process holds .*waypost.db.lock; stop"):
        Journal.open(path, SITE)
    journal.close()
    Journal.open(path, SITE).close()


# Failing commits. What a failing disk does is in test_journal_faults; here a lock of another program stands for it.


@pytest.fixture
def locked(path: Path) -> Iterator[tuple[Journal, Callable[[], None]]]:
    """A journal that somebody else's transaction locks, and how that ends."""
    journal = Journal.open(path, SITE)
    fill(journal, 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    journal._open_file().db.execute("PRAGMA busy_timeout=0")
    yield journal, other.rollback
    other.close()
    journal.close()


def test_after_a_failure_nothing_works_until_it_is_reopened(
    locked: tuple[Journal, Callable[[], None]],
) -> None:
    journal, unlock = locked
    with pytest.raises(JournalFailed, match="is locked"):
        journal.commit(inputs(2), events(2))
    unlock()
    for work in (lambda: journal.commit(inputs(2)), journal.snapshot, lambda: journal.past):
        with pytest.raises(JournalFailed, match="is locked"):
            work()
    opening = journal.reopen()
    assert (opening.state, opening.committed) == ("continued", False)
    journal.commit(inputs(2), events(2))
    assert scenario.content(journal.past) == 2
    assert journal.counts().failures == 1


def test_the_same_commit_again_writes_nothing_if_it_was_there(path: Path) -> None:
    journal = Journal.open(path, SITE)
    fill(journal, 2)
    landed(journal, lambda: journal.commit(inputs(3), events(3), gaps(3), snapshot(3)))
    opening = journal.reopen()
    assert (opening.state, opening.committed) == ("continued", True)
    head = journal.commit(inputs(3), events(3), gaps(3), snapshot(3))
    assert head.number == 3
    assert scenario.content(journal.past) == 3
    fill(journal, first=4)
    assert scenario.content(journal.past) == COMMITS
    journal.close()


def test_another_commit_after_one_that_was_there_is_written(path: Path) -> None:
    journal = Journal.open(path, SITE)
    landed(journal, lambda: journal.commit(inputs(1), events(1)))
    assert journal.reopen().committed
    journal.commit(inputs(2), events(2))
    assert scenario.content(journal.past) == 2
    journal.close()


def test_a_clock_step_is_noted_once_if_its_commit_was_there(path: Path) -> None:
    journal = Journal.open(path, SITE)
    fill(journal, 5)
    step = [Input("door1", scenario.START, Shift(scenario.START, 3_600_000_000))]
    landed(journal, lambda: journal.commit(step, events(2), gaps(5)))
    assert journal.reopen().committed
    journal.commit(step, events(2), gaps(5))
    journal.commit(())
    assert len(redating.noted(journal.past.get(redating.KEY))) == 1
    journal.close()


def test_setting_aside_again_writes_nothing_if_it_was_there(path: Path) -> None:
    journal = Journal.open(path, SITE)
    landed(journal, lambda: journal.set_aside(inputs(1)[0], "why"))
    journal.reopen()
    journal.set_aside(inputs(1)[0], "why")
    assert len(list(journal.past.poison())) == 1
    journal.close()


def landed(journal: Journal, work: Callable[[], object]) -> None:
    """Do it, with the answer lost on the way: the failure comes after the transaction."""
    before = journal._head, journal._codes
    tried: list[Transaction] = []
    settle = journal._settle
    journal._settle = tried.append  # type: ignore[method-assign,assignment]
    work()
    journal._settle = settle  # type: ignore[method-assign]
    journal._head, journal._codes = before
    journal._failed(JournalFailed("the answer was lost"), tried[0])


# What an operator has to change.


def test_a_directory_in_its_place(path: Path) -> None:
    path.mkdir()
    with pytest.raises(JournalUnusable, match=r"waypost.db is a directory; let .journal. path name a file"):
        Journal.open(path, SITE)


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match=r"there is no directory .*/none; make it"):
        Journal.open(tmp_path / "none" / "waypost.db", SITE)


def test_another_sites_journal(filled: Path) -> None:
    with pytest.raises(JournalUnusable, match="belongs to site leeds, not to york"):
        Journal.open(filled, "york")
    assert not quarantined(filled)


def test_another_version(filled: Path) -> None:
    db = sqlite3.connect(filled)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalUnusable, match="has version 99, and this program understands 2"):
        Journal.open(filled, SITE)
    assert not quarantined(filled)


def test_somebody_elses_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE precious (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(JournalUnusable, match="is a database, but no journal"):
        Journal.open(path, SITE)
    assert path.read_bytes() == before


def test_a_reader_sees_a_commit_at_once(path: Path) -> None:
    journal = Journal.open(path, SITE)
    journal.commit(inputs(1), events(1))
    with open_read_only(path) as reader:
        version = reader.version()
        assert reader.version() == version
        journal.commit([Input("door2", 1, Alive(1))], events(2))
        assert reader.version() != version
        assert [event.id for _, event in reader.events(1)] == ["2-0", "2-1"]
    journal.close()


def test_errors_are_of_one_kind_and_of_the_operating_systems(path: Path) -> None:
    path.mkdir()
    with pytest.raises(OSError, match="is a directory") as caught:
        Journal.open(path, SITE)
    assert isinstance(caught.value, JournalError)
