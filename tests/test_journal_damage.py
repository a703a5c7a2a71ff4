"""Damage: whatever happens to a journal's files, what is left is read, and the site goes on."""

import itertools
import os
import random
from pathlib import Path

import pytest

from gateway.database import JournalDamaged, JournalUnusable
from gateway.journal import Journal
from gateway.quarantine import quarantined, salvage
from gateway.wal import log_of
from tests.faults import scenario
from tests.faults.scenario import COMMITS, SITE, events, expected_events, gaps, inputs, snapshot
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


def replaced(path: Path, reason: str) -> Path:
    """Open what was damaged: it was put aside, and a new journal with a new epoch works in its place."""
    journal = Journal.open(path, SITE)
    opening = journal.opening
    assert opening.state == "replaced"
    assert reason in opening.reason
    assert opening.quarantined is not None
    assert quarantined(path) == [opening.quarantined]
    fill(journal)
    assert scenario.content(journal.past) == COMMITS
    other = journal.epoch
    journal.close()
    past = salvage(opening.quarantined)
    if past is not None:
        assert past.epoch != other
        past.close()
    return opening.quarantined


def test_garbage_is_put_aside(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))
    assert salvage(replaced(path, "not a database")) is None


def test_a_zeroed_file_is_put_aside(path: Path) -> None:
    path.write_bytes(bytes(50_000))
    assert salvage(replaced(path, "not a database")) is None


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_truncated_file_is_put_aside_and_salvaged(filled: Path, part: float) -> None:
    whole = filled.read_bytes()
    filled.write_bytes(whole[: int(len(whole) * part)])
    past = salvage(replaced(filled, "damaged"))
    if past is not None:
        found = [event.id for _, event in past.events()]
        assert found == [id for id in expected_events(COMMITS) if id in found]
        past.close()


def test_an_empty_file_becomes_a_journal(path: Path) -> None:
    path.touch()
    journal = Journal.open(path, SITE)
    assert journal.opening.state == "new"
    journal.close()


def test_any_flipped_bits_are_found_at_once_or_when_they_are_read(filled: Path) -> None:
    """Also in a text, which is then none any more, and in what says of which type a column is."""
    whole = filled.read_bytes()
    chance, states = random.Random(1), set()
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 1, 8])):
            damaged[chance.randrange(100, len(whole))] ^= 1 << chance.randrange(8)
        filled.write_bytes(damaged)
        states.add(_live_with_damage(filled))
        for other in quarantined(filled):
            other.unlink()
    assert states == {"replaced", "sound"}


def test_what_is_left_is_read_whichever_page_is_gone(filled: Path) -> None:
    whole = filled.read_bytes()
    page = int.from_bytes(whole[16:18])
    for number in range(1, len(whole) // page):
        filled.write_bytes(whole[: number * page] + bytes(page) + whole[(number + 1) * page :])
        past = salvage(filled)
        if past is None:
            continue
        with past:
            past.head()
            past.snapshot()
            for rows in (past.inputs(), past.events(), past.gaps()):
                seqs = [seq for seq, _ in rows]
                assert seqs == sorted(set(seqs))


def test_any_zeroed_page_is_found_at_once_or_when_it_is_read(filled: Path) -> None:
    """A page that the state does not depend on may be found later; then the commit or the reader says so."""
    whole = filled.read_bytes()
    page = int.from_bytes(whole[16:18])
    states = set()
    for number in range(len(whole) // page):
        filled.write_bytes(whole[: number * page] + bytes(page) + whole[(number + 1) * page :])
        states.add(_live_with_damage(filled))
        for other in quarantined(filled):
            other.unlink()
    assert states == {"replaced", "sound"}


def _live_with_damage(path: Path) -> str:
    journal = Journal.open(path, SITE)
    try:
        if journal.opening.state == "replaced":
            return "replaced"
        for k in itertools.count(COMMITS + 1):
            try:
                journal.commit(inputs(k), events(k), gaps(k), snapshot(k))
            except JournalDamaged:
                if journal.reopen().state == "replaced":
                    return "replaced"
            if k > COMMITS + 8:
                break
        [event.id for _, event in journal.past.events()]
        return "sound"
    finally:
        journal.close()


@pytest.mark.parametrize("place", ["header", "early", "salt"])
def test_a_damaged_log_is_noticed_although_sqlite_takes_it_for_a_shorter_one(
    crashed: Path, place: str
) -> None:
    log = bytearray(log_of(crashed).read_bytes())
    at = {"header": 3, "early": 5_000, "salt": 16}[place]
    log[at] ^= 1
    log_of(crashed).write_bytes(log)
    replaced(crashed, "has commits that cannot be read")


@pytest.mark.parametrize("part", [0.2, 0.4, 0.6, 0.8])
def test_what_stands_behind_a_damaged_frame_of_the_log_is_salvaged(crashed: Path, part: float) -> None:
    """SQLite itself reads up to the damaged frame, and deletes the log then."""
    sound = log_of(crashed).read_bytes()
    log = bytearray(sound)
    log[int(len(log) * part)] ^= 1
    log_of(crashed).write_bytes(log)
    past = salvage(replaced(crashed, "has commits that cannot be read"))
    assert past is not None
    with past:
        found = [event.id for _, event in past.events()]
        wanted = expected_events(COMMITS)
        assert found == [id for id in wanted if id in found]
        assert len(wanted) - len(found) <= past.lost <= 3
    (place,) = quarantined(crashed)
    assert place.with_name(place.name + "-wal.found").read_bytes() == log


def test_a_log_without_its_file_follows_the_damaged_file(path: Path) -> None:
    """So a crash between the two renames leaves it."""
    path.write_bytes(os.urandom(50_000))
    path.rename(path.with_name("waypost.db.quarantine-1"))
    log_of(path).write_bytes(b"the log")
    journal = Journal.open(path, SITE)
    assert (journal.opening.state, journal.opening.quarantined) == ("replaced", quarantined(path)[0])
    assert log_of(quarantined(path)[0]).read_bytes() == b"the log"
    journal.close()


def test_a_replaced_journal_says_so_until_something_is_committed(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))
    for _ in range(2):
        journal = Journal.open(path, SITE)
        assert (journal.opening.state, journal.opening.quarantined) == ("replaced", quarantined(path)[0])
        assert len(quarantined(path)) == 1
        journal.close()
    journal = Journal.open(path, SITE)
    journal.commit(())
    journal.close()
    journal = Journal.open(path, SITE)
    assert journal.opening.state == "continued"
    journal.close()


def test_too_many_damaged_journals_need_an_operator(path: Path) -> None:
    for number in range(1, 9):
        path.with_name(f"waypost.db.quarantine-{number}").write_bytes(b"?")
    path.write_bytes(os.urandom(50_000))
    with pytest.raises(JournalUnusable, match=r"and so were the 8 .* replace this disk"):
        Journal.open(path, SITE)
    path.with_name("waypost.db.quarantine-3").unlink()
    replacement = Journal.open(path, SITE)
    assert replacement.opening.quarantined == path.with_name("waypost.db.quarantine-9")
    replacement.close()


def test_damage_that_a_commit_meets_twice_replaces_the_journal(filled: Path) -> None:
    journal = Journal.open(filled, SITE)
    states = []
    for _ in range(2):
        failure = JournalDamaged("a page is malformed")
        journal._failed(failure, None)  # type: ignore[arg-type]
        states.append(journal.reopen().state)
    assert states == ["continued", "replaced"]
    assert journal.snapshot() is None
    fill(journal)
    assert scenario.content(journal.past) == COMMITS
    journal.close()


def test_acknowledged_commits_that_are_gone_replace_the_journal(path: Path, tmp_path: Path) -> None:
    journal = Journal.open(path, SITE)
    fill(journal, 2)
    journal._shut()
    old = path.read_bytes()
    journal.reopen()
    fill(journal, first=3)
    journal._shut()
    path.write_bytes(old)
    opening = journal.reopen()
    assert opening.state == "replaced"
    assert "commit 8 is gone" in opening.reason
    journal.close()
