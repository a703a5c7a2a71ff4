"""config/waypost.toml names every option there is, each with its default."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.configuration import check
from gateway.schema import fields, kind_of, tables
from gateway.settings import Tables

FILE = Path(__file__).parent.parent / "config" / "waypost.toml"
NOTHING = object()


def default(table: type, key: str) -> object:
    """The default of an option as TOML would have it; NOTHING if it has none."""
    value: object
    if issubclass(table, BaseModel):
        field = table.model_fields[key]
        value = NOTHING if field.is_required() else field.get_default(call_default_factory=True)
    else:
        entry = table.__dataclass_fields__[key]  # type: ignore[attr-defined]
        value = entry.default if entry.default_factory is MISSING else entry.default_factory()
    if value is None or value is MISSING:
        return NOTHING
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def live(marks: str) -> str:
    """The file with the options of a mark made live, and those of the other mark left out; all tables switched on."""
    text = re.sub(r"^#- ", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.sub(rf"^{re.escape(marks)} (?=[a-z_]+ = )", "", text, flags=re.MULTILINE)


def written(marks: str) -> dict[str, Any]:
    """The same, read."""
    return tomllib.loads(live(marks))


def sections() -> Iterator[tuple[str, type, str | None]]:
    for name, annotation in fields(Tables).items():
        for table in tables(annotation):
            yield name, table, kind_of(table)


SECTIONS = [pytest.param(*section, id=f"{section[0]}-{section[2] or ''}") for section in sections()]


def entry(data: dict[str, Any], name: str, kind: str | None) -> dict[str, Any]:
    """The first table of a section, of the kind that is asked for."""
    found = data[name]
    if isinstance(found, dict):
        return found
    return next(one for one in found if kind is None or one["kind"] == kind)


@pytest.mark.parametrize(("name", "table", "kind"), SECTIONS)
def test_every_option_stands_there_with_its_default(name: str, table: type, kind: str | None) -> None:
    defaults, examples, bare = written("#"), written("#:"), written("# none")
    for key in fields(table):
        value = default(table, key)
        if value is NOTHING:
            assert key in entry(examples, name, kind), f"{name}.{key} is missing"
        elif key not in entry(bare, name, kind):
            assert entry(defaults, name, kind).get(key, "missing") == value, f"{name}.{key}"


@pytest.mark.parametrize("marks", ["#", "#:", "# none"])
def test_no_option_stands_there_that_does_not_exist(marks: str, tmp_path: Path) -> None:
    path = tmp_path / "waypost.toml"
    path.write_text(
        live(marks).replace('items = "items.csv"', "").replace('inside = "site"', ""), encoding="utf-8"
    )
    assert [str(one) for one in check(path).problems] == []


def test_as_it_stands_it_is_a_site_without_sinks() -> None:
    settings = Tables.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))
    assert settings.timescale is None
