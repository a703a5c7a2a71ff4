"""Settings that go before those of the file: `--set portal.dock-1.gap=3`, named as a person would name them.

A table of a list is named by its id. The value is TOML, or text where it is none. What comes of it is checked as the
file is, so that a wrong value is told in the same words.
"""

import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from gateway.problems import KeyPath

LISTED = ("zone", "portal", "device", "item")
"""Lists of tables that have ids."""
PLAIN = ("site", "tags")
"""Tables of their own."""


class BadOverride(ValueError):
    """The text names nothing that can be set; the message says what, why and what to write."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The tables of a file with other values in them. `named`: which path was set by which key."""

    tables: dict[str, Any]
    named: Mapping[KeyPath, str] = field(default_factory=dict)


def overridden(tables: Mapping[str, object], texts: Iterable[str]) -> Overrides:
    """Copies of the tables with the settings of `texts`, each KEY=VALUE. Raises BadOverride."""
    found: dict[str, Any] = deepcopy(dict(tables))
    named: dict[KeyPath, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not value.strip():
            raise BadOverride(f"--set {text}: says no value; write it as portal.dock-1.gap=3")
        path = _path(found, key)
        if path[-1] == "id":
            raise BadOverride(f"--set {key}: an id cannot be set: events are called by it; edit the file")
        _put(found, path, _value(value.strip()), key)
        named[path] = key
    return Overrides(found, named)


def _path(tables: Mapping[str, object], key: str) -> KeyPath:
    table, _, rest = key.partition(".")
    if table in PLAIN and rest:
        return table, *rest.split(".")
    if table not in LISTED or not rest:
        raise BadOverride(
            f"--set {key}: no such setting; write TABLE.ID.KEY with one of {', '.join(LISTED)}, "
            f"or {' or '.join(f'{one}.KEY' for one in PLAIN)}"
        )
    ids = _ids(tables.get(table))
    # an id may have dots: the longest that fits is meant
    fitting = [id for id in ids if rest.startswith(id + ".")]
    if not fitting:
        name = rest.rpartition(".")[0] or rest
        near = get_close_matches(name, ids, 1, 0.5)
        remedy = f"write {near[0]}" if near else f"the file has {', '.join(ids) or 'none'}"
        raise BadOverride(f"--set {key}: the file has no {table} {name!r}; {remedy}")
    id = max(fitting, key=len)
    return table, ids[id], *rest[len(id) + 1 :].split(".")


def _ids(rows: object) -> dict[str, int]:
    listed = rows if isinstance(rows, list) else []
    return {str(row["id"]): at for at, row in enumerate(listed) if isinstance(row, dict) and "id" in row}


def _put(tables: dict[str, object], path: KeyPath, value: object, key: str) -> None:
    node: object = tables
    for part in path[:-1]:
        if isinstance(node, dict):
            node = node.setdefault(part, {})
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
    if not isinstance(node, dict):
        raise BadOverride(
            f"--set {key}: there is no table in which {path[-1]} could stand; set the whole of it"
        )
    node[path[-1]] = value


def _value(text: str) -> object:
    """As TOML has it; a bare word is text."""
    try:
        found = tomllib.loads(f"value = {text}\n")
    except tomllib.TOMLDecodeError:
        return text
    return found["value"] if found.keys() == {"value"} else text
