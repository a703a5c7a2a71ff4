"""The kinds of devices that a configuration may name."""

from typing import Annotated

from pydantic import Field

from drivers.json_mqtt import JsonMqtt
from drivers.llrp import Llrp
from drivers.m100 import M100
from drivers.mercury import Mercury
from drivers.recorded import Recorded
from drivers.uhfreader import UhfReader
from drivers.zebra import Zebra

Device = Annotated[
    JsonMqtt | Llrp | M100 | Mercury | Recorded | UhfReader | Zebra, Field(discriminator="kind")
]
"""A [[device]] of any kind."""
