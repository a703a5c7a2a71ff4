"""Serial modules at work, with an M100 as the example: drivers/m100.py, serial_connection.py, simulators/serial_line.py."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from pydantic import TypeAdapter, ValidationError

from core.records import Idle, Reads
from drivers.base import Driver, Fatal, ProtocolError, SetOutput, Start, Stop
from drivers.catalog import Device
from drivers.conversation import CLOSING_SECONDS
from drivers.m100 import M100
from drivers.mercury import Mercury
from drivers.uhfreader import UhfReader
from simulators.clock import RunningClock
from simulators.llrp_reports import Sighting
from simulators.m100 import SimulatedM100
from simulators.mercury import SimulatedMercury
from simulators.serial_line import TcpLine
from simulators.serial_module import SimulatedModule
from simulators.uhfreader import SimulatedUhfReader
from tests.llrp_scene import FakeLink
from tests.module_scene import START, Scene, play
from tests.virtual_loop import run


def driver(url: str, **settings: object) -> Driver:
    settings |= {"id": "desk", "kind": "m100", "url": url}
    device = TypeAdapter(Device).validate_python(settings)
    assert isinstance(device, M100)
    return device


def tag(number: int) -> Sighting:
    return Sighting(1, number.to_bytes(12), rssi=-50.0)


def name(number: int) -> str:
    return number.to_bytes(12).hex().upper()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "http://desk"}, "names no way to connect; write serial:///dev/serial/by-id/NAME"),
        ({"region": "mars"}, "Input should be"),
        ({"power": 50}, "less than or equal to 33"),
        ({"baud": 9600}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        M100.model_validate({"id": "desk", "url": "serial:///dev/ttyUSB0", **settings})


def test_from_the_wire_to_the_daemon() -> None:
    async def test(here: Scene) -> None:
        here.line.see(tag(1))
        here.line.see(tag(2))
        await asyncio.sleep(1)
        assert here.link.info == ["M100 26dBm V1.0, V2.3.5, MagicRF; region eu, 26 dBm"]
        assert here.link.tags == [name(1), name(2)]
        (reads,) = [body for body in here.link.bodies if isinstance(body, Reads)]
        assert abs(int(reads.time[0]) - here.link.now()) < 1_100_000
        assert here.link.tapped

    play(SimulatedM100(), lambda url: driver(url, region="eu"), test)


def test_all_that_came_before_the_end_is_handed_over() -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        here.line.see(tag(1))
        await asyncio.sleep(1)
        here.line.hang_up()
        await asyncio.sleep(1)
        assert not here.running.done()
        here.link.gate.set()
        assert isinstance(await here.end(), OSError | EOFError)
        assert here.link.tags == [name(1)]

    play(SimulatedM100(), driver, test)


def test_what_is_read_while_the_daemon_is_busy_keeps_its_time() -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        times = []
        for number in range(1, 11):
            times.append(here.link.now())
            here.line.see(tag(number))
            await asyncio.sleep(5)
        here.link.gate.set()
        await asyncio.sleep(1)
        reads = [body for body in here.link.bodies if isinstance(body, Reads)]
        assert here.link.tags == [name(number) for number in range(1, 11)]
        seen = [int(time) for body in reads for time in body.time]
        assert max(abs(one - other) for one, other in zip(seen, times, strict=True)) < 100_000
        assert not here.running.done()

    play(SimulatedM100(), driver, test)


def test_a_module_that_falls_silent_ends_the_connection() -> None:
    class Mute(SimulatedM100):
        mute = False

        def receive(self, data: bytes, now: int) -> bytes:
            return b"" if self.mute else super().receive(data, now)

    module = Mute()

    async def test(here: Scene) -> None:
        module.mute, module.polls = True, 0
        error = await here.end()
        assert isinstance(error, ProtocolError)
        assert "nothing heard for 3 s" in str(error)

    play(module, driver, test)


def test_what_only_an_operator_can_mend() -> None:
    async def test(here: Scene) -> None:
        error = await here.end()
        assert isinstance(error, Fatal)
        assert "region us: the module refused it" in str(error)
        assert here.link.bodies == []

    play(SimulatedM100(regions=(3,)), lambda url: driver(url, region="us"), test)


def test_orders(caplog: pytest.LogCaptureFixture) -> None:
    module = SimulatedM100()

    async def test(here: Scene) -> None:
        for order in (SetOutput(1, True), Stop()):
            here.link.asked.put_nowait(order)
        await asyncio.sleep(10)
        assert not module.reading
        here.link.asked.put_nowait(Start())
        await asyncio.sleep(1)
        assert module.reading
        assert [body.idle for body in here.link.bodies if isinstance(body, Idle)] == [True, False]
        assert here.link.counters == {"orders_refused": 1}

    play(module, driver, test)
    assert "output 1: this kind of device has no outputs here" in caplog.text


def test_complaints_are_counted_always_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def test(here: Scene) -> None:
        for _ in range(3):
            here.line.send(bytes.fromhex("AA01FF00012021DD"))
            await asyncio.sleep(1)
        assert here.link.counters == {"no_channel": 3}

    play(SimulatedM100(), driver, test)
    assert caplog.text.count("finds no free channel") == 1


def test_what_a_stop_leaves_behind_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        here.line.see(tag(1))
        await asyncio.sleep(0.5)
        here.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await here.running
        assert here.link.counters["left_behind"] >= 1

    play(SimulatedM100(), driver, test)
    assert "records were left behind" in caplog.text


def test_a_stop_hands_over_what_was_read() -> None:
    async def test(here: Scene) -> None:
        here.link.gate.clear()
        here.line.see(tag(1))
        await asyncio.sleep(0.5)
        here.running.cancel()
        await asyncio.sleep(0.5)
        here.link.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await here.running
        assert here.link.tags == [name(1)]

    play(SimulatedM100(), driver, test)


def stopped(module: SimulatedModule, make: Callable[[str], Driver], leave: bool = True) -> float:
    """A clean stop in the middle of reading; how many seconds it took."""
    took = []

    async def test(here: Scene) -> None:
        assert module.reading
        here.line.see(tag(7))
        since = asyncio.get_running_loop().time()
        here.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await here.running
        took.append(asyncio.get_running_loop().time() - since)
        assert here.link.tags == ([name(7)] if leave else [])

    play(module, make, test)
    return took[0]


def test_a_clean_stop_lets_the_module_rest() -> None:
    m100, mercury = SimulatedM100(), SimulatedMercury()
    assert stopped(m100, driver) < 1
    assert not m100.reading
    shelf = {"id": "shelf", "region": "na"}
    assert stopped(mercury, lambda url: Mercury.model_validate({**shelf, "url": url})) < 1
    assert not mercury.reading
    gate = {"id": "gate"}
    stopped(SimulatedUhfReader(), lambda url: UhfReader.model_validate({**gate, "url": url}), leave=False)


def test_a_clean_stop_waits_two_seconds_for_a_module_that_does_not_answer() -> None:
    class Deaf(SimulatedM100):
        """Once it polls."""

        def receive(self, data: bytes, now: int) -> bytes:
            return b"" if self.reading else super().receive(data, now)

    assert 1.5 < stopped(Deaf(), driver) < CLOSING_SECONDS + 0.5


def test_a_stop_before_the_module_is_known_says_nothing() -> None:
    class Silent(SimulatedM100):
        heard = b""

        def receive(self, data: bytes, now: int) -> bytes:
            self.heard += data
            return b""

    module = Silent()

    async def main() -> bytes:
        async with TcpLine(module, RunningClock(START)).served() as line:
            running = asyncio.create_task(driver(line.url).run(FakeLink()))
            await asyncio.sleep(0.1)
            before = module.heard
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            return before

    before = run(main())
    assert module.heard == before != b""
