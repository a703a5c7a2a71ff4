"""Where a webhook is, taken apart; nothing of it that may be a secret is ever shown."""

import base64
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from drivers.secret import is_name, reveal
from gateway.sinks.contract import Refused
from gateway.sinks.webhook.settings import WebhookSettings, check_url

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver. `str` of it is what may be shown: scheme, host and port.

    path           with the query, as it is requested
    authorization  header for a name and a password in the URL (RFC 7617), None if there are none
    context        for https
    """

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    authorization: str | None = field(repr=False)
    context: ssl.SSLContext | None = field(repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def target(settings: WebhookSettings, folder: Path) -> Target:
    """Blocks for the files of certificates. Raises Refused.

    folder  of the configuration file, from which `ca` counts
    """
    url = revealed(settings.url, "url")
    bare, userinfo = _without_userinfo(url)
    try:
        check_url(bare)
    except ValueError as error:
        reason, _, remedy = str(error).partition("; ")
        raise Refused(f"the url behind {settings.url} of [webhook] {reason}; {remedy}") from None
    parts = urlsplit(bare)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    encoded = base64.b64encode(unquote(userinfo).encode()).decode()
    return Target(
        parts.scheme,
        parts.hostname or "",
        parts.port or _PORTS[parts.scheme],
        path,
        f"Basic {encoded}" if userinfo else None,
        _context(parts.scheme, settings.ca, folder),
    )


def revealed(text: str, key: str) -> str:
    """The secret if `text` names one, else itself. Raises Refused if it is not there."""
    try:
        return reveal(text) if is_name(text) else text
    except LookupError as error:
        raise Refused(f"the {key} of [webhook] is not there: {error}") from None


def _without_userinfo(url: str) -> tuple[str, str]:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    userinfo, _, host = authority.rpartition("@")
    return f"{scheme}{separator}{host}{slash}{path}", userinfo


def _context(scheme: str, ca: Path | None, folder: Path) -> ssl.SSLContext | None:
    if scheme != "https":
        return None
    if ca is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=folder / ca)
    except ssl.SSLError as error:
        raise Refused(
            f"ca = {str(ca)!r} of [webhook] is no usable PEM file ({error.reason or error})"
        ) from None
    except OSError as error:
        raise Refused(f"ca = {str(ca)!r} of [webhook] cannot be read: {error.strerror or error}") from None
