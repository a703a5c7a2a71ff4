"""Replay of fixes: what is recorded of trackers and receivers comes out as it stands there, and nothing else does."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from core.events import rfc3339
from core.records import SECOND, Dictionary, Fix, Fixes, Flag, rows_of
from core.site import Antenna, Site, Source, Zone
from gateway.commands.all import application
from gateway.csv_file import BYTES, BadCsv
from gateway.csv_fixes import CsvFixes
from gateway.csv_merge import merged, merged_fixes
from gateway.recorded_files import recorded
from gateway.replay import Replay
from tests.nmea_text import sentence

HEADER = "time,tracker,lat,lon"
FULL = HEADER + ",alt,speed,course,accuracy,satellites,valid"
DATA = Path(__file__).parent / "data" / "nmea"
NOON = 1_777_636_800
SITE = Site("s", (Zone("z"),), sources=(Source("r", (Antenna(0, "z"),)),))


def parse(path: Path, text: str) -> tuple[list[Fix], Counter[str]]:
    """The rows of a file, and what was left out."""
    path.write_text(text, encoding="utf-8")
    file = CsvFixes(path, Dictionary())
    return [fix for block in file.blocks() for fix in rows_of(block.fixes)], file.left_out


def replayed(*paths: Path) -> Iterator[tuple[int, str, float]]:
    """Seconds since noon, tracker and latitude of the fixes that stand."""
    batches: list[Fixes] = []
    given = recorded(paths)
    list(Replay(SITE, given.readers, batches.append).run(merged(given.reads), merged_fixes(given.fixes)))
    return ((fix.time // SECOND - NOON, fix.tracker, fix.lat) for batch in batches for fix in rows_of(batch))


def command(folder: Path, *arguments: str) -> Result:
    """`waypost replay` of a site with one reader."""
    config = folder / "site.toml"
    config.write_text(
        '[site]\nid = "s"\n[[zone]]\nid = "z"\n[[device]]\nid = "r"\nkind = "recorded"\n'
        'antennas = [{ port = 0, zone = "z" }]\n'
    )
    return CliRunner().invoke(application, ["replay", str(config), *arguments])


def test_every_column_and_every_notation(tmp_path: Path) -> None:
    rows = (
        f"{NOON}.25,353201350112345,53.8000001,-1.55,60.5,1.5,271.25,3,9,1\n"
        "2026-05-01T14:00:01+02:00,tracker:van,-53.80000000000001,-1.5e0,,,,,,\n"
        f"{NOON + 2},van,1,2,-3,-1,-1,-1,9.0,False\n"
    )
    found, left_out = parse(tmp_path / "f.csv", FULL + "\n" + rows)
    nan = math.nan
    expected = [
        Fix(
            "tracker:353201350112345",
            NOON * SECOND + 250_000,
            53.8000001,
            -1.55,
            60.5,
            1.5,
            271.25,
            3.0,
            9,
            1,
        ),
        Fix("tracker:van", (NOON + 1) * SECOND, -53.80000000000001, -1.5, flags=1),
        Fix("tracker:van", (NOON + 2) * SECOND, 1.0, 2.0, -3.0, nan, nan, nan, 9, 0),
    ]
    assert repr(found) == repr(expected)
    assert not left_out


def test_what_can_be_no_fix_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = (
        f"{NOON},a,53,-1\n{NOON},a,90.1,0\n{NOON},a,53,-180.01\n{NOON},a,inf,0\n{NOON},a,0,0.0\n{NOON},a,,-1\n"
        f",a,53,-1\n{NOON},,53,-1\n0,a,53,-1\n-5,a,53,-1\n315964800,a,53,-1\n935280000,a,53,-1\n"
        f"4102444800,a,53,-1\n{NOON + 1},a,53,-1\n"
    )
    found, left_out = parse(tmp_path / "f.csv", HEADER + "\n" + rows)
    assert [fix.time // SECOND - NOON for fix in found] == [0, 1]
    assert left_out == {
        "out_of_range": 3,
        "zero_position": 1,
        "no_position": 1,
        "no_time": 1,
        "no_tracker": 1,
        "unset_date": 4,
        "distant_date": 1,
    }


YEAR = 366 * 86_400


@pytest.mark.parametrize(
    ("times", "stray"),
    [
        ([0, 1, 2 * YEAR, 3, 4], [2]),
        ([2 * YEAR, 1, 2, 3], [0]),
        ([0, 1, 2, 3 - 2 * YEAR, 4, 5], [3]),
        ([0, 2 * YEAR, 2, -2 * YEAR, 4, 5, 6], [1, 3]),
        ([0, 1, 2, 2 * YEAR, 2 * YEAR + 1, 4 * YEAR, 4 * YEAR + 1], []),
        ([3 * YEAR, 3 * YEAR + 1, 3 * YEAR + 2, 0, 1, 2], []),
        ([0, 1, YEAR, 2, 3], []),
    ],
    ids=["future", "future-first", "past", "both", "pauses", "two-recordings", "within-a-year"],
)
def test_a_date_that_the_others_contradict(times: list[int], stray: list[int], tmp_path: Path) -> None:
    each = 1 if stray else 60  # what more than a hundred reports bear out is no stray date
    rows = "".join(f"{NOON + second},a,53,-1\n{NOON},b,53,-1\n" * each for second in times)
    found, left_out = parse(tmp_path / "f.csv", HEADER + "\n" + rows)
    kept = [fix.time // SECOND - NOON for fix in found if fix.tracker == "tracker:a"]
    assert left_out["contradicted_date"] == len(stray)
    assert list(dict.fromkeys(kept)) == [second for at, second in enumerate(times) if at not in stray]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,tracker,lat\n", ":1: no column lon; the header is time,tracker,lat,lon[,alt,speed,course,"),
        (f"{HEADER}\nsoon,a,1,1\n", ":2: time = 'soon': no time; write RFC 3339 or epoch seconds"),
        (f"{HEADER}\n1777636800000,a,1,1\n", "after the year 9999; write seconds, not milliseconds"),
        (f"{HEADER}\n1,a,1,1\n1,a,north,1\n", ":3: lat = 'north': not a number"),
        (f"{HEADER},speed\n1,a,1,1,9e9\n", ":2: speed = '9e9': out of range"),
        (f"{HEADER},satellites\n1,a,1,1,2000\n", "not a number of satellites; write 0 to 1000"),
        (f"{HEADER},satellites\n1,a,1,1,1.5\n", "not a number of satellites"),
        (f"{HEADER},valid\n1,a,1,1,perhaps\n", ":2: valid = 'perhaps': neither true nor false; write 1 or 0"),
        (f"{HEADER}\n1,vän,1,1\n", ":2: tracker = 'vän': holds characters that are not printable ASCII"),
        (f"{HEADER},alt\n1,a,1,1,\x1b\n", ":2: alt = '\\x1b': holds a control character"),
    ],
)
def test_a_cell_that_nobody_can_read_is_told_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadCsv) as caught:
        parse(tmp_path / "f.csv", text)
    assert says in str(caught.value)


DECIMALS = st.decimals(-180, 180, places=7) | st.floats(-180, 180).map(lambda x: Decimal(repr(x)))
ROWS = st.lists(
    st.tuples(
        st.integers(NOON * SECOND, (NOON + 9_999) * SECOND),
        st.sampled_from(["a", "353201350112345", "tracker:b", ""]),
        DECIMALS,
        DECIMALS,
        st.none() | st.decimals(-500, 9000, places=1),
        st.none() | st.integers(0, 40),
        st.sampled_from(["", "1", "0", "A", "V"]),
    ),
    min_size=1,
    max_size=20,
)


@example([(NOON * SECOND, "a", Decimal("1E-7"), Decimal("-0.0"), None, None, "")])
@given(ROWS)
def test_the_fast_way_reads_what_stands_there_as_the_careful_one_does(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, Decimal, Decimal, Decimal, int, str]]
) -> None:
    lines = [
        ",".join(
            "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell) for cell in row
        )
        for row in ((rfc3339(time), *others) for time, *others in rows)
    ]
    text = "\n".join([HEADER + ",alt,satellites,valid", *lines]) + "\n"
    folder = tmp_path_factory.getbasetemp()
    plain, left_out = parse(folder / "plain_fixes.csv", text)
    first, rest = lines[0].split(",", 1)
    careful, again = parse(folder / "quoted_fixes.csv", text.replace(lines[0], f'"{first}",{rest}', 1))
    assert repr(plain) == repr(careful)
    assert left_out == again
    kept = [
        row for row in rows if row[1] and abs(row[2]) <= 90 and (float(row[2]) != 0 or float(row[3]) != 0)
    ]
    assert [(fix.time, fix.lat, fix.lon) for fix in plain] == [
        (row[0], float(row[2]), float(row[3])) for row in kept
    ]
    assert [Flag.VALID in Flag(fix.flags) for fix in plain] == [row[6] not in ("0", "V") for row in kept]
    assert [fix.satellites for fix in plain] == [-1 if row[5] is None else row[5] for row in kept]


def test_several_files_are_merged_by_time_and_what_came_twice_stands_once(tmp_path: Path) -> None:
    one, two, reads = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "3.csv"
    one.write_text(f"{HEADER}\n{NOON},a,1,1\n{NOON + 5},a,2,1\n{NOON + 3},a,3,1\n{NOON + 9},a,4,1\n")
    two.write_text(f"{HEADER},alt\n{NOON + 2},b,5,1,7\n{NOON + 2},b,5,1,7\n{NOON + 8},b,6,1,7\n")
    reads.write_text(f"time,reader,antenna,epc,rssi\n{NOON + 4},r,1,E200,-50\n")
    found = list(replayed(one, reads, two))
    order = [(0, "a", 1), (2, "b", 5), (5, "a", 2), (3, "a", 3), (8, "b", 6), (9, "a", 4)]
    assert found == [(second, f"tracker:{name}", float(lat)) for second, name, lat in order]


def test_fixes_take_no_event_from_the_reads_beside_them(tmp_path: Path) -> None:
    reads = tmp_path / "r.csv"
    lines = "".join(f"{NOON + second},r,1,E200,-50\n" for second in (*range(0, 20, 2), 90))
    reads.write_text("time,reader,antenna,epc,rssi\n" + lines)
    fixes = tmp_path / "f.csv"
    fixes.write_text(f"{HEADER}\n" + "".join(f"{NOON + second},a,1,{second}\n" for second in range(80)))
    alone = command(tmp_path, str(reads))
    both = command(tmp_path, str(fixes), str(reads))
    assert [json.loads(line)["kind"] for line in alone.stdout.splitlines()] == [
        "arrived",
        "departed",
        "arrived",
    ]
    assert both.stdout == alone.stdout
    assert both.stderr == "11 reads, 80 fixes, 3 events\n"


def test_silence_is_noticed_as_long_as_there_are_fixes(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"time,reader,antenna,epc,rssi\n{NOON},r,1,E200,-50\n")
    (tmp_path / "f.csv").write_text(f"{HEADER}\n{NOON + 600},a,1,1\n")
    done = command(tmp_path, str(tmp_path / "r.csv"), str(tmp_path / "f.csv"))
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["arrived", "departed"]


def test_the_fixes_of_a_receivers_log(tmp_path: Path) -> None:
    done = command(tmp_path, "--fixes", str(DATA / "garmin48.log"))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["tracker"] for row in rows} == {"tracker:garmin48"}
    assert [row["time"] for row in rows] == [f"2001-06-06T22:53:{second:02}.000000Z" for second in (8, 9, 10)]
    assert [row["lat"] for row in rows] == [pytest.approx(-45 - 27.458 / 60)] * 3
    assert [row["alt"] for row in rows] == [pytest.approx(14.7), None, pytest.approx(14.6)]
    assert done.stderr.splitlines() == [
        "3 fixes, 0 events",
        f"{DATA / 'garmin48.log'}: tracker:garmin48, 9 sentences",
    ]


def test_long_recordings_come_in_blocks_and_in_order(tmp_path: Path) -> None:
    n = 9_000
    log, table = tmp_path / "gps.log", tmp_path / "table.csv"
    with log.open("wb") as out:
        for second in range(0, n, 2):
            clock = f"{12 + second // 3600:02}{second // 60 % 60:02}{second % 60:02}"
            out.write(sentence(f"GPRMC,{clock},A,5348.0000,N,00133.0000,W,000.0,000.0,010526,,"))
            out.write(sentence(f"GPGGA,{clock},5348.0000,N,00133.0000,W,1,08,1.2,60.0,M,47.0,M,,"))
    rows = "".join(
        f"{NOON + second},a,{second % 80 + 1}.0000000,-1.5500000,60.00,1.500,271.00\n"
        for second in range(1, n, 2)
    )
    table.write_text(f"{HEADER},alt,speed,course\n{rows}")
    assert log.stat().st_size > BYTES
    found = list(replayed(log, table))
    assert [second for second, _, _ in found] == list(range(n))
    assert [name for _, name, _ in found] == ["tracker:gps", "tracker:a"] * (n // 2)


def test_a_folder_is_the_recordings_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "gps 1"
    folder.mkdir()
    (folder / "capture.bin").write_bytes(b"noise\n" + (DATA / "garmin48.log").read_bytes())
    (folder / "about.toml").write_text('device = "gps 1"\n')
    (folder / "b.csv").write_text(f"{HEADER}\n{NOON},a,1,1\n")
    assert {name for _, name, _ in replayed(folder)} == {"tracker:gps-1", "tracker:a"}
    done = command(tmp_path, str(folder))
    assert f"{folder / 'about.toml'}: left out: its name ends like that of no recording" in done.stderr


def test_a_folder_without_a_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = command(tmp_path, str(tmp_path / "empty"))
    assert done.exit_code == 2
    assert "empty: no recording is in it; those end with .csv, .nmea, .log, .bin: name others" in done.stderr


def test_what_is_told_of_a_replay(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(
        f"{HEADER},valid,colour\n{NOON},a,1,1,0,red\n{NOON},a,1,1,0,red\n{NOON},a,0,0,1,red\n{NOON},a,95,0,1,red\n"
    )
    done = command(tmp_path, "--fixes", str(path))
    (row,) = map(json.loads, done.stdout.splitlines())
    assert row == {
        "time": "2026-05-01T12:00:00.000000Z",
        "tracker": "tracker:a",
        "lat": 1.0,
        "lon": 1.0,
        **dict.fromkeys(("alt", "speed", "course", "accuracy", "satellites")),
        "valid": False,
    }
    assert done.stderr.splitlines() == [
        "2 fixes (1 delivered before, 1 not valid), 0 events",
        f"{path}: column colour was left out: replay does not know it",
        f"{path}: 1 left out: at no latitude from -90 to 90 or no longitude from -180 to 180",
        f"{path}: 1 left out: at 0, 0, which receivers tell that know no position",
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "nothing"])
def test_a_file_of_something_else_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(text)
    done = command(tmp_path, str(tmp_path / "x.txt"))
    assert done.exit_code == 2
    assert "x.txt:1: neither CSV that replay takes nor NMEA; the header is time,reader," in done.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = command(tmp_path, str(tmp_path / "x.csv"))
    assert (done.exit_code, done.stderr) == (
        2,
        f"{tmp_path / 'x.csv'}: cannot be read: No such file or directory\n",
    )


def test_a_device_may_be_called_as_the_source_of_recorded_fixes() -> None:
    replay = Replay(Site("s", sources=(Source("replay"),)), Dictionary())
    assert sorted(replay.pipeline.counts) == ["replay", "replay-"]


def test_a_block_of_which_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(f"{HEADER}\n{NOON},a,0,0\n")
    (tmp_path / "2.csv").write_text(f"{HEADER}\n{NOON},a,1,0\n")
    assert list(replayed(tmp_path / "1.csv")) == []
    assert list(replayed(tmp_path / "1.csv", tmp_path / "2.csv")) == [(0, "tracker:a", 1.0)]
