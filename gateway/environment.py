"""Keys of plain tables from the environment, which go before those of the file: WAYPOST_JOURNAL__PATH."""

import json
import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import get_args

from drivers.secret import SecretName, is_name
from gateway.problems import KeyPath
from gateway.schema import fields, forms
from gateway.settings import Tables
from gateway.validation import Finding

PREFIX = "WAYPOST_"
_BETWEEN = "__"
Values = dict[str, object]


def applied(data: Mapping[str, object]) -> tuple[Values, list[Finding]]:
    """The tables of the file with the values of the environment in them; what is wrong with the variables' names."""
    found: Values = dict(data)
    if not any(_table(name) in Tables.model_fields for name in os.environ):
        return found, list(_strangers())  # the library is slow to load, and the daemon starts without it
    for table, value in _values().items():
        if isinstance(value, dict):
            value = {key: _named((table, key), _listed(one)) for key, one in value.items()}
        before = found.get(table)
        both = isinstance(before, dict) and isinstance(value, dict)
        found[table] = {**before, **value} if both else value  # type: ignore[dict-item]
    return found, list(_strangers())


def variable(path: KeyPath) -> str | None:
    """The environment variable that the value at `path` came from, if it did."""
    names = {name.upper(): name for name in os.environ}
    for end in (1, 2):
        key = _BETWEEN.join(str(part) for part in path[:end]).upper()
        if PREFIX + key in names:
            return names[PREFIX + key]
    return None


def _values() -> Values:
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

    class Environment(Tables, BaseSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=_BETWEEN)

    source = EnvSettingsSource(Environment)
    try:
        return source()
    except SettingsError:  # a whole table as text: it is no table, and that is what the check will say
        tables = {_table(name): value for name, value in os.environ.items() if _BETWEEN not in name}
        return {table: value for table, value in tables.items() if table in Tables.model_fields}


def _listed(value: object) -> object:
    """A list is written in JSON; what is none stays as it is, and the check will say so."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("[") else value
    except ValueError:
        return value


def _named(path: KeyPath, value: object) -> object:
    """A secret may stand in a variable, and is then called after it: settings hold names of secrets only."""
    table, key = path[:1], str(path[1])
    annotations = [fields(form).get(key) for form in forms(Tables, table, None)]
    secret = any(SecretName in (annotation, *get_args(annotation)) for annotation in annotations)
    if not secret or not isinstance(value, str) or is_name(value):
        return value
    return f"env:{variable(path)}"


def _table(name: str) -> str:
    """The table that a variable would belong to, empty if it is not one of ours."""
    if not name.upper().startswith(PREFIX):
        return ""
    return name.upper()[len(PREFIX) :].partition(_BETWEEN)[0].lower()


def _strangers() -> Iterator[Finding]:
    """Variables that look like keys of tables that do not exist; others may be the names of secrets."""
    for name in sorted(os.environ):
        table = _table(name)
        if table and _BETWEEN in name and table not in Tables.model_fields:
            close = get_close_matches(table, Tables.model_fields, n=1)
            remedy = f"Write {PREFIX}{close[0].upper()}{_BETWEEN}..., or unset it" if close else "Unset it"
            yield Finding((name,), None, f"there is no table {table}, so it is ignored", remedy, "warning")
