"""A host's end of an M100 or R200 module: find it, set it up, keep it polling."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.codecs import m100
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.module_session import ModuleSession, Script, Wait, anything, nothing
from drivers.codecs.notice import Notice
from drivers.codecs.own_words import words

QUIET_SECONDS = 0.2
"""After a stop nothing may come for so long: a module ends the round that it is in."""

SILENCE_SECONDS = 1.0
"""Polling says something many times a second, be it "no tag": after so long its count has run out."""

PROBE_SECONDS = 2.0
"""How long a module that rests may take to answer, and how often it is asked."""

POLLS = bytes.fromhex("22FFFF")
_HARDWARE, _SOFTWARE, _MAKER = range(3)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is set; None = as the module has it. region: a key of `m100.REGIONS`; power in dBm."""

    region: str | None = None
    power: float | None = None


class Session(ModuleSession):
    """One connection."""

    kind = "M100"
    baud = m100.BAUD

    def __init__(self, setup: Setup, at: float) -> None:
        self._setup = setup
        self._framing = m100.R200
        super().__init__(m100.frames(), at)

    def prepare(self) -> Script[str]:
        known = [(yield from self._find())]
        for which in (_SOFTWARE, _MAKER):
            known.append((yield from self._name(which)) or "")
        region = yield from self._region()
        power = yield from self._power()
        return f"{', '.join(filter(None, known)) or self.kind}; region {region}, {power}"

    def read(self) -> Script[None]:
        heard = Wait(anything, SILENCE_SECONDS)
        while True:
            self.say(self._command(m100.POLLS, POLLS))
            while (yield heard) is not None:
                pass
            yield from self._probe()

    def rest(self) -> Script[None]:
        while True:
            yield from self._probe()
            yield Wait(nothing, PROBE_SECONDS)

    def leave(self) -> Script[None]:
        yield from self.ask(self._command(m100.STOP), _answers(m100.STOP))

    def observe(self, frame: bytes) -> None:
        tag, code = m100.tag(frame), m100.error(frame)
        if tag is not None:
            self.rows.add(tag.epc, rssi=tag.rssi)
        elif code == m100.NO_CHANNEL:
            self.tell(
                Notice(
                    "no_channel",
                    "the module finds no free channel; set region to the one that its antenna is made for",
                )
            )
        elif code not in (None, m100.NO_TAG):
            self.tell(Notice("module_errors", f"the module reports: {_reason(code)}"))
        elif frame[1] == m100.NOTICE:
            self.counts["malformed"] += 1

    def _command(self, command: int, parameters: bytes = b"") -> bytes:
        return m100.command(command, parameters, self._framing)

    def _find(self) -> Script[str]:
        """The hardware's name, by the framing in which it answers: the other one is noise to it."""
        for framing in m100.FRAMINGS:
            self._framing = framing
            yield from self.quieten(self._command(m100.STOP), QUIET_SECONDS)
            name = yield from self._name(_HARDWARE)
            if name is not None:
                return name
        raise self.silent()

    def _probe(self) -> Script[None]:
        """See that the module is there, and does not read."""
        self.say(self._command(m100.STOP) + self._command(m100.GET_INFO, bytes((_HARDWARE,))))
        if (yield Wait(_answers(m100.GET_INFO), PROBE_SECONDS)) is None:
            raise ProtocolError(
                f"nothing heard for {SILENCE_SECONDS + PROBE_SECONDS:g} s; look at the module's power"
            )

    def _name(self, which: int) -> Script[str | None]:
        """Hardware, software or maker; None if the module does not tell."""
        answer = yield from self.ask(self._command(m100.GET_INFO, bytes((which,))), _answers(m100.GET_INFO))
        if answer is None:
            return None
        return words(m100.parameters(answer)[1:])

    def _region(self) -> Script[str]:
        wanted = self._setup.region
        if wanted is not None:
            code = bytes((m100.REGIONS[wanted],))
            yield from self._set("region", wanted, m100.REGION, code)
        answer = yield from self.ask(self._command(m100.GET_REGION), _answers(m100.GET_REGION))
        has = m100.parameters(answer)[-1:] if answer is not None else b""
        names = {bytes((code,)): name for name, code in m100.REGIONS.items()}
        name = names.get(has, f"code {has.hex()}" if has else "unknown")
        if wanted is not None and has and name != wanted:
            raise Unsupported(
                f"region {wanted}: the module stays with {name}; set region to that, or leave it out"
            )
        return name

    def _power(self) -> Script[str]:
        wanted = self._setup.power
        if wanted is not None:
            value = round(wanted * 100).to_bytes(2)
            yield from self._set("power", f"{wanted:g} dBm", m100.SET_POWER, value)
        answer = yield from self.ask(self._command(m100.GET_POWER), _answers(m100.GET_POWER))
        inside = m100.parameters(answer) if answer is not None else b""
        if len(inside) != 2:
            return "power unknown"
        has = int.from_bytes(inside) / 100
        if wanted is not None and abs(has - wanted) > 0.5:
            raise Unsupported(
                f"power {wanted:g} dBm: the module stays at {has:g} dBm; set power to that, or leave it out"
            )
        return f"{has:g} dBm"

    def _set(self, name: str, value: str, command: int, parameters: bytes) -> Script[None]:
        answer = yield from self.ask(self._command(command, parameters), _answers(command))
        if answer is None:
            raise ProtocolError(f"the module did not answer when {name} was set to {value}")
        code = m100.error(answer)
        if code is not None or m100.parameters(answer) != b"\0":
            raise Unsupported(
                f"{name} {value}: the module refused it ({_reason(code)}); set one that its data sheet names, or leave"
                " it out"
            )


def _answers(command: int) -> Callable[[bytes], bool]:
    """Is a frame the answer to that command, or its refusal?"""

    def wanted(frame: bytes) -> bool:
        if frame[1] != m100.RESPONSE:
            return False
        return frame[2] == command or m100.error(frame) not in (None, m100.NO_TAG)

    return wanted


def _reason(code: int | None) -> str:
    return "no reason given" if code is None else m100.ERRORS.get(code, f"error {code:02x}")
