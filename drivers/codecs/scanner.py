"""Plain serial scanners: each code is text between a prefix and a suffix, as the scanner is set."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs import label
from drivers.codecs.errors import ProtocolError
from drivers.codecs.label import LONGEST
from drivers.codecs.module_decode import unhexed
from drivers.codecs.notice import Notice
from drivers.codecs.scans import Said, ScannerSession, described

BAUD = 9600
FASTEST_BAUD = 115200

AUTO = "auto"
SUFFIXES = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "etx": b"\x03", "silence": b""}
"""What may stand behind a code, by its name in the settings."""

SILENCE_SECONDS = 0.05
"""A code without a suffix ends when nothing came for so long; a character at 9600 baud takes a millisecond."""

CUT_SECONDS = 0.5
"""A code with a suffix is given up when nothing came for so long: the rest of it was lost."""

MOST_NOISE = 1 << 16
"""Bytes without a code in between, after which the connection ends: such a peer keeps a processor busy for nothing."""

_ROOM = LONGEST + 16  # an AIM identifier and a prefix besides
_ENDS = re.compile(rb"[\r\n\t\x03]+")
_AROUND = b"\x02\x03\r\n"
_NO_TEXT = re.compile(rb"[\x00-\x03\x05-\x08\x0b\x0c\x0e-\x1b\x7f]")
"""Control characters that no label has; of ISO/IEC 15434 and GS1 come EOT, FS, GS, RS and US."""
_NO_LETTER = re.compile(rb"[\x80-\x9f]")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}(?:[ \t]+[0-9A-Fa-f]{2})+)?[ \t\r]*(?:#[^\n]*)?")
_SHOWN = 64


class Codes:
    """The bytes of a scanner cut into codes.

    suffix  what ends a code, empty: silence; None: any of CR, LF, TAB and ETX, and silence until one of them was seen
    lost    bytes of codes that were longer than any symbol holds
    """

    def __init__(self, suffix: bytes | None = None) -> None:
        self.lost = 0
        self._suffix = suffix
        self._by_silence = not suffix
        self._left = bytearray()
        self._skipping = False

    @property
    def pending(self) -> float | None:
        """Seconds of silence that end or give up the code that is begun; None if none is."""
        if not self._left and not self._skipping:
            return None
        return SILENCE_SECONDS if self._by_silence else CUT_SECONDS

    def feed(self, data: bytes) -> list[bytes]:
        """The codes that end in `data`."""
        self._left += data
        pieces = self._pieces()
        self._left = bytearray(pieces.pop())
        whole = [piece for piece in pieces if self._fits(piece)]
        if self._skipping or len(self._left) > _ROOM:
            begun = max(0, len(self._suffix or b"") - 1)  # bytes that may be the suffix's first ones
            behind = max(0, len(self._left) - begun)
            self.lost += behind
            del self._left[:behind]
            self._skipping = True
        return [code for code in whole if code.strip(_AROUND) or self._suffix]

    def silent(self) -> tuple[list[bytes], int]:
        """The code that the silence ended, or how many bytes of one were given up."""
        left, self._left = bytes(self._left), bytearray()
        if not self._fits(left) or not left.strip(_AROUND):
            return [], 0
        return ([left], 0) if self._by_silence else ([], len(left))

    def _pieces(self) -> list[bytes]:
        """What is between the suffixes; the last is not ended yet."""
        left = bytes(self._left)
        if self._suffix is None:
            pieces = _ENDS.split(left)
            self._by_silence = self._by_silence and len(pieces) == 1
            return pieces
        return left.split(self._suffix) if self._suffix else [left]

    def _fits(self, piece: bytes) -> bool:
        """The first piece after a code that was too long is its end."""
        skipped, self._skipping = self._skipping, False
        if skipped or len(piece) > _ROOM:
            self.lost += len(piece)
            return False
        return True


def is_text(code: bytes) -> bool:
    """Could a label say so? Bytes of a line that is read at another rate hardly ever could."""
    if _NO_TEXT.search(code):
        return False
    if code.isascii():
        return True
    try:
        code.decode()
    except UnicodeDecodeError:
        return not _NO_LETTER.search(code) and sum(byte > 0x7F for byte in code) * 2 < len(code)
    return True


@dataclass(frozen=True, slots=True)
class Setup:
    """prefix: what the scanner puts before each code; suffix: AUTO or a key of SUFFIXES; badge: what badges begin with."""

    prefix: str = ""
    suffix: str = AUTO
    badge: str | None = None


class Session(ScannerSession):
    """One connection."""

    def __init__(self, setup: Setup, at: float) -> None:
        super().__init__("scanner", setup.badge, at)
        self._prefix = setup.prefix.encode().strip(_AROUND)
        self._codes = Codes(None if setup.suffix == AUTO else SUFFIXES[setup.suffix])
        self._noise = 0
        self._lost = 0

    def feed(self, data: bytes, now: int) -> Iterator[Said]:
        """The codes that end in `data`."""
        codes = self._codes.feed(data)
        self.pending = self._codes.pending
        yield from self._taken(codes, now)
        yield from self._too_long()

    def silent(self, now: int) -> Iterator[Said]:
        """The code that ended by itself, if it does so."""
        codes, cut = self._codes.silent()
        self.pending = None
        yield from self._taken(codes, now)
        yield from self._too_long()
        if cut:
            self._is_noise(cut)
            yield Notice(
                "cut_codes",
                "the end of a code did not come: look at the cable, or set suffix to what the scanner sends",
            )

    def _taken(self, codes: list[bytes], now: int) -> Iterator[Said]:
        for code in (code.strip(_AROUND) for code in codes):
            if is_text(code):
                self._noise = 0
                yield from self._scanned(code, now)
            else:
                self._is_noise(len(code))
                yield Notice(
                    "garbled",
                    "what arrives is no text: set the baud rate in the url to that of the scanner"
                    f' ({BAUD} is usual), let it send UTF-8, or take kind = "ssi" if it is set to SSI',
                )

    def _scanned(self, code: bytes, now: int) -> Iterator[Said]:
        if not code.startswith(self._prefix):
            yield Notice(
                "without_prefix",
                "a code came without its prefix: its beginning was lost, or the scanner sends another one",
            )
            return
        yield from self.scans.take(label.text_of(code[len(self._prefix) :]), now)

    def _too_long(self) -> Iterator[Said]:
        lost = self._codes.lost - self._lost
        if lost:
            self._lost += lost
            self._is_noise(lost)
            yield Notice(
                "too_long",
                f"more than {LONGEST} characters without an end: set suffix to what the scanner sends behind a code",
            )

    def _is_noise(self, size: int) -> None:
        self.counts["noise"] += size
        self._noise += size
        if self._noise > MOST_NOISE:
            self.error = ProtocolError(
                f"more than {MOST_NOISE} bytes came in a row that are no codes: set the baud rate in the url to that"
                f" of the scanner ({BAUD} is usual), and suffix to what it sends behind a code"
            )


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """What do these bytes say? Raw, or lines of hex pairs with blanks between them (behind # is a comment)."""
    if all(_HEX.fullmatch(line) for line in data.split(b"\n")):
        data = unhexed(data)
    codes = Codes()
    found = codes.feed(data)
    rest, cut = codes.silent()
    for code in (code.strip(_AROUND) for code in (*found, *rest)):
        yield described(label.text_of(code)) if is_text(code) else {
            "error": "no text", "bytes": code[:_SHOWN].hex(), "skipped": len(code)
        }  # fmt: skip
    if codes.lost or cut:
        yield {"error": "no end of a code", "skipped": codes.lost + cut}
