"""What was acknowledged is on the disk, once, whatever the disk did: errors, a crash, no room, no permission.

The shim of tests/faults fails, tears and logs what SQLite does to the journal's files; the journal runs in a process
of its own. Images of the disk after a power cut are rebuilt from the log and opened here.
"""

import random
from pathlib import Path

import pytest

from tests.faults import crash, scenario
from tests.faults.shim import build, run
from tests.torture import SEED


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shim"))


def test_an_error_at_any_call_loses_and_doubles_nothing(shim: Path, tmp_path: Path) -> None:
    runs = int(run("errors", tmp_path / "disk", library=shim))
    assert runs > 150, "the shim has seen few calls: is it preloaded?"


def test_a_disk_that_cannot_be_read_takes_nothing_with_it(shim: Path, tmp_path: Path) -> None:
    reads = int(run("unreadable", tmp_path / "disk", library=shim))
    assert reads > 50, "the shim has seen few reads: is it preloaded?"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_power_cut_takes_back_what_was_acknowledged(shim: Path, tmp_path: Path, count: int) -> None:
    """Also after some calls have failed: what a failed fsync has dropped must be written again."""
    run("log", tmp_path / "disk", str(tmp_path), str(count), library=shim)
    logs = sorted(tmp_path.glob("*.log"))
    images = sum(_crash_now_and_then(log, random.Random(f"{log.name} {count} {SEED}")) for log in logs)
    assert images > 60


def _crash_now_and_then(log: Path, chance: random.Random) -> int:
    images = 0
    disk = crash.Disk(chance)
    for entry in crash.entries(log.read_bytes()):
        disk.take(entry)
        if chance.random() < (0.5 if entry.op == "M" else 0.025):
            place = log.with_suffix(f".{images}")
            place.mkdir()
            disk.crash(place)
            scenario.check(place / "waypost.db", disk.marks)
            images += 1
    return images


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    assert int(run("kill", tmp_path / "disk")) > 25


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    assert int(run("full", tmp_path / "disk")) > 5


def test_a_full_disk_is_named_and_survived(shim: Path, tmp_path: Path) -> None:
    said = run("full_disk", tmp_path / "disk", library=shim)
    assert "make room on this disk" in said


def test_places_that_may_not_be_written_are_named(shim: Path, tmp_path: Path) -> None:
    said = run("read_only", tmp_path / "disk", library=shim).splitlines()
    assert len(said) == 4
    assert all("waypost.db cannot be written" in line and "permission" in line for line in said)
    assert "Read-only file system" in said[0]
