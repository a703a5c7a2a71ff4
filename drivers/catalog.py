"""The kinds of devices that a configuration may name."""

from typing import Annotated

from pydantic import Field

from drivers.gpsd import Gpsd
from drivers.gt06 import Gt06
from drivers.impinj import Impinj
from drivers.impinj_http import ImpinjHttp
from drivers.json_mqtt import JsonFixes, JsonMqtt, JsonScans
from drivers.llrp import Llrp
from drivers.m100 import M100
from drivers.mercury import Mercury
from drivers.nmea import Nmea
from drivers.recorded import Recorded
from drivers.rfd import Rfd
from drivers.scanner import Scanner
from drivers.ssi import Ssi
from drivers.teltonika import Teltonika
from drivers.tsl import Tsl
from drivers.uhfreader import UhfReader
from drivers.wedge import Wedge
from drivers.zebra import Zebra

Device = Annotated[
    Gpsd
    | Gt06
    | Impinj
    | ImpinjHttp
    | JsonFixes
    | JsonMqtt
    | JsonScans
    | Llrp
    | M100
    | Mercury
    | Nmea
    | Recorded
    | Rfd
    | Scanner
    | Ssi
    | Teltonika
    | Tsl
    | UhfReader
    | Wedge
    | Zebra,
    Field(discriminator="kind"),
]
"""A [[device]] of any kind."""
