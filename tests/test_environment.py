"""Keys of plain tables from the environment: they go before the file, and errors name the variable."""

from pathlib import Path

import pytest

from gateway.configuration import Invalid, check, load
from gateway.problems import Problem

GOOD = """\
[site]
id = "leeds"
[journal]
path = "data/waypost.db"
"""


def problems(folder: Path) -> list[Problem]:
    """What is wrong with the good file in this environment."""
    path = folder / "waypost.toml"
    path.write_text(GOOD)
    return list(check(path).problems)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "waypost.toml").write_text(GOOD)
    monkeypatch.setenv("WAYPOST_JOURNAL__PATH", "/var/lib/waypost/waypost.db")
    assert load(tmp_path / "waypost.toml").journal == Path("/var/lib/waypost/waypost.db")
    monkeypatch.setenv("WAYPOST_JOURNAL__PAHT", "x")
    with pytest.raises(
        Invalid, match=r"environment: error: WAYPOST_JOURNAL__PAHT = 'x': unknown key\. Write path"
    ):
        load(tmp_path / "waypost.toml")
    monkeypatch.delenv("WAYPOST_JOURNAL__PAHT")
    monkeypatch.setenv("WAYPOST_ZONE", "[{")
    with pytest.raises(Invalid, match="environment: error: WAYPOST_ZONE"):
        load(tmp_path / "waypost.toml")


def test_a_list_in_the_environment_is_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_TAGS__ACCEPT", '["3034", "company:0614141"]')
    assert problems(tmp_path) == []
    assert load(tmp_path / "waypost.toml").site.tags.accept == ("3034", "company:0614141")
    monkeypatch.setenv("WAYPOST_TAGS__ACCEPT", '["3034"')
    (found,) = problems(tmp_path)
    assert (found.key, found.reason) == ("WAYPOST_TAGS__ACCEPT", "wrong type of value")


@pytest.mark.parametrize(
    ("name", "value", "level", "says"),
    [
        ("WAYPOST_SITE__ID", "le eds", "error", "not an id"),
        ("WAYPOST_TAGS__LIMIT", "many", "error", "wrong type"),
        ("WAYPOST_TAGS__ACCEPT", "3034", "error", "wrong type"),
        ("WAYPOST_JORNAL__PATH", "x", "warning", "no table jornal"),
    ],
)
def test_what_is_wrong_in_the_environment_is_told_of_its_variable(
    name: str, value: str, level: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file has the key too, and where it does not even have the table."""
    monkeypatch.setenv(name, value)
    (found,) = problems(tmp_path)
    assert (found.file, found.line, found.key, found.level) == ("environment", None, name, level)
    assert says in found.reason


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("postgresql://leeds:hunter2@db/waypost", "env:WAYPOST_TIMESCALE__DSN"),
        ("credential:dsn", "credential:dsn"),
    ],
)
def test_a_secret_in_the_environment_is_called_after_its_variable(
    value: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYPOST_TIMESCALE__DSN", value)
    assert problems(tmp_path) == []
    settings = load(tmp_path / "waypost.toml").settings.timescale
    assert settings is not None
    assert settings.dsn == name


def test_a_secret_in_the_file_is_an_error_that_does_not_repeat_it(tmp_path: Path) -> None:
    path = tmp_path / "waypost.toml"
    path.write_text(GOOD + '[timescale]\ndsn = "postgresql://leeds:hunter2@db/waypost"\n')
    (found,) = check(path).problems
    assert (found.line, found.key, found.level) == (6, "timescale.dsn", "error")
    assert "env:NAME" in found.remedy
    assert "hunter2" not in str(found)
