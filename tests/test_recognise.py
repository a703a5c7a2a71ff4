"""Who says this on a serial line: drivers/codecs/recognise.py and questions.py."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from drivers.codecs import m100, mercury
from drivers.codecs.questions import QUESTIONS, Inquiry, rounds
from drivers.codecs.recognise import CONSOLE, MODEM, Speaker, heard
from simulators.m100 import SimulatedM100
from simulators.mercury import SimulatedMercury
from simulators.serial_module import SimulatedModule
from simulators.tsl import SimulatedTsl
from simulators.uhfreader import SimulatedUhfReader
from tests.module_talk import vectors

TSL = b"CS: .vr\r\nMF: TSL UK Ltd.\r\nUS: 1119-01-003002\r\nPV: 2.1.0\r\nUF: 3.3.0\r\nOK:\r\n\r\n"
SCAN = bytes.fromhex("0BF30000 03414243313233 FDA3")
REVISION = bytes.fromhex("0CA40000") + b"PAABS00-"
NMEA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"


def summed(packet: bytes) -> bytes:
    """An SSI packet with its checksum, counted independently of the code."""
    return packet + (0x10000 - sum(packet)).to_bytes(2)


def pushed(*body: int) -> bytes:
    """A frame that a UHFReader in real-time mode says by itself."""
    from drivers.codecs.uhfreader import frame

    return frame(0, 0xEE, bytes(body))


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"\xff,N,011" + NMEA, "nmea", "GPS receiver: GPGGA"),
        (vectors("m100")["good: tag"][0][0], "m100", "polling"),
        (vectors("m100")["good: tag of an M100"][0][0], "m100", "polling"),
        (vectors("mercury")["good: tag"][0][0], "mercury", "reading"),
        (b"\x80\xff" + mercury.answer(mercury.READ_TAGS, mercury.NO_TAGS), "mercury", "reading"),
        (pushed(0, 1, 4, 0xE2, 0, 0, 1, 90), "uhfreader", "real-time mode"),
        (pushed(0x28), "uhfreader", "real-time mode"),
        (SCAN, "ssi", "SSI"),
        (b"CS: .iv\r\nEP: E2000001\r\nOK:\r\n\r\n", "tsl", "TSL"),
        (b"\r\nRING\r\n", MODEM, "AT commands: RING"),
        (b'\r\n+CREG: 1,"00C3"\r\n', MODEM, "+CREG"),
        (b"\r\nRaspbian GNU/Linux 12 dock ttyAMA0\r\n\r\ndock login: ", CONSOLE, "login:"),
        (b"rst:0x1 (POWERON_RESET)\r\n" * 6, CONSOLE, "text: rst:0x1 (POWERON_RESET)"),
        (b"4006381333931\r", "scanner", "suffix cr, no AIM identifiers"),
        (b"]C10110614141543219\x1d10ABC\r\n", "scanner", "suffix crlf, AIM identifiers"),
        (b"ABC-123\t", "scanner", "suffix tab"),
        (b"ABC-123\n", "scanner", "suffix lf"),
        (b"\x02ABC-123", "scanner", "suffix none"),
        (b"ABC-123\r\r", "scanner", "suffix unusual"),
    ],
)
def test_who_speaks_unasked(data: bytes, kind: str, said: str) -> None:
    found = heard(data)
    assert found is not None
    assert (found.kind, said in found.model) == (kind, True), found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        NMEA.replace(b"*47", b"*48"),
        vectors("m100")["good: command"][0][0],
        bytes.fromhex("560000000000"),
        mercury.answer(mercury.VERSION, mercury.OK, bytes(20)),
        pushed(0xFB),
        SCAN[:-1] + b"\xa4",
        summed(bytes.fromhex("04D00400")),
        b"\x80\x86\xf8x\x80" * 20,
        b"ab\r\n",
    ],
)
def test_nobody_is_named_by_noise(data: bytes) -> None:
    assert heard(data) is None


def test_a_scanner_that_waits_for_an_acknowledgement_gets_it() -> None:
    found = heard(SCAN)
    assert found is not None
    assert found.thanks == bytes.fromhex("04D00400FF28")


def asked(kind: str, answer: "SimulatedModule | bytes") -> tuple[Speaker | None, list[bytes]]:
    """Who answers one inquiry, and what was said to it."""
    said: list[bytes] = []
    inquiry = inquiry_of(kind)
    question = next(inquiry)
    while True:
        said.append(question)
        told = answer if isinstance(answer, bytes) else answer.receive(question, 0)
        try:
            question = inquiry.send(told)
        except StopIteration as end:
            result: Speaker | None = end.value
            return result, said


def inquiry_of(kind: str) -> Inquiry:
    (question,) = (one for one in QUESTIONS if one.kind == kind)
    return question.ask()


@pytest.mark.parametrize(
    ("kind", "device", "model", "remark"),
    [
        ("m100", SimulatedM100(), "M100 26dBm V1.0", "its region is china-900"),
        ("m100", SimulatedM100(framing=m100.M100), "M100 26dBm V1.0", "its region is china-900"),
        ("m100", SimulatedM100(regions=(9,)), "M100 26dBm V1.0", "its region is code 09"),
        ("mercury", SimulatedMercury(), "hardware 30.00.00.01, firmware 01.09.02.02", "it has na, eu3"),
        ("uhfreader", SimulatedUhfReader(), "UHFReader288 type 0C, firmware 0.22", "list the other antennas"),
        ("uhfreader", SimulatedUhfReader(18), "UHFReader18 type 09, firmware 0.22", "30 dBm"),
        ("tsl", SimulatedTsl(), "TSL 1128-EU-001234, firmware 1.9.2", ""),
        ("tsl", TSL, "TSL UK Ltd. 1119-01-003002, firmware 3.3.0", ""),
        ("tsl", b"\0CS: .vr\nOK:\n\n", "TSL handheld", ""),
        ("ssi", summed(REVISION), "revision PAABS00-", ""),
    ],
)
def test_who_answers(kind: str, device: "SimulatedModule | bytes", model: str, remark: str) -> None:
    found, said = asked(kind, device)
    assert found is not None
    assert (found.kind, model in found.model, remark in found.remark) == (kind, True, True), found
    assert all(len(one) <= 16 for one in said)
    assert not isinstance(device, SimulatedModule) or not device.reading


def test_questions_are_those_of_the_makers() -> None:
    first = {one.kind: next(one.ask()).hex() for one in QUESTIONS}
    assert first == {
        "m100": "aa00030001000 4ddbb000300010004 7e".replace(" ", ""),
        "mercury": "ff00031d0c",
        "tsl": b"\r\n.vr\r\n".hex(),
        "uhfreader": "04ff211995",
        "ssi": "04a30400ff55",
    }


def test_the_region_of_a_thingmagic_module_is_the_one_it_is_set_to_or_the_first_it_has() -> None:
    inquiry = inquiry_of("mercury")
    assert next(inquiry) == mercury.command(mercury.VERSION)
    assert inquiry.send(mercury.answer(mercury.VERSION, 0, bytes(20))) == mercury.command(0x67)
    assert inquiry.send(mercury.answer(0x67, 0, b"\0")) == mercury.command(0x71)
    with pytest.raises(StopIteration) as end:
        inquiry.send(mercury.answer(0x71, 0, b"\x0d\x01"))
    assert end.value.value.settings == {"region": "na2"}
    assert "it has na2, na" in end.value.value.remark


def test_a_thingmagic_module_that_tells_no_region() -> None:
    inquiry = inquiry_of("mercury")
    next(inquiry)
    inquiry.send(mercury.answer(mercury.VERSION, 0, bytes(20)))
    inquiry.send(b"")
    with pytest.raises(StopIteration) as end:
        inquiry.send(mercury.answer(0x71, 0x0101))
    assert end.value.value.settings == {"region": "eu3"}
    assert "does not tell which" in end.value.value.remark


@pytest.mark.parametrize("kind", [one.kind for one in QUESTIONS])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"OK\r\n",
        TSL[:-6],
        b"CS: .vr\r\nER: 001\r\n\r\n",
        b"CS: .bl\r\nBP: 87%\r\nOK:\r\n\r\n",
        vectors("m100")["good: tag"][0][0],
        bytes.fromhex("07000101 01001e4b"),
        mercury.answer(mercury.VERSION, 0x0105),
        SCAN,
    ],
)
def test_who_says_something_else_is_nobody(kind: str, answer: bytes) -> None:
    assert asked(kind, answer) == (None, [next(inquiry_of(kind))])


@pytest.mark.parametrize("kind", [one.kind for one in QUESTIONS])
def test_an_echo_is_nobody(kind: str) -> None:
    question = next(inquiry_of(kind))
    if kind != "tsl":
        assert heard(question) is None
    assert asked(kind, question)[0] is None


def test_a_module_without_a_name_or_a_region_is_one_all_the_same() -> None:
    inquiry = inquiry_of("m100")
    next(inquiry)
    inquiry.send(bytes.fromhex("AA01030001000 5DD".replace(" ", "")))
    with pytest.raises(StopIteration) as end:
        inquiry.send(b"")
    assert end.value.value.model == "M100"
    assert "unknown" in end.value.value.remark


def test_the_usual_rates_come_first_and_every_question_gets_all_of_its_rates() -> None:
    order = [(baud, one.kind) for baud, questions in rounds() for one in questions]
    assert len(order) == len(set(order)) == sum(len(one.bauds) for one in QUESTIONS)
    assert set(order[: len(QUESTIONS)]) == {(one.bauds[0], one.kind) for one in QUESTIONS}


@given(st.binary(max_size=300))
def test_any_bytes_name_somebody_or_nobody(data: bytes) -> None:
    heard(data)
    for one in QUESTIONS:
        asked(one.kind, data)
