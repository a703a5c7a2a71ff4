"""Which keys a table of the configuration knows: for suggestions, and for the reference file's test."""

from collections.abc import Iterator
from dataclasses import MISSING, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from drivers.base import Settings
from drivers.catalog import every
from gateway.problems import KeyPath


def known_keys(root: type, path: KeyPath, data: object) -> list[str]:
    """The keys that may stand in the table at `path` below `root`; `data` tells which kind of device it is."""
    return sorted({key for one in forms(root, path, data) for key in fields(one)})


def forms(root: type, path: KeyPath, data: object) -> list[type]:
    """The models and dataclasses that the table at `path` may be; more than one where it is a choice of several."""
    classes = [root]
    for part in path:
        data = _below(data, part)
        if isinstance(part, str):
            classes = [below for one in classes for below in tables(fields(one).get(part))]
    return _of_kind(classes, data)


def fields(table: type) -> dict[str, Any]:
    """Key -> annotation."""
    hints = get_type_hints(table, include_extras=True)
    if issubclass(table, BaseModel):
        return {name: hints[name] for name in table.model_fields}
    return {name: hints[name] for name in table.__dataclass_fields__}  # type: ignore[attr-defined]


def required(table: type) -> list[str]:
    """The keys that have no default."""
    if issubclass(table, BaseModel):
        return [name for name, field in table.model_fields.items() if field.is_required()]
    entries = table.__dataclass_fields__  # type: ignore[attr-defined]
    return [
        name
        for name, entry in entries.items()
        if entry.default is MISSING and entry.default_factory is MISSING
    ]


def tables(annotation: object) -> Iterator[type]:
    """The models and dataclasses that an annotation names, at any depth."""
    if annotation is Settings:
        yield from every()
        return
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if is_dataclass(annotation) or issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in get_args(annotation):
        yield from tables(inner)


def kind_of(table: type) -> str | None:
    """The value of a device model's `kind`."""
    annotation = fields(table).get("kind")
    choices = get_args(annotation)
    return choices[0] if get_origin(annotation) is Literal and len(choices) == 1 else None


def _of_kind(classes: list[type], data: object) -> list[type]:
    kind = data.get("kind") if isinstance(data, dict) else None
    same = [one for one in classes if kind is not None and kind_of(one) == kind]
    return same or classes


def _below(data: object, part: str | int) -> object:
    try:
        return data[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return None
