"""Secrets are named in the configuration, never written there."""

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

_NAME = re.compile(r"(env|credential):([A-Za-z_][A-Za-z0-9_.-]*)")


def _named(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        # The text itself may be the secret, so it is not repeated here.
        raise ValueError("a secret may not stand in the file; write env:NAME or credential:NAME")
    return text


SecretName = Annotated[str, AfterValidator(_named)]
"""`env:NAME` (an environment variable) or `credential:NAME` (systemd's LoadCredential=)."""


def is_name(text: str) -> bool:
    """Is this the name of a secret, and not the secret?"""
    return _NAME.fullmatch(text) is not None


def reveal(name: str) -> str:
    """The secret behind a `SecretName`; LookupError says what is not set."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise LookupError("a secret is named env:NAME or credential:NAME")
    kind, key = found.groups()
    if kind == "env":
        return _from_environment(key)
    return _from_credentials(key)


def _from_environment(key: str) -> str:
    value = os.environ.get(key)
    if not value:
        raise LookupError(f"the environment variable {key} is not set; set it for the waypost service")
    return value


def _from_credentials(key: str) -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        raise LookupError(f"credential {key}: no CREDENTIALS_DIRECTORY; add LoadCredential={key} to the unit")
    try:
        return (Path(folder) / key).read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise LookupError(f"credential {key} cannot be read: {error.strerror}") from None
