"""A scanner that is a keyboard: the input events of its keys, through a named pipe in the place of its device.

A kernel makes such events of what a USB keyboard reports; here they are written as it would give them.
"""

import os
from pathlib import Path
from typing import Literal

from drivers.codecs import key_layout, wedge
from simulators.labels import Printed

Separator = Literal["ctrl", "alt", "f8"]
"""How it types FNC1: Ctrl+], Alt and 0029 on the keypad, or F8."""

_MSC, _SCAN = 4, 4
_KEYS = {
    one: (key, shift) for key, pair in reversed(key_layout.TYPED.items()) for shift, one in enumerate(pair)
}
_DIGITS = {digit: key for key, digit in key_layout.KEYPAD.items()}
_SHIFT, _CONTROL, _ALT, _BRACKET = 42, 29, 56, 27


class SimulatedWedge:
    """At the name `path` while it is plugged in; it types `ends` behind a code, and `]` and the identifier before it."""

    def __init__(self, path: Path, separator: Separator = "ctrl", end: int = key_layout.ENTER) -> None:
        self.path = path
        self.separator: Separator = separator
        self.end = end
        self._far: int | None = None

    @property
    def url(self) -> str:
        return f"input://{self.path}"

    def __enter__(self) -> "SimulatedWedge":
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        """The device is there. Open for reading as well, so that it is never without a reader."""
        os.mkfifo(self.path)
        self._far = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        """It vanishes."""
        if self._far is not None:
            os.close(self._far)
            self._far = None
            self.path.unlink()

    def read(self, label: Printed) -> None:
        """A label before it."""
        self.write(self.typed(f"]{label.identifier}{label.text}") + self.stroke(self.end))

    def write(self, events: bytes) -> None:
        """To whoever has the device open; nobody: nowhere."""
        if self._far is not None:
            os.write(self._far, events)

    def typed(self, text: str) -> bytes:
        """The events of a text, a US keyboard's."""
        return b"".join(self._letter(one) for one in text)

    def stroke(self, key: int, *held: int) -> bytes:
        """A key pressed and let go while others are held."""
        down = b"".join(_event(one, wedge.PRESSED) for one in held)
        up = b"".join(_event(one, wedge.RELEASED) for one in reversed(held))
        return down + _event(key, wedge.PRESSED) + _event(key, wedge.RELEASED) + up

    def _letter(self, one: str) -> bytes:
        if one == key_layout.GS:
            return self._separator()
        key, shift = _KEYS[one]
        return self.stroke(key, _SHIFT) if shift else self.stroke(key)

    def _separator(self) -> bytes:
        if self.separator == "f8":
            return self.stroke(key_layout.F8)
        if self.separator == "ctrl":
            return self.stroke(_BRACKET, _CONTROL)
        number = b"".join(self.stroke(_DIGITS[digit]) for digit in "0029")
        return _event(_ALT, wedge.PRESSED) + number + _event(_ALT, wedge.RELEASED)


def _event(key: int, value: int) -> bytes:
    """The key's scan code, the key, and the end of the report."""
    events = (
        wedge.Event(_MSC, _SCAN, 0x70000 + key),
        wedge.Event(wedge.KEY, key, value),
        wedge.Event(wedge.SYN, 0, 0),
    )
    return b"".join(wedge.encoded(event) for event in events)
