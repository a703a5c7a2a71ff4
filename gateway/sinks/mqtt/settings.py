"""[mqtt]: the broker, and what it is told."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from gateway.mqtt.table import BrokerTable
from gateway.sinks.settings import SinkTable, once


def _prefix(topic: str) -> str:
    levels = topic.split("/")
    if not all(levels) or set(topic) & set("+#\0") or topic.startswith("$") or len(topic) > 200:
        raise ValueError(
            "is no beginning of a topic; write words with / between them, without +, # and $, at most 200 characters"
        )
    return topic


class MqttSettings(BrokerTable, SinkTable):
    """[mqtt]: a broker (gateway.mqtt.table), and

    prefix     first levels of every topic
    streams    what is published message by message; states are always published
    """

    prefix: Annotated[str, AfterValidator(_prefix)] = "waypost"
    streams: Annotated[tuple[Literal["events", "gaps"], ...], AfterValidator(once)] = ("events", "gaps")
