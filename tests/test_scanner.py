"""Plain serial scanners without a line: drivers/codecs/scanner.py, scans.py."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Alive, Scan, Up
from drivers.codecs.errors import ProtocolError
from drivers.codecs.label import LONGEST
from drivers.codecs.notice import Notice
from drivers.codecs.scanner import CUT_SECONDS, MOST_NOISE, SILENCE_SECONDS, Session, Setup, decode_lines
from drivers.codecs.scans import ALIVE_SECONDS, Said, Scans

NOW = 1_767_225_600 * SECOND
NOISE = bytes.fromhex("f8 00 80 fe f0")


class Line:
    """A session and what it said; `at` is the time in seconds, the records' times follow it."""

    def __init__(self, suffix: str = "auto", prefix: str = "", badge: str | None = None) -> None:
        self.session = Session(Setup(prefix, suffix, badge), 0.0)
        self.said: list[Said] = []
        self.at = 0.0
        self.wait(0.0)

    @property
    def now(self) -> int:
        return NOW + round(self.at * SECOND)

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.said if isinstance(one, Scan)]

    @property
    def notices(self) -> list[str]:
        return [one.name for one in self.said if isinstance(one, Notice)]

    def say(self, *pieces: bytes) -> "Line":
        for data in pieces:
            self.said += self.session.receive(data, self.now, self.at)
        return self

    def wait(self, seconds: float) -> "Line":
        end = self.at + seconds
        while self.session.deadline <= end:
            self.at = max(self.at, self.session.deadline)
            self.said += self.session.timeout(self.now, self.at)
        self.at = end
        return self


def test_it_is_up_when_the_port_is_open_and_alive_while_it_is_there() -> None:
    line = Line()
    assert line.session.info == "scanner"
    assert line.said == [Up(NOW), Alive(NOW)]
    line.wait(2 * ALIVE_SECONDS)
    assert line.said[2:] == [Alive(NOW + 5 * SECOND), Alive(NOW + 10 * SECOND)]
    assert line.session.data_to_send() == b""
    early = Session(Setup(), 0.0)
    assert [type(one) for one in early.receive(b"x\r", NOW, 0.0)] == [Up, Scan, Alive, Alive]


def test_a_code_has_the_time_of_its_last_byte_and_a_sign_of_life_behind_it() -> None:
    line = Line(badge="EMP-").wait(1)
    line.say(b"EMP-1\r")
    line.wait(1).say(b"]C0A", b"BC\r")
    assert line.said[2:] == [
        Scan(NOW + SECOND, "badge:EMP-1", "EMP-1", "", "badge:EMP-1"),
        Alive(NOW + SECOND + 1),
        Scan(NOW + 2 * SECOND, "barcode:ABC", "ABC", "code-128", "badge:EMP-1"),
        Alive(NOW + 2 * SECOND + 1),
    ]


def test_codes_in_one_piece_have_times_of_their_own() -> None:
    line = Line()
    line.say(b"A\rB\rA\r")
    scans = [one for one in line.said if isinstance(one, Scan)]
    assert [one.time - NOW for one in scans] == [0, 2, 4]
    assert line.said[-1] == Alive(NOW + 5)


def test_a_clock_that_is_set_back_is_followed() -> None:
    scans = Scans()
    times = [scans.take("A", NOW + by)[0] for by in (0, -SECOND // 2, -2 * SECOND, 5)]
    assert [one.time - NOW for one in times if isinstance(one, Scan)] == [0, 2, -2 * SECOND, 5]


@pytest.mark.parametrize(
    ("suffix", "sent"),
    [
        ("auto", b"A1\rB2\nC3\r\nD4\t\x02E5\x03\r\r\nF6\r"),
        ("cr", b"A1\rB2\r\nC3\rD4\rE5\rF6\r\n"),
        ("lf", b"A1\nB2\r\nC3\nD4\nE5\nF6\n"),
        ("crlf", b"A1\r\nB2\r\nC3\r\nD4\r\nE5\r\nF6\r\n"),
        ("tab", b"A1\tB2\tC3\tD4\tE5\tF6\t"),
        ("etx", b"\x02A1\x03\x02B2\x03C3\x03D4\x03E5\x03F6\x03"),
    ],
)
def test_suffixes(suffix: str, sent: bytes) -> None:
    codes = ["A1", "B2", "C3", "D4", "E5", "F6"]
    assert Line(suffix).say(sent).codes == codes
    split = Line(suffix).say(*(sent[at : at + 1] for at in range(len(sent))))
    assert split.codes == codes
    split.wait(60)
    assert split.notices == []


def test_a_suffix_may_stand_inside_a_code_if_it_is_not_the_one_that_is_set() -> None:
    assert Line("crlf").say(b"BEGIN:VCARD\nN:A\rB\r\n").codes == ["BEGIN:VCARD\nN:A\rB"]


def test_silence_ends_a_code_where_there_is_no_suffix() -> None:
    for suffix in ("auto", "silence"):
        line = Line(suffix).say(b"A1").wait(SILENCE_SECONDS / 2).say(b"-").wait(SILENCE_SECONDS)
        line.say(b"B2").wait(1)
        assert line.codes == ["A1-", "B2"]
        first = next(one for one in line.said if isinstance(one, Scan))
        assert first.time == NOW + round(SILENCE_SECONDS / 2 * SECOND)
    assert Line("silence").say(b"A\rB").wait(1).codes == ["A\rB"]


def test_once_a_suffix_was_seen_silence_ends_no_code() -> None:
    line = Line().say(b"A1\rB").wait(2 * SILENCE_SECONDS).say(b"2\r")
    assert line.codes == ["A1", "B2"]
    line.say(b"HALF").wait(CUT_SECONDS)
    line.say(b"C3\r")
    assert line.codes == ["A1", "B2", "C3"]
    assert line.notices == ["cut_codes"]
    assert line.session.counts == {"noise": 4}


def test_nobody_listened_is_no_silence() -> None:
    line = Line("silence").say(b"A1")
    line.session.postpone(1.0)
    line.at += 0.5
    line.say(b"-").wait(1)
    assert line.codes == ["A1-"]


def test_a_timeout_before_its_time_changes_nothing() -> None:
    line = Line("silence").say(b"A1")
    line.said += line.session.timeout(NOW, SILENCE_SECONDS / 2)
    assert line.codes == []


def test_prefixes() -> None:
    line = Line("cr", prefix="S:").say(b"S:A1\rA2\rS:A3\r")
    assert line.codes == ["A1", "A3"]
    assert line.notices == ["without_prefix"]
    assert Line("etx", prefix="\x02").say(b"\x02A1\x03").codes == ["A1"]


def test_empty_codes_are_told_where_the_suffix_is_known() -> None:
    assert Line("tab").say(b"\t \t").notices == ["empty_codes", "empty_codes"]
    assert Line("auto").say(b"\r\r\n\t").notices == []


def test_noise_is_counted_and_told_with_its_remedy() -> None:
    line = Line().say(NOISE + b"\r", b"A1\r", b"\xe4\xf6\xfc\r")
    assert line.codes == ["A1"]
    assert line.notices == ["garbled", "garbled"]
    assert line.session.counts == {"noise": len(NOISE) + 3}
    (told, _) = [one for one in line.said if isinstance(one, Notice)]
    assert "set the baud rate in the url" in told.text
    assert Line().say(b"ABCD\x81\r").notices == ["garbled"]


def test_letters_of_both_kinds() -> None:
    line = Line().say("Gr\u00fcn-1\r".encode(), "Gr\u00fcn-2\r".encode("latin-1"))
    assert line.codes == ["Gr\u00fcn-1", "Gr\u00fcn-2"]


@pytest.mark.parametrize("suffix", ["auto", "crlf", "silence"])
def test_what_is_longer_than_any_code(suffix: str) -> None:
    long, end = b"9" * (LONGEST + 100), b"" if suffix == "silence" else b"\r\n"
    whole = Line(suffix).say(long + end).wait(1).say(b"A1" + end).wait(1)
    split = Line(suffix).say(*(long[at : at + 999] for at in range(0, len(long), 999)), end).wait(1)
    split.say(b"A1" + end).wait(1)
    for line in (whole, split):
        assert line.codes == ["A1"]
        assert set(line.notices) == {"too_long"}
        assert line.session.counts["noise"] - len(long) in (0, 1)
    assert Line(suffix).say(b"9" * LONGEST + end).wait(1).codes == ["9" * LONGEST]


def test_a_peer_that_sends_no_codes_at_all_is_left() -> None:
    line = Line()
    while line.session.error is None:
        line.say(NOISE * 200 + b"\r")
    assert isinstance(line.session.error, ProtocolError)
    assert MOST_NOISE < line.session.counts["noise"] < MOST_NOISE + 2000
    assert "bytes came in a row that are no codes" in str(line.session.error)


@given(data=st.data())
@settings(max_examples=60)
def test_any_split_gives_the_same(data: st.DataObject) -> None:
    parts = st.sampled_from(
        [b"\r", b"\n", b"\t", b"\x03", b"]C101095060001343522", b"EMP-1", b"\x1d", b"a" * 4000]
    )
    stream = b"".join(data.draw(st.lists(parts | st.binary(max_size=20), max_size=12)))
    suffix = data.draw(st.sampled_from(["auto", "cr", "lf", "crlf", "tab", "etx", "silence"]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    whole, split = (
        Line(suffix, badge="EMP-").say(stream).wait(1),
        Line(suffix, badge="EMP-").say(*pieces).wait(1),
    )
    assert [one for one in split.said if isinstance(one, Scan)] == [
        one for one in whole.said if isinstance(one, Scan)
    ]
    assert split.session.counts == whole.session.counts


def test_what_decode_says() -> None:
    data = (Path(__file__).parent / "data" / "scanner" / "simulated" / "capture.bin").read_bytes()
    lines = list(decode_lines(data))
    assert [line["tag"] for line in lines] == [
        "barcode:/01/09506000134352/21/A1",
        "barcode:/01/09506000134352",
        "barcode:/01/09506000134352/21/7",
        "barcode:EMP-17",
        "barcode:PALLET-4",
    ]
    assert lines[0] == {
        "time": None, "tag": "barcode:/01/09506000134352/21/A1", "code": "01095060001343521012\x1d21A1",
        "symbology": "gs1-128", "elements": {"01": "09506000134352", "10": "12", "21": "A1"},
    }  # fmt: skip
    assert list(decode_lines(data.hex(" ").encode() + b"  # recorded\n")) == lines
    assert [line["tag"] for line in decode_lines(b"4711")] == ["barcode:4711"]


def test_what_decode_says_of_what_is_no_code() -> None:
    lines = list(decode_lines(NOISE + b"\r]E09506000134353\rHALF"))
    assert lines[0] == {"error": "no text", "bytes": NOISE.hex(), "skipped": 5}
    assert str(lines[1]["error"]).startswith("'9506000134353' is no EAN")
    assert lines[1]["code"] == "]E09506000134353"
    assert lines[2] == {"error": "no end of a code", "skipped": 4}
    assert [line["error"] for line in decode_lines(b"9" * (LONGEST + 100))] == ["no end of a code"]
