"""Values on one line of TOML: gateway/toml_text.py; what a parser reads is what was written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.toml_text import comment, entry, inline

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)


@given(value=VALUES)
def test_it_is_read_as_it_was(value: object) -> None:
    text = inline(value)
    assert text.isprintable()
    assert tomllib.loads(f"value = {text}") == {"value": value}


def test_none_is_left_out_and_a_tuple_is_a_list() -> None:
    assert inline({"a": None, "b c": (1, "x")}) == '{ "b c" = [1, "x"] }'
    assert inline({"a": None}) == "{}"


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="no way to write bytes"):
        inline([b"x"])


@given(TEXT, VALUES)
def test_an_entry_is_read_as_it_was(key: str, value: object) -> None:
    assert tomllib.loads(entry(key, value)) == {key: value}


def test_a_long_list_has_a_line_for_each_value() -> None:
    antennas = [{"port": port, "zone": "warehouse"} for port in range(1, 5)]
    lines = entry("antennas", antennas).splitlines()
    assert (lines[0], lines[1], len(lines)) == ("antennas = [", '    { port = 1, zone = "warehouse" },', 6)
    assert entry("antennas", antennas[:1]) == 'antennas = [{ port = 1, zone = "warehouse" }]'
    assert "\n" not in entry("name", "x" * 200)


@given(st.text())
def test_a_comment_is_one_line_whatever_a_device_calls_itself(words: str) -> None:
    line = comment(words)
    assert line.startswith("#")
    assert line.isprintable()
    assert tomllib.loads(line) == {}


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert tomllib.loads(entry("topic", "a\ud800b")) == {"topic": "a\ufffdb"}
