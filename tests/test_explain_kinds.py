"""What is said of events that are no passes: visits, absences, devices, and what was taken back."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.events import Event
from core.records import SECOND, Alive, Dictionary, Down, Input, Shift, Up, reads
from gateway.commands.all import application
from gateway.configuration import load
from gateway.explanation import Explanation, explain, find_event
from gateway.reader import open_read_only
from tests.heard_world import write

SITE = """
[site]
id = "s"
[[zone]]
id = "shelf"
silence = 10
[[device]]
id = "r"
kind = "recorded"
offset = 1
antennas = [{ port = 1, zone = "shelf" }]
[[device]]
id = "q"
kind = "recorded"
[[item]]
id = "gen"
tags = ["E200", "E201"]
missing_after = 40
"""
START = 1_760_000_000
TAGS = Dictionary(["E200", "E201", "E2FF"])


def seen(arrival: float, tag: int, *times: float) -> Input:
    """Reads of a tag, by the device's clock, which is a second slow."""
    at = [round((START + time - 1) * SECOND) for time in times]
    return Input("r", moment(arrival), reads(TAGS, at, [tag] * len(at), [1] * len(at), [-50.0] * len(at)))


def alive(time: float) -> list[Input]:
    return [Input(source, moment(time), Alive(moment(time))) for source in ("r", "q")]


def moment(time: float) -> int:
    return round((START + time) * SECOND)


class Shelf:
    """A journal of these inputs, and the events in it."""

    def __init__(self, folder: Path, heard: list[Input]) -> None:
        self.file = folder / "waypost.toml"
        self.file.write_text(SITE)
        self.site = load(self.file).site
        self.events = write(folder / "waypost.db", self.site, heard)

    def explain(self, event: Event) -> Explanation:
        with open_read_only(self.file.with_name("waypost.db")) as journal:
            return explain(journal, self.site, *find_event(journal, event.id))

    def text(self, event: Event) -> str:
        done = CliRunner().invoke(application, ["explain", event.id, "--config", str(self.file)])
        assert (done.exit_code, done.stderr) == (0, "")
        return done.stdout

    def one(self, kind: str, number: int = 0) -> Event:
        return [event for event in self.events if event.kind == kind and event.tag != "E2FF"][number]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Two tags of an item on a shelf, a stranger between them; nothing for two minutes; it comes back."""
    heard = [*alive(0), seen(3, 0, 1, 2), seen(4, 2, 3), seen(6, 1, 4, 5)]
    for time in range(10, 130, 5):
        heard += alive(time)
    return Shelf(tmp_path, [*heard, seen(131, 0, 130), *alive(135), *alive(140)])


def times(found: Explanation) -> list[float]:
    return [one.time / SECOND - START for one in found.behind.reads]


def test_a_visit_begins_with_the_read_that_its_id_proves(shelf: Shelf) -> None:
    event = shelf.one("arrived")
    found = shelf.explain(event)
    assert found.behind.anchor == event.time == moment(1)
    assert times(found)[:2] == [1, 2]
    assert {one.tag for one in found.behind.reads} <= {"E200", "E201"}
    assert (found.before, found.look, found.notes) == (None, None, [])


def test_a_visit_that_ended_shows_what_was_heard_to_its_end(shelf: Shelf) -> None:
    event = shelf.one("departed")
    found = shelf.explain(event)
    assert times(found) == [1, 2, 4, 5]
    assert found.behind.anchor == moment(1)
    assert event.time == moment(5)
    assert found.before is not None
    assert found.before.kind == "arrived"


def test_an_absence_shows_the_last_evidence_and_its_end_the_next(shelf: Shelf) -> None:
    missing, found = shelf.one("missing"), shelf.one("found")
    assert times(shelf.explain(missing)) == [1, 2, 4, 5]
    assert times(shelf.explain(found)) == [130]
    assert shelf.explain(found).behind.anchor == moment(130)


def test_the_devices_offset_and_delay(shelf: Shelf) -> None:
    (one,) = shelf.explain(shelf.one("found")).health
    assert (one.device, one.offset, one.delay) == ("r", 1.0, (1.0, 1.0))
    assert "device r: records 1.000 to 1.000 s on their way, 1.0 s added to its times" in shelf.text(
        shelf.one("found")
    )


def test_a_device_that_was_lost_and_came_back(tmp_path: Path) -> None:
    heard = [*alive(0), seen(3, 0, 1, 2), Input("r", moment(20), Down(moment(5), "no route"))]
    heard += [Input("r", moment(60), Up(moment(60))), *alive(61)]
    shelf = Shelf(tmp_path, heard)
    down, up = shelf.one("device_down"), shelf.one("device_up")
    found = shelf.explain(down)
    assert found.gap is not None
    assert (found.gap.since, found.gap.to, found.gap.reason) == (moment(5), moment(60), "no route")
    back = shelf.explain(up)
    assert back.before == down
    assert back.gap == found.gap
    assert "not heard from" in shelf.text(down)
    assert "no route" in shelf.text(up)


def test_a_device_that_is_still_lost(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, [*alive(0), Input("r", moment(20), Down(moment(5), "no route"))])
    (note,) = shelf.explain(shelf.one("device_down")).notes
    assert note.startswith("no gap has been written for it yet")


def test_a_gap_in_a_visit_is_told(tmp_path: Path) -> None:
    heard = [*alive(0), seen(3, 0, 1, 2), Input("r", moment(5), Down(moment(4), "cable"))]
    heard += [Input("r", moment(30), Up(moment(30))), *alive(31), seen(33, 0, 32), *alive(40), *alive(70)]
    shelf = Shelf(tmp_path, heard)
    (one,) = shelf.explain(shelf.one("departed")).health
    assert [(gap.since, gap.to) for gap in one.gaps] == [(moment(4), moment(30))]
    assert [turn.split(" ", 1)[1] for turn in one.turns] == ["lost: cable", "back"]
    assert one.link is not None
    assert one.link.kind == "device_up"


def test_a_clock_that_was_set_is_told(tmp_path: Path) -> None:
    shift = Input("r", moment(2.5), Shift(moment(2.5), 3_000_000))
    shelf = Shelf(tmp_path, [*alive(0), seen(2, 0, 1), shift, seen(6, 0, 5), *alive(8), *alive(12)])
    (one,) = shelf.explain(shelf.one("arrived")).health
    assert any("the gateway's clock was set by 3.0 s" in turn for turn in one.turns)


def test_what_was_taken_back_and_the_row_that_does_so(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, [*alive(0), seen(3, 0, 2), *alive(8), seen(9, 0, 1), *alive(12), *alive(16)])
    first, back, second = shelf.events[:3]
    assert [one.kind for one in (first, back, second)] == ["arrived", "retracted", "arrived"]
    assert shelf.explain(first).taken_back == back
    found = shelf.explain(back)
    assert found.of == first
    assert found.behind.anchor == moment(2)
    assert "takes back: " in shelf.text(back)
    assert "taken back later: " in shelf.text(first)
    assert shelf.explain(second).behind.anchor == moment(1)


def test_what_has_no_reads_left(tmp_path: Path, shelf: Shelf) -> None:
    event = shelf.one("found")
    other = shelf.site.sources[1:]
    with open_read_only(shelf.file.with_name("waypost.db")) as journal:
        gone = explain(journal, type(shelf.site)("s", sources=other), *find_event(journal, event.id))
    assert gone.behind.reads == []
    assert gone.notes == ["no read of it is left in the journal where it was decided"]
    assert json.dumps(gone.notes)
