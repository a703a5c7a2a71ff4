"""[[broker]]: a broker through which devices talk."""

from typing import Literal

from pydantic import Field

from core.site import ID
from gateway.mqtt.table import BrokerTable


class BrokerSettings(BrokerTable):
    """[[broker]]: a broker (gateway.mqtt.table), and

    id        how devices name it
    protocol  version of MQTT: 5, or "3.1.1" for brokers that know no other
    """

    id: str = Field(pattern=f"^{ID.pattern}$")
    protocol: Literal[5, "3.1.1"] = 5
