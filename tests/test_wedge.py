"""Scanners that are keyboards, without a device: drivers/codecs/wedge.py, key_layout.py, and the simulated one."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Alive, Dropped, Scan, Up
from drivers.codecs import key_layout, wedge
from drivers.codecs.label import LONGEST
from drivers.codecs.notice import Notice
from drivers.codecs.scans import Said
from drivers.codecs.wedge import (
    CUT_SECONDS,
    KEY,
    PRESSED,
    RELEASED,
    REPEATED,
    SYN,
    SYN_DROPPED,
    Event,
    Session,
)
from simulators.labels import Printed
from simulators.wedge import Separator, SimulatedWedge
from tests.module_talk import DATA

NOW = 1_767_225_600 * SECOND
ENTER, SHIFT, CONTROL, ALT, CAPS = 28, 42, 29, 56, 58
SCANNER = SimulatedWedge(Path("nowhere"))
TEXT = "".join(chr(one) for one in range(0x20, 0x7F))


class Keys:
    """A session and what it said; `at` is the time in seconds."""

    def __init__(self, long: int = wedge.LONG) -> None:
        self.session = Session("a scanner", "EMP-", 0.0, long)
        self.long = long
        self.at = 0.0
        self.said: list[Said] = list(self.session.timeout(NOW, 0.0))

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.said if isinstance(one, Scan)]

    @property
    def notices(self) -> list[str]:
        return [one.name for one in self.said if isinstance(one, Notice)]

    def say(self, *pieces: bytes) -> "Keys":
        for data in pieces:
            self.said += self.session.receive(data, NOW + round(self.at * SECOND), self.at)
        return self

    def events(self, *events: tuple[int, int, int]) -> "Keys":
        return self.say(b"".join(wedge.encoded(Event(*one), long=self.long) for one in events))

    def keys(self, *keys: int) -> "Keys":
        """Pressed and let go, one after the other; a negative one is only let go, one above 1000 only pressed."""
        for key in keys:
            if key >= 0:
                self.events((KEY, key % 1000, PRESSED))
            if key < 1000:
                self.events((KEY, abs(key), RELEASED))
        return self

    def wait(self, seconds: float) -> "Keys":
        self.at += seconds
        self.said += self.session.timeout(NOW + round(self.at * SECOND), self.at)
        return self


def held(key: int) -> int:
    return 1000 + key


def test_what_is_typed_is_a_code() -> None:
    keys = Keys().say(SCANNER.typed("]C0EMP-7")).keys(ENTER)
    keys.at = 1.0
    keys.say(SCANNER.typed(TEXT)).keys(key_layout.TAB)
    keys.say(SCANNER.typed("]C00109506000134352")).keys(key_layout.KEYPAD_ENTER)
    assert keys.said[:2] == [Up(NOW), Alive(NOW)]
    scans = [one for one in keys.said if isinstance(one, Scan)]
    assert [one.code for one in scans] == ["EMP-7", TEXT, "0109506000134352"]
    assert scans[1] == Scan(NOW + SECOND, f"barcode:{TEXT.strip()}", TEXT, "", "badge:EMP-7")
    assert scans[2].tag == "barcode:/01/09506000134352"
    assert keys.session.info == "a scanner"


@pytest.mark.parametrize("separator", ["ctrl", "alt", "f8"])
def test_the_ways_to_type_a_separator(separator: Separator) -> None:
    scanner = SimulatedWedge(Path("nowhere"), separator)
    code = "010950600013435210AB\x1d21a1"
    assert Keys().say(scanner.typed(f"]C1{code}")).keys(ENTER).codes == [code]


def test_control_characters() -> None:
    keys = Keys().keys(held(CONTROL), 32, 43, held(SHIFT), 7, 12, -SHIFT, -CONTROL, 30, ENTER)
    assert keys.codes == ["\x04\x1c\x1e\x1fa"]
    assert Keys().keys(30, held(CONTROL), 50, -CONTROL, 48, held(97), 36).codes == ["a", "b"]


@pytest.mark.parametrize(
    ("digits", "letter"),
    [((82, 79, 80), "\x0c"), ((79, 80, 73), "\u00fc"), ((82, 80, 75, 75), "\u00f4"), ((2, 7), "\x10")],
)
def test_numbers_typed_with_alt(digits: tuple[int, ...], letter: str) -> None:
    """012, 0244 as Windows has them; 129 of code page 437; 16 on the upper row."""
    assert Keys().keys(held(ALT), *digits, -ALT, 30, ENTER).codes == [f"{letter}a"]


@pytest.mark.parametrize("digits", [(80, 76, 77), (30,), (82, 82, 82, 82, 79), (1,)])
def test_what_alt_does_not_type(digits: tuple[int, ...]) -> None:
    keys = Keys().keys(30, held(ALT), *digits, -ALT, 30, ENTER, 48, ENTER)
    assert keys.codes == ["b"]
    assert keys.notices == ["unknown_keys"]
    assert Keys().keys(held(ALT), -ALT, 48, ENTER).codes == ["b"]


def test_caps_lock_is_for_letters() -> None:
    assert Keys().keys(CAPS, 30, 2, held(SHIFT), 30, 2, -SHIFT, CAPS, 30, ENTER).codes == ["A1a!a"]


def test_repeats_other_events_and_locks_type_nothing() -> None:
    keys = Keys().events((4, 4, 458756), (KEY, 30, PRESSED), (KEY, 30, REPEATED), (17, 1, 1), (SYN, 0, 0))
    assert keys.keys(69, -30, ENTER, ENTER).codes == ["a"]
    keys.events((0x20, 1, 1))
    assert keys.session.counts == {"malformed": 1}


def test_a_key_that_types_nothing_spoils_its_code_and_no_other() -> None:
    keys = Keys().keys(30, 59, 48, ENTER, 46, ENTER)
    assert keys.codes == ["c"]
    assert keys.notices == ["unknown_keys"]
    assert Keys().keys(held(CONTROL), 2, -CONTROL, 30, ENTER).codes == []


def test_a_code_that_is_typed_no_further() -> None:
    keys = Keys().keys(30).wait(CUT_SECONDS / 2).keys(48)
    keys.wait(CUT_SECONDS).keys(46, ENTER)
    assert keys.codes == ["c"]
    assert keys.notices == ["cut_codes"]
    keys.keys(59).wait(CUT_SECONDS).keys(48, ENTER)
    assert keys.codes == ["c", "b"]
    assert keys.notices == ["cut_codes", "unknown_keys"]


def test_what_the_kernel_dropped() -> None:
    """Up to the next report it is a part of what was lost, and the code that was being typed is none."""
    keys = Keys().keys(held(SHIFT), 30)
    keys.at = 0.2
    keys.events((SYN, SYN_DROPPED, 0), (KEY, 48, PRESSED), (SYN, 0, 0)).keys(46, ENTER).keys(32, ENTER)
    assert keys.codes == ["d"]
    assert [one for one in keys.said if isinstance(one, Dropped)] == [
        Dropped(NOW + 200_000, NOW, "the kernel's buffer of key presses ran over")
    ]
    first = Keys().events((SYN, SYN_DROPPED, 0), (SYN, 0, 0))
    assert isinstance(first.said[-1], Dropped)
    assert first.said[-1].since == NOW


def test_what_is_longer_than_any_code() -> None:
    keys = Keys()
    for _ in range(LONGEST // 100 + 2):
        keys.keys(*[30] * 100)
    assert keys.notices == ["too_long"]
    assert keys.keys(ENTER, 48, ENTER).codes == ["b"]


def test_events_of_another_machine() -> None:
    assert {wedge.layout(4).size, wedge.layout(8).size} == {16, 24}
    assert Keys(4).keys(30, ENTER).codes == Keys(8).keys(30, ENTER).codes == ["a"]


@given(data=st.data())
@settings(max_examples=40)
def test_any_split_gives_the_same(data: st.DataObject) -> None:
    words = st.sampled_from(
        [SCANNER.typed("]C0EMP-1"), SCANNER.stroke(ENTER), SCANNER.stroke(59), SCANNER.typed("a\x1dB")]
    )
    stream = b"".join(data.draw(st.lists(words | st.binary(max_size=50), max_size=8)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    whole, split = (
        Keys().say(stream),
        Keys().say(*(stream[a:b] for a, b in pairwise([0, *cuts, len(stream)]))),
    )
    assert split.codes == whole.codes
    assert split.notices == whole.notices
    assert split.session.counts == whole.session.counts


def test_what_decode_says() -> None:
    """Events as `evtest` names them, of a machine of 64 bits: "aB", Ctrl+], "1", Enter."""
    text = (DATA / "wedge" / "events.txt").read_bytes()
    (line,) = wedge.decode_lines(text)
    assert (line["tag"], line["code"]) == ("barcode:aB%1D1", "aB\x1d1")
    raw = b"".join(bytes.fromhex(one.partition(b"#")[0].decode()) for one in text.splitlines())
    assert list(wedge.decode_lines(raw)) == [line]
    narrow = b"".join(
        raw[at : at + 4] + raw[at + 8 : at + 12] + raw[at + 16 : at + 24] for at in range(0, len(raw), 24)
    )
    assert list(wedge.decode_lines(narrow)) == [line]


def test_what_decode_says_of_what_is_no_code() -> None:
    events = [
        Event(KEY, 59, PRESSED),
        Event(SYN, SYN_DROPPED, 0),
        Event(KEY, ENTER, PRESSED),
        Event(KEY, 30, PRESSED),
    ]
    lines = list(wedge.decode_lines(b"".join(wedge.encoded(one, long=8) for one in events) + b"\1"))
    assert lines == [
        {"error": "a key that types no letter of a US keyboard", "key": 59},
        {"error": "events were dropped"},
        {"error": "the end did not come", "text": "a", "skipped": 1},
    ]
    assert list(wedge.decode_lines(b"")) == []


def test_the_simulated_one_is_a_file_while_it_is_plugged_in(tmp_path: Path) -> None:
    with SimulatedWedge(tmp_path / "kbd") as scanner:
        assert scanner.url == f"input://{tmp_path}/kbd"
        with scanner.path.open("rb", buffering=0) as device:
            scanner.read(Printed("ab", "C0"))
            assert Keys().say(device.read(1 << 16)).codes == ["ab"]
            scanner.unplug()
            assert device.read(1) == b""
        scanner.write(b"to nobody")
        assert not scanner.path.exists()
