"""Damaged journals: how they are put aside, and what is read from them."""

import sqlite3
from pathlib import Path

import pytest

from gateway.database import JournalDamaged, JournalUnusable
from gateway.journal import Journal
from gateway.quarantine import KEPT, Salvage, quarantined, salvage, set_aside, tidy
from gateway.reader import open_read_only
from gateway.wal import log_of
from tests.faults.scenario import SITE, events, expected_events, gaps, inputs

COMMITS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed journal of sixty commits."""
    place = tmp_path / "waypost.db"
    journal = Journal.open(place, SITE)
    for k in range(1, COMMITS + 1):
        journal.commit(inputs(k), events(k), gaps(k))
    journal.close()
    return place


def change(path: Path, sql: str) -> None:
    db = sqlite3.connect(path)
    with db:
        db.execute(sql)
    db.close()


def test_it_takes_its_log_along(path: Path) -> None:
    log_of(path).write_bytes(b"log")
    target = set_aside(path)
    assert target == path.with_name("waypost.db.quarantine-1")
    assert log_of(target).read_bytes() == b"log"
    assert not path.exists()
    assert not log_of(path).exists()


def test_they_are_numbered(path: Path) -> None:
    content = path.read_bytes()
    for number in (1, 2, 3):
        path.write_bytes(content)
        set_aside(path)
        assert len(quarantined(path)) == number
    assert quarantined(path)[-1].name == "waypost.db.quarantine-3"


def test_none_is_ever_deleted(path: Path) -> None:
    content = path.read_bytes()
    for _ in range(KEPT):
        path.write_bytes(content)
        set_aside(path)
    path.write_bytes(content)
    with pytest.raises(JournalUnusable, match="move them away"):
        set_aside(path)
    assert len(quarantined(path)) == KEPT
    assert path.read_bytes() == content


def test_nothing_is_not_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "waypost.db"
    path.touch()
    log_of(path).touch()
    assert set_aside(path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_lone_log_joins_its_file_or_goes_alone(path: Path) -> None:
    set_aside(path)
    for number in (1, 2):
        log_of(path).write_bytes(b"%d" % number)
        tidy(path)
        assert log_of(path.with_name(f"waypost.db.quarantine-{number}")).read_bytes() == b"%d" % number
    assert not log_of(path).exists()


def test_a_sound_journal_is_left_alone(path: Path) -> None:
    tidy(path)
    assert path.exists()


def test_a_sound_one_is_salvaged_whole(path: Path) -> None:
    with salvaged(path) as past:
        assert [event.id for _, event in past.events()] == expected_events(COMMITS)
        assert len(list(past.inputs())) == 3 * COMMITS
        assert past.lost == 0


def salvaged(path: Path) -> Salvage:
    past = salvage(path)
    assert past is not None
    return past


def test_single_damaged_rows_are_stepped_over(path: Path) -> None:
    change(path, "UPDATE event SET place = 'moon' WHERE seq IN (3, 40)")
    change(path, "UPDATE gap SET filled = 9 WHERE seq = 2")
    change(path, "UPDATE input SET body = zeroblob(length(body)) WHERE number = 7")
    with (
        pytest.raises(JournalDamaged, match="event 3 is not as it was written"),
        open_read_only(path) as strict,
    ):
        list(strict.events())
    with salvaged(path) as past:
        assert [seq for seq, _ in past.events()] == [seq for seq in range(1, 61) if seq not in (3, 40)]
        assert past.lost == 2
        assert [seq for seq, _ in past.gaps()] == [1, *range(3, COMMITS // 5 + 1)]
        assert past.lost == 3
        assert [seq for seq, _ in past.inputs()] == [seq for seq in range(1, 181) if not 19 <= seq <= 21]
        assert past.lost == 4


def test_inputs_whose_tags_are_lost_are_lost(path: Path) -> None:
    change(path, "UPDATE tag SET ids = '[]'")
    with salvaged(path) as past:
        assert list(past.inputs()) == []
        assert past.lost > COMMITS
        assert [event.id for _, event in past.events()] == expected_events(COMMITS)


@pytest.mark.parametrize("table", ["event", "input", "gap", "meta"])
def test_what_other_pages_hold_is_salvaged_when_some_are_zeroed(path: Path, table: str) -> None:
    whole = path.read_bytes()
    page = int.from_bytes(whole[16:18])
    db = sqlite3.connect(path)
    query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno"
    leaves = [number for (number,) in db.execute(query, (table,))]
    db.close()
    for number in leaves:
        path.write_bytes(whole[: (number - 1) * page] + bytes(page) + whole[number * page :])
        with salvaged(path) as past:
            found = [event.id for _, event in past.events()]
            missing = len(expected_events(COMMITS)) - len(found)
            assert found == [id for id in expected_events(COMMITS) if id in set(found)]
            assert (missing > 0) == (table == "event")
            assert missing <= 20
            rows = len(list(past.inputs()))
            assert (rows < 3 * COMMITS) == (table == "input")
            assert rows > COMMITS
            assert (len(list(past.gaps())) < COMMITS // 5) == (table == "gap")
            assert past.lost or table == "gap"
            assert (past.epoch == "") == (table == "meta")


def test_nothing_is_salvaged_from_garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)
    assert salvage(path) is None
    assert salvage(path.with_name("none")) is None
