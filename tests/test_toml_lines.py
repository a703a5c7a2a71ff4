"""The scanner finds every key that tomllib finds, on the line where the writer put it."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.problems import KeyPath
from gateway.toml_lines import key_lines


def paths(node: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every path of a parsed document but the arrays of tables themselves."""
    if path:
        yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from paths(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from paths(value, (*path, index))


DOCUMENT = '''# a comment with [brackets] and "quotes
title = "a # no comment" # one
dotted.key."quoted \\" key" = 1
[site]
id = 'leeds'
text = """
[not.a.table]
x = 1 \\""" still
"""
literal = \'\'\'
[[neither]]\'\'\'
[[zone]]
id = "a"
polygon = [
  [1, 2],   # first
  [3, 4],
]
[zone.deep]
x = { a = 1, b = [ { c = 2 },
   { c = 3 } ] }
[[zone]]
id = "b"
[[zone.part]]
n = 1
[[zone.part]]
n = 2024-01-01 00:00:00
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("dotted", "key", 'quoted " key'), 3),
        (("site",), 4),
        (("site", "text"), 6),
        (("site", "literal"), 10),
        (("zone", 0), 12),
        (("zone", 0, "polygon"), 14),
        (("zone", 0, "polygon", 0), 15),
        (("zone", 0, "polygon", 1), 16),
        (("zone", 0, "polygon", 1, 1), 16),
        (("zone", 0, "deep", "x", "b", 0, "c"), 19),
        (("zone", 0, "deep", "x", "b", 1, "c"), 20),
        (("zone", 1), 21),
        (("zone", 1, "part", 1, "n"), 26),
    ],
)
def test_each_kind_of_key_has_its_line(path: KeyPath, line: int) -> None:
    assert key_lines(DOCUMENT)[path] == line


def test_every_path_of_the_document_has_a_line() -> None:
    assert set(paths(tomllib.loads(DOCUMENT))) == set(key_lines(DOCUMENT))


KEYS = st.one_of(
    st.text("abcXYZ019_-", min_size=1, max_size=6),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
)
SCALARS = st.sampled_from(
    [
        "1",
        "-0.5e3",
        "true",
        "'x#]}'",
        '"a \\" , ] }"',
        '"""two\n# lines ] """',
        "'''l\n,'''",
        "07:32:00",
        "inf",
    ]
)
SPACE = st.sampled_from(["", " ", "\n", " # c ] }\n  "])


def array(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(st.tuples(SPACE, items, SPACE), max_size=3)
    return parts.map(lambda cells: "[" + ",".join(a + b + c for a, b, c in cells) + "]")


def table(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(st.tuples(KEYS, items), max_size=3)
    return parts.map(lambda cells: "{ " + ", ".join(f"{key} = {value}" for key, value in cells) + " }")


VALUES = st.recursive(SCALARS, lambda inner: array(inner) | table(inner), max_leaves=8)
LINES = st.one_of(
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[{' . '.join(keys)}]"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[[ {'.'.join(keys)} ]]  # c"),
    st.tuples(st.lists(KEYS, min_size=1, max_size=2), VALUES).map(lambda p: f"{'.'.join(p[0])} = {p[1]}"),
    st.just("# comment = 1"),
    st.just(""),
)


@settings(max_examples=300)
@given(st.lists(LINES, max_size=8))
def test_any_document_that_tomllib_takes(lines: list[str]) -> None:
    kept: list[str] = []
    for line in lines:  # leave out what collides with what stands before it
        try:
            tomllib.loads("\n".join([*kept, line]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(line)
    text = "\n".join(kept)
    found = key_lines(text)
    assert set(found) == set(paths(tomllib.loads(text)))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@settings(max_examples=100)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_the_line_is_the_one_it_was_written_on(values: list[str]) -> None:
    text, expected = "", {}
    for number, value in enumerate(values):
        expected[(f"k{number}",)] = text.count("\n") + 1
        text += f"k{number} = {value}\n"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a key twice in one inline table
    found = key_lines(text)
    assert {path: found[path] for path in expected} == expected
