"""A UHFReader18 or 288: it reads when it is asked to, one antenna at a time, and pushes by itself in real-time mode."""

from collections import deque

from drivers.codecs import uhfreader
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule

SECOND = 1_000_000
PATIENCE = SECOND // 2
"""A sighting that no inventory asks for within so many microseconds is unheard."""

_ADDRESS = 0
_RAW = 130  # what our simulated reader adds to dBm
_PER_FRAME = 4


class SimulatedUhfReader(SimulatedModule):
    """Without its line. `family` is 18 or 288; region, power and mode are kept over a power cycle.

    broken  antennas that nothing is connected to;  pushing  real-time mode
    """

    def __init__(self, family: int = 288) -> None:
        super().__init__()
        self.family = family
        self.band = (0x4E, 0x00)
        self.power = 30
        self.broken: set[int] = set()
        self.pushing = False
        self._frames = uhfreader.frames()
        self._seen: deque[tuple[int, Sighting]] = deque()
        self._asked: tuple[int, int] | None = None
        self._last = -SECOND

    @property
    def reading(self) -> bool:
        return self.pushing or self._asked is not None

    def receive(self, data: bytes, now: int) -> bytes:
        return b"".join(
            [self._obey(one[1], one[2], one[3:-2], now) for one in self._commands(self._frames, data, now)]
        )

    def see(self, sighting: Sighting, now: int) -> bytes:
        if self.pushing:
            self.ledger["told"] += 1
            mask = bytes((1 << sighting.antenna - 1,))
            tag = mask + self._tag(sighting) if self.family == 288 else sighting.epc
            return self._say(uhfreader.PUSHED, b"\0" + tag)
        self._seen.append((now, sighting))
        self._forget(now)
        return b""

    def due(self) -> int | None:
        return None if self._asked is None else self._asked[1]

    def advance(self, now: int) -> bytes:
        if self._asked is None or now < self._asked[1]:
            return b""
        antenna, _ = self._asked
        self._asked = None
        self._forget(now)
        if antenna in self.broken:
            return self._say(uhfreader.INVENTORY, bytes((uhfreader.ANTENNA,)))
        several = self.family == 288
        found = [one for _, one in self._seen if one.antenna == antenna or not several]
        self._seen = deque(one for one in self._seen if one[1].antenna != antenna and several)
        self.ledger["told"] += len(found)
        mask = bytes((1 << antenna - 1,)) if several else b""
        said = []
        for at in range(0, len(found), _PER_FRAME):
            some = found[at : at + _PER_FRAME]
            head = bytes((uhfreader.MORE,)) + mask + bytes((len(some),))
            said.append(self._say(uhfreader.INVENTORY, head + b"".join(map(self._tag, some))))
        last = bytes((uhfreader.DONE,)) + mask + b"\0" if found or several else bytes((uhfreader.NO_TAG,))
        return b"".join((*said, self._say(uhfreader.INVENTORY, last)))

    def power_cycle(self) -> None:
        self._asked = None
        self._frames = uhfreader.frames()

    def _forget(self, now: int) -> None:
        while self._seen and self._seen[0][0] < now - PATIENCE:
            self._seen.popleft()
            self.ledger["unheard"] += 1

    def _tag(self, sighting: Sighting) -> bytes:
        rssi = bytes((max(0, min(255, round(sighting.rssi) + _RAW)),)) if self.family == 288 else b""
        return bytes((len(sighting.epc),)) + sighting.epc + rssi

    def _obey(self, address: int, command: int, data: bytes, now: int) -> bytes:
        if address not in (_ADDRESS, uhfreader.ANYBODY):
            return b""
        known = [band[0] >> 6 << 2 | band[1] >> 6 for band in uhfreader.REGIONS.values()]
        match command:
            case uhfreader.GET_INFO:
                type = 0x0C if self.family == 288 else uhfreader.TYPE_18
                more = bytes(4) if self.family == 288 else b""
                return self._say(command, bytes((0, 0, 0x16, type, 3, *self.band, self.power, 10)) + more)
            case uhfreader.INVENTORY if len(data) == (5 if self.family == 288 else 0):
                if self.pushing:
                    return b""
                antenna = (data[3] & 0x7F) + 1 if data else 1
                self._asked = antenna, now + (data[4] if data else 2) * SECOND // 10
                return b""
            case uhfreader.POWER if len(data) == 1 and data[0] <= 30:
                self.power = data[0]
            case uhfreader.REGION if len(data) == 2 and (data[0] >> 6 << 2 | data[1] >> 6) in known:
                self.band = data[0], data[1]
            case _:
                return self._say(command, bytes((uhfreader.ILLEGAL,)))
        return self._say(command, b"\0")

    def _say(self, command: int, data: bytes) -> bytes:
        return uhfreader.frame(_ADDRESS, command, data)
