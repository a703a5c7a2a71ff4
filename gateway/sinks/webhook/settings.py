"""[webhook]: where rows are posted to, and how the receiver knows that they are ours."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from drivers.secret import SecretName, is_name
from gateway.sinks.settings import SinkTable, Streams

_FORM = "write https://HOST/PATH"


def check_url(url: str) -> None:
    """Raises ValueError, whose text is "reason; remedy" and does not repeat the URL: a secret may stand in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"is no URL; {_FORM}") from None
    if "@" in parts.netloc:
        raise ValueError(
            'a secret may not stand in a URL; write url = "env:NAME", and the URL with it in that variable'
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f"is no address of a web server; {_FORM}")
    if parts.fragment:
        raise ValueError("has a fragment (#...), which is never sent; remove it")
    if not url.isascii() or any(character <= " " for character in url):
        raise ValueError(
            "has characters that a URL cannot have; write them as %XX, and a host's name in punycode"
        )


def _place(url: str) -> str:
    if not is_name(url):
        check_url(url)
    return url


class WebhookSettings(SinkTable):
    """[webhook]

    url      http:// or https://, or the name of the secret that has it: many receivers put a token into it
    secret   names the key of the signatures; None = bodies are not signed
    ca       PEM file of the authority that signed the receiver's certificate; None = those of the system
    timeout  seconds in which a request has to be answered
    """

    url: Annotated[str, AfterValidator(_place)]
    secret: SecretName | None = None
    ca: Path | None = None
    streams: Streams = ("events", "gaps")
    timeout: float = Field(default=10.0, ge=0.1, le=300)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.ca is not None and self.url.startswith("http://"):
            raise ValueError("http:// has no certificates; write https://, or remove ca")
        return self
