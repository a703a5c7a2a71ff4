"""GS1 keys: what names a thing among the element strings of a label, and its check digit.

GS1 General Specifications, 7.9 (check digits); GS1 Digital Link Standard: URI Syntax, 4 (keys and their qualifiers).
"""

from urllib.parse import quote

Elements = tuple[tuple[str, str], ...]
"""Application identifiers and their values, as they stand on the label."""

KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "00": (), "8006": (("21",), ("22", "10")), "01": (("21",), ("235",), ("22", "10")), "8004": (("7040",),),
    "8003": (), "253": (), "255": (), "8018": (("8019",),), "8017": (("8019",),), "8010": (("8011",),), "8013": (),
    "401": (), "402": (), "414": (("254",), ("7040",)), "417": (("7040",),), "415": (("8020",),),
}  # fmt: skip
"""The keys, the one that names the thing most closely first, and the qualifiers of each: the first group of which
anything is there counts. A serial number needs no lot beside it: it is the same thing whether the label tells its lot
or not."""

GTIN_DIGITS = 14
GTIN_LENGTHS = (8, 12, 13, GTIN_DIGITS)

_CHECKED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17, "8003": 14, "8006": 14, "8017": 18,
    "8018": 18, **{f"41{last}": 13 for last in range(8)},
}  # fmt: skip
"""Of which digits of the value the last is their check digit."""


class WrongCheckDigit(ValueError):
    """A key was misprinted, or read wrongly; the text says which and what would be right."""


def check_digit(digits: str) -> int:
    """What belongs behind `digits`: the weights are 3 and 1 in turn, from the right."""
    return -(3 * sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2]))) % 10


def is_checked(digits: str) -> bool:
    """Is the last of the digits their check digit?"""
    return check_digit(digits[:-1]) == int(digits[-1])


def verify(elements: Elements) -> None:
    """Raises WrongCheckDigit if a key has one."""
    for identifier, value in elements:
        length = _CHECKED.get(identifier)
        if length is not None and not is_checked(value[:length]):
            wanted = check_digit(value[: length - 1])
            raise WrongCheckDigit(
                f"({identifier}) {value} ends its key with the check digit {value[length - 1]}, and {wanted} would"
                " be right"
            )


def bare(digits: str) -> Elements:
    """The GTIN of an EAN-13, EAN-8, UPC-A or ITF-14 that says no more than its digits; () if they are none."""
    if len(digits) not in GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()):
        return ()
    return (("01", digits.zfill(GTIN_DIGITS)),) if is_checked(digits) and digits.strip("0") else ()


def path(elements: Elements) -> str | None:
    """The Digital Link path of the key: "/01/09506000134352/21/123456789"; None if no element is a key."""
    values = dict(elements)
    for key, groups in KEYS.items():
        if key in values:
            group = next((one for one in groups if any(name in values for name in one)), ())
            named = (key, *(name for name in group if name in values))
            return "".join(f"/{name}/{quote(values[name], safe='')}" for name in named)
    return None
