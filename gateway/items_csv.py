"""items.csv: the columns are the keys of [[item]]; tags are separated by spaces, free fields are `fields.NAME`."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.site import Item
from gateway.problems import KeyPath
from gateway.validation import Finding, findings, without

COLUMNS = ("id", "kind", "name", "group", "tags", "home", "missing_after")


class _Row(BaseModel):
    """The item of a row; the nested dataclass is validated with this model's configuration."""

    model_config = ConfigDict(extra="forbid")
    item: Item


@dataclass(slots=True)
class Items:
    """The items of a file, each with its line; what is wrong, each with its line."""

    items: list[Item] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    findings: list[tuple[int, Finding]] = field(default_factory=list)


def read_items(path: Path) -> Items:
    """Every row of the file. Raises OSError if it cannot be read; a bad cell is a finding, the others are kept."""
    found = Items()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            _read(csv.DictReader(file, strict=True), found)
    except (csv.Error, UnicodeDecodeError) as error:
        line = found.lines[-1] + 1 if found.lines else 1
        found.findings.append((line, Finding((), None, f"not CSV: {error}", "Save it as CSV in UTF-8")))
    return found


def _read(rows: "csv.DictReader[str]", found: Items) -> None:
    unknown = list(_unknown(rows.fieldnames or []))
    found.findings += [(1, finding) for finding in unknown]
    if unknown:
        return
    for row in rows:
        _read_row(row, rows.line_num, found)


def _unknown(header: "list[str] | tuple[str, ...] | object") -> Iterator[Finding]:
    names = [str(name) for name in header] if isinstance(header, list | tuple) else []
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Finding((name,), None, "two columns have this name", "Keep one of them")
        if name not in COLUMNS and not name.startswith("fields."):
            close = get_close_matches(name, COLUMNS, n=1)
            remedy = f"Write {close[0]}" if close else f"Use {', '.join(COLUMNS)} or fields.NAME"
            yield Finding((name,), None, "unknown column", remedy)
    if "id" not in names:
        yield Finding(
            ("id",), None, "the column is missing", "Begin the file with a header line that names id"
        )


def _read_row(row: dict[str, str], line: int, found: Items) -> None:
    if None in row or None in row.values():
        finding = Finding((), None, "not as many cells as the header", "Quote cells that hold a comma")
        found.findings.append((line, finding))
        return
    data = {key: value for key, value in row.items() if value and not key.startswith("fields.")}
    fields = {key[7:]: value for key, value in row.items() if value and key.startswith("fields.")}
    whole = {"item": {**data, "tags": row.get("tags", "").split(), "fields": fields}}
    item: Item | None = None
    try:
        item = _Row.model_validate(whole).item
    except ValidationError as error:
        wrong = findings(error.errors(), whole, _Row)
        found.findings += [(line, replace(finding, path=finding.path[1:])) for finding in wrong]
        item = _without(whole, [finding.path for finding in wrong])
    if item is not None:
        found.items.append(item)
        found.lines.append(line)


def _without(whole: dict[str, Any], wrong: list[KeyPath]) -> Item | None:
    """What is left of a row without its wrong cells: it is checked against other tables like the others."""
    try:
        return _Row.model_validate(without(whole, wrong)[0]).item
    except ValidationError:
        return None
