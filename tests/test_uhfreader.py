"""UHFReader18 and 288 without a line: drivers/codecs/uhfreader.py, uhfreader_session.py; and their settings."""

import asyncio
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.records import Alive, AntennaState, Idle, Reads, Up
from core.site import Antenna
from drivers.codecs import uhfreader
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.uhfreader import Tag
from drivers.codecs.uhfreader_session import Session, Setup
from drivers.uhfreader import UhfReader
from simulators.llrp_reports import Sighting
from simulators.uhfreader import SimulatedUhfReader
from tests.module_scene import Scene, play
from tests.module_talk import NOW, Talk, vectors

VECTORS = vectors("uhfreader")
EPC = bytes.fromhex("30751FEB705C5904E3D50D70")


def talk(setup: Setup | None = None, module: SimulatedUhfReader | None = None) -> Talk:
    return Talk(Session(setup or Setup(), 0.0), module or SimulatedUhfReader())


def tags(data: str, command: int = uhfreader.INVENTORY) -> list[Tag] | None:
    """What a reader tells with these bytes, the status first."""
    said = uhfreader.answer(uhfreader.frame(0, command, bytes.fromhex(data)))
    assert said is not None
    return uhfreader.tags(said)


@pytest.mark.parametrize(("frame", "comment"), VECTORS["good: tag"])
def test_tags(frame: bytes, comment: str) -> None:
    said = uhfreader.answer(frame)
    assert said is not None
    found = uhfreader.tags(said)
    assert found is not None
    (tag,) = found
    assert f"{tag.epc.hex().upper()} {tag.antenna} {tag.rssi}" == comment
    (line,) = uhfreader.describe(frame)
    assert (line["tag"], line["antenna"], line["rssi"]) == (tag.epc.hex().upper(), tag.antenna, tag.rssi)


def test_commands_are_written_as_others_write_them() -> None:
    commands = {frame for frame, _ in VECTORS["good: command"]}
    assert uhfreader.frame(uhfreader.ANYBODY, uhfreader.GET_INFO) in commands
    assert uhfreader.inventory_18(0) in commands
    assert uhfreader.inventory_288(0, 4, 0, 1, 2) in commands


def test_what_decode_says() -> None:
    told = [next(uhfreader.describe(frame)) for kind in list(VECTORS)[:2] for frame, _ in VECTORS[kind]]
    assert told == [
        {"message": "info"},
        {"message": "inventory"},
        {"message": "inventory"},
        {"message": "inventory", "data": "0400008002"},
        {"message": "mode", "status": 0, "text": "done", "data": ""},
        {"message": "mode", "status": 1, "text": "done", "data": ""},
        {"message": "info", "version": "0.22", "type": 12, "region": "eu", "power": 30, "scan": 10},
        {"message": "inventory", "status": 1, "text": "done", "data": "0100"},
        {"message": "module heartbeat"},
    ]
    (line,) = uhfreader.describe(
        uhfreader.frame(0, uhfreader.INVENTORY, bytes.fromhex("03010182AABB") + bytes(13))
    )
    assert (line["tag"], line["tid"]) == ("AABB", "00" * 12)
    assert list(uhfreader.describe(uhfreader.frame(0, 0x99, b"\x77"))) == [{"message": "99", "data": "77"}]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("03 01 02 02AABB40 02CCDD50", [Tag(b"\xaa\xbb", 1, 0x40), Tag(b"\xcc\xdd", 1, 0x50)]),
        ("03 02 02AABB 02CCDD", [Tag(b"\xaa\xbb"), Tag(b"\xcc\xdd")]),
        ("03 04 01 02AABB40", [Tag(b"\xaa\xbb", 3, 0x40)]),
        ("03 0B 01 02AABB40", [Tag(b"\xaa\xbb", 12, 0x40)]),
        ("03 01 01 82AABB" + "11" * 12 + "40", [Tag(b"\xaa\xbb", 1, 0x40, b"\x11" * 12)]),
        ("03 01 01 8EAABB" + "11" * 12 + "40", [Tag(b"\xaa\xbb", 1, 0x40, b"\x11" * 12)]),
        ("03 01 01 42AABB40" + "00" * 7, [Tag(b"\xaa\xbb", 1, 0x40)]),
        ("01 01 00", []),
        ("01", []),
        ("01 00", []),
        ("FB", []),
        ("26 0102030405060708", []),
        ("03 01 02 02AABB40", None),
        ("03 01 01 05AABB40", None),
        ("03 02 02AABB 02CC", None),
    ],
)
def test_answers_to_an_inventory(data: str, found: list[Tag] | None) -> None:
    assert tags(data) == found


def test_what_could_be_of_either_family_is_read_as_the_readers_own() -> None:
    said = uhfreader.answer(uhfreader.frame(0, uhfreader.INVENTORY, bytes.fromhex("03 01 02 02AA")))
    assert said is not None
    assert uhfreader.tags(said) == uhfreader.tags(said, False) == [Tag(b"\x02\xaa")]
    assert uhfreader.tags(said, True) is None


def test_pushes() -> None:
    assert tags("00 02 02AABB40", uhfreader.PUSHED) == [Tag(b"\xaa\xbb", 2, 0x40)]
    assert tags("28", uhfreader.PUSHED) == []
    assert tags("00", uhfreader.PUSHED) is None
    assert tags("00 AABBCC", uhfreader.PUSHED) is None
    assert tags("FE", uhfreader.REGION) == []


@pytest.mark.parametrize(("frame", "comment"), VECTORS["good: push"])
def test_a_uhfreader18_pushes_the_epc_alone(frame: bytes, comment: str) -> None:
    said = uhfreader.answer(frame)
    assert said is not None
    assert uhfreader.tags(said) == uhfreader.tags(said, False) == [Tag(bytes.fromhex(comment))]


def test_a_push_that_could_be_of_either_family_is_read_as_the_readers_own() -> None:
    """The new family's, with a phase behind it, has whole words as well."""
    data = bytes.fromhex("0146AABBCCDDEEFF40") + bytes(7)
    said = uhfreader.answer(uhfreader.frame(0, uhfreader.PUSHED, b"\0" + data))
    assert said is not None
    assert uhfreader.tags(said) == uhfreader.tags(said, True) == [Tag(data[2:8], 1, 0x40)]
    assert uhfreader.tags(said, False) == [Tag(data)]


def test_it_finds_the_reader_and_asks() -> None:
    here = talk().run(2.0)
    assert here.session.info == "UHFReader288 type 0C, firmware 0.22; region eu, 30 dBm"
    here.see(Sighting(1, EPC, rssi=-60.0), Sighting(1, bytes(12)))
    here.run(1.0)
    ((tag, antenna, rssi, time),) = here.reads
    assert (tag, antenna, rssi) == (EPC.hex().upper(), 1, 70.0)
    assert abs(time - NOW - 2_000_000) < 300_000
    assert [type(body) for body in here.bodies[:2]] == [Up, Alive]
    assert here.session.counts == {"zero_epc": 1}
    assert here.session.error is None


def test_a_reader_of_the_older_family() -> None:
    here = talk(module=SimulatedUhfReader(18)).run(2.0)
    assert here.session.info == "UHFReader18 type 09, firmware 0.22; region eu, 30 dBm"
    here.see(*(Sighting(1, bytes((number,)) * 12) for number in range(1, 11)))
    here.run(1.0)
    assert [row[0] for row in here.reads] == [f"{number:02X}" * 12 for number in range(1, 11)]
    assert all(math.isnan(row[2]) for row in here.reads)


def test_antennas_are_asked_in_turns_and_broken_ones_told_once() -> None:
    module = SimulatedUhfReader()
    module.broken = {3}
    here = talk(Setup(antennas=(1, 3), scan=0.1), module).run(3.0)
    here.see(Sighting(1, EPC), Sighting(3, EPC), Sighting(2, EPC))
    here.run(1.0)
    assert [row[1] for row in here.reads] == [1]
    module.broken = set()
    here.run(1.0)
    here.see(Sighting(3, EPC))
    here.run(0.5)
    assert [row[1] for row in here.reads] == [1, 3]
    states = [body for body in here.bodies if isinstance(body, AntennaState)]
    assert [(state.port, state.connected) for state in states] == [(3, False), (3, True)]
    assert "antenna 3: the reader reports: antenna error" in here.notices
    assert module.ledger["unheard"] >= 1


def test_settings_are_set() -> None:
    module = SimulatedUhfReader()
    here = talk(Setup("us", 20), module).run(3.0)
    assert (module.band, module.power) == ((0x31, 0x80), 20)
    assert here.session.info is not None
    assert here.session.info.endswith("region us, 20 dBm")


@pytest.mark.parametrize(
    ("setup", "family", "reason"),
    [
        (Setup(power=33), 288, "power 33 dBm: the reader refused it (illegal command or CRC error); set one"),
        (Setup(antennas=(1, 2)), 18, "antennas 1, 2: this reader has one; list port 1 alone"),
    ],
)
def test_settings_that_a_reader_refuses(setup: Setup, family: int, reason: str) -> None:
    here = talk(setup, SimulatedUhfReader(family)).run(5.0)
    assert isinstance(here.session.error, Unsupported)
    assert reason in str(here.session.error)


def test_a_reader_that_does_not_answer_a_setting() -> None:
    here = talk(Setup(power=20))
    here.line = lambda data: b"" if data[2:3] == bytes((uhfreader.POWER,)) else data
    here.run(8.0)
    assert isinstance(here.session.error, ProtocolError)
    assert str(here.session.error) == "the reader did not answer when power was set to 20 dBm"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (lambda data: b"", "the UHFReader does not answer: look at its power"),
        (
            lambda data: bytes(byte ^ 0x5A for byte in data),
            "set the module's baud rate in the url (57600 is usual)",
        ),
    ],
)
def test_nobody_there_and_the_wrong_baud_rate(line: Callable[[bytes], bytes], reason: str) -> None:
    here = talk()
    here.line = line
    here.run(10.0)
    assert isinstance(here.session.error, ProtocolError)
    assert reason in str(here.session.error)


def test_one_missing_answer_is_forgiven_and_two_are_not() -> None:
    here = talk().run(2.0)
    here.line = lambda data: b""
    while not here.session.counts["missed_answers"]:
        here.run(0.05)
    here.line = bytes
    here.run(5.0)
    assert here.session.error is None
    assert here.session.counts["missed_answers"] == 1
    here.line = lambda data: b""
    here.run(10.0)
    assert isinstance(here.session.error, ProtocolError)
    assert "2 inventories were not answered" in str(here.session.error)


def test_a_reader_in_real_time_mode_is_listened_to() -> None:
    module = SimulatedUhfReader()
    module.pushing = True
    here = talk(module=module).run(1.2)
    here.see(Sighting(2, EPC, rssi=-60.0))
    here.run(1.0)
    here.see(Sighting(1, EPC, rssi=-60.0))
    here.hear(uhfreader.frame(0, uhfreader.PUSHED, b"\x28"))
    here.run(1.0)
    assert [row[1] for row in here.reads] == [2, 1]
    assert here.notices == ["the reader is in real-time mode: it is listened to, and not asked"]
    module.pushing = False
    here.run(20.0)
    assert here.session.error is None
    here.see(Sighting(1, EPC))
    here.run(1.0)
    assert len(here.reads) == 3


def test_an_older_reader_in_real_time_mode_is_listened_to() -> None:
    module = SimulatedUhfReader(18)
    module.pushing = True
    here = talk(module=module).run(1.2)
    here.see(Sighting(1, EPC))
    here.run(1.0)
    assert [row[:2] for row in here.reads] == [(EPC.hex().upper(), 1)]
    assert here.session.counts["malformed"] == 0


def test_what_a_reader_complains_of() -> None:
    here = talk().run(2.0)
    for status in (uhfreader.FULL, 0xFA, uhfreader.NO_TAG, uhfreader.ILLEGAL, 0xF9):
        here.hear(uhfreader.frame(0, uhfreader.INVENTORY, bytes((status,))))
    here.hear(uhfreader.frame(0, uhfreader.INVENTORY, bytes.fromhex("0301 0202AA")))
    here.hear(uhfreader.BRIDGE_HEARTBEAT)
    assert here.notices == [
        "more tags than the reader can hold in one inventory: set a shorter scan",
        "antenna 1: the reader reports: illegal command or CRC error",
        "antenna 1: the reader reports: status F9",
    ]
    assert here.session.counts == {"malformed": 1}


def test_it_rests_and_reads_again() -> None:
    here = talk().run(2.0)
    here.said += here.session.stop(here.now, here.at)
    here.run(0.5)
    here.heard = b""
    here.run(30.0)
    assert uhfreader.inventory_288(0, 4, 0, 1, 2) not in here.heard
    here.said += here.session.start(here.now, here.at)
    here.run(1.0)
    assert uhfreader.inventory_288(0, 4, 0, 1, 2) in here.heard
    assert [body.idle for body in here.bodies if isinstance(body, Idle)] == [True, False]


def test_a_band_that_nobody_knows() -> None:
    module = SimulatedUhfReader()
    module.band = (0xC0, 0x00)
    here = talk(module=module).run(2.0)
    assert here.session.info is not None
    assert "region code 12" in here.session.info


@given(data=st.binary(max_size=200), split=st.integers(0, 200))
@settings(max_examples=25)
def test_any_bytes_are_survived(data: bytes, split: int) -> None:
    for seconds in (0.0, 2.0):
        here = talk().run(seconds)
        here.hear(data[:split])
        here.hear(data[split:])
        here.run(10.0)
        assert all(isinstance(body, Up | Alive | Reads | AntennaState) for body in here.bodies)


@given(
    command=st.sampled_from([uhfreader.INVENTORY, uhfreader.PUSHED, uhfreader.GET_INFO]),
    data=st.binary(max_size=60),
)
@settings(max_examples=50)
def test_any_answer_is_survived(command: int, data: bytes) -> None:
    frame = uhfreader.frame(0, command, data)
    here = talk().run(2.0)
    here.hear(frame)
    assert list(uhfreader.describe(frame))


def test_settings_of_a_device() -> None:
    reader = UhfReader(id="gate", url="tcp://10.0.0.9")
    assert (reader.rssi, reader.setup()) == ("raw", Setup())
    several = (Antenna(2, zone="a"), Antenna(1, zone="b"))
    device = UhfReader(
        id="gate", url="serial:///dev/ttyUSB0", antennas=several, region="eu", power=20, scan=0.5
    )
    assert device.setup() == Setup("eu", 20, (1, 2), 0.5)
    assert UhfReader(id="gate", url="tcp://h", antennas=(Antenna(0, zone="a"),)).setup().antennas == (1,)
    with pytest.raises(ValidationError, match="antennas has port 17; these readers have 16 at most"):
        UhfReader(id="gate", url="tcp://h", antennas=(Antenna(17, zone="a"),))


def test_from_the_wire_to_the_daemon() -> None:
    async def test(here: Scene) -> None:
        for number in range(1, 6):
            here.line.see(Sighting(1, bytes((number,)) * 12))
            await asyncio.sleep(0.3)
        await asyncio.sleep(1)
        assert here.link.tags == [f"{number:02X}" * 12 for number in range(1, 6)]

    play(SimulatedUhfReader(), lambda url: UhfReader(id="gate", url=url), test)
