"""Other settings: what would be said otherwise, and errors in the words of the file's own check."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.events import Event
from core.records import SECOND
from gateway.commands.all import application
from gateway.configuration import Invalid, load
from gateway.overrides import BadOverride
from gateway.what_if import compared
from tests.heard_world import write_inputs

SITE = """
[site]
id = "s"
[[zone]]
id = "y"
[[zone]]
id = "h"
[[zone]]
id = "shelf"
silence = 10
[[portal]]
id = "dock.1"
between = ["y", "h"]
[[device]]
id = "r"
kind = "recorded"
antennas = [
  { port = 1, portal = "dock.1", side = "y" },
  { port = 2, portal = "dock.1", side = "h" },
  { port = 3, zone = "shelf" },
]
"""
HEADER = "time,reader,antenna,epc,rssi\n"


def event(kind: str, second: float, direction: str | None = None, id: str = "", place: str = "dock") -> Event:
    at = round(second * SECOND)
    return Event(id or f"{kind}-{second}", at, at, kind, None, "E2", place, None, direction)


def changes(before: list[Event], after: list[Event]) -> list[tuple[str, float]]:
    return [(one.change, one.event.time / SECOND) for one in compared(before, after).differences]


def test_what_only_one_of_them_says() -> None:
    assert changes([event("passed", 10, "in")], []) == [("vanishes", 10)]
    assert changes([], [event("passed", 10, "in")]) == [("appears", 10)]
    assert changes([event("passed", 10, "in")], [event("passed", 10, "in")]) == []


def test_the_same_pass_in_another_direction_flips() -> None:
    assert changes([event("passed", 10, "in")], [event("passed", 10, "out")]) == [("flips", 10)]
    assert changes([event("passed", 10, "in")], [event("passed", 12, "out")]) == [("flips", 12)]
    assert changes([event("passed", 10, "in")], [event("passed", 10, None)]) == [("flips", 10)]


def test_another_beginning_is_no_other_pass_and_another_minute_is() -> None:
    found = compared([event("passed", 10, "in")], [event("passed", 12, "in")])
    assert (found.differences, found.same, found.redated) == ([], 1, 1)
    assert changes([event("passed", 10, "in")], [event("passed", 50, "in")]) == [
        ("vanishes", 10),
        ("appears", 50),
    ]
    other = event("passed", 12, "in", place="dock-2")
    assert changes([event("passed", 10, "in")], [other]) == [("vanishes", 10), ("appears", 12)]


def test_each_pass_meets_its_nearest() -> None:
    before = [event("passed", 10, "in"), event("passed", 20, "out")]
    after = [event("passed", 19, "out"), event("passed", 11, "out")]
    assert changes(before, after) == [("flips", 11)]


def test_what_was_taken_back_was_not_said() -> None:
    gone = event("passed", 10, "in", "a")
    back = Event("b", gone.time, gone.time, "retracted", None, "E2", "dock", retracts="a", of="passed")
    assert changes([gone, back], [gone]) == [("appears", 10)]
    assert changes([gone, back], [gone, back]) == []


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Something that goes through the door, stops for 4 s between the posts, and lies on a shelf for a while."""
    (tmp_path / "site.toml").write_text(SITE)
    rows = [(100 + n / 4, 1, "E200", -60 + n) for n in range(12)]
    rows += [(107 + n / 4, 2, "E200", -49 - n) for n in range(12)]
    rows += [(200 + 20 * n, 3, "E201", -50) for n in range(4)] + [(400, 3, "E201", -50)]
    text = "".join(f"{time},r,{port},{tag},{rssi}\n" for time, port, tag, rssi in rows)
    (tmp_path / "r.csv").write_text(HEADER + text)
    return tmp_path


def replay(site: Path, *arguments: str) -> Result:
    return CliRunner().invoke(application, ["replay", str(site / "site.toml"), *arguments])


def test_a_longer_gap_joins_what_stopped_in_the_door(site: Path) -> None:
    done = replay(site, str(site / "r.csv"), "--set", "portal.dock.1.gap=6", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = [
        (row["change"], row["after"]["kind"], row["after"]["place"], row["after"]["direction"])
        for row in rows
    ]
    assert told == [("appears", "passed", "dock.1", "in"), ("appears", "arrived", "h", None)]
    assert [row["before"] for row in rows] == [None, None]
    person = replay(site, str(site / "r.csv"), "--set", "portal.dock.1.gap=6")
    assert [line.split()[0] for line in person.stdout.splitlines()] == ["appears", "appears"]
    assert person.stderr.startswith("2 differences, ")


def test_several_settings_go_together(site: Path) -> None:
    one = replay(site, str(site / "r.csv"), "--set", "zone.shelf.silence=25").stdout
    assert [line.split()[0] for line in one.splitlines()].count("vanishes") >= 3
    both = replay(
        site, str(site / "r.csv"), "--set", "zone.shelf.silence=25", "--set", "portal.dock.1.gap=6"
    ).stdout
    assert len(both.splitlines()) > len(one.splitlines())
    assert replay(site, str(site / "r.csv"), "--set", "zone.shelf.silence=10").stdout == ""


def test_the_journals_own_past(site: Path) -> None:
    write_inputs(site)
    by_file = replay(site, str(site / "r.csv"), "--set", "portal.dock.1.gap=6").stdout
    assert replay(site, "--recorded", "--set", "portal.dock.1.gap=6").stdout == by_file
    before = replay(
        site, "--recorded", "--set", "portal.dock.1.gap=6", "--until", "1970-01-01T00:01:45Z", "--json"
    )
    assert (before.exit_code, before.stdout) == (0, "")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (
            "portal.dock.1.gap=-1",
            "--set: error: portal.dock.1.gap = -1.0: out of range. Write seconds greater than 0",
        ),
        (
            "portal.dock.1.gapp=3",
            "--set: error: portal.dock.1.gapp = 3: unknown key. Write gap, or remove it.",
        ),
        (
            "portal.dock.1.assume=up",
            "portal.dock.1.assume = 'up': not one of the choices. Use 'in' or 'out'.",
        ),
        ("device.r.lateness=soon", "--set: error: device.r.lateness = 'soon': wrong type of value."),
        ("tags.unknown=none", "--set: error: tags.unknown = 'none': not one of the choices."),
        ("site.timezone=Europe/Leeds", "--set: error: site.timezone = 'Europe/Leeds': is no time zone"),
    ],
)
def test_a_wrong_value_is_told_as_the_file_would(setting: str, says: str, site: Path) -> None:
    with pytest.raises(Invalid) as caught:
        load(site / "site.toml", [setting])
    assert says in str(caught.value)
    done = replay(site, str(site / "r.csv"), "--set", setting)
    assert done.exit_code == 1
    assert says in done.stderr


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("portal.dock-1.gap=3", "--set portal.dock-1.gap: the file has no portal 'dock-1'; write dock.1"),
        (
            "zone.attic.silence=3",
            "--set zone.attic.silence: the file has no zone 'attic'; the file has y, h, shelf",
        ),
        ("item.van.home=y", "the file has no item 'van'; the file has none"),
        ("portal.dock.1.gap", "--set portal.dock.1.gap: says no value; write it as portal.dock-1.gap=3"),
        (
            "gap=3",
            "--set gap: no such setting; write TABLE.ID.KEY with one of zone, portal, device, item, or site.KEY",
        ),
        ("zone.shelf.id=x", "--set zone.shelf.id: an id cannot be set"),
        ("device.r.antennas.port=3", "there is no table in which port could stand; set the whole of it"),
    ],
)
def test_what_names_no_setting(setting: str, says: str, site: Path) -> None:
    with pytest.raises(BadOverride) as caught:
        load(site / "site.toml", [setting])
    assert says in str(caught.value)
    assert replay(site, str(site / "r.csv"), "--set", setting).exit_code == 2


def test_a_setting_goes_before_the_environment(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_TAGS__LIMIT", "5000")
    assert load(site / "site.toml").site.tags.limit == 5000
    assert load(site / "site.toml", ["tags.limit=6000"]).site.tags.limit == 6000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "INPUT: nothing to replay"),
        (["--recorded"], "--recorded: takes no INPUT and needs --set"),
        (["r.csv", "--since", "2026-01-01T00:00:00Z"], "--since and --until are of the journal"),
        (["r.csv", "--fixes", "--set", "a=1"], "--fixes prints fixes"),
    ],
)
def test_what_makes_no_sense_together(arguments: list[str], says: str, site: Path) -> None:
    done = replay(site, *arguments)
    assert done.exit_code == 2
    assert says in done.stderr


def test_without_a_journal(site: Path) -> None:
    done = replay(site, "--recorded", "--set", "portal.dock.1.gap=6")
    assert done.exit_code == 3
    assert "there is no journal" in done.stderr
