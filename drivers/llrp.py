"""Fixed readers that speak LLRP 1.0.1 or 1.1: Impinj, Zebra, ThingMagic, Alien, CSL, Intermec, Keonn and others."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from drivers.base import Driver, Link
from drivers.codecs.llrp_setup import GpiTrigger, PeriodicTrigger, Radio, Reading, SearchMode
from drivers.llrp_connection import Connection
from drivers.streams import address, open_stream
from drivers.trust import TlsTrust

PORT, TLS_PORT = 5084, 5085

Port = Annotated[int, Field(ge=1, le=0xFFFF)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AntennaRadio(_Setting):
    """How the antenna at `port` transmits (0 = those without an entry): power in dBm, RF mode; None = as the reader is set."""

    port: int = Field(default=0, ge=0, le=0xFFFF)
    power: float | None = Field(default=None, ge=-20, le=40)
    rf_mode: int | None = Field(default=None, ge=0, le=0xFFFF)


class GpiStart(_Setting):
    """Read for `hold` seconds from when input `gpi` goes to `high`."""

    gpi: Port
    hold: Seconds
    high: bool = True


class PeriodicStart(_Setting):
    """Read for `duration` seconds every `period` seconds."""

    period: Seconds
    duration: Seconds


class Llrp(Driver):
    """One reader. Settings that are left out stay as the reader has them, but for those with a default here.

    url        tcp://HOST[:5084], tls://HOST[:5085], or listen://ADDRESS[:5084] if the reader calls us
    radio      power and RF mode, per antenna; tari in ns goes with an RF mode
    session    Gen2 session; search: Impinj only, dual target if not told, so that what stays goes on being heard
    report_every  tags per report: above 1 a lone tag waits until others come
    trigger    when to read; always, if not told
    keepalive  s between signs of life; 1 with an antenna at a portal, else 5, if not told
    """

    usual_ports = (PORT, TLS_PORT)
    kind: Literal["llrp"] = "llrp"
    url: str
    tls: TlsTrust = TlsTrust()
    radio: tuple[AntennaRadio, ...] = ()
    session: int = Field(default=1, ge=0, le=3)
    search: SearchMode | None = None
    tag_population: int = Field(default=32, ge=1, le=0xFFFF)
    tari: int = Field(default=0, ge=0, le=0xFFFF)
    phase: bool = False
    doppler: bool = False
    channel: bool = True
    report_every: int = Field(default=1, ge=1, le=0xFFFF)
    trigger: GpiStart | PeriodicStart | None = None
    keepalive: float | None = Field(default=None, ge=0.1, le=60)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        address(url, PORT, TLS_PORT)
        return url

    @model_validator(mode="after")
    def _agree(self) -> Self:
        ports = [radio.port for radio in self.radio]
        if len(set(ports)) < len(ports):
            raise ValueError("radio names a port twice; give each antenna one entry")
        known = self._ports()
        strange = sorted(set(ports) - {0, *known})
        if strange:
            raise ValueError(
                f"radio names port {strange[0]}, which is not among antennas; list it there by its number"
            )
        if self.tari and all(radio.rf_mode is None for radio in self.radio):
            raise ValueError("tari goes with an RF mode; add rf_mode to radio, or leave tari out")
        return self

    def _ports(self) -> tuple[int, ...]:
        """The antennas that shall read; none = all, if one entry stands for any."""
        ports = sorted({antenna.port for antenna in self.antennas})
        return () if 0 in ports else tuple(ports)

    def reading(self) -> Reading:
        """These settings as the codec takes them."""
        trigger: GpiTrigger | PeriodicTrigger | None = None
        inputs = {eye.port for eye in self.gpi}
        match self.trigger:
            case GpiStart(gpi=port, hold=hold, high=high):
                trigger = GpiTrigger(port, hold, high)
                inputs.add(port)
            case PeriodicStart(period=period, duration=duration):
                trigger = PeriodicTrigger(period, duration)
        return Reading(
            antennas=self._ports(),
            radio={one.port: Radio(one.power, one.rf_mode) for one in self.radio},
            session=self.session,
            search=self.search,
            population=self.tag_population,
            tari=self.tari,
            phase=self.phase,
            doppler=self.doppler,
            channel=self.channel,
            report_every=self.report_every,
            trigger=trigger,
            keepalive=self.keepalive or self.usual_keepalive,
            inputs=tuple(sorted(inputs)),
        )

    async def run(self, link: Link) -> None:
        """Read until the connection is lost; a cancellation ends it cleanly."""
        async with open_stream(address(self.url, PORT, TLS_PORT), self.tls.trust()) as stream:
            await Connection(self.reading(), stream, link, self.id).run()
