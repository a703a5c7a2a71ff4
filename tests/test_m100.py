"""M100 and R200 modules without a line: drivers/codecs/m100.py, m100_session.py, module_session.py."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Alive, Idle, Reads, Up
from drivers.codecs import m100
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.m100_session import Session, Setup
from simulators.llrp_reports import Sighting
from simulators.m100 import SimulatedM100
from tests.module_talk import NOW, Talk, vectors

VECTORS = vectors("m100")
EPC = bytes.fromhex("30751FEB705C5904E3D50D70")


def talk(setup: Setup | None = None, module: SimulatedM100 | None = None) -> Talk:
    return Talk(Session(setup or Setup(), 0.0), module or SimulatedM100())


@pytest.mark.parametrize(("frame", "comment"), VECTORS["good: tag"])
def test_tags(frame: bytes, comment: str) -> None:
    tag = m100.tag(frame)
    assert tag is not None
    assert f"{tag.epc.hex().upper()} {tag.rssi}" == comment
    assert m100.tag_notice(tag) == frame


@pytest.mark.parametrize(("frame", "comment"), VECTORS["good: tag of an M100"])
def test_tags_in_the_other_framing(frame: bytes, comment: str) -> None:
    tag = m100.tag(frame)
    assert tag is not None
    assert f"{tag.epc.hex().upper()} {tag.rssi}" == comment
    assert m100.tag_notice(tag, m100.framing(frame)) == frame


def test_what_decode_says() -> None:
    (first, _), _ = VECTORS["good: tag"]
    expected = {"time": None, "tag": EPC.hex().upper(), "rssi": -55, "pc": "3400", "crc": "3A76"}
    assert list(m100.describe(first)) == [expected]
    told = [next(m100.describe(frame)) for frame, _ in VECTORS["good: response"]]
    assert told == [
        {"message": "stop", "type": "response", "data": "00"},
        {"message": "error", "code": 0x15, "text": "no tag"},
    ]
    strange = m100.frame(m100.NOTICE, 0x99, b"\1")
    assert list(m100.describe(strange)) == [{"message": "99", "type": "notice", "data": "01"}]
    unknown = m100.frame(m100.RESPONSE, m100.ERROR, b"\x77")
    assert next(m100.describe(unknown))["text"] == "unknown"


def test_commands_are_written_as_the_manual_has_them() -> None:
    commands = {frame for frame, _ in VECTORS["good: command"]}
    assert m100.command(m100.POLLS, bytes.fromhex("22FFFF")) in commands
    assert m100.command(m100.STOP) in commands
    assert m100.command(m100.SET_POWER, (2000).to_bytes(2)) in commands
    assert m100.command(m100.REGION, b"\1") in commands
    assert m100.command(m100.GET_POWER) in commands
    others = {frame for frame, _ in VECTORS["good: command to an M100"]}
    for command in (m100.POLL, m100.STOP, m100.GET_POWER):
        assert m100.command(command, framing=m100.M100) in others


@given(length=st.integers(0, 124), rssi=st.integers(-128, 127), split=st.integers(0, 140))
@settings(max_examples=15)
def test_epcs_of_any_length_with_delimiters_in_them(length: int, rssi: int, split: int) -> None:
    frame = m100.tag_notice(
        m100.Tag(b"\xaa\xdd" * (length // 2) + b"\xaa" * (length % 2), rssi, 0x3000, 0xDDAA)
    )
    frames = m100.frames()
    assert [*frames.feed(frame[:split]), *frames.feed(frame[split:])] == [frame]
    tag = m100.tag(frame)
    assert tag is not None
    assert (len(tag.epc), tag.rssi) == (length, rssi)


def test_it_finds_the_module_and_reads() -> None:
    here = talk().run(2.0)
    assert here.session.info == "M100 26dBm V1.0, V2.3.5, MagicRF; region china-900, 26 dBm"
    assert here.heard.startswith(m100.command(m100.STOP))
    assert here.heard.endswith(m100.command(m100.POLLS, bytes.fromhex("22FFFF")))
    here.see(Sighting(1, EPC, rssi=-55.2), Sighting(1, bytes(12)))
    here.run(1.0)
    assert here.reads == [(EPC.hex().upper(), 1, -55.0, NOW + 2_000_000)]
    assert [type(body) for body in here.bodies[:2]] == [Up, Alive]
    assert sum(isinstance(body, Alive) for body in here.bodies) == 3
    assert here.session.counts == {"zero_epc": 1}
    assert here.notices == []


def test_a_module_of_the_other_framing_is_found_and_spoken_to_in_its_own() -> None:
    module = SimulatedM100(framing=m100.M100)
    here = talk(Setup("eu", 20.0), module).run(4.0)
    assert here.session.info == "M100 26dBm V1.0, V2.3.5, MagicRF; region eu, 20 dBm"
    assert here.heard.endswith(m100.command(m100.POLLS, bytes.fromhex("22FFFF"), m100.M100))
    here.see(Sighting(1, EPC, rssi=-55.2))
    module.polls = 0
    here.run(3.0)
    assert [(tag, rssi) for tag, _, rssi, _ in here.reads] == [(EPC.hex().upper(), -55.0)]
    assert module.reading
    here.session.close(here.now, here.at)
    here.run(1.0)
    assert here.session.closed
    assert not module.reading


def test_a_module_that_still_talks_to_somebody_who_is_gone() -> None:
    module = SimulatedM100()
    module.receive(m100.command(m100.POLLS, bytes.fromhex("22FFFF")), NOW)
    here = talk(module=module)
    here.hear(module.see(Sighting(1, EPC), NOW)[5:])
    here.run(2.0)
    assert here.session.info is not None
    assert here.reads == []


def test_polls_run_out_and_begin_again() -> None:
    module = SimulatedM100()
    here = talk(module=module).run(1.0)
    module.polls = 10
    here.run(5.0)
    assert module.reading
    assert here.session.error is None
    here.see(Sighting(1, EPC))
    assert len(here.reads) == 1


def test_settings_are_set() -> None:
    module = SimulatedM100()
    here = talk(Setup("eu", 20.0), module).run(2.0)
    assert (module.region, module.power) == (3, 2000)
    assert here.session.info is not None
    assert here.session.info.endswith("region eu, 20 dBm")


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (
            Setup(region="us"),
            "region us: the module refused it (the module does not know the command, or not",
        ),
        (Setup(power=30.0), "power 30 dBm: the module refused it"),
    ],
)
def test_settings_that_a_module_refuses(setup: Setup, reason: str) -> None:
    here = talk(setup, SimulatedM100(regions=(3,))).run(5.0)
    assert isinstance(here.session.error, Unsupported)
    assert reason in str(here.session.error)
    assert "leave it out" in str(here.session.error)
    assert here.bodies == []


class Stubborn(SimulatedM100):
    """It says yes, and does what it wants; or says nothing to a command."""

    def __init__(self, deaf: int = -1) -> None:
        super().__init__()
        self.deaf = deaf

    def receive(self, data: bytes, now: int) -> bytes:
        answers = []
        for frame in m100.frames().feed(data):
            if frame[2] in (m100.REGION, m100.SET_POWER) and self.deaf != frame[2]:
                answers.append(m100.frame(m100.RESPONSE, frame[2], b"\0"))
            elif frame[2] != self.deaf:
                answers.append(super().receive(frame, now))
        return b"".join(answers)


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (Setup(region="us"), "region us: the module stays with china-900; set region to that"),
        (Setup(power=20.0), "power 20 dBm: the module stays at 26 dBm; set power to that"),
    ],
)
def test_settings_that_are_not_taken_over(setup: Setup, reason: str) -> None:
    here = talk(setup, Stubborn()).run(5.0)
    assert isinstance(here.session.error, Unsupported)
    assert reason in str(here.session.error)


@pytest.mark.parametrize(
    ("deaf", "setup", "info"),
    [
        (m100.GET_REGION, Setup(), "region unknown, 26 dBm"),
        (m100.GET_REGION, Setup("us"), "region unknown, 26 dBm"),
        (m100.GET_POWER, Setup(power=20.0), "region china-900, power unknown"),
    ],
)
def test_a_module_that_does_not_tell_all(deaf: int, setup: Setup, info: str) -> None:
    here = talk(setup, Stubborn(deaf)).run(8.0)
    assert here.session.info is not None
    assert here.session.info.endswith(info)


def test_a_region_that_nobody_knows() -> None:
    module = SimulatedM100(regions=(9,))
    here = talk(module=module).run(2.0)
    assert here.session.info is not None
    assert "region code 09" in here.session.info


def test_a_module_that_does_not_answer_a_setting() -> None:
    here = talk(Setup(power=20.0), Stubborn(m100.SET_POWER)).run(8.0)
    assert isinstance(here.session.error, ProtocolError)
    assert "did not answer when power was set to 20 dBm" in str(here.session.error)


def test_a_module_that_has_no_name() -> None:
    here = talk()
    here.line = lambda data: data.replace(m100.frame(1, 3, b"\0M100 26dBm V1.0"), m100.frame(1, 3, b"\0"))
    here.run(2.0)
    assert here.session.info is not None
    assert here.session.info.startswith("V2.3.5, MagicRF; ")


def test_nobody_there() -> None:
    here = talk()
    here.line = lambda data: b""
    here.run(10.0)
    assert isinstance(here.session.error, ProtocolError)
    assert "the M100 does not answer: look at its power, at TX and RX" in str(here.session.error)


def test_the_wrong_baud_rate() -> None:
    here = talk()
    here.line = lambda data: bytes(byte ^ 0x5A for byte in data)
    here.run(10.0)
    assert isinstance(here.session.error, ProtocolError)
    assert "bytes of noise): set the module's baud rate in the url (115200 is usual)" in str(
        here.session.error
    )
    assert here.session.counts["noise"] > 0


def test_a_peer_that_talks_nonsense_for_ever_is_left() -> None:
    here = talk().run(2.0)
    frame = here.module.see(Sighting(1, EPC), here.now)
    here.hear(bytes(60_000) + frame + bytes(60_000))
    assert here.session.error is None
    here.hear(bytes(10_000_000) + frame)
    assert isinstance(here.session.error, ProtocolError)
    assert "more than 65536 bytes came in a row that are no M100 protocol: set" in str(here.session.error)
    assert len(here.reads) == 1
    assert here.session.counts["noise"] < 200_000


def test_a_module_that_falls_silent() -> None:
    here = talk().run(2.0)
    here.line = lambda data: b""
    here.run(5.0)
    assert isinstance(here.session.error, ProtocolError)
    assert str(here.session.error) == "nothing heard for 3 s; look at the module's power"
    assert here.at == pytest.approx(5.0, abs=0.1)


def test_time_in_which_nobody_listened_does_not_count() -> None:
    here = talk().run(2.0)
    here.line = lambda data: b""
    here.run(0.5)
    here.session.postpone(60.0)
    here.run(50.0)
    assert here.session.error is None


def test_a_frame_cut_short_costs_itself() -> None:
    here = talk().run(2.0)
    frame = here.module.see(Sighting(1, EPC), here.now)
    here.hear(frame[:20])
    here.hear(frame)
    here.hear(frame[:9])
    here.run(3.0)
    assert len(here.reads) == 1
    assert here.session.counts == {"noise": 29}


def test_a_frame_that_waits_behind_a_false_beginning_is_read_when_nothing_more_comes() -> None:
    module = SimulatedM100()
    here = talk(module=module).run(2.0)
    frame = module.see(Sighting(1, EPC), here.now)
    module.polls = 0
    here.hear(bytes.fromhex("AA022200FF") + frame)
    assert here.reads == []
    here.run(1.5)
    assert len(here.reads) == 1
    here.run(2.0)
    assert module.reading


def test_a_module_that_does_not_stop_is_asked_all_the_same() -> None:
    module = Stubborn(m100.STOP)
    module.receive(m100.command(m100.POLLS, bytes.fromhex("22FFFF")), NOW)
    here = talk(module=module)
    here.run(0.05)
    here.see(Sighting(1, EPC))
    here.line = lambda data: data if data[2:3] == b"\xff" else b""
    here.run(1.0)
    here.see(Sighting(1, EPC))
    here.line = lambda data: module.see(Sighting(1, EPC), NOW) + data
    here.run(5.0)
    assert here.session.info is not None
    assert here.heard.count(m100.command(m100.STOP)) == 3


def test_what_a_module_complains_of() -> None:
    here = talk().run(2.0)
    here.hear(m100.frame(m100.RESPONSE, m100.ERROR, bytes((m100.NO_CHANNEL,))))
    here.hear(m100.frame(m100.RESPONSE, m100.ERROR, b"\x09"))
    here.hear(m100.frame(m100.RESPONSE, m100.ERROR, b"\x77"))
    here.hear(m100.frame(m100.NOTICE, m100.POLL, b"\1"))
    assert here.notices == [
        "the module finds no free channel; set region to the one that its antenna is made for",
        "the module reports: a tag could not be read",
        "the module reports: error 77",
    ]
    assert here.session.counts == {"malformed": 1}


def test_it_rests_and_reads_again() -> None:
    here = talk().run(2.0)
    here.said.clear()
    here.said += here.session.stop(here.now, here.at)
    here.run(60.0)
    assert not here.module.reading
    assert here.bodies[0] == Idle(NOW + 2_000_000, True)
    assert sum(isinstance(body, Alive) for body in here.bodies) >= 15
    here.said += here.session.start(here.now, here.at)
    here.run(1.0)
    assert here.module.reading
    assert Idle(NOW + 62_000_000, False) in here.bodies


@given(data=st.binary(max_size=200), split=st.integers(0, 200))
@settings(max_examples=25)
def test_any_bytes_are_survived(data: bytes, split: int) -> None:
    for seconds in (0.0, 2.0):
        here = talk().run(seconds)
        here.hear(data[:split])
        here.hear(data[split:])
        here.run(10.0)
        assert all(isinstance(body, Up | Alive | Reads) for body in here.bodies)


def test_a_refusal_that_waited_behind_a_false_beginning_ends_it_when_time_is_over() -> None:
    """It is read at the deadline, and the script that waited for it has no next step."""
    session = Session(Setup(region="us"), 0.0)
    at = 0.0
    for answer in (b"", m100.frame(m100.RESPONSE, m100.GET_INFO, b"\0M100")) * 3:
        at = session.deadline
        said = session.receive(answer, NOW, at) if answer else session.timeout(NOW, at)
        assert said == []
        if m100.command(m100.REGION, b"\2") in session.data_to_send():
            break
    session.receive(b"\xaa\x01\xff\x00\x40" + m100.frame(m100.RESPONSE, m100.ERROR, b"\x17"), NOW, at)
    assert session.error is None
    session.timeout(NOW, session.deadline)
    assert isinstance(session.error, Unsupported)
