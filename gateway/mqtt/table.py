"""The keys that every table about an MQTT broker has: where it is, and who we are there."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.secret import SecretName

PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORM = "write mqtt://HOST:1883 or mqtts://HOST:8883"


def parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port.

    Raises ValueError, whose text is "reason; remedy" and does not repeat the URL: a secret may stand in it.
    """
    try:
        found = urlsplit(url)
        scheme, host, port = found.scheme, found.hostname, found.port
    except ValueError:
        raise ValueError(f"is no URL; {_FORM}") from None
    if "@" in found.netloc:
        raise ValueError('a secret may not stand in a URL; write username = "..." and password = "env:NAME"')
    if scheme not in PORTS or not host or port == 0:
        raise ValueError(f"is no address of an MQTT broker; {_FORM}")
    if found.path.strip("/") or found.query or found.fragment:
        raise ValueError(f"holds more than a host and a port; {_FORM}")
    return scheme, host, PORTS[scheme] if port is None else port


def _address(url: str) -> str:
    parts(url)
    return url


class BrokerTable(BaseModel):
    """Where a broker is, and how it knows us.

    url        mqtt://HOST[:1883] or mqtts://HOST[:8883] (TLS)
    ca         PEM file of the authority that signed the broker's certificate; None = those of the system
    cert, key  PEM files that show the broker who we are; the key may stand in `cert`
    client_id  unique on the broker; None = one made of the site and the machine
    keepalive  s of silence after which the connection is tested; the broker tells our will after 1.5 times as many
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_address)]
    username: str | None = Field(default=None, min_length=1)
    password: SecretName | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    client_id: str | None = Field(default=None, pattern=r"^[^\x00-\x1f]{1,256}$")
    keepalive: int = Field(default=30, ge=5, le=3600)

    @property
    def is_tls(self) -> bool:
        """Is the connection encrypted?"""
        return parts(self.url)[0] == "mqtts"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("a password is of no use without a name; add username")
        if self.key is not None and self.cert is None:
            raise ValueError("a key is of no use without its certificate; add cert")
        if not self.is_tls and (self.ca or self.cert):
            raise ValueError("mqtt:// has no certificates; write mqtts://, or remove ca, cert and key")
        return self
