"""Keys of a US keyboard: the codes of Linux (linux/input-event-codes.h) and what is typed by them."""

ENTER, TAB, KEYPAD_ENTER, CAPS_LOCK, F8 = 28, 15, 96, 58, 66
SHIFTS, CONTROLS, ALTS = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100})
MODIFIERS = SHIFTS | CONTROLS | ALTS
ENDS = frozenset({ENTER, TAB, KEYPAD_ENTER})

IDLE = frozenset({69, 70, 125, 126})
"""Locks of the keypad and of scrolling, and the meta keys: they type nothing."""

GS = "\x1d"

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
TYPED = {
    first + at: (plain, shifted)
    for first, low, high in _ROWS
    for at, (plain, shifted) in enumerate(zip(low, high, strict=True))
}
"""Plain and with Shift, by the key."""

KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
_KEYPAD_SIGNS = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
TYPED |= {key: (one, one) for key, one in (KEYPAD | _KEYPAD_SIGNS).items()}

_CONTROL = range(0x40, 0x60)


def typed(key: int, shift: bool, caps: bool, control: bool) -> str | None:
    """The character; None if there is none. Ctrl+] is GS, as Ctrl and a key of that row of ASCII always were."""
    pair = TYPED.get(key)
    if pair is None:
        return GS if key == F8 else None  # so some scanners type it
    one = pair[shift != (caps and pair[0].isalpha())]
    if not control:
        return one
    code = ord(pair[shift].upper())
    return chr(code - 0x40) if code in _CONTROL else None


def by_number(digits: str) -> str | None:
    """What Alt and a number on the keypad type, as Windows has it: Alt+0029 is GS; without the 0, code page 437."""
    number = int(digits)
    if number > 0xFF:
        return None
    if digits.startswith("0") or number < 0x80:
        return chr(number)
    return bytes((number,)).decode("cp437")
