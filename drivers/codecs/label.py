"""What a scanner read, and whose tag it is: one form for the same thing, however its label was printed.

A GS1 key is "barcode:" and its Digital Link path, so that a GS1-128, a DataMatrix, a Digital Link and the bare digits of
an EAN-13 give the same tag. All else is "barcode:" and the text itself: without the blanks around it, with those inside
and what is not printable ASCII as %XX of its UTF-8, and as a hash if it is very long.
"""

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from core.records import Scan
from core.sources import TENURE
from drivers.codecs import aim, gs1_keys
from drivers.codecs.gs1_keys import Elements, WrongCheckDigit
from drivers.codecs.notice import Notice

LONGEST = 7089
"""Characters: the most digits that a QR code holds, version 40-L (ISO/IEC 18004)."""

LONGEST_TAG = 256
"""Characters of a text that is a tag by itself. Databases index tags; a business card or a letter is not one."""

_GS = "\x1d"
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_SHOWN = 60
_LEADING = {
    "00": 18,
    "01": 14,
}  # digits of the keys that labels without a GS1 identifier are known to begin with


class Refused(ValueError):
    """Not a code that could name anything; `name` is what it is counted under, the text says what to do."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True)
class Label:
    """tag: "barcode:..."; code: the text without its symbology identifier; elements: its GS1 elements, if it has any."""

    tag: str
    code: str
    symbology: str
    elements: Elements = ()


def read(text: str, identifier: str = "") -> Label:
    """What a scanner sent, with or without an AIM identifier before it; `identifier` if it said that elsewhere.

    Raises Refused: nothing was read, it is too long, a check digit is wrong, or a GS1 symbol holds no element strings.
    """
    found, code = aim.split(text)
    identifier = found or identifier
    if not code.strip():
        raise Refused(
            "empty_codes", "a code without any character; look at what the scanner puts around its codes"
        )
    if len(code) > LONGEST:
        raise Refused("too_long", f"a code of {len(code)} characters: no symbol holds more than {LONGEST}")
    try:
        elements = _elements(code, identifier)
    except WrongCheckDigit as error:
        raise Refused(
            "wrong_check_digits", f"{error}: read it again; if it says the same, the label is misprinted"
        ) from None
    return Label(_tag(code, elements), code, aim.name(identifier), elements)


def text_tag(scheme: str, text: str) -> str:
    """The tag of a text that is no GS1 key; `scheme` is barcode or badge."""
    text = text.strip()
    if " " in text or not (text.isascii() and text.isprintable()):
        text = quote(text, _PRINTABLE, "utf-8", "surrogatepass")
    if len(text) > LONGEST_TAG:
        text = f"sha256:{sha256(text.encode()).hexdigest()}"
    return f"{scheme}:{text}"


def text_of(data: bytes) -> str:
    """Bytes as UTF-8; as Latin-1 where they are none, as older scanners send the same letters."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


class Labels:
    """The codes of one scanner, one after the other.

    badge  codes that begin with it are badges: whose it is holds the scanner from then on, for `TENURE`
    """

    def __init__(self, badge: str | None = None) -> None:
        # here, not at the first scan: biip's tables take a fifth of a second, and nobody without a scanner needs them
        from drivers.codecs import gs1  # noqa: F401

        self._badge = badge
        self._operator: str | None = None
        self._held_since = 0

    def scan(self, text: str, time: int, identifier: str = "") -> Scan | Notice:
        """The record of a code, or why there is none; `time` in microseconds UTC, the others as in `read`."""
        found, code = aim.split(text)
        if self._badge is not None and code.startswith(self._badge) and len(code) <= LONGEST:
            self._operator, self._held_since = text_tag("badge", code), time
            return Scan(time, self._operator, code, aim.name(found or identifier), self._operator)
        try:
            label = read(text, identifier)
        except Refused as refused:
            return Notice(refused.name, str(refused))
        if time - self._held_since > TENURE:
            self._operator = None
        return Scan(time, label.tag, label.code, label.symbology, self._operator)


def _tag(code: str, elements: Elements) -> str:
    if not elements:
        return text_tag("barcode", code)
    path = gs1_keys.path(elements)
    if path is not None:
        return f"barcode:{path}"
    return text_tag("barcode", "".join(f"({name}){value}" for name, value in elements))


def _elements(code: str, identifier: str) -> Elements:
    """Raises WrongCheckDigit, and Refused for what a symbol says that it holds and does not."""
    if identifier in aim.GTIN:
        return _gtin(code, identifier)
    if identifier in aim.GS1 and not _is_uri(code):
        return _declared(code)
    if elements := gs1_keys.bare(code):
        return elements
    return _recognised(code) if _may_be_gs1(code) else ()


def _declared(code: str) -> Elements:
    from drivers.codecs import gs1

    try:
        return gs1.element_string(code)
    except gs1.Malformed as error:
        raise Refused(
            "malformed_gs1",
            f"a GS1 symbol that cannot be read: {error}; let the scanner send FNC1 as GS (0x1D), or look at the label",
        ) from None


def _recognised(code: str) -> Elements:
    """Nobody said that it is one: what makes no sense as GS1 is a text like any other."""
    from drivers.codecs import gs1

    try:
        if _is_uri(code):
            return gs1.digital_link(code)
        if code[0] == "/":
            return gs1.path_elements(code)
        return gs1.human_readable(code) if code[0] == "(" else gs1.element_string(code)
    except gs1.Malformed:
        return ()


def _gtin(code: str, identifier: str) -> Elements:
    """The digits of EAN and UPC symbols; UPC-E as it is, or expanded."""
    digits = code[:13] if identifier == "E3" else code
    if identifier == "E0" and len(digits) == 8:
        digits = _expanded(digits)
    if elements := gs1_keys.bare(digits):
        return elements
    raise WrongCheckDigit(
        f"{code[:_SHOWN]!r} is no EAN or UPC with its check digit (let the scanner send the check digit)"
    )


def _expanded(upc_e: str) -> str:
    """UPC-E to UPC-A (GS1 General Specifications 5.2.2.4.2): the last digit before the check digit says where zeros go."""
    system, body, check = upc_e[0], upc_e[1:7], upc_e[7]
    rule = body[5]
    if rule in "012":
        body = f"{body[:2]}{rule}0000{body[2:5]}"
    elif rule == "3":
        body = f"{body[:3]}00000{body[3:5]}"
    elif rule == "4":
        body = f"{body[:4]}00000{body[4]}"
    else:
        body = f"{body[:5]}0000{rule}"
    return system + body + check


def _is_uri(code: str) -> bool:
    return code[:8].lower().startswith(("http://", "https://"))


def _may_be_gs1(code: str) -> bool:
    """Without a word of the scanner: does it look like a GS1 key that is worth a closer look?"""
    digits = _LEADING.get(code[:2])
    if digits is not None:
        key = code[2 : 2 + digits]
        if len(key) == digits and key.isascii() and key.isdigit() and gs1_keys.is_checked(key):
            return True
    return _GS in code or code[0] in "/(" or _is_uri(code)
