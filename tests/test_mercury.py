"""ThingMagic modules without a line: drivers/codecs/mercury.py, mercury_session.py; and their settings."""

import asyncio
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.records import Alive, Idle, Reads, Up
from core.site import Antenna
from drivers.codecs import mercury
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.mercury import Tag
from drivers.codecs.mercury_session import Session, Setup
from drivers.mercury import Mercury
from simulators.llrp_reports import Sighting
from simulators.mercury import SimulatedMercury
from tests.module_scene import Scene, play
from tests.module_talk import NOW, Talk, vectors

VECTORS = vectors("mercury")
EPC = bytes.fromhex("30751FEB705C5904E3D50D70")
NAMES = ("version", "boot", "region", "region", "protocol", "power", "antenna", "antenna", "option")


def talk(setup: Setup | None = None, module: SimulatedMercury | None = None) -> Talk:
    return Talk(Session(setup or Setup("na"), 0.0), module or SimulatedMercury())


def nibble_crc(data: bytes) -> int:
    """As ThingMagic's host code computes it."""
    table = [0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7]
    table += [0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF]
    crc = 0xFFFF
    for byte in data:
        for nibble in (byte >> 4, byte & 15):
            crc = ((crc << 4 | nibble) ^ table[crc >> 12]) & 0xFFFF
    return crc


@given(data=st.binary(min_size=2, max_size=60))
def test_the_crc_is_the_makers(data: bytes) -> None:
    assert mercury.crc(data) == nibble_crc(data)


def test_a_tag_with_all_its_metadata() -> None:
    ((frame, comment),) = VECTORS["good: tag"]
    tag = mercury.tag(frame)
    assert tag == Tag(bytes(10) + b"\x15\x45", 1, -60, 1, 923_200, 0.0, 295)
    assert f"{tag.epc.hex().upper()} {tag.antenna} {tag.rssi} {tag.channel} {tag.time}" == comment
    assert mercury.streamed(tag, 0xE94A) == frame
    (line,) = mercury.describe(frame)
    assert line == {
        "time": None, "tag": "000000000000000000001545", "antenna": 1, "rssi": -60, "count": 1,
        "channel": 923_200, "time_ms": 295, "phase": 0.0,
    }  # fmt: skip


def test_commands_are_written_as_others_write_them() -> None:
    commands = {frame for frame, _ in VECTORS["good: command"]}
    here = talk(Setup("na", 27.0)).run(6.0)
    ours = mercury.frames(from_host=True).feed(here.heard)
    assert set(ours) <= commands
    assert len(set(ours)) == 9
    told = [next(mercury.describe(frame)) for frame, _ in VECTORS["good: command"]]
    assert [line["message"] for line in told[:9]] == list(NAMES)
    assert {line["type"] for line in told} == {"command"}


@pytest.mark.parametrize(
    ("status", "data", "expected"),
    [
        (mercury.NO_TAGS, "", {"message": "read", "status": "0400", "text": "no tags", "data": ""}),
        (0x7777, "01", {"message": "read", "status": "7777", "text": "unknown", "data": "01"}),
    ],
)
def test_what_decode_says(status: int, data: str, expected: dict[str, object]) -> None:
    assert list(mercury.describe(mercury.answer(mercury.READ_TAGS, status, bytes.fromhex(data)))) == [
        expected
    ]
    assert next(mercury.describe(mercury.answer(0x55, 0)))["message"] == "55"


@pytest.mark.parametrize(
    ("data", "tag"),
    [
        ("10001B0000 01 0030 3000 AABB 1234", Tag(b"\xaa\xbb")),
        ("10001B0002 01 7F 0030 3000 AABB 1234", Tag(b"\xaa\xbb", rssi=127)),
        ("10001B0081 01 05 0018 010203 0030 3000 AABB 1234", Tag(b"\xaa\xbb", reads=5)),
        ("10001B0020 01 005A 0030 3000 AABB 1234", Tag(b"\xaa\xbb", phase=math.pi / 2)),
        ("10001B0001 01 00 0020 3000 1234", Tag(b"")),
        ("10001B0200 01 00 0030 3000 AABB 1234", None),
        ("10001B0000 02 0030 3000 AABB 1234", None),
        ("10001B0008 01 0102", None),
        ("10001B0080 01 FFFF 01", None),
        ("10001B0000 01 00", None),
        ("10001B0000 01 0030 3000 AABB 12", None),
        ("10001B0000 01 0031 3000 AABB 123400", None),
        ("10001B0000 01 0010 3000", None),
        ("10001B", None),
    ],
)
def test_metadata_of_any_kind(data: str, tag: Tag | None) -> None:
    frame = mercury.answer(mercury.READ_TAGS, 0, bytes.fromhex(data))
    found = mercury.tag(frame)
    assert found == tag
    assert list(mercury.describe(frame))


def test_it_finds_the_module_and_reads() -> None:
    here = talk(Setup("na", 27.0, (1, 3))).run(5.0)
    assert here.session.info == "ThingMagic hardware 30.00.00.01, firmware 01.09.02.02; region na, 27 dBm"
    assert isinstance(here.module, SimulatedMercury)
    assert (here.module.region, here.module.power, here.module.searched) == (1, 2700, (1, 3))
    here.see(Sighting(3, EPC, rssi=-55.2, channel=26, phase=1.0), Sighting(2, EPC), Sighting(1, bytes(12)))
    assert here.reads == [(EPC.hex().upper(), 3, -55.0, NOW + 5_000_000)]
    (reads,) = [body for body in here.bodies if isinstance(body, Reads)]
    assert reads.channel is not None
    assert reads.channel.tolist() == [915_250]
    assert reads.phase is not None
    assert abs(float(reads.phase[0]) - 1.0) < math.radians(1)
    assert here.session.counts == {"zero_epc": 1}
    assert [type(body) for body in here.bodies[:2]] == [Up, Alive]
    here.run(30.0)
    assert here.session.error is None
    assert sum(isinstance(body, Alive) for body in here.bodies) > 25


def test_what_is_not_told_is_not_made_up() -> None:
    here = talk().run(5.0)
    here.hear(mercury.answer(mercury.READ_TAGS, 0, bytes.fromhex("10001B0000 01 0030 3000 AABB 1234")))
    ((tag, antenna, rssi, _),) = here.reads
    assert (tag, antenna) == ("AABB", 0)
    assert math.isnan(rssi)


def test_a_module_that_still_streams_to_somebody_who_is_gone() -> None:
    module = SimulatedMercury()
    talk(module=module).run(5.0)
    assert module.reading
    here = talk(module=module)
    here.hear(module.see(Sighting(1, EPC), NOW))
    here.run(6.0)
    assert here.session.info is not None
    assert here.reads == []


def test_a_module_in_its_boot_loader_is_woken() -> None:
    module = SimulatedMercury()
    module.booting = True
    here = talk(module=module).run(8.0)
    assert not module.booting
    assert module.reading
    assert here.session.error is None


class Booting(SimulatedMercury):
    """It comes back into its boot loader, at once or when it shall read."""

    late = False

    def receive(self, data: bytes, now: int) -> bytes:
        self.booting = not self.late or data == mercury.command(mercury.STREAM, mercury.START)
        return super().receive(data, now)


@pytest.mark.parametrize(
    ("late", "reason"),
    [(False, "the module stays in its boot loader; load"), (True, "has fallen back into its boot loader")],
)
def test_a_module_that_stays_in_its_boot_loader(late: bool, reason: str) -> None:
    module = Booting()
    module.late = late
    here = talk(module=module).run(12.0)
    assert isinstance(here.session.error, ProtocolError)
    assert reason in str(here.session.error)


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (Setup("eu3"), "region eu3: the module refused it (status 0105); set one that its data sheet names"),
        (Setup("na", 33.0), "power 33 dBm: the module refused it (status 0103)"),
        (Setup("na", antennas=(1, 9)), "antennas 1, 9: the module refused it"),
    ],
)
def test_settings_that_a_module_refuses(setup: Setup, reason: str) -> None:
    here = talk(setup, SimulatedMercury(regions=(1,))).run(8.0)
    assert isinstance(here.session.error, Unsupported)
    assert reason in str(here.session.error)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (lambda data: b"", "the ThingMagic does not answer: look at its power"),
        (
            lambda data: bytes(byte ^ 0x5A for byte in data),
            "set the module's baud rate in the url (115200 is",
        ),
        (lambda data: b"" if data[2] == mercury.REGION else data, "did not answer when region was set to na"),
    ],
)
def test_nobody_there_and_the_wrong_baud_rate(line: Callable[[bytes], bytes], reason: str) -> None:
    here = talk()
    here.line = lambda data: line(data) if data else data
    here.run(15.0)
    assert isinstance(here.session.error, ProtocolError)
    assert reason in str(here.session.error)


def test_a_module_that_falls_silent() -> None:
    here = talk().run(5.0)
    here.line = lambda data: b""
    here.run(5.0)
    assert isinstance(here.session.error, ProtocolError)
    assert str(here.session.error) == "nothing heard for 3 s; look at the module's power"


def test_what_a_module_complains_of() -> None:
    here = talk().run(5.0)
    for status in (mercury.TOO_HOT, mercury.RETURN_LOSS, 0x7777):
        here.hear(mercury.answer(mercury.READ_TAGS, status))
    here.hear(mercury.answer(mercury.READ_TAGS, 0, bytes(10)))  # a temperature
    here.hear(mercury.answer(mercury.READ_TAGS, 0, bytes(11)))
    here.hear(mercury.answer(0x63, 0))
    assert here.notices == [
        "the module reports: too hot: it reads less until it has cooled down",
        "the module reports: high return loss: no antenna, a broken cable, or metal before the antenna",
        "the module reports: status 7777",
    ]
    assert here.session.counts == {"malformed": 1}


def test_it_rests_and_reads_again() -> None:
    here = talk().run(5.0)
    here.said += here.session.stop(here.now, here.at)
    here.run(60.0)
    assert not here.module.reading
    assert here.session.error is None
    here.said += here.session.start(here.now, here.at)
    here.run(1.0)
    assert here.module.reading
    assert [body.idle for body in here.bodies if isinstance(body, Idle)] == [True, False]


@given(data=st.binary(max_size=200), split=st.integers(0, 200))
@settings(max_examples=25)
def test_any_bytes_are_survived(data: bytes, split: int) -> None:
    for seconds in (0.0, 4.0):
        here = talk().run(seconds)
        here.hear(data[:split])
        here.hear(data[split:])
        here.run(10.0)
        assert all(isinstance(body, Up | Alive | Reads) for body in here.bodies)


@given(data=st.binary(max_size=60), status=st.sampled_from([0, 0x0400, 0x0504, 0x1234]))
@settings(max_examples=50)
def test_any_answer_is_survived(data: bytes, status: int) -> None:
    frame = mercury.answer(mercury.READ_TAGS, status, data)
    here = talk().run(4.0)
    here.hear(frame)
    assert list(mercury.describe(frame))


def test_settings_of_a_device() -> None:
    several = (Antenna(2, zone="a"), Antenna(1, zone="b"))
    device = Mercury(id="gate", url="serial:///dev/ttyUSB0", antennas=several, region="eu3", power=20)
    assert device.setup() == Setup("eu3", 20, (1, 2))
    assert Mercury(id="gate", url="tcp://h:1", region="na").setup().antennas == (1,)
    with pytest.raises(ValidationError, match="region"):
        Mercury.model_validate({"id": "gate", "url": "serial:///dev/ttyUSB0"})
    with pytest.raises(ValidationError, match="antennas has port 16; these modules have 15 at most"):
        Mercury(id="gate", url="tcp://h:1", region="na", antennas=(Antenna(16, zone="a"),))


def test_from_the_wire_to_the_daemon() -> None:
    async def test(here: Scene) -> None:
        for number in range(1, 6):
            here.line.see(Sighting(1, bytes((number,)) * 12))
        await asyncio.sleep(1)
        assert here.link.tags == [f"{number:02X}" * 12 for number in range(1, 6)]

    play(SimulatedMercury(), lambda url: Mercury(id="gate", url=url, region="na"), test)
