"""A host's end of a ThingMagic module: end what it was doing, set it up, let it stream."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.codecs import mercury
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.module_session import ModuleSession, Script, Wait, anything, nothing
from drivers.codecs.notice import Notice

QUIET_SECONDS = 1.0
"""A module that still streams to somebody who is gone needs that long to stop."""

BOOT_SECONDS = 1.0
"""From its boot loader to its firmware."""

SILENCE_SECONDS = 3.0
"""It says about once a second that there are no tags; so long without a word is the end."""

PROBE_SECONDS = 2.0
"""How often a module that rests is asked."""

GEN2 = b"\0\5"
NO_FILTER = bytes.fromhex("010C00")
_SEARCH_LIST = b"\2"


@dataclass(frozen=True, slots=True)
class Setup:
    """region: a key of `mercury.REGIONS`; power in dBm, None = as the module has it; ports are read in turns."""

    region: str
    power: float | None = None
    antennas: tuple[int, ...] = (1,)


class Session(ModuleSession):
    """One connection."""

    kind = "ThingMagic"
    baud = mercury.BAUD

    def __init__(self, setup: Setup, at: float) -> None:
        self._setup = setup
        super().__init__(mercury.frames(), at)

    def prepare(self) -> Script[str]:
        yield from self._stop()
        for _ in range(2):
            version = yield from self._version()
            if (yield from self._set_up()):
                return self._described(version)
            self.say(mercury.command(mercury.BOOT))
            yield Wait(nothing, BOOT_SECONDS)
        raise ProtocolError(
            "the module stays in its boot loader; load its firmware anew with its maker's program"
        )

    def read(self) -> Script[None]:
        if (yield from self._set("reading", "always", mercury.STREAM, mercury.START)) != mercury.OK:
            raise ProtocolError("the module has fallen back into its boot loader")
        heard = Wait(anything, SILENCE_SECONDS)
        while (yield heard) is not None:
            pass
        raise ProtocolError(f"nothing heard for {SILENCE_SECONDS:g} s; look at the module's power")

    def rest(self) -> Script[None]:
        yield from self._stop()
        while True:
            yield from self._version()
            yield Wait(nothing, PROBE_SECONDS)

    def leave(self) -> Script[None]:
        yield from self.ask(mercury.command(mercury.STREAM, mercury.STOP), _answers(mercury.STREAM))

    def observe(self, frame: bytes) -> None:
        status = mercury.status(frame)
        if status in (mercury.TOO_HOT, mercury.RETURN_LOSS):
            name = "too_hot" if status == mercury.TOO_HOT else "return_loss"
            self.tell(Notice(name, f"the module reports: {mercury.STATUS[status]}"))
        elif mercury.opcode(frame) == mercury.READ_TAGS and status == mercury.OK:
            self._tag(frame)
        elif mercury.opcode(frame) == mercury.READ_TAGS and status != mercury.NO_TAGS:
            self.tell(Notice("module_errors", f"the module reports: {_reason(status)}"))

    def _tag(self, frame: bytes) -> None:
        tag = mercury.tag(frame)
        if tag is not None:
            nan = float("nan")
            rssi = nan if tag.rssi is None else tag.rssi
            phase = nan if tag.phase is None else tag.phase
            self.rows.add(tag.epc, tag.antenna, rssi, tag.reads, phase, tag.channel)
        elif len(mercury.data(frame)) > _TEMPERATURE:
            self.counts["malformed"] += 1

    def _stop(self) -> Script[None]:
        yield from self.quieten(mercury.command(mercury.STREAM, mercury.STOP), QUIET_SECONDS)

    def _version(self) -> Script[bytes]:
        frame = yield from self.ask(mercury.command(mercury.VERSION), _answers(mercury.VERSION))
        if frame is None:
            raise self.silent()
        return mercury.data(frame)

    def _described(self, version: bytes) -> str:
        hardware, firmware = version[4:8].hex("."), version[12:16].hex(".")
        power = "" if self._setup.power is None else f", {self._setup.power:g} dBm"
        return f"ThingMagic hardware {hardware}, firmware {firmware}; region {self._setup.region}{power}"

    def _set_up(self) -> Script[bool]:
        """False if the module knows none of this, as in its boot loader."""
        for name, value, opcode, data in self._settings():
            if (yield from self._set(name, value, opcode, data)) == mercury.INVALID_OPCODE:
                return False
        return True

    def _settings(self) -> list[tuple[str, str, int, bytes]]:
        setup = self._setup
        first = setup.antennas[0]
        ports = b"".join(bytes((port, port)) for port in setup.antennas)
        names = ", ".join(map(str, setup.antennas))
        power = round((setup.power or 0) * 100).to_bytes(2)
        return [
            ("protocol", "Gen2", mercury.PROTOCOL, GEN2),
            ("region", setup.region, mercury.REGION, bytes((mercury.REGIONS[setup.region],))),
            ("antenna", str(first), mercury.ANTENNA, bytes((first, first))),
            ("antennas", names, mercury.ANTENNA, _SEARCH_LIST + ports),
            *([] if setup.power is None else [("power", f"{setup.power:g} dBm", mercury.POWER, power)]),
            ("filter", "off", mercury.OPTION, NO_FILTER),
        ]

    def _set(self, name: str, value: str, opcode: int, data: bytes) -> Script[int]:
        """The status: OK, or INVALID_OPCODE."""
        frame = yield from self.ask(mercury.command(opcode, data), _answers(opcode))
        if frame is None:
            raise ProtocolError(f"the module did not answer when {name} was set to {value}")
        status = mercury.status(frame)
        if status not in (mercury.OK, mercury.INVALID_OPCODE):
            raise Unsupported(
                f"{name} {value}: the module refused it ({_reason(status)}); set one that its data sheet names"
            )
        return status


_TEMPERATURE = 0x0A
"""Length of the data of a temperature report."""


def _answers(opcode: int) -> Callable[[bytes], bool]:
    return lambda frame: mercury.opcode(frame) == opcode


def _reason(status: int) -> str:
    return mercury.STATUS.get(status, f"status {status:04X}")
