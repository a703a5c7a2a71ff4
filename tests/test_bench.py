"""Every row of `waypost bench` at tiny size: that it runs and has the right shape, never how fast it was."""

import io
import json
import math
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import psycopg
import pytest

from drivers.codecs.llrp import decode_message
from drivers.codecs.llrp_frames import Frames
from gateway.bench import broker, day, devices, host, main, peer, rated, sink, stages, start
from gateway.bench.codec import START, decoded, recorded
from gateway.bench.live import Failed
from gateway.bench.machine import machine
from gateway.bench.rows import Printer, Row
from gateway.bench.scene import Cast, Scene
from gateway.bench.script import SIZES, Framing, Playback, Script, spread
from gateway.bench.suite import NAMES, Suite, guarded
from gateway.bench.wire import Load, wire
from tests.fix_postgres import Database

FIELDS = ["name", "what", "value", "unit", "target", "ratio", "conditions"]


def shaped(rows: list[Row]) -> dict[str, Row]:
    """The rows by name, each with a figure and all its fields."""
    for row in rows:
        assert row.value is not None
        assert math.isfinite(row.value)
        assert list(row.fields()) == FIELDS
        assert row.what
        assert row.unit
    return {row.name: row for row in rows}


def test_a_report_has_46_bytes() -> None:
    scene = Scene(Cast(3, ports=(1,)))
    assert scene.reports(5, spread(START, START + 5, 5)).shape == (5, 46)


def test_mixed_messages_have_50_tags_on_average() -> None:
    assert sum(SIZES) == 50 * len(SIZES)
    assert len(set(SIZES)) > 10


def test_the_stream_is_llrp() -> None:
    playback = Playback(Script((Cast(7),), (2, 3), rounds=2), 0)
    messages = [decode_message(frame) for frame in Frames().feed(bytes(playback.block(START, START + 100)))]
    assert [message.name for message in messages] == ["RO_ACCESS_REPORT"] * 4
    assert [len(message.children) for message in messages] == [2, 3, 2, 3]
    times = [
        stamp.number("microseconds")
        for message in messages
        for tag in message.every("TagReportData")
        for stamp in tag.every("LastSeenTimestampUTC")
    ]
    assert times == [START + 10 * n for n in range(1, 11)]


def test_all_parked_tags_are_heard_in_turn() -> None:
    several = decoded(recorded(Cast(50, ports=(1, 2, 3, 4)), (50,), 50))
    heard = np.concatenate([reads.tag for reads in several]).reshape(-1, 50)
    assert (np.sort(heard, axis=1) == np.arange(50)).all()
    assert {port for reads in several for port in reads.antenna.tolist()} == {1, 2, 3, 4}


def test_a_passer_is_heard_on_one_side_then_on_the_other() -> None:
    scene = Scene(Cast(0, passers=1, cycle=4.0, side=0.5))
    sides = []
    for tenth in range(80):
        at = tenth * 100_000 + 50_000
        if len(scene.in_view(at)):
            sides.append(int(scene.reports(1, np.array([at]))[0, 19]))
    assert sides == [1] * 5 + [2] * 10 + [1] * 5 or sides == [1] * 5 + [2] * 5 + [2] * 5 + [1] * 5


def test_framing_counts_its_tags() -> None:
    assert Framing((1, 4), 3).tags == 15


@pytest.mark.parametrize("sizes", [SIZES, (1,)])
def test_wire(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    rows = shaped(list(wire(0.2, tmp_path, Load("wire", 40, sizes, 1.0), warm_up=0.0)))
    assert list(rows) == ["wire", "wire: CPU", "wire: events"]
    assert not list(tmp_path.iterdir())


def test_rated(tmp_path: Path) -> None:
    rows = shaped(list(rated.rated(1.5, tmp_path, known=80, warm_up=0.5)))
    assert list(rows) == [
        "rated: p50",
        "rated: p99",
        "rated: CPU",
        "rated: memory",
        "rated: tags that came",
        "rated: tags known",
    ]


def test_start(tmp_path: Path) -> None:
    assert list(shaped(list(start.start(tmp_path, rounds=1)))) == ["start: READY", "start: imports"]


def test_days(tmp_path: Path) -> None:
    rows = shaped([day.day_row(one, tmp_path, 0.01) for one in day.DAYS])
    assert list(rows) == ["day: idle", "day: one tag", "day: rated"]


def test_stages(tmp_path: Path) -> None:
    rows = shaped(list(stages.stages(0.02, tmp_path, populations=(60,))))
    assert {name.split()[0] for name in rows} == {"codec", "step", "commit"}


def test_devices() -> None:
    assert sorted(shaped(list(devices.devices(0.01)))) == [
        "devices m100",
        "devices mercury",
        "devices scanner",
        "devices ssi",
        "devices tsl",
        "devices uhfreader",
    ]


SINK = ["sink", "sink: against a script", "sink: CPU", "sink: memory", "sink: live", "sink: visible"]


def test_a_broker_leaves_nothing_behind(tmp_path: Path) -> None:
    with suppress(Failed):  # so few messages may be one commit, which is told
        assert list(shaped(list(islice(broker.broker(tmp_path, 1_500, 1), 1)))) == ["devices mqtt 3.1.1 x1"]
    assert list(tmp_path.iterdir()) == []


def test_sink() -> None:
    rows = shaped(list(sink.sink(0.02, Path(gettempdir()), None)))  # where the server, another user, may look
    assert list(rows) == SINK


def test_sink_into_a_database_that_is_given(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", empty_database.owner)
    assert list(shaped(list(sink.sink(0.01, tmp_path, "env:EMPTY")))) == SINK
    with psycopg.connect(empty_database.owner) as db:
        assert db.execute("SELECT to_regnamespace('waypost') IS NULL").fetchone() == (True,)


def test_no_store_that_is_in_use_is_measured(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USED", database.owner)
    (row,) = guarded("sink", lambda: list(sink.sink(0.01, tmp_path, "env:USED")))
    assert "has a schema waypost already" in row.conditions
    (row,) = guarded("sink", lambda: list(sink.sink(0.01, tmp_path, "env:UNSET")))
    assert "UNSET is not set" in row.conditions


def test_a_connection_string_in_the_arguments_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sink", "--dsn", "postgresql://leeds:hunter2@db/waypost"])
    assert "hunter2" not in capsys.readouterr().err


def test_without_sllurp_the_row_says_how_to_get_it(tmp_path: Path) -> None:
    row = peer.sllurp(1.0, Load("wire", 40, SIZES, 1.0), 1.0, tmp_path / "python")
    assert row.value is None
    assert "make peers" in row.conditions


def test_a_peer_that_fails_is_a_row(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    load = Load("wire", 40, SIZES, 1.0)
    (row,) = guarded("sllurp", lambda: [peer.sllurp(0.1, load, 1.0, python)])
    assert row.value is None
    assert row.target == 20.0


def test_a_failure_is_a_row_and_the_others_go_on() -> None:
    def failing() -> list[Row]:
        raise Failed("no reader")

    (row,) = guarded("wire", failing)
    assert (row.name, row.value, row.conditions) == ("wire", None, "no reader")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])


def test_names_are_what_the_suite_can_run(tmp_path: Path) -> None:
    (row,) = Suite(tmp_path, 0.1, peers=tmp_path).run(["sllurp"])
    assert row.name in NAMES


@pytest.mark.parametrize(
    ("value", "target", "ratio"), [(6.0, 3.0, 2.0), (1.0, 4.0, 0.25), (None, 4.0, None), (1.0, None, None)]
)
def test_ratio_of_what_should_be_high(value: float | None, target: float | None, ratio: float | None) -> None:
    assert Row("name", "what", value, "unit", "how", target).ratio == ratio


def test_ratio_of_what_should_be_low() -> None:
    assert Row("name", "what", 5.0, "ms", "how", 10.0, "lower").ratio == 2.0


def test_json_has_the_machine_first(tmp_path: Path) -> None:
    out = io.StringIO()
    printer = Printer(out, as_json=True)
    printer.head(machine(tmp_path))
    printer.rows([Row("wire", "what", 1234567.8, "reads/s", "how", 3e6)])
    first, second = map(json.loads, out.getvalue().splitlines())
    assert {"cpu", "cores", "python", "numpy", "sqlite", "filesystem"} < set(first)
    assert (second["value"], second["ratio"]) == (1234568, 0.412)


def test_a_table_has_a_line_per_row() -> None:
    out = io.StringIO()
    Printer(out, as_json=False).rows(
        [Row("wire", "what", None, "reads/s", "how"), Row("b", "w", 3.0, "s", "h", 1.0, "lower")]
    )
    lines = out.getvalue().splitlines()
    assert lines[0].split()[:2] == ["wire", "-"]
    assert "0.33" in lines[1]


def test_percentiles_of_a_histogram() -> None:
    counts = np.zeros(host.LATENCIES, np.int64)
    counts[[10, 500]] = 99, 1
    cumulative = np.cumsum(counts)
    assert rated.percentile(cumulative, 0.5) == 1.1
    assert rated.percentile(cumulative, 1.0) == 50.1
