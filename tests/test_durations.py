"""Every duration and size of the configuration has a bound that the pipeline, SQLite and RFC 3339 can live with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.checks import LONGEST
from gateway.commands.all import application
from gateway.configuration import check

SITE = """\
[site]
id = "s"
[journal]
{journal}
[tags]
{tags}
[[zone]]
id = "a"
{zone}
[[zone]]
id = "b"
[[portal]]
id = "p"
between = ["a", "b"]
{portal}
[[device]]
id = "r"
kind = "recorded"
antennas = [{{ port = 1, zone = "a" }}, {{ port = 2, portal = "p" }}]
{device}
[[item]]
id = "i"
tags = ["E200"]
{item}
"""
TABLES = ("journal", "tags", "zone", "portal", "device", "item")


def site(folder: Path, table: str, line: str) -> Path:
    path = folder / "waypost.toml"
    path.write_text(SITE.format(**{name: line if name == table else "" for name in TABLES}))
    return path


@pytest.mark.parametrize(
    ("table", "key", "values", "most"),
    [
        ("zone", "silence", ("1e13", "1e300", "inf", "nan", "0", "-1"), str(LONGEST)),
        ("item", "missing_after", ("1e13", "inf", "nan", "0"), str(LONGEST)),
        ("portal", "gap", ("1e13", "inf", "nan", "0"), "120"),
        ("portal", "max_pass", ("1e13", "inf", "nan", "0"), "120"),
        ("portal", "lateness", ("1e13", "inf", "nan", "-1"), "60"),
        ("device", "lateness", ("1e13", "inf"), "60"),
        ("journal", "retention_days", ("1e13", "inf"), "36500"),
        ("journal", "max_bytes", ("999999999999999999999",), str(1 << 48)),
        ("journal", "reads_max_bytes", ("999999999999999999999",), str(1 << 48)),
        ("tags", "limit", ("999999999999999999999", "0"), "10000000"),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_bound(
    table: str, key: str, values: tuple[str, ...], most: str, tmp_path: Path
) -> None:
    for value in values:
        found = [
            one
            for one in check(site(tmp_path, table, f"{key} = {value}")).problems
            if one.key.endswith(f".{key}") and one.level == "error"
        ]
        assert found, (key, value)
        assert found[0].line
        assert most in found[0].remedy, str(found[0])


def test_a_cell_of_items_csv_has_the_same_bound(tmp_path: Path) -> None:
    path = site(tmp_path, "zone", "")
    path.write_text('items = "items.csv"\n' + path.read_text())
    (tmp_path / "items.csv").write_text("id,missing_after\ngen,1e13\n")
    (problem,) = check(path).problems
    assert str(problem).startswith(f"{tmp_path}/items.csv:2: error: missing_after = 10000000000000.0: out of")


@pytest.mark.parametrize(
    ("table", "key"), [("zone", 'leave = "silence"\nsilence'), ("item", "missing_after")]
)
@pytest.mark.parametrize("last", ["2026-01-01T00:00:09Z", "9980-12-31T23:59:59Z"])
def test_the_longest_that_is_accepted_can_be_replayed(
    table: str, key: str, last: str, tmp_path: Path
) -> None:
    path = site(tmp_path, table, f"{key} = {LONGEST}")
    reads = tmp_path / "reads.csv"
    reads.write_text(f"time,reader,antenna,epc,rssi\n0,r,1,E200,-50\n{last},r,1,E200,-50\n")
    done = CliRunner().invoke(application, ["replay", str(path), str(reads)])
    assert done.exit_code == 0, done.output
    assert '"arrived"' in done.stdout
