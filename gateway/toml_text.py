"""Values as TOML 1.0 writes them, with no sign that a terminal would obey: devices choose some of them."""

import json
from collections.abc import Mapping

_WIDE = 100
"""Columns beyond which a list has a line for each of its values."""


def inline(value: object) -> str:
    """Text, numbers, truth values, and lists and tables of them; a key whose value is None is left out.

    Raises TypeError for anything else.
    """
    if isinstance(value, (str, bool, int)):
        return "".join(map(_sign, json.dumps(value, ensure_ascii=False)))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)} = {inline(one)}" for key, one in value.items() if one is not None]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(inline(one) for one in value)}]"
    raise TypeError(f"TOML has no way to write {type(value).__name__}")


def entry(key: str, value: object) -> str:
    """`key = value`; a long list has a line for each of its values."""
    line = f"{_key(key)} = {inline(value)}"
    if len(line) <= _WIDE or not isinstance(value, (list, tuple)):
        return line
    lines = [f"    {inline(one)}," for one in value]
    return "\n".join([f"{_key(key)} = [", *lines, "]"])


def comment(words: str) -> str:
    """One line that says nothing to a parser."""
    return "# " + " ".join("".join(one if one.isprintable() else " " for one in words).split())


def _sign(sign: str) -> str:
    """Of a string of JSON, which is one of TOML but for these."""
    if sign.isprintable():
        return sign
    code = ord(sign)
    if 0xD800 <= code < 0xE000:  # half of a surrogate pair is no character, and TOML cannot say it
        return "\\uFFFD"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _key(key: object) -> str:
    text = str(key)
    bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if bare else inline(text)
