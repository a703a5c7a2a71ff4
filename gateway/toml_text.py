"""Values as TOML 1.0 writes them on one line."""

import json
from collections.abc import Mapping


def inline(value: object) -> str:
    """Text, numbers, truth values, and lists and tables of them; a key whose value is None is left out.

    Raises TypeError for anything else.
    """
    if isinstance(value, (str, bool, int)):
        written = json.dumps(value, ensure_ascii=False)
        return written.replace("\x7f", "\\u007F")  # a string of JSON is one of TOML, but for DEL
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)} = {inline(one)}" for key, one in value.items() if one is not None]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(inline(one) for one in value)}]"
    raise TypeError(f"TOML has no way to write {type(value).__name__}")


def _key(key: object) -> str:
    text = str(key)
    bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if bare else inline(text)
