"""From pydantic's errors to sentences for an operator, and to what is left of the file without them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from pydantic_core import ErrorDetails

from gateway.problems import KeyPath
from gateway.schema import fields, forms, known_keys, required
from gateway.value_text import shown

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""What pydantic calls a key that a table does not have."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a key path; its place in a file is not known here."""

    path: KeyPath
    value: str | None
    reason: str
    remedy: str
    level: Literal["error", "warning"] = "error"


def findings(errors: Iterable[ErrorDetails], data: dict[str, Any], root: type) -> list[Finding]:
    """One finding per key: of a union's alternatives that all failed, the one with the least errors speaks.

    Where none is nearer than the others, or the keys are of several, all of them are told.
    """
    alternatives: dict[KeyPath, dict[str | int, list[tuple[KeyPath, ErrorDetails]]]] = {}
    for error in errors:
        path, union, name = _in_data(error, data)
        alternatives.setdefault(union, {}).setdefault(name, []).append((path, error))
    found: dict[KeyPath, Finding] = {}
    for union, several in alternatives.items():
        nearest, *others = sorted(several.values(), key=len)
        tables = forms(root, union, data) if others else []
        if len(tables) > 1 and (len(nearest) == len(others[0]) or _is_mixed(nearest, tables)):
            found.setdefault(union, _no_form(union, _at(union, data), tables))
            continue
        for path, error in nearest:
            found.setdefault(path, _finding(error, path, data, root))
    return list(found.values())


def _is_mixed(errors: list[tuple[KeyPath, ErrorDetails]], tables: list[type]) -> bool:
    """Is a key that one form does not know a key of another?"""
    known = {key for table in tables for key in fields(table)}
    return any(path[-1] in known for path, error in errors if error["type"] in _UNKNOWN)


def _no_form(path: KeyPath, value: object, tables: list[type]) -> Finding:
    written = " or ".join(f"{{ {', '.join(f'{key} = ...' for key in required(one))} }}" for one in tables)
    return Finding(path, shown(value, path), "fits none of the forms that it may have", f"Write {written}")


def _in_data(error: ErrorDetails, data: object) -> tuple[KeyPath, KeyPath, str | int]:
    """The path without what pydantic puts between: tags of a discriminated union, names of alternatives.

    Then where the last such name stood, and the name; the path itself and nothing where there was none.
    """
    path: list[str | int] = []
    union: KeyPath | None = None
    name: str | int = ""
    node, loc = data, error["loc"]
    for position, part in enumerate(loc):
        inside = _child(node, part)
        if inside is not _ABSENT:
            path.append(part)
            node = inside
        elif error["type"] == "missing" and position == len(loc) - 1:
            path.append(part)
        else:
            union, name = tuple(path), part
    return tuple(path), tuple(path) if union is None else union, name


_ABSENT = object()


def _child(node: object, part: str | int) -> object:
    if isinstance(node, dict):
        return node.get(part, _ABSENT)
    if isinstance(node, list | tuple) and isinstance(part, int) and part < len(node):
        return node[part]
    return _ABSENT


def _finding(error: ErrorDetails, path: KeyPath, data: dict[str, Any], root: type) -> Finding:
    kind = error["type"]
    value: str | None = shown(error["input"], path)
    if kind in _UNKNOWN:
        return Finding(path, value, "unknown key", _suggestion(path, data, root))
    if kind == "missing" and path and isinstance(path[-1], int):
        return Finding(path, None, "is missing", f"Write {path[-1] + 1} values or more")
    if kind == "missing":
        return Finding(path, None, "is missing", f"Add {path[-1]}")
    if kind.startswith("union_tag"):
        path = (*path, "kind")
        tags = str(error.get("ctx", {}).get("expected_tags", "one of the kinds of devices"))
        return Finding(path, shown(_at(path, data), path), "no such kind of device", f"Use {tags}")
    if kind == "value_error":
        reason, _, remedy = str(error["ctx"]["error"]).partition("; ")
        if "secret" in reason:
            value = None
        return Finding(path, value, reason, sentence(remedy or "Correct the value"))
    return Finding(path, value, *_wrong_value(error))


def _wrong_value(error: ErrorDetails) -> tuple[str, str]:
    kind, ctx = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return "not one of the choices", f"Use {ctx['expected']}"
    if kind == "string_pattern_mismatch":
        return (
            "not an id",
            "Use letters, digits, dot, underscore and hyphen, at most 64, not beginning with a sign",
        )
    if kind in _EXPECTED:
        return "wrong type of value", f"Write {_EXPECTED[kind]}"
    if kind == "too_long":
        return "too many values", f"Write at most {ctx['max_length']}"
    expected = error["msg"].removeprefix("Input should be ").split(",")[0]
    if kind.startswith(("greater_than", "less_than")):
        return "out of range", f"Write a value {expected}"
    return "wrong type of value", f"Write {expected}"


_EXPECTED = {
    "path_type": "a path",
    "tuple_type": "a list, [...]",
    **dict.fromkeys(("dict_type", "model_type", "dataclass_type"), "a table"),
}
"""Where pydantic would speak of Python."""


def _suggestion(path: KeyPath, data: dict[str, Any], root: type) -> str:
    known = known_keys(root, path[:-1], data)
    close = get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    if close:
        return f"Write {close[0]}, or remove it"
    return f"Remove it; known here: {', '.join(sorted(known))}"


def sentence(text: str) -> str:
    """The text with a capital letter and without a full stop."""
    return (text[:1].upper() + text[1:]).removesuffix(".")


def _at(path: KeyPath, data: object) -> object:
    for part in path:
        data = _child(data, part)
    return None if data is _ABSENT else data


def without(data: dict[str, Any], paths: Iterable[KeyPath]) -> tuple[dict[str, Any], dict[KeyPath, KeyPath]]:
    """The data without the wrong values, and where each table and array element that is left stood before.

    A wrong value goes alone; a table whose required key is missing or wrong goes whole. So the rest can still
    be checked, and all errors are told at once.
    """
    moved: dict[KeyPath, KeyPath] = {}
    kept = _kept(data, (), (), set(paths), moved)
    return kept if isinstance(kept, dict) else {}, moved


def _kept(
    node: object, old: KeyPath, new: KeyPath, wrong: set[KeyPath], moved: dict[KeyPath, KeyPath]
) -> object:
    moved[new] = old
    if isinstance(node, dict):
        return {
            key: _kept(value, (*old, key), (*new, key), wrong, moved)
            for key, value in node.items()
            if (*old, key) not in wrong
        }
    if isinstance(node, list):
        return list(_kept_elements(node, old, new, wrong, moved))
    return node


def _kept_elements(
    node: list[object], old: KeyPath, new: KeyPath, wrong: set[KeyPath], moved: dict[KeyPath, KeyPath]
) -> Iterator[object]:
    count = 0
    for index, value in enumerate(node):
        place = (*old, index)
        # what is wrong but not in the data is a missing key: nothing of its table can be used
        hollow = any(path[:-1] == place and _child(value, path[-1]) is _ABSENT for path in wrong)
        if place not in wrong and not hollow:
            yield _kept(value, place, (*new, count), wrong, moved)
            count += 1
