"""The trail of an item out of a journal: every valid fix of its trackers, by time, however late it came."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.events import EARLIEST, LATEST
from core.records import SECOND, Alive, Fix, Flag, Input
from drivers.codecs.gps_calendar import BUILT
from gateway.commands.all import application
from gateway.journal import Journal
from gateway.reader import open_read_only
from gateway.trail import SLOW, Stretch, Trail, trail
from tests.delivering import NOW, SITE, deliver, road, track
from tests.virtual_loop import run

TOML = """
[site]
id = "leeds"
[[device]]
id = "road"
kind = "recorded"
[[device]]
id = "sky"
kind = "recorded"
offset = 10
[[item]]
id = "van"
tags = ["tracker:7", "tracker:8", "E200"]
"""
EVERYTHING = Stretch(EARLIEST, LATEST + 1, 1000)


def along(folder: Path, *tags: str, wanted: Stretch = EVERYTHING) -> Trail:
    """By the journal in a folder."""
    with open_read_only(folder / "waypost.db") as journal:
        return trail(journal, tags, wanted)


def written(folder: Path, *commits: list[Input]) -> None:
    """A journal of these commits."""
    journal = Journal.open(folder / "waypost.db", SITE.id)
    for inputs in commits:
        journal.commit(inputs)
    journal.close()


def seconds(found: Trail) -> list[tuple[int, str]]:
    return [((fix.time - NOW) // SECOND, fix.tracker) for fix in found.fixes]


def test_of_all_trackers_of_an_item_by_time_however_late_they_come(tmp_path: Path) -> None:
    late = [replace(fix, flags=Flag.VALID | Flag.LATE) for fix in track("7", 0, 3)]
    run(deliver(tmp_path / "waypost.db", [road(*track("7", 5, 2)), road(*track("8", 4, 2)), road(*late)]))
    found = along(tmp_path, "tracker:7", "tracker:8", "E200")
    seven, eight = "tracker:7", "tracker:8"
    assert seconds(found) == [
        (0, seven),
        (1, seven),
        (2, seven),
        (4, eight),
        (5, seven),
        (5, eight),
        (6, seven),
    ]
    assert (found.invalid, found.cut) == (0, False)
    assert repr(found.fixes[5]) == repr(track("8", 5, 1)[0])
    assert seconds(along(tmp_path, "tracker:8")) == [(4, eight), (5, eight)]
    assert along(tmp_path, "E200", "tracker:none") == Trail([], 0, False)


def test_what_nobody_believes_is_counted_and_no_part_of_it(tmp_path: Path) -> None:
    doubted = replace(track("7", 10**6, 1)[0], flags=0)
    written(tmp_path, [road(*track("7", 0, 3), doubted)])
    found = along(tmp_path, "tracker:7")
    assert [second for second, _ in seconds(found)] == [0, 1, 2]
    assert found.invalid == 1


@pytest.mark.parametrize(
    ("since", "until", "most", "expected", "cut"),
    [
        (3, 6, 1000, [3, 4, 5], False),
        (3, 9, 2, [7, 8], True),
        (0, 100, 10, list(range(10)), False),
        (0, 100, 9, list(range(1, 10)), True),
        (50, 60, 5, [], False),
    ],
)
def test_a_stretch_of_it(
    since: int, until: int, most: int, expected: list[int], cut: bool, tmp_path: Path
) -> None:
    written(tmp_path, [road(*track("7", 0, 5))], [road(*track("7", 5, 5)), road(*track("8", 0, 50))])
    wanted = Stretch(NOW + since * SECOND, NOW + until * SECOND, most)
    found = along(tmp_path, "tracker:7", wanted=wanted)
    assert [second for second, _ in seconds(found)] == expected
    assert found.cut == cut


def test_any_order_of_arrival_gives_the_newest(tmp_path: Path) -> None:
    rows = track("7", 0, 300) + track("8", 100, 300)
    shuffled = random.Random(7).sample(rows, len(rows))
    quiet = [[Input("road", NOW, Alive(NOW))] for _ in range(40)]
    commits = [[road(*shuffled[at : at + 7])] for at in range(0, len(rows), 7)]
    written(tmp_path, *quiet, *commits[:20], *quiet, *commits[20:], *quiet)
    newest = sorted(rows, key=lambda fix: fix.time)[-40:]
    found = along(tmp_path, "tracker:7", "tracker:8", wanted=replace(EVERYTHING, most=40))
    assert [fix.time for fix in found.fixes] == [fix.time for fix in newest]
    assert {(fix.time, fix.tracker) for fix in found.fixes[1:]} <= {(fix.time, fix.tracker) for fix in newest}


def at(arrival: int, *rows: Fix) -> list[Input]:
    return [replace(road(*rows), arrival=arrival)]


def test_what_came_before_a_clock_was_set_is_not_taken_for_old(tmp_path: Path) -> None:
    one = track("7", 0, 1)[0]
    now = BUILT + 100 * SLOW
    rows = [replace(one, time=now + number * SECOND) for number in range(3)]
    unset = at(946_684_800 * SECOND, rows[1])
    slow = at(now - SLOW // 2, rows[1])
    written(tmp_path, at(now, rows[0]), unset, slow, at(now + 2 * SECOND, rows[2]))
    found = along(tmp_path, "tracker:7", wanted=Stretch(now, LATEST, 10))
    assert [(fix.time - now) // SECOND for fix in found.fixes] == [0, 1, 1, 2]


def test_it_reads_no_farther_back_than_it_has_to(tmp_path: Path) -> None:
    one = track("7", 0, 1)[0]
    days = [BUILT + day * SLOW for day in range(10)]
    impossible = replace(
        one, time=days[9] + SECOND
    )  # so much younger than its arrival that only its absence tells
    written(tmp_path, at(days[2], impossible), *(at(day, replace(one, time=day)) for day in days[3:]))
    newest = along(tmp_path, "tracker:7", wanted=replace(EVERYTHING, most=2))
    assert [fix.time for fix in newest.fixes] == days[8:]
    since = along(tmp_path, "tracker:7", wanted=Stretch(days[5], LATEST, 100))
    assert [fix.time for fix in since.fixes] == days[5:]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "waypost.toml"
    path.write_text(TOML)
    rows = track("7", 0, 3)
    sky = replace(track("8", 0, 1)[0], accuracy=2.5, speed=10.0, flags=Flag.VALID | Flag.LATE)
    written(tmp_path, [road(*rows)], [road(sky, replace(sky, flags=0), source="sky")])
    return path


def find(site: Path, *arguments: str) -> Result:
    return CliRunner().invoke(application, ["find", *arguments, "--config", str(site)])


def test_the_command_for_a_person_and_for_a_program(site: Path) -> None:
    done = find(site, "van", "--trail")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == [
        "2025-10-09T08:53:22.000000Z  53.800020, -1.550000  5 km/h  tracker:7",
        "2025-10-09T08:53:30.000000Z  53.800000, -1.550000  within 2.5 m  36 km/h  tracker:8 (late)",
    ]
    assert done.stderr == "1 more had no position, or no time, that could be believed\n"
    rows = [json.loads(row) for row in find(site, "van", "--trail", "--json", "-n", "2").stdout.splitlines()]
    assert [(row["time"], row["tracker"], row["valid"]) for row in rows] == [
        ("2025-10-09T08:53:22.000000Z", "tracker:7", True),
        ("2025-10-09T08:53:30.000000Z", "tracker:8", True),
    ]
    assert "the newest 2 positions; -n takes more" in find(site, "van", "--trail", "-n", "2").stderr
    since = ("--since", "2025-10-09T08:53:21Z", "--until", "2025-10-09T08:53:22Z")
    assert len(find(site, "tracker:7", "--trail", *since).stdout.splitlines()) == 1


def test_what_has_no_trail(site: Path) -> None:
    done = find(site, "E300", "--trail")
    assert (done.exit_code, done.stderr) == (1, "E300 has no position\n")
    done = find(site, "van", "--since", "2025-10-09T08:53:21Z")
    assert (done.exit_code, done.stderr) == (2, "--since, --until and --last are of a trail; write --trail\n")
    site.with_name("waypost.db").unlink()
    assert find(site, "van", "--trail").exit_code == 3
