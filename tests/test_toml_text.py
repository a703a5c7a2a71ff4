"""Values on one line of TOML: gateway/toml_text.py; what a parser reads is what was written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.toml_text import inline

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)


@given(value=VALUES)
def test_it_is_read_as_it_was(value: object) -> None:
    text = inline(value)
    assert "\n" not in text
    assert tomllib.loads(f"value = {text}") == {"value": value}


def test_none_is_left_out_and_a_tuple_is_a_list() -> None:
    assert inline({"a": None, "b c": (1, "x")}) == '{ "b c" = [1, "x"] }'
    assert inline({"a": None}) == "{}"


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="no way to write bytes"):
        inline([b"x"])
