"""Replay: recorded reads give the events of the world they were recorded in; files are parsed as they are meant."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.events import Event, rfc3339
from core.records import SECOND, Dictionary
from gateway import csv_fields
from gateway.commands.all import application
from gateway.configuration import load
from gateway.csv_file import BadCsv
from gateway.csv_merge import merged
from gateway.csv_reads import Block, CsvReads, Tags
from gateway.replay import Replay
from simulators.layout import docks, site_toml
from simulators.recording import write_reads
from simulators.score import compare
from simulators.traffic import Scenario
from simulators.world import World
from tests.event_json import event_from_json

HEADER = "time,reader,antenna,epc,rssi"


def parse(path: Path, text: str) -> list[Block]:
    path.write_text(text, encoding="utf-8")
    return list(CsvReads(path, Tags(), Dictionary()).blocks())


def cells(blocks: Iterable[Block]) -> list[tuple[int, int, int, str, float]]:
    return [
        (int(time), int(code), int(port), block.reads.tags.ids[tag], round(float(rssi), 4))
        for block in blocks
        for time, code, port, tag, rssi in zip(
            block.reads.time,
            block.reader,
            block.reads.antenna,
            block.reads.tag,
            block.reads.rssi,
            strict=True,
        )
    ]


def test_a_recorded_world_gives_its_events(tmp_path: Path) -> None:
    world = World(Scenario(seconds=400.0, layout=docks(2, rooms=0), crossings_per_hour=120.0))
    reads = write_reads(world, tmp_path / "reads.csv")
    (tmp_path / "site.toml").write_text(site_toml(world.scenario.layout, world.truth.items))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gateway.cli",
            "replay",
            str(tmp_path / "site.toml"),
            str(tmp_path / "reads.csv"),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    events: list[Event] = [event_from_json(json.loads(line)) for line in done.stdout.splitlines()]
    score = compare(world.truth, events)
    assert score.perfect, str(score)
    assert score.crossings > 5
    assert done.stderr == f"{reads} reads, {len(events)} events\n"
    assert not (tmp_path / "waypost.db").exists()


def test_several_files_are_merged_by_time_and_strangers_counted(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(
        '[site]\nid = "s"\n[[zone]]\nid = "z"\n[[device]]\nid = "r"\nkind = "recorded"\n'
        'antennas = [{ port = 0, zone = "z" }]\n'
    )
    tags, readers = Tags(), Dictionary()
    files = []
    for number, rows in enumerate(
        ["1,r,1,E200,-50\n3,r,1,E200,-50\n2,r,1,E200,-50\n9,r,1,E200,-50\n", "2.5,r,1,E201,\n4,x,1,E202,-1\n"]
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text(HEADER + "\n" + rows)
        files.append(CsvReads(path, tags, readers))
    blocks = list(merged(files))
    assert [one[0] // 100_000 for one in cells(blocks)] == [10, 25, 30, 20, 40, 90]
    replay = Replay(load(tmp_path / "site.toml").site, readers)
    kinds = [(event.kind, event.tag) for event in replay.run(blocks)]
    assert sorted(kinds) == [("arrived", "E200"), ("arrived", "E201")]
    assert replay.unknown == {"x": 1}


def test_every_notation_of_a_time_is_understood(tmp_path: Path) -> None:
    moments = [
        "2026-05-01T12:00:00Z",
        "2026-05-01T12:00:00.5Z",
        "2026-05-01T14:00:00+02:00",
        "2026-02-28T23:59:59.123456Z",
    ]
    epoch = ["1777636800", "1777636800.5", "1777636800", "1772323199.123456"]
    for column in (moments, epoch):
        blocks = parse(tmp_path / "r.csv", HEADER + "".join(f"\n{text},r,1,E200,-50" for text in column))
        expected = [1777636800000000, 1777636800500000, 1777636800000000, 1772323199123456]
        assert [one[0] for one in cells(blocks)] == expected


def test_absent_cells_and_optional_columns(tmp_path: Path) -> None:
    text = HEADER + ",phase,doppler,channel,count\r\n1,r,,e2 00,,0.5,,865700,3\r\n1,r,2,0000,-1.5,,2,,\r\n"
    (block,) = parse(tmp_path / "r.csv", text)
    assert block.reads.antenna.tolist() == [0, 2]
    assert [block.reads.tags.ids[code] for code in block.reads.tag] == ["E200", "0000"]
    assert np.isnan(block.reads.rssi[0])
    assert block.reads.count.tolist() == [3, 1]
    assert block.reads.phase is not None
    assert np.isnan(block.reads.phase[1])
    assert block.reads.channel is not None
    assert block.reads.channel.tolist() == [865700, 0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,reader,antenna,rssi\n", ":1: no column epc"),
        (HEADER + ",time\n", ":1: column time twice"),
        (HEADER + "\n1777636800000,r,1,E200,-50\n", ":2: time = '1777636800000': after the year 9999"),
        (HEADER + "\n1,r,1,E200,-50\n1,r,1,E20,-50\n", ":3: epc = 'E20'"),
        (HEADER + "\n1,r,1,E200,-50\nsoon,r,1,E200,-50\n", ":3: time = 'soon'"),
        (HEADER + "\n1,r,1,E200,-50\n1,r,1,E200,loud\n", ":3: rssi = 'loud'"),
        (HEADER + "\n1,r,70000,E200,-50\n", ":2: antenna = '70000': not a port"),
        (HEADER + "\n1,r,1,E200\n", ":2: 4 cells where the header has 5"),
        (HEADER + '\n1,"r,1,E200,-50\n', ":2: not CSV"),
        (HEADER + ",phase\n1,r,1,E200,-50,north\n", ":2: phase = 'north': not a number; write"),
        (HEADER + ",count\n1,r,1,E200,-50,99999999999999\n", "not a count; write 1 to 2147483647"),
        (HEADER + ",channel\n1,r,1,E200,-50,x\n", ":2: channel = 'x': not a channel in kHz; write 0 to"),
        (HEADER + "\n1,r,one,E200,-50\n", ":2: antenna = 'one': not a port; write 0 to 65535"),
        (HEADER + "\nsoon,r,1,E200,-50\n", ":2: time = 'soon': no time; write RFC 3339 or epoch seconds"),
        (
            HEADER + "\n2026-02-30T00:00:00+99:99,r,1,E200,-50\n",
            "a zone offset that does not exist; write it",
        ),
        *(
            (
                f"{HEADER},doppler\n1,r,1,E200,-50,1\n1,r,1,E200,{value},1\n",
                f":3: rssi = {value!r}: out of range",
            )
            for value in ("inf", "-inf", "1e30", "-1e300", "99999999")
        ),
        (HEADER + ",doppler\n1,r,1,E200,-50,-Infinity\n", ":2: doppler = '-Infinity': out of range; write"),
        (HEADER + "\n1,r,1,E200,-50\n1,r,1,E2\0,-50\n", ":3: epc = 'E2\\x00': holds a control character"),
        (HEADER + "\n1\0,r,1,E200,-50\n", ":2: time = '1\\x00': holds a control character; remove it"),
        (HEADER + "\n1,r,1,E200,-50\0\n", ":2: rssi = '-50\\x00': holds a control character; remove it"),
        (HEADER + "\n1,r\x1b[2J,1,E200,-50\n", ":2: reader = 'r\\x1b[2J': holds a control character"),
        (HEADER + "\n1,r\x85,1,E200,-50\n", ":2: reader = 'r\\x85': holds a control character"),
        (HEADER + "\n1,r,1,E200,-50\n1,r,1,tid:E2\x0b\x1c,-50\n", ":3: epc = 'tid:E2\\x0b\\x1c': holds"),
        (HEADER + "\n2026-02-30T00:00:00Z,r,1,E200,-50\n", ":2: time = '2026-02-30T00:00:00Z'"),
    ],
)
def test_a_bad_file_is_told_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadCsv) as caught:
        parse(tmp_path / "r.csv", text)
    assert says in str(caught.value)


LINES = st.lists(
    st.tuples(
        st.integers(0, 4_000_000_000 * SECOND),
        st.sampled_from(["door1", "door-2", ""]),
        st.integers(0, 65535),
        st.sampled_from(["E200", "30340789000C0E42DFDC1C35", "", "0000", "3034/12".replace("34", "30")]),
        st.decimals(-120, 20, places=2),
    ),
    min_size=1,
    max_size=20,
)


@given(LINES, st.booleans(), st.booleans())
def test_the_fast_way_reads_what_the_careful_one_reads(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, str, int, str, object]],
    stamps: bool,
    crlf: bool,
) -> None:
    end = "\r\n" if crlf else "\n"
    lines = []
    for time, *others in rows:
        when = rfc3339(time) if stamps else f"{time // SECOND}.{time % SECOND:06d}"
        lines.append(",".join(str(cell) for cell in (when, *others)))
    text = end.join([HEADER, *lines]) + end
    plain = cells(parse(tmp_path_factory.getbasetemp() / "plain.csv", text))
    quoted = text.replace(lines[0], '"' + lines[0].replace(",", '",', 1), 1)
    assert plain == cells(parse(tmp_path_factory.getbasetemp() / "quoted.csv", quoted))
    assert [row[0] for row in plain] == [row[0] for row in rows]


@given(st.lists(st.text("0123456789.-+eE ", max_size=8), min_size=1, max_size=5))
def test_a_decimal_is_read_exactly_or_not_at_all(texts: list[str]) -> None:
    width = max(max(map(len, texts)), 1)
    cell = np.array([list(text.encode().ljust(width, b"\0")) for text in texts], np.uint8)
    found = csv_fields.decimals(cell)
    if found is not None:
        mantissa, places = found
        for text, value in zip(texts, (mantissa / 10.0**places).tolist(), strict=True):
            assert value == float(text)


def events(folder: Path, config: str, *files: str) -> list[Event]:
    """What a site says to recorded reads; each file is its rows."""
    (folder / "site.toml").write_text(config)
    tags, readers = Tags(), Dictionary()
    recorded = []
    for number, rows in enumerate(files):
        path = folder / f"{number}.csv"
        path.write_text(HEADER + "\n" + rows)
        recorded.append(CsvReads(path, tags, readers))
    return list(Replay(load(folder / "site.toml").site, readers).run(merged(recorded)))


TWO_READERS = (
    '[site]\nid = "s"\n[[zone]]\nid = "y"\n[[zone]]\nid = "z"\n'
    '[[device]]\nid = "r"\nkind = "recorded"\nantennas = [{ port = 1, zone = "y" }]\n'
    '[[device]]\nid = "q"\nkind = "recorded"\nantennas = [{ port = 1, zone = "z" }]\n'
)


def test_a_backlog_in_order_is_not_late_however_far_the_other_readers_have_got(tmp_path: Path) -> None:
    ahead = "".join(f"{second},r,1,E200,-50\n" for second in range(0, 301, 5))
    backlog = "".join(f"{second},q,1,E201,-50\n" for second in range(0, 201, 5))
    found = events(tmp_path, TWO_READERS, ahead + backlog + "305,r,1,E200,-50\n")
    told = [(event.kind, event.tag, event.time // SECOND, event.late) for event in found]
    # the last sign of life of q is that of the whole site at the end: a silence of 105 s
    assert sorted(told) == [
        ("arrived", "E200", 0, False),
        ("arrived", "E201", 0, False),
        ("departed", "E201", 200, False),
    ]


def test_readers_whose_clocks_differ_are_each_taken_at_their_word(tmp_path: Path) -> None:
    rows = [f"{100 + n},r,1,E200,-50\n{97.25 + n},q,1,E201,-50\n" for n in range(20)]
    found = events(tmp_path, TWO_READERS, "".join(rows))
    told = [(event.kind, event.time / SECOND, event.late) for event in found]
    assert sorted(told) == [("arrived", 97.25, False), ("arrived", 100.0, False)]


def test_a_row_behind_its_own_reader_is_late(tmp_path: Path) -> None:
    found = events(tmp_path, TWO_READERS, "100,r,1,E200,-50\n120,r,1,E200,-50\n95,r,1,E200,-50\n")
    told = [(event.kind, event.of, event.time / SECOND, event.late) for event in found]
    assert told == [
        ("arrived", None, 100.0, False),
        ("retracted", "arrived", 100.0, True),
        ("arrived", None, 95.0, True),
    ]


def test_at_the_end_who_is_heard_elsewhere_has_moved(tmp_path: Path) -> None:
    rows = [f"{100 + n},r,1,E200,-50\n" for n in range(10)] + [f"{111 + n},q,1,E200,-50\n" for n in range(10)]
    found = events(tmp_path, TWO_READERS, "".join(rows))
    told = [(event.kind, event.place, event.from_place, event.time / SECOND) for event in found]
    assert told == [("arrived", "y", None, 100), ("departed", "y", None, 111), ("arrived", "z", "y", 111)]


def test_at_the_end_who_is_heard_in_both_stays(tmp_path: Path) -> None:
    rows = [f"{100 + n},{'rq'[n % 2]},1,E200,-50\n" for n in range(10)]
    assert [event.place for event in events(tmp_path, TWO_READERS, "".join(rows))] == ["y"]


def test_notations_of_time_may_change_within_a_file(tmp_path: Path) -> None:
    rows = "1777636800.5,r,1,E200,-50\n2026-05-01T12:00:01Z,r,1,E200,-50\n1777636802,r,1,E200,-50\n"
    (block,) = parse(tmp_path / "r.csv", HEADER + "\n" + rows)
    assert (block.reads.time - 1777636800 * SECOND).tolist() == [500_000, 1_000_000, 2_000_000]


def test_columns_that_nobody_knows_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("site," + HEADER + ",colour\na,1,r,1,E200,-50,red\n")
    file = CsvReads(path, Tags(), Dictionary())
    assert [one[3:] for one in cells(file.blocks())] == [("E200", -50.0)]
    assert file.unknown == ["site", "colour"]
    path.write_text("site," + HEADER + "\na,1,r,1,E20,-50\n")
    with pytest.raises(BadCsv, match="epc = 'E20'"):
        list(CsvReads(path, Tags(), Dictionary()).blocks())


def test_a_replay_tells_the_columns_that_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(TWO_READERS)
    (tmp_path / "r.csv").write_text(HEADER + ",colour\n100,r,1,E200,-50,red\n")
    done = CliRunner().invoke(application, ["replay", str(tmp_path / "site.toml"), str(tmp_path / "r.csv")])
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
    assert "r.csv: column colour was left out" in done.stderr


def test_decades_without_a_row_take_no_time(tmp_path: Path) -> None:
    rows = (
        "946684800,r,1,E200,-50\n946684801,r,1,E200,-50\n1777636800,q,1,E201,-50\n1777636900,r,1,E200,-50\n"
    )
    found = events(tmp_path, TWO_READERS, rows)
    told = [(one.kind, one.tag, one.time // SECOND, one.detected // SECOND) for one in found]
    assert told == [
        ("arrived", "E200", 946684800, 946684803),
        ("departed", "E200", 946684801, 946684834),
        ("arrived", "E201", 1777636800, 1777636803),
        ("departed", "E201", 1777636800, 1777636833),
        ("arrived", "E200", 1777636900, 1777636902),
    ]


@pytest.mark.parametrize("rows", ["", "\n", "\r\n\n"])
def test_nothing_recorded_gives_nothing(tmp_path: Path, rows: str) -> None:
    assert events(tmp_path, TWO_READERS, rows) == []


def test_files_that_share_a_second_are_merged_within_it(tmp_path: Path) -> None:
    files = "100.1,r,1,E200,-50\n100.2,r,1,E200,-50\n", "100.15,q,1,E201,-50\n100.9,q,1,E201,-50\n"
    found = events(tmp_path, TWO_READERS, *files)
    assert [(one.kind, one.place, one.time / SECOND) for one in found] == [
        ("arrived", "y", 100.1),
        ("arrived", "z", 100.15),
    ]
