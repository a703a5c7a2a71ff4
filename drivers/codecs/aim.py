"""AIM symbology identifiers: "]", a letter and a modifier, which a scanner puts before what it read (ISO/IEC 15424)."""

NAMES = {
    "A": "code-39", "B": "telepen", "C": "code-128", "D": "code-one", "E": "ean-upc", "F": "codabar", "G": "code-93",
    "H": "code-11", "I": "itf", "J": "dotcode", "K": "code-16k", "L": "pdf417", "M": "msi", "N": "anker",
    "O": "codablock", "P": "plessey", "Q": "qr", "R": "2-of-5", "S": "2-of-5", "T": "code-49", "U": "maxicode",
    "X": "other", "Z": "typed", "c": "channel-code", "d": "datamatrix", "e": "gs1-databar", "h": "han-xin",
    "o": "ocr", "p": "posicode", "s": "supercode", "z": "aztec",
}  # fmt: skip
"""By the letter."""

GS1 = {"C1": "gs1-128", "J1": "gs1-dotcode", "Q3": "gs1-qr", "d2": "gs1-datamatrix", "e0": "gs1-databar"}
"""Those that hold element strings (GS1 General Specifications, symbology identifiers)."""

GTIN = {"E0": "ean-13", "E3": "ean-13", "E4": "ean-8"}
"""Those that hold a GTIN and nothing else; E0 is UPC-A and UPC-E as well, E3 has an add-on behind it."""


def split(text: str) -> tuple[str, str]:
    """The identifier without its "]", and what follows it; ("", text) if the text begins with none."""
    if len(text) >= 3 and text[0] == "]" and text[1] in NAMES and text[2].isascii() and text[2].isalnum():
        return text[1:3], text[3:]
    return "", text


def name(identifier: str) -> str:
    """How the symbology is called, "" if the scanner did not say."""
    return GS1.get(identifier) or GTIN.get(identifier) or NAMES.get(identifier[:1], "")
