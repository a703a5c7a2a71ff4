"""A host's end of a UHFReader18 or 288: find out which, set it up, and ask for tags, antenna by antenna, for ever."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from core.records import AntennaState
from drivers.codecs import uhfreader
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.module_session import ModuleSession, Script, Wait, anything, nothing
from drivers.codecs.notice import Notice
from drivers.codecs.uhfreader import Answer, Info

QUIET_SECONDS = 0.3
"""A reader may be in the middle of an inventory that somebody else asked for."""

MARGIN_SECONDS = 1.0
"""Beyond the time that an inventory may take, until its answer is missed."""

MISSES = 2
"""So many answers in a row may be missed before the connection ends: a byte may be lost on any line."""

PROBE_SECONDS = 2.0
"""How often a reader that rests is asked."""

PUSH_SECONDS = 15.0
"""How long a reader that talks by itself may be silent before it is asked."""

_TENTH = 10


@dataclass(frozen=True, slots=True)
class Setup:
    """region: a key of `uhfreader.REGIONS`, power in dBm, None = as the reader has them; the others are of a 288.

    antennas  ports that are asked in turns;  scan  s for each;  session  Gen2;  q  Gen2: about 2**q tags at once
    """

    region: str | None = None
    power: int | None = None
    antennas: tuple[int, ...] = (1,)
    scan: float = 0.2
    session: int = 0
    q: int = 4


class Session(ModuleSession):
    """One connection."""

    kind = "UHFReader"
    baud = uhfreader.BAUD

    def __init__(self, setup: Setup, at: float) -> None:
        self._setup = setup
        self._address = 0
        self._info: Info
        self._several: bool | None = None
        self._antenna = 1
        self._asked = False
        self._broken: set[int] = set()
        super().__init__(uhfreader.frames(), at)

    def prepare(self) -> Script[str]:
        yield from self.quieten(b"", QUIET_SECONDS)
        yield from self._introduce()
        setup = self._setup
        if setup.antennas != (1,) and not self._info.antennas:
            raise Unsupported(
                f"antennas {', '.join(map(str, setup.antennas))}: this reader has one; list port 1 alone"
            )
        if setup.region is not None and setup.region != self._info.region:
            yield from self._set(
                "region", setup.region, uhfreader.REGION, bytes(uhfreader.REGIONS[setup.region])
            )
        if setup.power is not None and setup.power != self._info.power:
            yield from self._set("power", f"{setup.power} dBm", uhfreader.POWER, bytes((setup.power,)))
        yield from self._introduce()
        return self._described()

    def read(self) -> Script[None]:
        misses, turns = 0, cycle(self._setup.antennas)
        while True:
            self._antenna, self._asked = next(turns), True
            self.say(self._inventory())
            answer = yield Wait(_ends_inventory, self._longest() + MARGIN_SECONDS)
            self._asked = False
            if answer is not None:
                misses = 0
                if answer[2] == uhfreader.PUSHED:
                    yield from self._listen()
                continue
            misses += 1
            self.counts["missed_answers"] += 1
            if misses == MISSES:
                raise ProtocolError(
                    f"{MISSES} inventories were not answered; look at the reader's power and cable"
                )

    def rest(self) -> Script[None]:
        while True:
            yield from self._introduce()
            yield Wait(nothing, PROBE_SECONDS)

    def observe(self, frame: bytes) -> None:
        said = uhfreader.answer(frame)
        if said is None:
            return
        found = uhfreader.tags(said, self._several)
        if found is None:
            self.counts["malformed"] += 1
            return
        several = self._asked and said.command == uhfreader.INVENTORY
        for tag in found:
            antenna = self._antenna if several else tag.antenna
            rssi = float("nan") if tag.rssi is None else tag.rssi
            self.rows.add(tag.epc, antenna=antenna, rssi=rssi)
        if said.command == uhfreader.INVENTORY:
            self._judge(said)

    def _judge(self, said: Answer) -> None:
        """How an inventory went."""
        if (said.status == uhfreader.ANTENNA) != (self._antenna in self._broken):
            broken = said.status == uhfreader.ANTENNA
            self._broken ^= {self._antenna}
            self.tell(AntennaState(self.now, self._antenna, not broken))
        if said.status >= uhfreader.ANTENNA and said.status not in (0xFA, uhfreader.NO_TAG):
            text = f"antenna {self._antenna}: the reader reports: {_reason(said)}"
            self.tell(Notice("reader_errors", text))
        elif said.status == uhfreader.FULL:
            self.tell(
                Notice(
                    "reader_full", "more tags than the reader can hold in one inventory: set a shorter scan"
                )
            )

    def _listen(self) -> Script[None]:
        """A reader in real-time mode talks by itself."""
        self.tell(
            Notice("real_time_mode", "the reader is in real-time mode: it is listened to, and not asked")
        )
        while (yield Wait(anything, PUSH_SECONDS)) is not None:
            pass

    def _inventory(self) -> bytes:
        if not self._info.antennas:
            return uhfreader.inventory_18(self._address)
        setup = self._setup
        scan = max(1, round(setup.scan * _TENTH))
        return uhfreader.inventory_288(self._address, setup.q, setup.session, self._antenna, scan)

    def _longest(self) -> float:
        """Seconds that an inventory may take."""
        return max(self._setup.scan, self._info.scan / _TENTH)

    def _introduce(self) -> Script[None]:
        """Address and properties of the reader."""
        frame = yield from self.ask(uhfreader.frame(uhfreader.ANYBODY, uhfreader.GET_INFO), _introduces)
        said = None if frame is None else uhfreader.answer(frame)
        known = None if said is None else uhfreader.info(said)
        if said is None or known is None:
            raise self.silent()
        self._address, self._info, self._several = said.address, known, known.antennas

    def _set(self, name: str, value: str, command: int, data: bytes) -> Script[None]:
        frame = yield from self.ask(uhfreader.frame(self._address, command, data), _answers(command))
        said = None if frame is None else uhfreader.answer(frame)
        if said is None:
            raise ProtocolError(f"the reader did not answer when {name} was set to {value}")
        if said.status != 0:
            raise Unsupported(
                f"{name} {value}: the reader refused it ({_reason(said)}); set one that its data sheet names, or"
                " leave it out"
            )

    def _described(self) -> str:
        known = self._info
        family = "UHFReader288" if known.antennas else "UHFReader18"
        version = f"{known.version[0]}.{known.version[1]}"
        return f"{family} type {known.type:02X}, firmware {version}; region {known.region}, {known.power} dBm"


def _answers(command: int) -> Callable[[bytes], bool]:
    def wanted(frame: bytes) -> bool:
        said = uhfreader.answer(frame)
        return said is not None and said.command == command

    return wanted


def _introduces(frame: bytes) -> bool:
    said = uhfreader.answer(frame)
    return said is not None and uhfreader.info(said) is not None


def _ends_inventory(frame: bytes) -> bool:
    """The last answer of an inventory; or a push, to which no answer will come."""
    said = uhfreader.answer(frame)
    if said is None:
        return False
    more = (uhfreader.MORE, uhfreader.STATISTICS)
    return said.command == uhfreader.PUSHED or (
        said.command == uhfreader.INVENTORY and said.status not in more
    )


def _reason(said: Answer) -> str:
    return uhfreader.STATUS.get(said.status, f"status {said.status:02X}")
