"""A host's end of a scanner that speaks SSI: find it, let it send packets, acknowledge each, see that it is there."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.codecs import label, ssi
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.label import LONGEST
from drivers.codecs.module_session import (
    ANSWER_SECONDS,
    TRIES,
    ModuleSession,
    Said,
    Script,
    Wait,
    anything,
    nothing,
)
from drivers.codecs.notice import Notice
from drivers.codecs.own_words import words
from drivers.codecs.scans import Scans

PROBE_SECONDS = 10.0
"""How often a scanner that reads nothing is asked whether it is there."""

QUIET_SECONDS = 0.2
"""A packet that was begun is damaged when nothing came for so long: its checksum cannot come any more."""

GIVEN_UP_SECONDS = 15.0
"""A scanner that gets no answer sends its packet again a few times, 2 s apart; then it turns to the next code."""

WAKE_UP = b"\0"
"""A scanner in its low-power state takes this as a reason to listen; to others it is no packet."""


@dataclass(frozen=True, slots=True)
class Setup:
    """badge: what badges begin with."""

    badge: str | None = None


class Session(ModuleSession):
    """One connection."""

    kind = "SSI scanner"
    baud = ssi.BAUD
    remedy = 'scan "SSI host" from its manual, look at its cable, and at the baud rate in the url'

    def __init__(self, setup: Setup, at: float) -> None:
        self._scans = Scans(setup.badge)
        self._codes = ssi.Codes()
        self._packets = ssi.frames()
        self._damage = 0
        self._part_at = at
        super().__init__(self._packets, at)

    def prepare(self) -> Script[str]:
        """Packets, not bare text."""
        self.say(WAKE_UP)
        known = yield from self.ask(ssi.packet(ssi.REQUEST_REVISION), _is(ssi.REPLY_REVISION))
        if known is None:
            raise self.silent()
        answer = yield from self.ask(ssi.packet(ssi.PARAM_SEND, ssi.PACKETED), _answers)
        if answer is None:
            raise ProtocolError(
                "the scanner did not answer when it was told to send packets; look at its cable"
            )
        if answer[1] == ssi.NAK:
            raise Unsupported(
                'the scanner refuses to send packets; scan "send packeted decode data" from its manual, or take'
                ' kind = "scanner"'
            )
        self._damage = self._packets.noise  # nobody could have meant it for us
        return words(known[4:-2]) or self.kind

    def read(self) -> Script[None]:
        """Its trigger starts it; without leave to scan it beeps and reads nothing."""
        while True:
            yield from self._probe(ssi.packet(ssi.SCAN_ENABLE))
            while (yield Wait(anything, PROBE_SECONDS)) is not None:
                pass

    def rest(self) -> Script[None]:
        while True:
            yield from self._probe(ssi.packet(ssi.SCAN_DISABLE))
            yield Wait(nothing, PROBE_SECONDS)

    def receive(self, data: bytes, now: int, at: float) -> list[Said]:
        """What `data` brings."""
        said = super().receive(data, now, at)
        if self.info is not None and (self._packets.is_begun or self._is_damaged):
            self.deadline = min(self.deadline, at + QUIET_SECONDS)
        return said

    def timeout(self, now: int, at: float) -> list[Said]:
        """The deadline is over. After damage the scanner is asked to say it again: then it has time to listen."""
        if self.error is not None:
            return []
        said = super().timeout(now, at)
        if self._is_damaged and self.info is not None:
            self._damage = self._packets.noise
            self._codes.damaged()
            self.say(ssi.packet(ssi.NAK, bytes((ssi.RESEND,))))
        return said

    def observe(self, frame: bytes) -> None:
        if frame[2] != ssi.DECODER or frame[1] in (ssi.ACK, ssi.NAK, ssi.REPLY_REVISION):
            return
        self.say(ssi.packet(ssi.ACK))
        if ssi.is_code(frame):
            self._scanned(frame)
        elif frame[1] == ssi.DECODE_DATA:
            self.counts["malformed"] += 1

    def _scanned(self, frame: bytes) -> None:
        if self._codes.is_begun and self.at - self._part_at > GIVEN_UP_SECONDS:
            self._codes.forget()
            self.tell(Notice("cut_codes", "the rest of a code did not come: look at the scanner's cable"))
        self._part_at = self.at
        code = self._codes.take(frame)
        if code is not None:
            text = label.text_of(code.text)
            for said in self._scans.take(text, self.now, code.identifier):
                self.tell(said)
        self.counts["repeated"] += self._codes.repeated
        self._codes.repeated = 0
        if self._codes.too_long:
            self._codes.too_long = 0
            self.tell(Notice("too_long", f"a code of more than {LONGEST} characters: no symbol holds that"))

    def _probe(self, command: bytes) -> Script[None]:
        """Tell it, and see that it is there; a refusal is a sign of life as well."""
        if (yield from self.ask(command, _answers)) is None:
            raise ProtocolError(
                f"nothing heard for {TRIES * ANSWER_SECONDS:g} s; look at the scanner's cable"
            )

    @property
    def _is_damaged(self) -> bool:
        return self._packets.noise > self._damage


def _is(opcode: int) -> Callable[[bytes], bool]:
    """Is a packet the scanner's, of that kind?"""
    return lambda frame: frame[1] == opcode and frame[2] == ssi.DECODER


def _answers(frame: bytes) -> bool:
    """Is a packet the scanner's answer to a command?"""
    return frame[1] in (ssi.ACK, ssi.NAK) and frame[2] == ssi.DECODER
