"""waypost bench accuracy, at tiny size: what is held against the truth, and how it comes out."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.bench import main
from gateway.bench.accuracy import write
from gateway.bench.accuracy_doors import (
    COLUMNS,
    OURS,
    doors,
    figures,
    judged,
    labelled,
    measure,
    site,
    summary,
)
from gateway.bench.accuracy_figures import Figure
from gateway.bench.accuracy_reads import Told
from gateway.bench.accuracy_rooms import NOWHERE, as_reads, from_the_first, held_against, last_read
from gateway.bench.accuracy_scenarios import scenarios
from gateway.bench.accuracy_table import markdown
from simulators.gate import Gate
from simulators.rooms import Labels, Room
from simulators.rooms import labelled as room
from simulators.scene import Parameters, series
from simulators.walks import KINDS


def test_every_movement_is_a_scenario() -> None:
    names = [scenario.name for scenario in scenarios()]
    assert len(set(names)) == len(names)
    assert set(KINDS) <= set(names)
    for scenario in scenarios():
        assert isinstance(scenario.change(Parameters()), Parameters)


def test_a_door_is_configured_by_its_antennas_and_sides_alone() -> None:
    one = series("walk", Parameters(Gate("two-readers"), unit="raw"), 1, 1)
    plan = site(one, Parameters(unit="raw"))
    assert [(source.id, source.rssi, source.antennas[0].side) for source in plan.sources] == [
        ("gate", "raw", "yard"),
        ("gate-2", "raw", "hall"),
    ]


def test_reads_of_all_readers_come_in_order_of_delivery_with_what_they_say() -> None:
    parameters = Parameters(Gate("two-readers"), unit="linear")
    one = series("walk", replace(parameters, unit="dbm"), 1, 1)
    reads = labelled(one, parameters)
    assert len(reads) == sum(map(len, one.sightings.values()))
    assert (np.diff(reads.sent) >= 0).all()
    assert set(zip(reads.reader.tolist(), reads.place.tolist(), strict=True)) == {(0, -1), (1, 1)}
    assert reads.said.min() > 0.0 > reads.dbm.max()
    blind = labelled(one, replace(parameters, unit="missing"))
    assert np.isnan(blind.dbm).all()


def test_tags_are_judged_by_what_they_did() -> None:
    one = series("stray", Parameters(), 1, 1)
    static, crossing = one.acts
    assert crossing.time is not None
    first = crossing.first
    way, when = crossing.direction, crossing.time
    told = [
        Told(first, way, when + 500_000, when + 4_000_000),
        Told(first + 1, -way, when, when),
        Told(first + 2, way, when, when),
        Told(first + 2, -way, when + 1, when + 1),
        Told(first + 3, 0, when, when),
        Told(static.first, 1, when, when),
        Told(static.first + 1, 0, when, when),
    ]
    cases = list(judged("stray", 0, one, labelled(one, Parameters()), told))
    parked, moved = cases[: len(static.tags)], cases[len(static.tags) :]
    assert [(case.right, case.wrong, case.again, case.unknown) for case in moved[:5]] == [
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (False, False, False, True),
        (False, False, False, False),
    ]
    assert (moved[0].error, moved[0].delay) == (0.5, 4.0)
    assert [(case.false, case.unknown) for case in parked[:3]] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    cells = {
        figure.measure: figure for figure in figures("stray", "x", [case for case in cases if case.sides])
    }
    assert cells["right"].value == cells["wrong direction"].value == pytest.approx(100.0 / cells["right"].n)
    assert cells["missed"].value == pytest.approx(100.0 * (cells["right"].n - 3) / cells["right"].n)
    assert cells["false, static"].value == pytest.approx(100.0 / cells["false, static"].n)
    assert cells["time error p50"].value == 0.5
    whole = {(figure.scenario, figure.measure): figure for figure in summary("x", cases, {"stray"})}
    assert whole["median door", "crossings right"].value == cells["right"].value
    worst = whole["worst scenario", "false crossings"]
    assert (worst.value, worst.note) == (cells["false, static"].value, "stray")


def test_every_decider_gets_every_door() -> None:
    swept = doors(3, twelve=True)
    assert [arrangement for arrangement, _ in swept] == ["one-each", "one-each", "two-each"]
    named = {scenario.name: scenario for scenario in scenarios()}
    found = measure(named["walk"], swept, 1)
    assert {column: len(cases) for column, cases in found.items()} == dict.fromkeys(COLUMNS, 36)
    # whoever decides how, most of a walk through an installed door is told
    assert sum(case.right for case in found["max RSSI"]) > 18
    assert sum(case.right for case in found[OURS]) > 18
    lane = measure(named["next-lane, doors beside it"], swept[:1], 1)
    assert {column: len(cases) for column, cases in lane.items()} == dict.fromkeys(COLUMNS, 12)
    plane = measure(named["walk, no sides"], swept[:1], 1)
    assert [len(plane[column]) for column in COLUMNS] == [12, 0, 0, 0, 0, 0]


@pytest.fixture(scope="module")
def labels() -> Labels:
    return room(Room(seconds=120.0, things=2, stay=15.0), 1)


def test_who_knows_the_zones_is_right_in_a_room(labels: Labels) -> None:
    reads = as_reads(labels)
    known = [
        Told(tag, int(zone), int(time), int(time))
        for tag, (since, zones) in enumerate(labels.moves)
        for time, zone in zip(since, zones, strict=True)
    ]
    assert held_against(labels, reads, known) == (len(reads), len(reads), 0)
    late = [replace(one, decided=one.time + 5_000_000) for one in known]
    assert held_against(labels, reads, late) == (len(reads), len(reads), 0)
    later = [replace(one, decided=one.time + 30_000_000) for one in known]
    assert held_against(labels, reads, later)[0] < len(reads)


def test_a_move_to_where_a_tag_is_not_is_false(labels: Labels) -> None:
    reads = as_reads(labels)
    (since, zones) = labels.moves[0]
    begin = int(since[0])
    far = 3 - int(zones[0])
    told = [Told(0, int(zones[0]), begin, begin), Told(0, far, begin + 1, begin + 1)]
    assert held_against(labels, reads, told)[2] == int(
        far not in labels.zone(0, begin + np.arange(0, 5_000_001, 250_000))
    )
    assert held_against(labels, reads, [told[0], replace(told[1], place=NOWHERE)])[2] == 0
    assert held_against(labels, reads, told[1:])[2] == 0  # the first sight is no move


def test_the_last_read_moves_with_every_antenna(labels: Labels) -> None:
    reads = as_reads(labels)
    moves = last_read(reads)
    changes = sum(int(np.count_nonzero(np.diff(reads.place[reads.tag == tag]))) for tag in (0, 1))
    assert len(moves) == changes + 2
    assert len(from_the_first(reads, [])) == 2


def test_the_command_prints_figures_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--doors", "1", "--episodes", "1", "--only", "walk", "--only", "along"]
    assert main(["accuracy", *arguments, "--json", "--write", str(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(lines[0]) == [
        "name", "part", "scenario", "measure", "column", "value", "unit", "low", "high", "n", "note",
    ]  # fmt: skip
    assert {line["column"] for line in lines} == set(COLUMNS)
    assert (tmp_path / "accuracy.json").read_text().splitlines() == [json.dumps(line) for line in lines]
    page = (tmp_path / "accuracy.md").read_text()
    assert "| walk | right | " in page
    assert "accuracy.png" in page
    assert (tmp_path / "accuracy.png").read_bytes()[:4] == b"\x89PNG"


def test_without_matplotlib_there_is_a_page_and_a_word_about_the_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    write(tmp_path, [Figure("doors", "walk", "right", "waypost", 1.0, "%")], "how")
    assert "pip install 'waypost[bench]'" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accuracy.json", "accuracy.md"]
    assert "png" not in (tmp_path / "accuracy.md").read_text()


def test_the_command_has_parts_and_tells_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accuracy", "--rooms", "1", "--seconds", "30", "--only", "rooms"]) == 0
    assert "reads right" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["accuracy", "--only", "flying"])
    with pytest.raises(SystemExit, match="2"):
        main(["accuracy", "--doors", "0"])
    assert "'0' is no number above 0" in capsys.readouterr().err


def test_a_page_has_a_table_for_each_part() -> None:
    figures = [Figure(part, "s", "m", "waypost", 1.0, "%") for part in ("doors", "presence")]
    page = markdown(figures, "how")
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        "# Accuracy",
        "## Doors, scenario by scenario",
        "## Presence",
    ]
