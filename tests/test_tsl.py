"""TSL handhelds without a line: drivers/codecs/tsl.py, tsl_session.py, battery.py, simulators/tsl.py."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Alive, Gpi, Reads, Scan, Up
from drivers.codecs import tsl
from drivers.codecs.battery import Battery
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.tsl_session import Session, Setup
from simulators.llrp_reports import Sighting
from simulators.tsl import SimulatedTsl
from tests.module_talk import NOW, Talk, vectors

VECTORS = vectors("tsl")
EPC = bytes.fromhex("330DE29525C0210005F5F8F2")
NAME = EPC.hex().upper()
VERSION = b"CS: .vr\r\nMF: TSL\r\nUS: 1128-EU-001234\r\nUF: 1.9.2\r\nOK:\r\n\r\n"


class Hand(Talk):
    """A handheld, and who holds it."""

    module: SimulatedTsl

    def pull(self, *sightings: Sighting) -> None:
        self.hear(self.module.pull(sightings))
        self.exchange()

    def scan(self, code: bytes | None) -> None:
        self.hear(self.module.scan(code))
        self.exchange()

    def scans(self) -> list[tuple[str, str | None]]:
        return [(one.tag, one.operator) for one in self.bodies if isinstance(one, Scan)]


def hand(setup: Setup | None = None, module: SimulatedTsl | None = None) -> Hand:
    return Hand(Session(setup or Setup(), 0.0), module or SimulatedTsl())


def taken(stream: bytes) -> list[tsl.Told]:
    responses, frames = tsl.Responses(Counter()), tsl.frames()
    lines = [*frames.feed(stream), *frames.flush()]
    return [*(told for line in lines for told in responses.take(line)), *responses.flush()]


@pytest.mark.parametrize(("frame", "comment"), VECTORS["good: barcode"])
def test_barcodes(frame: bytes, comment: str) -> None:
    told, end = taken(frame)
    assert isinstance(told, tsl.Barcode)
    code = comment.replace("<ESC>", "\x1b").replace("<CR>", "\r").replace("<LF>", "\n").encode()
    assert told.data == code
    assert isinstance(end, tsl.End)
    if frame.startswith(b"BC"):
        assert frame.startswith(b"BC: " + tsl.escaped(code) + b"\r\n")


def test_an_inventory() -> None:
    """As a public client's tests have it, and with every line that an inventory may bring."""
    assert taken(b"CS: .iv\r\nEP: 000000000000000000001242\r\nRI: -61\r\nOK:\r\n\r\n") == [
        tsl.Tag(bytes.fromhex("000000000000000000001242"), -61.0),
        tsl.End("iv", {}, ""),
    ]
    full = (
        b"IX: 0001\r\nEP: 3034\r\nPC: 0800\r\nCR: 4E21\r\nRI: -70\r\nTD: E280\r\nDT: 2013-07-01T10:22:31\r\n"
    )
    one, other, end = taken(b"CS: .iv LCMD 000003\r\n" + full + b"EP: 4152 4E4C\r\nER: 008\r\n")
    assert one == tsl.Tag(b"\x30\x34", -70.0)
    assert isinstance(other, tsl.Tag)
    assert other.epc == b"ARNL"
    assert isinstance(end, tsl.End)
    assert (end.command, end.error, end.fields["PC"]) == ("iv", "008", "0800")


def test_the_last_tag_counts_though_its_response_never_ended() -> None:
    told = taken(b"EP: 3034\r\nEP: 3035\r\nCS: .bl\r\nEP: 3036\r\nRI:")
    assert [one.epc for one in told if isinstance(one, tsl.Tag)] == [b"04", b"05", b"06"]


def test_stray_bytes_are_taken_out_and_counted() -> None:
    counts: Counter[str] = Counter()
    frames, responses = tsl.frames(), tsl.Responses(counts)
    lines = frames.feed(b"\0\xffEP: 30\x0034\r\nBC: 4\xff2\r\nOK:\r\n\0")
    code, tag, _ = (one for line in lines for one in responses.take(line))
    assert (code, tag) == (tsl.Barcode(b"42"), tsl.Tag(b"\x30\x34"))
    assert counts["noise"] == 2
    assert frames.noise == 3


def test_what_makes_no_sense_is_counted() -> None:
    counts: Counter[str] = Counter()
    responses = tsl.Responses(counts)
    for line in (b"EP: 303\r\n", b"RI: -61\r\n", b"EP: \xe4\xe4\r\n", b"EP: 30\r\n", b"RI: loud\r\n"):
        assert not list(responses.take(line))
    (tag,) = responses.flush()
    assert tag.epc == b"0"
    assert counts["malformed"] == 3


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        (b"BC: " + b"7" * (tsl.LONGEST - 10) + b"\r\nOK:", False),
        (b"BC: " + b"7" * (tsl.LONGEST - 10) + b"\r\nOK:\n", True),
        (b"BC: " + b"7" * tsl.LONGEST, False),
        (b"BC: 1\r\nER: 006\r\n", False),
        (b"BC: 1BC: 2\r\nOK:\r\n", False),
        (b"BC: 1CS: .iv\r\nOK:\r\n", False),
        (b"BC: 1CS: 2\r\nOK:\r\n", True),
        (b"BC: 1\r\nDT: x\r\n\r\n", False),
        (b"ME: " + b"x" * tsl.LONGEST_LINE, False),
        (b"ME: " + b"x" * (tsl.LONGEST_LINE - 6) + b"\r\n", True),
        (b"ME: " + b"x" * (tsl.LONGEST_LINE - 5) + b"\r\n", False),
    ],
)
def test_lengths_have_bounds(line: bytes, whole: bool) -> None:
    frames = tsl.frames()
    found = [frame for at in range(0, len(line), 7) for frame in frames.feed(line[at : at + 7])]
    found += frames.flush()
    assert (line in found) == whole
    again = tsl.frames()
    assert [*again.feed(line), *again.flush()] == found


def test_what_decode_says() -> None:
    told = list(
        tsl.decode_lines(b"CS: .iv\r\nEP: 3034\r\nRI: -61\r\nEP: 3035\r\nOK:\r\n\r\nEP: 303\r\nEP: 3036\r\n")
    )
    assert told == [
        {"message": "CS", "value": ".iv"},
        {"time": None, "tag": "3034", "rssi": -61},
        {"time": None, "tag": "3035", "rssi": None},
        {"message": "OK", "value": ""},
        {"time": None, "tag": "3036", "rssi": None},
        {"error": "1 lines of tags make no sense"},
    ]
    (code, ok) = tsl.decode_lines(b"BC: 4006381333931\r\nOK:\r\n")
    assert (code["tag"], code["code"]) == ("barcode:/01/04006381333931", "4006381333931")
    (error, ok) = tsl.decode_lines(b"BC: ]E04006381333932\r\nOK:\r\n")
    assert "check digit" in str(error["error"])
    assert list(tsl.decode_lines(b"OK:\r\n".hex().encode())) == [ok]


def test_it_is_found_and_set_up() -> None:
    here = hand().run(2.0)
    assert here.session.info == "TSL 1128-EU-001234, firmware 1.9.2, battery 87%"
    assert here.heard.splitlines() == [
        b".ab",
        b".vr",
        b".iv -al off -x -r on -e on -c on -n",
        b".bc -al off -x -e on -n",
        b".sa -a on -s inv -d bar",
        b".bl",
    ]
    assert [type(body) for body in here.bodies] == [Up, Alive]
    assert here.notices == []


def test_settings_are_set() -> None:
    here = hand(Setup(power=25, single="barcode", double="off", alert=True)).run(2.0)
    assert here.module.parameters["iv"] == {"al": "on", "r": "on", "e": "on", "c": "on", "o": "25"}
    assert here.module.parameters["sa"] == {"a": "on", "s": "bar", "d": "off"}


def test_the_trigger_brings_tags_at_the_time_of_their_arrival() -> None:
    here = hand().run(2.0)
    here.said.clear()
    here.pull(Sighting(1, EPC, rssi=-61.2), Sighting(1, b"\x30\x34", rssi=-50.0), Sighting(1, bytes(12)))
    assert here.reads == [(NAME, 1, -61.0, here.now), ("3034", 1, -50.0, here.now)]
    assert [type(body) for body in here.bodies][:3] == [Gpi, Gpi, Reads]
    assert here.bodies[:2] == [Gpi(here.now, 1, True), Gpi(here.now, 1, False)]
    assert here.bodies[-1] == Alive(here.now + 1)
    assert here.session.counts == {"zero_epc": 1}
    here.said.clear()
    here.pull()
    here.scan(None)
    assert [type(body) for body in here.bodies] == [Gpi] * 4
    assert here.notices == []


def test_badges_say_who_has_it() -> None:
    here = hand(Setup(badge="EMP-")).run(2.0)
    for code in (b"4006381333931", b"EMP-17", b"a\r\nb", b"EMP-18", b"]C1010400638133393121x"):
        here.scan(code)
    assert here.scans() == [
        ("barcode:/01/04006381333931", None),
        ("badge:EMP-17", "badge:EMP-17"),
        ("barcode:a%0D%0Ab", "badge:EMP-17"),
        ("badge:EMP-18", "badge:EMP-18"),
        ("barcode:/01/04006381333931/21/x", "badge:EMP-18"),
    ]
    here.scan(b"]E04006381333932")
    assert "check digit" in here.notices[-1]


def test_tags_and_a_barcode_of_one_moment_come_in_order() -> None:
    here = hand().run(2.0)
    here.said.clear()
    here.hear(
        here.module.pull([Sighting(1, EPC)]) + here.module.scan(b"x") + here.module.pull([Sighting(1, EPC)])
    )
    kinds = [type(body) for body in here.bodies if isinstance(body, Reads | Scan)]
    assert kinds == [Reads, Scan, Reads]
    assert here.bodies[-1] == Alive(here.now + 1)


def test_the_pull_that_wakes_it_counts() -> None:
    """It comes while the handheld is being set up, and is told when that is done."""
    here = hand(Setup(badge="EMP-"))
    here.hear(here.module.scan(b"EMP-17"))
    here.hear(here.module.pull([Sighting(1, EPC)] * 1_005))
    assert here.bodies == []
    here.run(2.0)
    assert [type(body) for body in here.bodies][:3] == [Up, Scan, Reads]
    assert here.scans() == [("badge:EMP-17", "badge:EMP-17")]
    assert len(here.reads) == 999
    assert here.session.counts == {"too_early": 6}


def test_it_reads_all_the_time_after_an_order() -> None:
    here = hand().run(2.0)
    here.said.clear()
    here.see(Sighting(1, EPC))
    assert here.run(5.0).reads == []
    here.said += here.session.start(here.now, here.at)
    here.run(1.0)
    assert [name for name, *_ in here.reads] == [NAME]
    here.see(Sighting(1, EPC))
    here.run(30.0)
    assert len(here.reads) == 2
    assert here.heard.count(b".bl\r\n") >= 3
    here.said += here.session.stop(here.now, here.at)
    here.exchange()
    inventories = here.heard.count(b".iv\r\n")
    assert here.module.aborted == 2
    here.run(60.0)
    assert here.heard.count(b".iv\r\n") == inventories
    assert here.session.error is None
    assert hand(Setup(continuous=True)).run(1.0).heard.count(b".iv\r\n") > 5


def test_a_stop_aborts_what_it_does() -> None:
    here = hand().run(2.0)
    here.session.close(here.now, here.at)
    here.exchange()
    assert here.session.closed
    assert here.heard.endswith(b".ab\r\n")


@pytest.mark.parametrize("continuous", [False, True])
def test_a_cable_makes_it_mute(continuous: bool) -> None:
    here = hand(Setup(continuous=continuous)).run(2.0)
    here.module.mute = True
    here.run(60.0)
    assert isinstance(here.session.error, ProtocolError)
    assert "a cable at its USB socket, which silences its Bluetooth" in str(here.session.error)
    assert 20 <= here.at <= 45


def test_one_question_without_an_answer_is_none() -> None:
    here = hand().run(2.0)
    for _ in range(4):
        here.module.mute = True
        asked = here.heard.count(b".bl")
        while here.heard.count(b".bl") < asked + 2:
            here.run(1.0)
            here.module.mute = here.heard.count(b".bl") == asked
        here.run(10.0)
    assert here.session.error is None


def test_nobody_there() -> None:
    here = hand()
    here.line = lambda data: b""
    here.run(30.0)
    assert isinstance(here.session.error, ProtocolError)
    assert "does not answer: switch it on (pull its trigger)" in str(here.session.error)
    assert here.at == pytest.approx(15.0)
    here = hand()
    here.line = lambda data: bytes(byte ^ 0xA5 for byte in data)
    here.run(30.0)
    assert "is no TSL handheld protocol" in str(here.session.error)


def test_a_power_that_it_refuses_is_for_an_operator() -> None:
    here = hand(Setup(power=33)).run(5.0)
    assert isinstance(here.session.error, Unsupported)
    assert "power 33 dBm: the handheld refused it (Parameter out of range (error 007)); set one" in str(
        here.session.error
    )


class Deaf(SimulatedTsl):
    """It says nothing to some commands, or refuses them."""

    def __init__(self, *deaf: bytes, answer: bytes = b"") -> None:
        super().__init__(scanner=False)
        self.deaf = deaf
        self.answer = answer

    def receive(self, data: bytes, now: int) -> bytes:
        if any(one in data for one in self.deaf):
            return self.answer
        return super().receive(data, now)


def test_a_handheld_without_a_scanner_or_an_answer() -> None:
    here = hand(module=Deaf(b".sa", b".bl", answer=b"CS: .sa\r\nER: 002\r\n")).run(20.0)
    assert here.session.info == "TSL 1128-EU-001234, firmware 1.9.2, no barcode reader"
    assert here.notices[:1] == ["its trigger cannot be set up: no reason given (error 002)"]
    here = hand(module=Deaf(b".vr", answer=b"CS: .vr\r\nOK:\r\n")).run(20.0)
    assert here.session.info == "TSL handheld, battery 87%, no barcode reader"
    here = hand(module=Deaf(b"-x -r")).run(20.0)
    assert here.notices == ["its inventory cannot be set up: it does not answer"]
    here = hand(Setup(power=20), Deaf(b".iv -o")).run(20.0)
    assert str(here.session.error) == "the handheld did not answer when power was set to 20 dBm"


def test_what_it_complains_of() -> None:
    here = hand().run(2.0)
    here.hear(b"CS: .iv\r\nME: Battery is too low\r\nER: 008\r\n\r\nCS: .ab\r\nER: 001\r\n\r\nSW: odd\r\n")
    assert here.notices == ["the handheld reports: Battery is too low (error 008)"]


def test_an_empty_battery_is_told_once() -> None:
    here = hand().run(2.0)
    for level in (50, 16, 15, 14, 12, 16, 10, 5, 4, 0):
        here.module.battery = level
        here.run(10.0)
    assert here.notices == [
        "its battery is at 15 %: charge it, or change the battery",
        "its battery is at 5 %: charge it, or change the battery",
    ]
    here.hear(b"CS: .bl\r\nBP: 3\r\nOK:\r\n\r\n")  # without a sign, and told already
    here.module.charge = "Charging"
    here.run(10.0)
    here.module.charge = "Off"
    here.run(10.0)
    assert len(here.notices) == 3
    battery = Battery()
    assert [battery.at(level) is not None for level in (3, 20, 10, 25, 10)] == [
        True,
        False,
        False,
        False,
        True,
    ]


def test_a_line_that_breaks_off_costs_itself() -> None:
    here = hand().run(2.0)
    said = here.module.pull([Sighting(1, EPC)])
    here.hear(said[: said.index(b"330DE2") + 6])
    here.run(12.0)
    assert here.reads == []
    here.hear(said)
    assert [name for name, *_ in here.reads] == [NAME]
    assert here.session.counts["noise"] > 0


@given(
    data=st.lists(
        st.binary(max_size=20) | st.sampled_from([frame for kind in VECTORS for frame, _ in VECTORS[kind]]),
        max_size=8,
    ),
    split=st.integers(0, 200),
)
@settings(max_examples=40)
def test_any_bytes_in_any_split(data: list[bytes], split: int) -> None:
    stream = b"".join(data)
    told: list[object] = []
    for cut in (0, split):
        here = hand().run(2.0)
        here.said.clear()
        here.hear(stream[:cut])
        here.hear(stream[cut:])
        rows = [(body.tag, body.code) for body in here.bodies if isinstance(body, Scan)]
        told.append((str(here.reads), rows, here.notices, here.session.counts))
        here.run(10.0)
        assert all(isinstance(body, Reads | Scan | Alive | Gpi) for body in here.bodies)
    assert told[0] == told[1]


def test_times_are_whole_microseconds_of_the_arrival() -> None:
    here = hand().run(7.25)
    here.pull(Sighting(1, EPC))
    assert here.reads[0][3] == NOW + 7_250_000 == NOW + round(7.25 * SECOND)
