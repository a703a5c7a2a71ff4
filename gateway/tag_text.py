"""How an operator writes a tag, and how it is written everywhere else."""

import re

from drivers.codecs import label

SCHEMES = ("tid", "tracker", "barcode", "badge")
_HEX = re.compile(r"([0-9A-F]+)(?:/([0-9]{1,6}))?")


def normal_tag(text: str) -> str:
    """Upper-case, left-aligned hex, with /bits if the bit count is no multiple of 16; or scheme:value.

    A barcode may be written as it is printed, as a scanner sends it, or as its tag: a GS1 key is its Digital Link path
    (drivers/codecs/label.py). Raises ValueError, whose text is "reason; remedy", if it is neither.
    """
    scheme, colon, value = text.strip().partition(":")
    if colon:
        return _with_scheme(scheme, value)
    found = _HEX.fullmatch("".join(scheme.split()).upper())
    if found is None:
        raise ValueError(
            f"not a tag; write its hex digits, or one of {', '.join(SCHEMES)} and a colon before it"
        )
    return _epc(found.group(1), found.group(2))


def _with_scheme(scheme: str, value: str) -> str:
    if scheme not in SCHEMES:
        raise ValueError(f"{scheme!r} is not a scheme of tags; use one of {', '.join(SCHEMES)}")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("holds characters that are not printable ASCII; write the number as it is printed")
    if not value or value != value.strip():
        raise ValueError(
            f"nothing, or a space, stands after {scheme}:; write the number as the device sends it"
        )
    match scheme:
        case "tid":
            return f"tid:{value.upper()}"
        case "barcode":
            return _barcode(value)
        case "badge":
            return label.text_tag("badge", value)
        case _:
            return f"{scheme}:{value}"


def _barcode(value: str) -> str:
    try:
        return label.read(value).tag
    except label.Refused as refused:
        raise ValueError(f"{refused}; write what is printed below the symbol") from None


def _epc(digits: str, length: str | None) -> str:
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hex digits are no whole bytes; write each byte as two digits")
    bits = len(digits) * 4 if length is None else int(length)
    if len(digits) != (bits + 7) // 8 * 2:
        raise ValueError(
            f"{len(digits)} hex digits do not hold {bits} bits; write {(bits + 7) // 8 * 2} digits"
        )
    if int(digits, 16) == 0:
        raise ValueError("a tag of zeros is never tracked; write the tag's programmed number")
    if int(digits, 16) & ((1 << (len(digits) * 4 - bits)) - 1):
        raise ValueError(
            f"bits are set after the first {bits}; align the number to the left and fill with zeros"
        )
    return digits if bits % 16 == 0 else f"{digits}/{bits}"
