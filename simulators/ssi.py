"""A scanner that speaks SSI: it says a packet again until it is acknowledged, and goes on to the next one then."""

from collections import deque

from drivers.codecs import ssi
from simulators.labels import Printed
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule

PATIENCE = 2_000_000
"""Microseconds after which a packet is sent again (host serial response time-out, the default)."""

TRIES = 4
REVISION = b"DS3678 CAADUS00 0.9"

_TYPES = {"C0": 0x03, "C1": 0x0F, "E0": 0x0B, "Q1": 0x1C, "Q3": 0xC2, "d2": 0xC1}


class SimulatedSsi(SimulatedModule):
    """Without its line; `most` bytes of a code go into one packet. Packets and leave to scan outlive no power cycle.

    ledger  `told`: codes that were acknowledged; `unheard`: that were read without leave or while it sent bare text;
            `given_up`: after all tries; `repeated`: packets that were sent again
    """

    def __init__(self, most: int = 240) -> None:
        super().__init__()
        self.most = most
        self.enabled = False
        self.packeted = False
        self._waiting: deque[bytes] = deque()
        self._sent = 0
        self._again = 0
        self._frames = ssi.frames()

    @property
    def reading(self) -> bool:
        return self.enabled and self.packeted

    def read(self, label: Printed, now: int) -> bytes:
        """What it says of a label before it, as soon as the packets before that are acknowledged."""
        if not self.reading:
            self.ledger["unheard"] += 1
            return b""
        was_idle = not self._waiting
        self._waiting += ssi.codes(label.text.encode(), _TYPES[label.identifier], most=self.most)
        return self._send(now) if was_idle else b""

    def receive(self, data: bytes, now: int) -> bytes:
        said = [self._obey(one, now) for one in self._commands(self._frames, data, now) if one[2] == ssi.HOST]
        return b"".join(said)

    def see(self, sighting: Sighting, now: int) -> bytes:
        """It has no radio."""
        self.ledger["unheard"] += 1
        return b""

    def due(self) -> int | None:
        return self._again if self._waiting else None

    def advance(self, now: int) -> bytes:
        if not self._waiting or now < self._again:
            return b""
        if self._sent < TRIES:
            return self._send(now)
        self.ledger["given_up"] += 1
        while self._waiting.popleft()[3] & ssi.CONTINUATION:
            pass
        self._sent = 0
        return self._send(now) if self._waiting else b""

    def power_cycle(self) -> None:
        self.enabled = self.packeted = False
        self._waiting.clear()
        self._sent = 0
        self._frames = ssi.frames()

    def _send(self, now: int) -> bytes:
        first = self._waiting[0]
        self._again = now + PATIENCE
        self._sent += 1
        if self._sent == 1:
            return first
        self.ledger["repeated"] += 1
        return ssi.packet(first[1], first[4:-2], ssi.DECODER, first[3] | ssi.RETRANSMIT)

    def _obey(self, packet: bytes, now: int) -> bytes:
        data = packet[4:-2]
        match packet[1]:
            case ssi.ACK:
                return self._acknowledged(now)
            case ssi.NAK:
                return self._send(now) if self._waiting and data == bytes((ssi.RESEND,)) else b""
            case ssi.REQUEST_REVISION:
                return ssi.packet(ssi.REPLY_REVISION, REVISION, ssi.DECODER)
            case ssi.PARAM_SEND if data == ssi.PACKETED:
                self.packeted = True
            case ssi.SCAN_ENABLE | ssi.SCAN_DISABLE:
                self.enabled = packet[1] == ssi.SCAN_ENABLE
            case _:
                return ssi.packet(ssi.NAK, bytes((ssi.DENIED,)), ssi.DECODER)
        return ssi.packet(ssi.ACK, b"", ssi.DECODER)

    def _acknowledged(self, now: int) -> bytes:
        if self._waiting:
            self.ledger["told"] += not self._waiting.popleft()[3] & ssi.CONTINUATION
            self._sent = 0
        return self._send(now) if self._waiting else b""
