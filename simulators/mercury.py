"""A ThingMagic module: it streams once it has a region and a protocol, and says every second if there are no tags."""

from binascii import crc_hqx

from drivers.codecs import mercury
from simulators.llrp_reports import Sighting
from simulators.radio import FCC_KHZ
from simulators.serial_module import SimulatedModule

SECOND = 1_000_000
WRONG, NO_REGION, POWER_TOO_HIGH = 0x0105, 0x010B, 0x0103

_VERSION = bytes.fromhex("14120800 30000001 20180601 01090202 00000010")


class SimulatedMercury(SimulatedModule):
    """Without its line; it keeps nothing over a power cycle.

    regions, ports, most_power (cdBm)  what this model accepts;  booting  it is in its boot loader
    """

    def __init__(
        self, regions: tuple[int, ...] = (1, 8), ports: tuple[int, ...] = (1, 2, 3, 4), most_power: int = 3000
    ) -> None:
        super().__init__()
        self.regions = regions
        self.ports = ports
        self.most_power = most_power
        self.booting = False
        self._alive: int | None = None
        self._forget()

    @property
    def reading(self) -> bool:
        return self._alive is not None

    def receive(self, data: bytes, now: int) -> bytes:
        return b"".join(
            [self._obey(one[2], one[3:-2], now) for one in self._commands(self._frames, data, now)]
        )

    def see(self, sighting: Sighting, now: int) -> bytes:
        if self._alive is None or sighting.antenna not in self.searched:
            self.ledger["unheard"] += 1
            return b""
        self.ledger["told"] += 1
        self._seen = True
        pc = (len(sighting.epc) // 2 << 11).to_bytes(2)
        tag = mercury.Tag(
            sighting.epc,
            sighting.antenna,
            max(-128, min(127, round(sighting.rssi))),
            channel=FCC_KHZ[sighting.channel - 1],
            phase=sighting.phase,
            time=max(0, (now - self._alive + SECOND) // 1000),
        )
        return mercury.streamed(tag, crc_hqx(pc + sighting.epc, 0xFFFF) ^ 0xFFFF)

    def due(self) -> int | None:
        return self._alive

    def advance(self, now: int) -> bytes:
        if self._alive is None or now < self._alive:
            return b""
        self._alive = now + SECOND
        seen, self._seen = self._seen, False
        return b"" if seen else mercury.answer(mercury.READ_TAGS, mercury.NO_TAGS)

    def power_cycle(self) -> None:
        self._alive = None
        self._forget()

    def _forget(self) -> None:
        self.region = 0
        self.power = 0
        self.searched: tuple[int, ...] = ()
        self._protocol = b""
        self._seen = False
        self._frames = mercury.frames(from_host=True)

    def _obey(self, opcode: int, data: bytes, now: int) -> bytes:
        if self.booting and opcode not in (mercury.VERSION, mercury.BOOT):
            return mercury.answer(opcode, mercury.INVALID_OPCODE)
        match opcode:
            case mercury.VERSION:
                return mercury.answer(opcode, mercury.OK, _VERSION)
            case 0x67:  # which region is set
                return mercury.answer(opcode, mercury.OK, bytes((self.region,)))
            case 0x71:  # which regions this variant has
                return mercury.answer(opcode, mercury.OK, bytes(self.regions))
            case mercury.BOOT:
                self.booting = False
            case mercury.PROTOCOL:
                self._protocol = data
            case mercury.REGION if data[0] in self.regions:
                self.region = data[0]
            case mercury.POWER if int.from_bytes(data) <= self.most_power:
                self.power = int.from_bytes(data)
            case mercury.POWER:
                return mercury.answer(opcode, POWER_TOO_HIGH)
            case mercury.ANTENNA if set(data[-2:]) <= set(self.ports):
                self.searched = tuple(data[1::2]) if data[0] == 2 and len(data) > 2 else self.searched
            case mercury.OPTION:
                pass
            case mercury.STREAM if data == mercury.STOP:
                self._alive = None
            case mercury.STREAM if self.region and self._protocol and self.searched:
                self._alive = now + SECOND
            case mercury.STREAM:
                return mercury.answer(opcode, NO_REGION)
            case _:
                return mercury.answer(opcode, WRONG)
        return mercury.answer(opcode, mercury.OK)
