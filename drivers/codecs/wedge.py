"""Scanners that are keyboards: Linux input events (linux/input.h) to the text that was typed.

struct input_event: seconds and microseconds, each a C long of 4 or 8 bytes | u16 type | u16 code | s32 value.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from core.records import Dropped
from drivers.codecs import key_layout
from drivers.codecs.label import LONGEST
from drivers.codecs.module_decode import unhexed
from drivers.codecs.notice import Notice
from drivers.codecs.scans import Said, ScannerSession, described

SYN, KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
RELEASED, PRESSED, REPEATED = 0, 1, 2

LONG = struct.calcsize("l")
"""Bytes of a C long on this machine."""

CUT_SECONDS = 0.5
"""A code that is typed no further for so long was cut short."""

_LAST_TYPE = 0x1F
_DIGITS = 4  # of a number that is typed with Alt


@dataclass(frozen=True, slots=True)
class Event:
    """One of the kernel's."""

    type: int
    code: int
    value: int


def layout(long: int) -> struct.Struct:
    """An event where a C long has so many bytes."""
    return struct.Struct("=iiHHi" if long == 4 else "=qqHHi")


def encoded(event: Event, time: int = 0, long: int = LONG) -> bytes:
    """The event as the kernel gives it; `time` in microseconds."""
    return layout(long).pack(*divmod(time, 1_000_000), event.type, event.code, event.value)


class Keyboard:
    """What the keys type, one after the other; Enter and Tab end a text.

    text     of the code that is begun
    skipped  what came before is not known: up to the next end nothing is a code
    """

    def __init__(self) -> None:
        self.text = ""
        self.skipped = False
        self._held: set[int] = set()
        self._caps = False
        self._number = ""

    def forget(self) -> None:
        """Keys are missing."""
        self.text, self._number = "", ""
        self._held.clear()
        self.skipped = True

    def press(self, key: int) -> str | None:
        """The text that the key ends, None if it ends none. Raises KeyError for a key that types nothing we know."""
        if key in key_layout.MODIFIERS:
            self._held.add(key)
        elif key == key_layout.CAPS_LOCK:
            self._caps = not self._caps
        elif key in key_layout.ENDS:
            return self._end()
        elif self._held & key_layout.ALTS:
            self._number = (self._number + key_layout.TYPED.get(key, ("?",))[0])[: _DIGITS + 1]
        elif key not in key_layout.IDLE:
            shift, control = bool(self._held & key_layout.SHIFTS), bool(self._held & key_layout.CONTROLS)
            return self._put(key_layout.typed(key, shift, self._caps, control), key)
        return None

    def release(self, key: int) -> str | None:
        """The same of a key that is let go: a number typed with Alt is known then."""
        self._held.discard(key)
        if key not in key_layout.ALTS or not self._number:
            return None
        number, self._number = self._number, ""
        is_number = number.isdigit() and len(number) <= _DIGITS
        return self._put(key_layout.by_number(number) if is_number else None, key)

    def _put(self, one: str | None, key: int) -> str | None:
        if one is None:
            self.skipped = True
            raise KeyError(key)
        if one in "\r\n\t":
            return self._end()
        self.text += one
        return None

    def _end(self) -> str | None:
        text, self.text = self.text, ""
        skipped, self.skipped = self.skipped, False
        return None if skipped or not text else text


class Session(ScannerSession):
    """One device."""

    def __init__(self, name: str, badge: str | None, at: float, long: int = LONG) -> None:
        super().__init__(name, badge, at)
        self._layout = layout(long)
        self._left = b""
        self._keyboard = Keyboard()
        self._lost_since: int | None = None
        self._heard_at: int | None = None

    def feed(self, data: bytes, now: int) -> Iterator[Said]:
        """The codes that are typed to their end in `data`."""
        data = self._left + data
        whole = len(data) - len(data) % self._layout.size
        self._left = data[whole:]
        for _, _, type, code, value in self._layout.iter_unpack(data[:whole]):
            yield from self._take(Event(type, code, value), now)
        self._heard_at = now
        is_begun = self._keyboard.text or self._keyboard.skipped
        self.pending = CUT_SECONDS if is_begun else None

    def silent(self, now: int) -> Iterator[Said]:
        """The rest of a code does not come."""
        if self._keyboard.text:
            yield Notice(
                "cut_codes",
                "a code was typed without an end: let the scanner send Enter after each, and look at its cable",
            )
        self._keyboard.forget()
        self._keyboard.skipped = False
        self.pending = None

    def _take(self, event: Event, now: int) -> Iterator[Said]:
        if event.type > _LAST_TYPE:
            self.counts["malformed"] += 1
        elif event.type == SYN:
            yield from self._synchronised(event, now)
        elif event.type == KEY and self._lost_since is None:
            yield from self._key(event, now)

    def _synchronised(self, event: Event, now: int) -> Iterator[Said]:
        """After SYN_DROPPED what comes up to the next SYN_REPORT is a part of what was lost."""
        if event.code == SYN_DROPPED:
            self._lost_since = now if self._heard_at is None else self._heard_at
        elif event.code == SYN_REPORT and self._lost_since is not None:
            yield Dropped(now, min(self._lost_since, now), "the kernel's buffer of key presses ran over")
            self._lost_since = None
            self._keyboard.forget()

    def _key(self, event: Event, now: int) -> Iterator[Said]:
        step: dict[int, Callable[[int], str | None]] = {
            PRESSED: self._keyboard.press,
            RELEASED: self._keyboard.release,
        }
        if event.value not in step:  # a key that is held
            return
        try:
            text = step[event.value](event.code)
        except KeyError:
            yield Notice(
                "unknown_keys",
                f"key {event.code} types no letter of a US keyboard: set the scanner to the layout US, and control"
                " characters to Ctrl and a letter",
            )
            return
        if len(self._keyboard.text) > LONGEST and not self._keyboard.skipped:
            self._keyboard.skipped = True
            yield Notice(
                "too_long",
                f"more than {LONGEST} characters without Enter: let the scanner send it after each",
            )
        if self._keyboard.skipped:
            self._keyboard.text = ""
        elif text is not None:
            yield from self.scans.take(text, now)


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """What do these events say? Raw, or lines of hex (behind # is a comment); of a machine of 32 or 64 bits."""
    with suppress(ValueError):  # no hex: the events themselves
        data = unhexed(data)
    long = 4 if _is_narrow(data) else 8
    keyboard, size = Keyboard(), layout(long).size
    for _, _, type, code, value in layout(long).iter_unpack(data[: len(data) // size * size]):
        if (type, code) == (SYN, SYN_DROPPED):
            keyboard.forget()
            yield {"error": "events were dropped"}
        elif type == KEY and value in (PRESSED, RELEASED):
            try:
                text = keyboard.press(code) if value == PRESSED else keyboard.release(code)
            except KeyError:
                yield {"error": "a key that types no letter of a US keyboard", "key": code}
                continue
            if text is not None:
                yield described(text)
    if keyboard.text or len(data) % size:
        yield {"error": "the end did not come", "text": keyboard.text, "skipped": len(data) % size}


def _is_narrow(data: bytes) -> bool:
    """Are there more keys in it if events are of 16 bytes than of 24?"""

    def keys(long: int) -> int:
        whole = data[: len(data) // layout(long).size * layout(long).size]
        events = layout(long).iter_unpack(whole)
        return sum(type == KEY and value in (RELEASED, PRESSED, REPEATED) for _, _, type, _, value in events)

    return keys(4) > keys(8)
