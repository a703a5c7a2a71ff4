"""A TSL handheld with the ASCII 2.0 protocol, and the hand that pulls its trigger; it has no clock and holds nothing."""

from collections.abc import Sequence

from drivers.codecs import tsl
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule

_NOTHING = (b"ME: No Transponder found", b"ER: 005")
_NO_BARCODE = (b"ME: No barcode found", b"ER: 006")
_VERSION = (
    b"MF: TSL", b"US: 1128-EU-001234", b"PV: 2.5", b"UF: 1.9.2", b"UB: 0013", b"RF: 1.4", b"BA: 00:07:80:41:a4:c6",
)  # fmt: skip
_POWERS = range(10, 30)


class SimulatedTsl(SimulatedModule):
    """Without its line. What the host has set is forgotten when it is switched off.

    parameters  of each command, as the host has set them
    mute        a cable is at its USB socket: over Bluetooth it neither listens nor speaks
    battery     percent;  charge  as CH: tells it;  scanner  it has a barcode reader
    """

    def __init__(self, scanner: bool = True) -> None:
        super().__init__()
        self.scanner = scanner
        self.mute = False
        self.battery = 87
        self.charge = "Off"
        self.aborted = 0
        self.power_cycle()

    @property
    def reading(self) -> bool:
        """Has the host said what the trigger does, and how tags are told?"""
        return "sa" in self.parameters and "iv" in self.parameters

    def power_cycle(self) -> None:
        self.parameters: dict[str, dict[str, str]] = {}
        self._field: list[Sighting] = []
        self._line = bytearray()

    def receive(self, data: bytes, now: int) -> bytes:
        self._line += data
        *lines, rest = self._line.split(b"\r\n")
        self._line = rest
        return b"" if self.mute else b"".join(self._obey(bytes(line)) for line in lines if line)

    def see(self, sighting: Sighting, now: int) -> bytes:
        """A tag comes before it: the next inventory that the host asks for tells it."""
        self._field.append(sighting)
        return b""

    def due(self) -> int | None:
        return None

    def advance(self, now: int) -> bytes:
        return b""

    def pull(self, sightings: Sequence[Sighting]) -> bytes:
        """What it says when its trigger is pulled before these tags."""
        return self._pulled(b"single", self._inventory(b".iv", sightings), len(sightings))

    def scan(self, code: bytes | None) -> bytes:
        """What it says when its trigger is pulled twice before a barcode, or before none."""
        return self._pulled(b"double", self._barcode(b".bc", code), code is not None)

    def _pulled(self, press: bytes, said: bytes, n: int) -> bytes:
        if self.mute:
            self.ledger["unheard"] += n
            return b""
        self.ledger["told"] += n
        if self.parameters.get("sa", {}).get("a") != "on":
            return said
        return _line(b"SW: " + press) + b"\r\n" + said + _line(b"SW: off") + b"\r\n"

    def _obey(self, line: bytes) -> bytes:
        name, *words = line.decode("ascii", errors="replace").split() or [""]
        given = {
            word[1:]: words[at + 1] if at + 1 < len(words) and words[at + 1][0] != "-" else ""
            for at, word in enumerate(words)
            if word[0] == "-"
        }
        known = self.parameters.setdefault(name[1:], {})
        if "x" in given:
            known.clear()
        if name == ".iv" and "o" in given and int(given["o"]) not in _POWERS:
            return _response(line, b"ME: Parameter out of range", b"ER: 007")
        known.update({key: value for key, value in given.items() if key not in "xn"})
        return self._answer(name, line, "n" in given)

    def _answer(self, name: str, line: bytes, only_set: bool) -> bytes:
        match name:
            case ".bc" if not self.scanner:
                return _response(line, b"ME: Command not supported", b"ER: 002")
            case ".iv" | ".bc" | ".sa" if only_set or name == ".sa":
                return _response(line, b"OK:")
            case ".iv":
                seen, self._field = self._field, []
                self.ledger["told"] += len(seen)
                return self._inventory(line, seen)
            case ".bc":
                return self._barcode(line, None)
            case ".vr":
                return _response(line, *_VERSION, b"OK:")
            case ".bl":
                level = (b"BP: %d%%" % self.battery, b"CH: " + self.charge.encode())
                return _response(line, *level, b"OK:")
            case ".ab":
                self.aborted += 1
                return _response(line, b"OK:")
            case _:
                return _response(line, b"ME: Syntax error", b"ER: 001")

    def _inventory(self, line: bytes, sightings: Sequence[Sighting]) -> bytes:
        asked = self.parameters.get("iv", {})
        said: list[bytes] = []
        for one in sightings:
            said.append(b"EP: " + one.epc.hex().upper().encode())
            if asked.get("e") == "on":
                said.append(b"PC: %04X" % (len(one.epc) // 2 << 11))
            if asked.get("r") == "on":
                said.append(b"RI: %d" % round(one.rssi))
        return _response(line, *said, b"OK:") if said else _response(line, *_NOTHING)

    def _barcode(self, line: bytes, code: bytes | None) -> bytes:
        if code is None:
            return _response(line, *_NO_BARCODE)
        return _response(line, b"BC: " + tsl.escaped(code), b"OK:")


def _line(text: bytes) -> bytes:
    return text + b"\r\n"


def _response(command: bytes, *lines: bytes) -> bytes:
    return b"".join(map(_line, (b"CS: " + command, *lines))) + b"\r\n"
