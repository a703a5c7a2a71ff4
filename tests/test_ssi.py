"""Scanners that speak SSI, without a line: drivers/codecs/ssi.py, ssi_session.py, and the simulated one."""

import pytest

from core.records import SECOND, Alive, Idle, Scan, Up
from drivers.codecs import ssi
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.label import LONGEST
from drivers.codecs.ssi_session import GIVEN_UP_SECONDS, PROBE_SECONDS, QUIET_SECONDS, Session, Setup
from simulators.labels import Printed
from simulators.llrp_reports import Sighting
from simulators.ssi import PATIENCE, REVISION, TRIES, SimulatedSsi
from tests.module_talk import NOW, Talk, vectors

VECTORS = vectors("ssi")
LABEL = Printed("0109506000134352" + "21123456789", "d2")
ABC = ssi.codes(b"ABC", 0x03)[0]
ACK, RESEND = ssi.packet(ssi.ACK), ssi.packet(ssi.NAK, bytes((ssi.RESEND,)))


def talk(module: SimulatedSsi | None = None, badge: str | None = None) -> tuple[Talk, SimulatedSsi]:
    """A session that has set its scanner up."""
    module = module or SimulatedSsi()
    here = Talk(Session(Setup(badge), 0.0), module).run(0.1)
    here.heard = b""
    return here, module


def scan(here: Talk, module: SimulatedSsi, label: Printed) -> None:
    here.hear(module.read(label, here.now))
    here.exchange()


def scans(here: Talk) -> list[Scan]:
    return [one for one in here.bodies if isinstance(one, Scan)]


@pytest.mark.parametrize(("frame", "comment"), VECTORS["good: code"])
def test_codes(frame: bytes, comment: str) -> None:
    symbology, _, tag = comment.partition(" ")
    (line,) = ssi.decode_lines(frame)
    assert (line["symbology"] or "-", line["tag"]) == (symbology, tag)


def test_what_decode_says_of_the_rest() -> None:
    lines = [
        next(iter(ssi.decode_lines(frame)))
        for frame, _ in (*VECTORS["good: host"], *VECTORS["good: scanner"])
    ]
    assert lines[:2] == [{"message": "ack", "data": ""}, {"message": "nak", "data": "01"}]
    assert lines[-1] == {"message": "revision", "data": b"NBRPUAAM 6 00".hex()}
    first, second = ssi.codes(b"ABCDEF", 0x03, most=3)
    lines = list(ssi.decode_lines(first + second))
    assert lines[0] == {"message": "part of a code, or a repeated one", "status": 2, "data": "03414243"}
    assert lines[1]["tag"] == "barcode:ABCDEF"
    assert list(ssi.decode_lines(ssi.packet(ssi.BEEP, status=1))) == [
        {"message": "beep", "data": "", "status": 1}
    ]


def test_commands_are_written_as_the_guide_has_them() -> None:
    host = {frame for frame, _ in VECTORS["good: host"]}
    assert {
        ACK, RESEND, ssi.packet(ssi.SCAN_ENABLE), ssi.packet(ssi.SCAN_DISABLE), ssi.packet(ssi.REQUEST_REVISION),
        ssi.packet(ssi.PARAM_SEND, ssi.PACKETED), ssi.packet(ssi.START_SESSION), ssi.packet(ssi.STOP_SESSION),
    } == host  # fmt: skip


def test_a_header_comes_byte_by_byte() -> None:
    frames = ssi.frames()
    assert [frame for byte in ABC for frame in frames.feed(bytes((byte,)))] == [ABC]
    assert not frames.is_begun


def test_it_is_set_up_and_scans() -> None:
    here, module = talk()
    assert here.session.info == REVISION.decode()
    assert module.reading
    here.run(1.0)
    scan(here, module, LABEL)
    assert here.heard == ACK
    time = NOW + round(1.1 * SECOND)
    assert scans(here) == [
        Scan(time, "barcode:/01/09506000134352/21/123456789", LABEL.text, "gs1-datamatrix")
    ]
    assert here.bodies[:2] == [Up(NOW), Alive(NOW)]
    assert Alive(time + 1) in here.bodies
    assert module.ledger == {"told": 1}


def test_a_badge_names_who_scans() -> None:
    here, module = talk(badge="EMP-")
    scan(here, module, Printed("EMP-7", "C0"))
    scan(here, module, Printed("4711", "C0"))
    assert [(one.tag, one.operator) for one in scans(here)] == [
        ("badge:EMP-7", "badge:EMP-7"),
        ("barcode:4711", "badge:EMP-7"),
    ]


def test_a_long_code_comes_in_parts_each_acknowledged() -> None:
    here, module = talk(SimulatedSsi(most=50))
    text = "https://example.com/" + "x" * 200
    scan(here, module, Printed(text, "Q1"))
    assert here.heard == ACK * 5
    assert [one.code for one in scans(here)] == [text]


def test_a_repeated_packet_is_acknowledged_and_left_out() -> None:
    here, module = talk()
    scan(here, module, LABEL)
    (again,) = ssi.codes(LABEL.text.encode(), 0xC1, ssi.RETRANSMIT)
    here.heard = b""
    here.hear(again)
    here.exchange()
    assert here.heard == ACK
    assert here.session.counts["repeated"] == 1
    assert len(scans(here)) == 1
    scan(here, module, LABEL)
    assert len(scans(here)) == 2


def test_a_lost_acknowledgement() -> None:
    """The scanner says it again after two seconds, by itself."""
    here, module = talk()
    here.hear(module.read(LABEL, here.now))
    assert here.session.data_to_send() == ACK
    here.run(PATIENCE / SECOND)
    assert len(scans(here)) == 1
    assert here.session.counts["repeated"] == 1
    assert module.ledger == {"repeated": 1, "told": 1}


@pytest.mark.parametrize("cut", [5, -1])
def test_a_damaged_packet_is_asked_for_again(cut: int) -> None:
    here, module = talk()
    said = module.read(LABEL, here.now)
    here.hear(said[:cut] if cut > 0 else said[:cut] + b"?")
    here.exchange()
    assert here.heard == b""
    here.run(QUIET_SECONDS)
    assert RESEND in here.heard
    assert len(scans(here)) == 1
    assert module.ledger == {"repeated": 1, "told": 1}


def test_the_same_label_again_whose_first_packet_was_damaged() -> None:
    """The packet that is sent again looks like the one before, and is not."""
    here, module = talk()
    scan(here, module, LABEL)
    here.hear(module.read(LABEL, here.now)[:-1] + b"?")
    here.run(1.0)
    assert len(scans(here)) == 2


def test_a_code_whose_rest_does_not_come() -> None:
    here, _ = talk()
    first, _ = ssi.codes(b"HALF A CODE", 0x03, most=6)
    here.hear(first)
    here.run(GIVEN_UP_SECONDS + 1)
    here.hear(ABC)
    assert [one.code for one in scans(here)] == ["ABC"]
    assert here.session.counts["cut_codes"] == 0  # notices are counted by who tells them
    assert here.notices == ["the rest of a code did not come: look at the scanner's cable"]


def test_a_code_that_is_longer_than_any() -> None:
    here, _ = talk()
    for packet in ssi.codes(b"9" * (4 * LONGEST + 600), 0x03):
        here.hear(packet)
    assert scans(here) == []
    assert "no symbol holds that" in here.notices[-1]
    here.hear(ABC)
    assert [one.code for one in scans(here)] == ["ABC"]


def test_what_makes_no_sense() -> None:
    here, _ = talk()
    here.hear(ssi.packet(ssi.DECODE_DATA, b"\3", ssi.DECODER))
    here.hear(ssi.codes(b"0109506000134353", 0x0F)[0])
    here.hear(ssi.packet(ssi.BEEP, b"", ssi.DECODER))
    here.hear(ssi.packet(ssi.ACK))
    here.exchange()
    assert here.heard == 3 * ACK
    assert here.session.counts["malformed"] == 1
    assert scans(here) == []
    assert len(here.notices) == 1


def test_it_is_asked_now_and_then_whether_it_is_there() -> None:
    here, _ = talk()
    here.run(3 * PROBE_SECONDS)
    assert here.heard == ssi.packet(ssi.SCAN_ENABLE) * 3
    here.line = lambda data: b""
    here.run(PROBE_SECONDS + 5)
    assert isinstance(here.session.error, ProtocolError)
    assert "nothing heard for 3 s" in str(here.session.error)
    assert here.session.timeout(here.now, here.at + 10) == []


def test_orders() -> None:
    here, module = talk()
    here.said += here.session.stop(here.now, here.at)
    here.exchange()
    assert not module.reading
    here.hear(module.read(LABEL, here.now))
    here.run(2 * PROBE_SECONDS)
    assert module.ledger == {"unheard": 1}
    here.said += here.session.start(here.now, here.at)
    here.exchange()
    assert module.reading
    assert [one.idle for one in here.bodies if isinstance(one, Idle)] == [True, False]


class Stubborn(SimulatedSsi):
    """Refuses, or says nothing to, an opcode; its name is in no alphabet."""

    def __init__(self, opcode: int, answer: bytes) -> None:
        super().__init__()
        self.opcode, self.answer = opcode, answer

    def _obey(self, packet: bytes, now: int) -> bytes:
        return self.answer if packet[1] == self.opcode else super()._obey(packet, now)


REFUSED = ssi.packet(ssi.NAK, bytes((ssi.DENIED,)), ssi.DECODER)


@pytest.mark.parametrize(
    ("opcode", "answer", "kind", "text"),
    [
        (ssi.REQUEST_REVISION, b"", ProtocolError, 'does not answer: scan "SSI host" from its manual'),
        (ssi.PARAM_SEND, b"", ProtocolError, "did not answer when it was told to send packets"),
        (ssi.PARAM_SEND, REFUSED, Unsupported, "refuses to send packets; scan"),
    ],
)
def test_scanners_that_are_set_otherwise(
    opcode: int, answer: bytes, kind: type[Exception], text: str
) -> None:
    here = Talk(Session(Setup(), 0.0), Stubborn(opcode, answer)).run(10)
    assert isinstance(here.session.error, kind)
    assert text in str(here.session.error)


def test_one_that_refuses_to_be_enabled_reads_all_the_same() -> None:
    module = Stubborn(ssi.SCAN_ENABLE, REFUSED)
    module.enabled = True
    here, _ = talk(module)
    scan(here, module, LABEL)
    assert len(scans(here)) == 1


def test_one_without_a_name() -> None:
    here, _ = talk(Stubborn(ssi.REQUEST_REVISION, ssi.packet(ssi.REPLY_REVISION, b"\0 \1", ssi.DECODER)))
    assert here.session.info == "SSI scanner"


def test_noise_while_it_is_set_up_is_not_asked_for_again() -> None:
    here = Talk(Session(Setup(), 0.0), SimulatedSsi())
    here.hear(b"\xff\x00\x04")
    here.run(5)
    assert RESEND not in here.heard
    assert here.session.info == REVISION.decode()


def test_the_simulated_one_gives_up_and_forgets() -> None:
    module = SimulatedSsi(most=10)
    module.enabled = module.packeted = True
    assert module.advance(NOW) == b""
    assert module.due() is None
    first = module.read(LABEL, NOW)
    assert module.read(Printed("ABC", "C0"), NOW) == b""
    said = [module.advance(NOW + n * PATIENCE) for n in range(1, TRIES)]
    assert [one[4:-2] for one in said] == [first[4:-2]] * (TRIES - 1)
    assert module.advance(NOW + TRIES * PATIENCE) == ABC
    assert module.ledger == {"given_up": 1, "repeated": TRIES - 1}
    assert module.receive(ssi.packet(ssi.NAK, b"\2"), NOW) == b""
    assert module.receive(ACK, NOW) == b""
    assert module.receive(ACK, NOW) == b""
    assert module.receive(ssi.packet(ssi.BEEP, b"\1"), NOW) == REFUSED
    for _ in range(TRIES):
        module.read(Printed("ABC", "C0"), NOW)
        module.power_cycle()
        assert not module.reading
        module.enabled = module.packeted = True
    module.read(Printed("ABC", "C0"), NOW)
    for n in range(1, TRIES + 1):
        last = module.advance(NOW + n * PATIENCE)
    assert last == b""
    assert module.see(Sighting(1, bytes(12)), NOW) == b""
