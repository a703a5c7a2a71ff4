"""What commands print: no terminal obeys a tag, a device or a file; and a number goes with its noun."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.events import Event
from core.records import SECOND
from gateway.commands.all import application
from gateway.commands.output import counted, printable, put, say, show
from gateway.database import JournalUnusable
from gateway.journal import Journal
from gateway.lock import Lock

EVIL = "tid:E2\x1b[2J\x9b31m\x00\r\x7f"
SITE = '[site]\nid = "s"\n[[zone]]\nid = "z"\n'


def obeyed(text: str) -> set[str]:
    return {sign for sign in text if not sign.isprintable()} - {"\n"}


def test_control_characters_are_escaped_and_lines_stay() -> None:
    assert printable("a\tb\nc\x1b[0mé") == "a\\tb\nc\\x1b[0mé"
    assert not obeyed(printable(EVIL))


def test_what_is_shown_said_and_put_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    show(EVIL)
    say(EVIL)
    put({"tag": EVIL + "\u2028é"})
    printed = capsys.readouterr()
    assert not obeyed(printed.out + printed.err)
    assert json.loads(printed.out.splitlines()[1]) == {"tag": EVIL + "\u2028é"}


@pytest.mark.parametrize(
    "command",
    [["events"], ["events", "--json"], ["find", EVIL], ["find", "E2\x1b[2J"], ["events", "--since", EVIL]],
)
def test_commands_about_the_past_print_nothing_to_obey(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(SITE)
    journal = Journal.open(tmp_path / "waypost.db", "s")
    event = Event("1", SECOND, SECOND, "arrived", None, EVIL, "z")
    journal.commit([], [event])
    journal.close()
    done = CliRunner().invoke(application, [*command, "--config", str(tmp_path / "waypost.toml")])
    assert done.output
    assert not obeyed(done.output), done.output


def test_check_prints_nothing_to_obey(tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(SITE + '"\\u001b[2J" = "\\u001b[2J"\n')
    done = CliRunner().invoke(application, ["check", str(tmp_path / "waypost.toml")])
    assert done.exit_code == 1
    assert not obeyed(done.output)
    assert "unknown key" in done.stdout
    assert done.stderr.endswith(": 1 error, 0 warnings\n")


def test_a_number_goes_with_its_noun() -> None:
    assert [counted(number, "error") for number in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]


def test_a_place_where_nothing_can_be_made_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match=r"^journal /proc/w.db: no file can be made in /proc: .*; let"):
        Lock(Path("/proc/w.db"))
    (tmp_path / "waypost.toml").write_text(SITE + '[journal]\npath = "/proc/w.db"\n')
    run = [sys.executable, "-m", "gateway.cli", "run", str(tmp_path / "waypost.toml")]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    assert done.returncode == 3
    assert done.stderr.count("/proc/w.db") == 1, done.stderr
