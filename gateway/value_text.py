"""A value of the configuration as an operator may see it: one short line, without the secrets in it."""

import re
from collections.abc import Mapping

from gateway.problems import KeyPath

HIDDEN = "***"
MOST = 60
"""Characters that are shown."""
_SECRET_KEY = re.compile(
    r"dsn|passw|passphrase|pwd|secret|token|credential|private|(?:^|[_.-]|api|access)key$", re.IGNORECASE
)
_NAMED = re.compile(r"(?:env|credential):[A-Za-z_][A-Za-z0-9_.-]*")
_USERINFO = re.compile(r"(?<=://)([^/?#\s@:]*):[^\s]*@")
_PARAMETER = re.compile(r"((?:passw[a-z]*|pwd|secret|token|[a-z_]*key)\s*=\s*)[^&;\s]+", re.IGNORECASE)


def shown(value: object, path: KeyPath = ()) -> str:
    """The value in the notation of TOML or near it, cut at 60 characters.

    Under a key of `path` that looks like one for secrets nothing is shown but the name of a secret (env:NAME);
    elsewhere the password of a URL and those among its parameters are left out, whether or not the key is known.
    """
    if any(isinstance(part, str) and _SECRET_KEY.search(part) for part in path):
        text = _secret(value)
    else:
        text = _plain(value)
    return text if len(text) <= MOST else text[: MOST - 3] + "..."


def _secret(value: object) -> str:
    return repr(value) if isinstance(value, str) and _NAMED.fullmatch(value) else HIDDEN


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(_PARAMETER.sub(rf"\1{HIDDEN}", _USERINFO.sub(rf"\1:{HIDDEN}@", value)))
    if isinstance(value, Mapping):
        entries = (f"{key} = {shown(one, (str(key),))}" for key, one in value.items())
        return f"{{ {', '.join(entries)} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_plain(one) for one in value)}]"
    return str(value)
