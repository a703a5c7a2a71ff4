"""Values as TOML text (TOML 1.0), for tables that a person pastes into a configuration."""

from collections.abc import Mapping, Sequence

from gateway.discover.finding import Value

_WIDE = 100
"""Columns beyond which an array of tables goes over several lines."""

_BARE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def text(value: Value) -> str:
    """On one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{"".join(map(_sign, value))}"'
        case int() | float():
            return str(value)
        case Mapping():
            inside = ", ".join(f"{key(name)} = {text(one)}" for name, one in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            return f"[ {', '.join(map(text, value))} ]" if value else "[]"


def entry(name: str, value: Value) -> str:
    """`name = value`; a long array has a line for each of its values."""
    line = f"{key(name)} = {text(value)}"
    if len(line) <= _WIDE or isinstance(value, str) or not isinstance(value, Sequence):
        return line
    inside = "".join(f"    {text(one)},\n" for one in value)
    return f"{key(name)} = [\n{inside}]"


def key(name: str) -> str:
    """Bare where it may be."""
    return name if name and set(name) <= _BARE else text(name)


def comment(words: str) -> str:
    """One line that is none of the table's; devices choose some of its words."""
    return "# " + " ".join("".join(one if one.isprintable() else " " for one in words).split())


def _sign(sign: str) -> str:
    if sign in _SHORT:
        return _SHORT[sign]
    if sign.isprintable():
        return sign
    code = ord(sign)
    if 0xD800 <= code <= 0xDFFF:  # a lone surrogate is no character, and TOML has no word for it
        return "\\uFFFD"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
