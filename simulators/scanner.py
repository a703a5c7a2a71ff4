"""A plain serial scanner: it says what it reads, and listens to nobody."""

from simulators.labels import Printed
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule


class SimulatedScanner(SimulatedModule):
    """Without its line. suffix: what it is set to send behind a code; aim: does it send AIM identifiers?"""

    def __init__(self, suffix: bytes = b"\r\n", aim: bool = True) -> None:
        super().__init__()
        self.suffix = suffix
        self.aim = aim

    @property
    def reading(self) -> bool:
        return True

    def read(self, label: Printed) -> bytes:
        """What it says of a label before it."""
        self.ledger["told"] += 1
        identifier = f"]{label.identifier}" if self.aim else ""
        return f"{identifier}{label.text}".encode() + self.suffix

    def receive(self, data: bytes, now: int) -> bytes:
        return b""

    def see(self, sighting: Sighting, now: int) -> bytes:
        """It has no radio."""
        self.ledger["unheard"] += 1
        return b""

    def due(self) -> int | None:
        return None

    def advance(self, now: int) -> bytes:
        return b""

    def power_cycle(self) -> None:
        """It has nothing to forget."""
