"""`offset`: a clock that is known to be wrong is corrected in the pipeline; the journal keeps the device's own times."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.events import EARLIEST, LATEST, Event, rfc3339
from core.offset import corrected
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Body, Dictionary, Down, Gpi, Input, Reads, Up, reads
from core.site import Antenna, PhotoEye, Portal, Site, Source, Zone
from gateway.commands.all import application
from gateway.configuration import check, load
from gateway.csv_reads import CsvReads, Tags
from gateway.journal import Journal
from gateway.recovery import Pipelines, recover
from gateway.replay import Replay

START = 1_800_000_000 * SECOND
TAGS = Dictionary(["E200"])
WRONG = -3600 * SECOND
"""How far the device's clock is behind."""
DOOR = Source(
    "door1", (Antenna(1, portal="p"), Antenna(2, zone="b")), (PhotoEye(1, "p", "a"), PhotoEye(2, "p", "b"))
)
SITE = Site("s", (Zone("a"), Zone("b", leave="silence")), (Portal("p", ("a", "b")),), (DOOR,))
SLOW = replace(SITE, sources=(replace(DOOR, offset=3600.0),))
TOML = """\
[site]
id = "s"
[[zone]]
id = "b"
[[device]]
id = "door1"
kind = "recorded"
antennas = [{{ port = 2, zone = "b" }}]
offset = {offset}
"""


def said(wrong: int) -> Iterator[Input]:
    """A device whose own times are `wrong`: a pass through the photo-eyes, then a visit that ends."""
    at = START + wrong
    port = [1] * 5 + [2] * 2
    times = [*range(at, at + 5 * 200_000, 200_000), at + 3 * SECOND, at + 5 * SECOND]
    yield Input("door1", START, Up(START))
    yield Input("door1", START, Gpi(at + 100_000, 1, True))
    yield Input("door1", START, Gpi(at + 700_000, 2, True))
    yield Input("door1", START, reads(TAGS, times, [0] * 7, port, [-50.0] * 7))
    for second in (8, 60, 90):
        yield Input("door1", START, Alive(START + second * SECOND))


def events(pipeline: Pipeline, inputs: Iterator[Input]) -> list[Event]:
    return [event for one in inputs for event in pipeline.step(one).events]


def test_a_wrong_clock_with_its_offset_tells_what_a_right_one_tells() -> None:
    right = events(Pipeline(SITE), said(0))
    assert [event.kind for event in right] == ["passed", "arrived", "departed"]
    assert right[0].time == START + 400_000
    assert events(Pipeline(SLOW), said(WRONG)) == right
    assert events(Pipeline(SITE), said(WRONG)) != right


def test_the_journal_keeps_the_devices_times_and_a_rebuild_corrects_them(tmp_path: Path) -> None:
    inputs, told = list(said(WRONG)), Pipeline(SLOW)
    journal = Journal.open(tmp_path / "waypost.db", "s")
    journal.commit(inputs, events(told, iter(inputs)), [], Pipeline(SITE).snapshot())
    kept = [one.body for _, one in journal.past.inputs() if isinstance(one.body, Reads)]
    assert kept[0].time[0] == START + WRONG
    again = recover(journal, Pipelines(SLOW), frozenset({"door1"}))
    journal.close()
    assert again.snapshot == "refused"  # that was another configuration
    assert again.pipeline.snapshot() == told.snapshot()


def test_a_replay_corrects_as_the_daemon_does(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("time,reader,antenna,epc,rssi\n1000.5,door1,2,E200,-50\n")
    times = []
    for offset in ("0", "-0.25", "86400"):
        (tmp_path / "waypost.toml").write_text(TOML.format(offset=offset))
        readers = Dictionary()
        blocks = CsvReads(tmp_path / "r.csv", Tags(), readers).blocks()
        (event,) = Replay(load(tmp_path / "waypost.toml").site, readers).run(blocks)
        times.append(event.time)
    assert times == [1_000_500_000, 1_000_250_000, 87_400_500_000]


def test_find_tells_the_corrected_time(tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(TOML.format(offset=3600))
    told = Pipeline(load(tmp_path / "waypost.toml").site)
    inputs = [Input("door1", START, reads(TAGS, [START + WRONG + at], [0], [2], [-50.0])) for at in (0, 9, 5)]
    journal = Journal.open(tmp_path / "waypost.db", "s")
    journal.commit(inputs, [*events(told, iter(inputs)), *told.finish().events])
    journal.close()
    done = CliRunner().invoke(
        application, ["find", "E200", "--json", "--config", str(tmp_path / "waypost.toml")]
    )
    found = json.loads(done.stdout)
    assert (found["since"], found["last_seen"]) == (rfc3339(START), rfc3339(START + 9))


@pytest.mark.parametrize("body", [Alive(5), Up(5), Down(5, "lost")])
def test_what_the_gateway_dates_stays(body: Body) -> None:
    assert corrected(body, 7) is body


def test_times_end_where_rfc_3339_does() -> None:
    batch = reads(TAGS, [LATEST, 0, EARLIEST], [0, 0, 0], [1, 1, 1], [-50.0] * 3)
    for offset, expected in ((7, [LATEST, 7, EARLIEST + 7]), (-7, [LATEST - 7, -7, EARLIEST])):
        moved = corrected(batch, offset)
        assert isinstance(moved, Reads)
        assert moved.tags is TAGS
        assert moved.time.dtype == np.int64
        assert moved.time.tolist() == expected
    assert corrected(Gpi(LATEST, 1, True), 7) == Gpi(LATEST, 1, True)
    assert corrected(Gpi(EARLIEST, 1, True), -7) == Gpi(EARLIEST, 1, True)
    assert corrected(batch, 0) is batch


@pytest.mark.parametrize("offset", ["1e13", "-1e13", "inf", "nan", '"soon"'])
def test_an_offset_has_a_bound(offset: str, tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(TOML.format(offset=offset))
    (problem,) = check(tmp_path / "waypost.toml").problems
    assert (problem.line, problem.key) == (9, "device[0].offset")
