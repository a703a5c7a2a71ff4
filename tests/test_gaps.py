"""`waypost gaps`: when was which device not heard."""

import json
from pathlib import Path

import pytest

from core.events import Gap
from core.records import SECOND
from gateway.commands.all import main
from gateway.journal import Journal

SITE = '[site]\nid = "s"\n[[zone]]\nid = "z"\n[[device]]\nid = "r"\nkind = "recorded"\nantennas = [{ port = 0, zone = "z" }]\n'


def ended(arguments: list[str]) -> object:
    """The exit status of the command."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


def told(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines that the command prints of a journal with two gaps."""
    if not (folder / "waypost.toml").exists():
        (folder / "waypost.toml").write_text(SITE)
        journal = Journal.open(folder / "waypost.db", "s")
        first = Gap("r", 10 * SECOND, 20 * SECOND, "reset by peer", 7)
        journal.commit(
            [], [], [first, Gap("door1", 30 * SECOND, 40 * SECOND, "Waypost was not running")], b""
        )
        journal.close()
    assert ended(["gaps", "--config", str(folder / "waypost.toml"), *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_gaps_say_from_when_to_when_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, capsys) == [
        "1970-01-01T00:00:10.000000Z  to  1970-01-01T00:00:20.000000Z  r  reset by peer  (7 records came later)",
        "1970-01-01T00:00:30.000000Z  to  1970-01-01T00:00:40.000000Z  door1  Waypost was not running",
    ]
    rows = [json.loads(line) for line in told(tmp_path, capsys, "--json")]
    assert rows[0] == {
        "source": "r",
        "from": "1970-01-01T00:00:10.000000Z",
        "to": "1970-01-01T00:00:20.000000Z",
        "reason": "reset by peer",
        "filled": 7,
    }


@pytest.mark.parametrize(
    ("arguments", "sources"),
    [
        (("--device", "door1"), ["door1"]),
        (("--since", "1970-01-01T00:00:15Z"), ["r", "door1"]),
        (("--since", "1970-01-01T00:00:21Z"), ["door1"]),
        (("--until", "1970-01-01T00:00:30Z"), ["r"]),
        (("--until", "1970-01-01T00:00:10Z"), []),
    ],
)
def test_gaps_are_chosen_by_device_and_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sources: list[str]
) -> None:
    assert [json.loads(line)["source"] for line in told(tmp_path, capsys, "--json", *arguments)] == sources


def test_a_time_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["gaps", "--since", "yesterday"]) == 2
    assert "--since: 'yesterday' is no time" in capsys.readouterr().err
