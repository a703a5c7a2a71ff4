"""What an event was decided by, held against the world in which it happened."""

import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from core.events import Event
from core.records import SECOND
from core.site import Site
from gateway.commands.all import application
from gateway.configuration import load
from gateway.explanation import Explanation, NoSuchEvent, explain, find_event
from gateway.reader import open_read_only
from gateway.sightings import by_antenna
from simulators.layout import docks, site_toml
from simulators.traffic import Scenario
from simulators.truth import Crossing
from simulators.world import World
from tests.heard_world import inputs, write

LONGEST = 10 * SECOND
"""That a tag is heard before or after the middle of its pallet is in the door."""


@dataclass(frozen=True)
class Told:
    """A world, and what its site said of it."""

    world: World
    file: Path
    site: Site
    events: list[Event]

    def explain(self, event: Event) -> Explanation:
        with open_read_only(self.file.with_name("waypost.db")) as journal:
            return explain(journal, self.site, *find_event(journal, event.id))

    def command(self, *arguments: str) -> Result:
        return CliRunner().invoke(application, ["explain", *arguments, "--config", str(self.file)])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("site")
    scenario = Scenario(
        seed=3,
        seconds=200.0,
        layout=docks(1, rooms=0),
        crossings_per_hour=120.0,
        parked_per_hour=0.0,
        tags=(3, 5),
        registered=0.0,
    )
    world = World(scenario)
    file = folder / "waypost.toml"
    file.write_text(site_toml(world.scenario.layout, world.truth.items))
    site = load(file).site
    return Told(world, file, site, write(folder / "waypost.db", site, inputs(world)))


def crossings(told: Told) -> list[tuple[Crossing, Event]]:
    """What went through the door, each with its event."""
    passed = [one for one in told.events if one.kind == "passed"]
    return [
        (truth, one)
        for truth in told.world.truth.crossings
        for one in passed
        if one.tag == truth.tag and abs(one.time - truth.time) < 3 * SECOND
    ]


def heard(world: World, tag: str, around: int) -> Counter[int]:
    """How often each antenna of the door heard a tag then, by the world."""
    seen = world.sightings("door1")
    number = [epc.hex().upper() for epc in world.epcs].index(tag)
    mine = (seen.tag == number) & (np.abs(seen.time - around) < LONGEST)
    return Counter(seen.antenna[mine].tolist())


def test_the_reads_of_a_pass_are_those_of_the_world(told: Told) -> None:
    pairs = crossings(told)
    assert len(pairs) == len(told.world.truth.crossings) >= 5
    for truth, event in pairs[::9]:
        found = told.explain(event)
        assert found.behind.anchor == min(one.time for one in found.behind.reads)
        rows = {row["antenna"]: row["reads"] for row in by_antenna(found.behind.reads)}
        assert truth.tag is not None
        assert rows == heard(told.world, truth.tag, truth.time)
        assert sum(one.count for one in found.behind.reads) == event.reads


def test_a_pass_comes_out_again_with_what_it_was_decided_by(told: Told) -> None:
    for truth, event in crossings(told)[::12]:
        look = told.explain(event).look
        assert look is not None
        assert (look.same, look.movement) == (True, "crossing")
        assert max(look.odds, key=lambda way: look.odds[way]) == truth.direction
        assert look.odds[truth.direction] > 0
        with_it = {one.tag for one in told.world.truth.crossings if one.time == truth.time} - {truth.tag}
        assert {one.subject for one in look.companions} == with_it
        assert look.company["members"] == len(with_it)


def test_what_a_pass_did_to_the_zones_is_explained_by_the_pass(told: Told) -> None:
    moved = [one for one in told.events if one.evidence.get("reason") == "passed"]
    assert {one.kind for one in moved} == {"arrived", "departed"}
    for event in {one.kind: one for one in moved}.values():
        found = told.explain(event)
        (passed,) = (one for one in found.beside if one.kind == "passed")
        of_pass = told.explain(passed)
        assert found.look is not None
        assert (found.look, found.behind) == (of_pass.look, of_pass.behind)


def test_a_device_says_how_long_its_records_were_on_their_way(told: Told) -> None:
    _, event = crossings(told)[0]
    (one,) = told.explain(event).health
    assert (one.device, one.gaps, one.link) == ("door1", [], None)
    assert one.delay is not None
    assert 0 <= one.delay[0] <= one.delay[1] <= 0.6


def test_the_command_for_a_program(told: Told, tmp_path: Path) -> None:
    truth, event = crossings(told)[0]
    done = told.command(event.id[:20], "--json", "--reads")
    row = json.loads(done.stdout)
    assert (row["event"]["id"], row["proven"], row["notes"]) == (event.id, True, [])
    assert (row["decision"]["same"], row["decision"]["thresholds"]["gap"]) == (True, 2.0)
    assert len(row["reads"]) == sum(one["rows"] for one in row["antennas"])
    assert {one["tag"] for one in row["reads"]} == {truth.tag}
    assert "reads" not in json.loads(told.command(event.id, "--json").stdout)


def test_the_command_for_a_person(told: Told) -> None:
    truth, event = crossings(told)[0]
    text = told.command(event.id, "--reads").stdout
    assert f"passed  {truth.tag}  at dock-1" in text
    assert "its id proves the first of them" in text
    assert "decided as: crossing" in text
    assert text.count("    2026-01-01T") == event.reads


def test_the_picture(told: Told, tmp_path: Path) -> None:
    _, event = crossings(told)[0]
    done = told.command(event.id, "--png", str(tmp_path / "x.png"))
    assert (done.exit_code, done.stderr) == (0, f"{tmp_path / 'x.png'}: {event.reads} reads\n")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG\r\n")
    done = told.command(event.id, "--png", str(tmp_path / "no" / "x.png"))
    assert done.exit_code == 2
    assert "cannot be written: No such file or directory; name another file" in done.stderr


def test_the_picture_without_what_draws_it(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = told.command(told.events[0].id, "--png", "x.png")
    assert (done.exit_code, done.stdout != "") == (2, True)
    assert done.stderr == "--png needs matplotlib: install waypost[bench], or leave the option out\n"


def test_an_event_that_is_not_there(told: Told) -> None:
    done = told.command("0" * 36)
    assert done.exit_code == 1
    assert "no event of" in done.stderr
    often = Counter(one.id[0] for one in told.events).most_common(1)[0][0]
    with open_read_only(told.file.with_name("waypost.db")) as journal:
        with pytest.raises(NoSuchEvent, match="several events begin like that; write more of"):
            find_event(journal, often)
        with pytest.raises(NoSuchEvent):
            find_event(journal, "")
        with pytest.raises(NoSuchEvent):
            find_event(journal, "%")


def test_other_settings_than_those_of_the_decision_are_told(told: Told) -> None:
    _, event = crossings(told)[0]
    door = replace(told.site.portals[0], between=told.site.portals[0].between[::-1])
    with open_read_only(told.file.with_name("waypost.db")) as journal:
        found = explain(journal, replace(told.site, portals=(door,)), *find_event(journal, event.id))
    assert found.look is not None
    assert not found.look.same
    assert any("other figures" in note for note in found.notes)
