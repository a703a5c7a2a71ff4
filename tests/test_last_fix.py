"""Where a tracker was last: out of a snapshot, of what came after it, or of everything where there is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.records import Fix, Flag
from core.snapshot import IncompatibleSnapshot, load_positions
from gateway.commands.all import application
from gateway.journal import Journal
from gateway.last_fix import last_fix
from gateway.reader import open_read_only
from tests.delivering import SITE, deliver, road, track
from tests.virtual_loop import run

TOML = """
[site]
id = "leeds"
[[device]]
id = "road"
kind = "recorded"
[[item]]
id = "van"
tags = ["tracker:7", "tracker:8"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A site that had a clean stop, and was then ended by force."""
    path = tmp_path / "waypost.toml"
    path.write_text(TOML)
    return path


def of(folder: Path, *tags: str) -> Fix | None:
    """By the journal in a folder."""
    with open_read_only(folder / "waypost.db") as journal:
        return last_fix(journal, tags)


def test_of_the_snapshot_and_of_what_came_after_it(tmp_path: Path) -> None:
    path = tmp_path / "waypost.db"
    run(deliver(path, [road(*track("7", 0, 5)), road(*track("8", 0, 9))]))
    assert repr(of(tmp_path, "tracker:7")) == repr(track("7", 4, 1)[0])
    journal = Journal.open(path, SITE.id)
    journal.commit([road(*track("7", 5, 3)), road(replace(track("8", 20, 1)[0], flags=0))])
    journal.close()
    assert repr(of(tmp_path, "tracker:7")) == repr(track("7", 7, 1)[0])
    assert repr(of(tmp_path, "tracker:8", "tracker:7")) == repr(track("8", 8, 1)[0])
    assert of(tmp_path, "tracker:9") is None
    assert of(tmp_path, "E200") is None


def test_of_two_trackers_the_one_that_is_not_blurred(tmp_path: Path) -> None:
    exact, blurred = track("7", 0, 1)[0], replace(track("8", 0, 1)[0], flags=Flag.VALID | Flag.COARSE)
    run(deliver(tmp_path / "waypost.db", [road(blurred), road(exact)]))
    for tags in (["tracker:7", "tracker:8"], ["tracker:8", "tracker:7"]):
        assert repr(of(tmp_path, *tags)) == repr(exact)


def test_where_there_is_no_snapshot(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "waypost.db", SITE.id)
    journal.commit([road(*track("7", 0, 5))])
    journal.close()
    assert repr(of(tmp_path, "tracker:7")) == repr(track("7", 4, 1)[0])


def test_a_snapshot_of_another_version_is_passed_over(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "waypost.db", SITE.id)
    journal.commit([road(*track("7", 0, 5))], snapshot=b"of long ago")
    journal.close()
    assert repr(of(tmp_path, "tracker:7")) == repr(track("7", 4, 1)[0])
    with pytest.raises(IncompatibleSnapshot):
        load_positions(b"of long ago")


def test_find_tells_it(file: Path) -> None:
    run(deliver(file.with_name("waypost.db"), [road(*track("7", 0, 5))]))
    found = CliRunner().invoke(application, ["find", "van", "--config", str(file), "--json"])
    assert found.exit_code == 0
    row = json.loads(found.stdout)
    assert (row["item"], row["place"], row["lat"], row["lon"], row["accuracy"]) == (
        "van",
        None,
        pytest.approx(53.80004),
        -1.55,
        None,
    )
    assert row["position_time"] == row["last_seen"] == "2025-10-09T08:53:24.000000Z"
    text = CliRunner().invoke(application, ["find", "tracker:7", "--config", str(file)])
    assert "at 53.800040, -1.550000, 2025-10-09T08:53:24.000000Z" in text.stdout
    assert CliRunner().invoke(application, ["find", "tracker:9", "--config", str(file)]).exit_code == 1
