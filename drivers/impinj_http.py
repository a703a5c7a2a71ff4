"""Impinj R700, R710 and R720 with the IoT device interface, by their event stream over HTTP."""

from typing import Literal

from pydantic import Field, field_validator

from drivers.base import Driver, Fatal, Link
from drivers.codecs.impinj_rest import BASE, Wanted
from drivers.codecs.impinj_session import WATCHDOG
from drivers.impinj_connection import talk
from drivers.secret import SecretName, reveal
from drivers.streams import WEB_SCHEMES, Address, address
from drivers.trust import TlsTrust
from drivers.web import PORT, TLS_PORT, WebServer


class ImpinjHttp(Driver):
    """One reader. Settings that are left out stay as the reader has them, but for those with a default here.

    url        https://HOST[:443], or http://HOST[:80], which anybody in the network can read
    password   names the secret of `user`
    preset     the inventory that shall run; whichever does, if not told
    claim      a reader whose RFID interface is LLRP is switched to the IoT device interface
    keepalive  s between its signs of life when there is nothing to tell; 1 with an antenna at a portal, else 5
    watchdog   s without a byte after which the stream has stalled
    """

    kind: Literal["impinj-http"] = "impinj-http"
    url: str
    tls: TlsTrust = TlsTrust()
    user: str = Field(default="root", min_length=1, pattern="^[^:]*$")
    password: SecretName
    preset: str | None = Field(default=None, min_length=1)
    claim: bool = False
    keepalive: int | None = Field(default=None, ge=1, le=300)
    watchdog: float = Field(default=WATCHDOG, ge=3, le=3600)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        _address(url)
        return url

    def wanted(self) -> Wanted:
        """What the reader is asked to do."""
        return Wanted(self.user, self.preset, self.keepalive or self.usual_keepalive, self.claim)

    async def run(self, link: Link) -> None:
        """Read until the connection is lost; a cancellation ends it cleanly."""
        try:
            password = reveal(self.password)
        except LookupError as error:
            raise Fatal(f"its password is not there: {error}") from None
        server = WebServer(_address(self.url), self.tls.trust(), self.user, password, BASE)
        await talk(server, self.wanted(), link, self.id, self.watchdog)


def _address(url: str) -> Address:
    return address(url, PORT, TLS_PORT, WEB_SCHEMES)
