"""Impinj R700, R710 and R720 with the IoT device interface, through a broker."""

from typing import Literal

from drivers.codecs import impinj
from drivers.subscriber import Subscriber


class Impinj(Subscriber):
    """One reader.

    topic     its eventTopic
    presence  its willTopic, with its willMessage as `down` and its connectMessage as `up`
    """

    kind: Literal["impinj"] = "impinj"

    def session(self) -> impinj.Session:
        """What understands its messages."""
        return impinj.Session(self.told_presence())
