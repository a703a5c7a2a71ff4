"""`[site] timezone`: people are told times in it, JSON has UTC, and a name that is none is told by check."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.events import EARLIEST, LATEST, rfc3339
from core.records import SECOND
from gateway.commands.all import application
from gateway.configuration import check
from gateway.local_time import LocalTime
from gateway.rows import microseconds
from tests.delivering import deliver, road, track
from tests.virtual_loop import run

SUMMER, WINTER = 1_753_963_200 * SECOND, 1_767_225_600 * SECOND


def test_a_time_has_the_offset_of_its_season() -> None:
    told = LocalTime("Europe/Berlin")
    assert told(SUMMER) == "2025-07-31T14:00:00.000000+02:00"
    assert told(WINTER + 1) == "2026-01-01T01:00:00.000001+01:00"
    assert told.of("2026-01-01T00:00:00.000000Z") == "2026-01-01T01:00:00.000000+01:00"
    assert told.of(None) == "-"
    assert LocalTime()(WINTER) == rfc3339(WINTER)


@pytest.mark.parametrize("name", ["Europe/London", "America/St_Johns", "Asia/Kathmandu", "UTC"])
def test_what_is_told_can_be_asked_for(name: str) -> None:
    told = LocalTime(name)
    for time in range(WINTER, WINTER + 365 * 86_400 * SECOND, 12_345_678_901_234):
        assert microseconds(told(time)) == time
        assert datetime.fromisoformat(told(time)).utcoffset() is not None


def test_both_ends_of_the_calendar() -> None:
    assert LocalTime("America/New_York")(EARLIEST) == rfc3339(EARLIEST)
    assert LocalTime("Asia/Tokyo")(LATEST) == rfc3339(LATEST)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Londn", "Europe/London"),
        ("here", "an IANA name such as Europe/London"),
        ("", "an IANA name such as Europe/London"),
        ("../etc/passwd", "an IANA name such as Europe/London"),
        ("Europe", "an IANA name such as Europe/London"),
    ],
)
def test_a_name_that_is_none_is_told(name: str, meant: str, tmp_path: Path) -> None:
    path = tmp_path / "waypost.toml"
    path.write_text(f'[site]\nid = "leeds"\ntimezone = "{name}"\n')
    (problem,) = check(path).problems
    assert (problem.line, problem.key) == (3, "site.timezone")
    assert (problem.reason, problem.remedy) == ("is no time zone", f"Write {meant}, or leave it out for UTC")


def test_a_machine_without_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    with pytest.raises(ValueError, match=r"this machine has no time zones; apt-get install tzdata"):
        LocalTime("Mars/Olympus")


def test_commands_tell_it_and_their_json_does_not(tmp_path: Path) -> None:
    config = tmp_path / "waypost.toml"
    config.write_text(
        '[site]\nid = "leeds"\ntimezone = "Asia/Tokyo"\n[[device]]\nid = "road"\nkind = "recorded"\n'
        '[[item]]\nid = "van"\ntags = ["tracker:7"]\n'
    )
    run(deliver(tmp_path / "waypost.db", [road(*track("7", 0, 3))]))

    def told(*arguments: str) -> str:
        done = CliRunner().invoke(application, [*arguments, "--config", str(config)])
        assert done.exit_code == 0, done.stderr
        return done.stdout

    local = "2025-10-09T17:53:22.000000+09:00"
    assert f"last seen {local}" in told("find", "van")
    assert told("find", "van").endswith(f", {local}\n")
    assert told("find", "van", "--trail").splitlines()[-1].startswith(local)
    assert len(told("find", "van", "--trail", "--since", local).splitlines()) == 1
    assert json.loads(told("find", "van", "--json"))["position_time"] == "2025-10-09T08:53:22.000000Z"
