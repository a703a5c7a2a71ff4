"""An M100 or R200 module: one antenna, no clock, no keepalive; polls so often as it is told, and then falls silent."""

from binascii import crc_hqx

from drivers.codecs import m100
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule

ROUND = 20_000
"""Microseconds of one poll; the vendor claims 50 tags a second."""

_NAMES = (b"M100 26dBm V1.0", b"V2.3.5", b"MagicRF")


class SimulatedM100(SimulatedModule):
    """Without its line; `region` and `power` (cdBm) are kept over a power cycle, polling is not.

    regions, most_power  what this variant accepts;  framing  the only one that it understands
    """

    def __init__(
        self,
        regions: tuple[int, ...] = (1, 2, 3, 4, 6),
        most_power: int = 2600,
        framing: m100.Framing = m100.R200,
    ) -> None:
        super().__init__()
        self.framing = framing
        self.regions = regions
        self.most_power = most_power
        self.region = regions[0]
        self.power = most_power
        self.polls = 0
        self._next = 0
        self._seen = False
        self._frames = m100.frames()

    @property
    def reading(self) -> bool:
        return self.polls > 0

    def receive(self, data: bytes, now: int) -> bytes:
        understood = bytes((self.framing.head, m100.COMMAND))
        frames = [one for one in self._commands(self._frames, data, now) if one[:2] == understood]
        return b"".join([self._obey(one[2], m100.parameters(one), now) for one in frames])

    def see(self, sighting: Sighting, now: int) -> bytes:
        if not self.reading:
            self.ledger["unheard"] += 1
            return b""
        self.ledger["told"] += 1
        self._seen = True
        pc = len(sighting.epc) // 2 << 11
        crc = crc_hqx(pc.to_bytes(2) + sighting.epc, 0xFFFF) ^ 0xFFFF
        rssi = max(-128, min(127, round(sighting.rssi)))
        return m100.tag_notice(m100.Tag(sighting.epc, rssi, pc, crc), self.framing)

    def due(self) -> int | None:
        return self._next if self.reading else None

    def advance(self, now: int) -> bytes:
        rounds = min(self.polls, max(0, (now - self._next) // ROUND + 1)) if self.reading else 0
        self.polls -= rounds
        self._next += rounds * ROUND
        seen, self._seen = self._seen, False
        return b"" if seen or not rounds else self._failed(m100.NO_TAG)

    def power_cycle(self) -> None:
        self.polls = 0
        self._frames = m100.frames()

    def _obey(self, command: int, parameters: bytes, now: int) -> bytes:
        match command, parameters:
            case m100.GET_INFO, _ if parameters in (b"\0", b"\1", b"\2"):
                return self._answer(command, parameters + _NAMES[parameters[0]])
            case m100.GET_REGION, b"":
                return self._answer(command, bytes((self.region,)))
            case m100.REGION, _ if len(parameters) == 1 and parameters[0] in self.regions:
                self.region = parameters[0]
            case m100.GET_POWER, b"":
                return self._answer(command, self.power.to_bytes(2))
            case m100.SET_POWER, _ if len(parameters) == 2 and int.from_bytes(parameters) <= self.most_power:
                self.power = int.from_bytes(parameters)
            case m100.STOP, b"":
                self.polls = 0
            case m100.POLLS, _ if len(parameters) == 3:
                self.polls, self._next = int.from_bytes(parameters[1:]), now + ROUND
                return b""
            case m100.POLL, b"":
                return self._failed(m100.NO_TAG)
            case _:
                return self._failed(m100.INVALID)
        return self._answer(command, b"\0")

    def _answer(self, command: int, parameters: bytes) -> bytes:
        return m100.frame(m100.RESPONSE, command, parameters, self.framing)

    def _failed(self, code: int) -> bytes:
        return self._answer(m100.ERROR, bytes((code,)))
