"""The driver of Impinj readers at work: drivers/impinj_http.py, impinj_connection.py, simulators/impinj*.py."""

import asyncio
import logging

import pytest

from core.records import SECOND, Alive, AntennaState, Dropped, Gpi, Idle, Reads, Up
from drivers.base import SetOutput, Start, Stop
from drivers.impinj_connection import ORDERS
from drivers.impinj_http import ImpinjHttp
from simulators.impinj import SimulatedImpinj
from simulators.impinj_device import Setup
from simulators.impinj_events import Fields
from tests.impinj_scene import EPC, START, Scene, play, sighting
from tests.llrp_scene import FakeLink


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", "impinj")


@pytest.mark.parametrize("chunked", [True, False])
def test_tags_and_everything_else_that_happens(chunked: bool) -> None:
    async def test(scene: Scene) -> None:
        (info,) = scene.link.info
        assert info.startswith("Impinj R700 37022340055; its own UTC, wrong by at most ")
        await scene.reader.see(sighting(START + SECOND), sighting(START + 2 * SECOND, 2))
        scene.reader.gpi(1, True)
        scene.reader.antenna(2, False)
        await scene.reader.see(sighting(START + 3 * SECOND, 2))
        await asyncio.sleep(12)
        assert scene.times == [START + n * SECOND for n in (1, 2, 3)]
        assert [type(body) for body in scene.link.bodies if not isinstance(body, Alive)] == [
            Up, Reads, Gpi, AntennaState, AntennaState, Reads,
        ]  # fmt: skip
        assert len(scene.of(Alive)) >= 2  # the reader was told to say every 5 s that it lives
        assert scene.reader.device.stream["keepAliveIntervalSeconds"] == 5
        assert scene.link.tags == [EPC.hex().upper()] * 3
        assert b"tagInventoryEvent" in scene.link.tapped

    play(test, chunked=chunked)


def test_a_portal_wants_signs_of_life_more_often() -> None:
    async def test(scene: Scene) -> None:
        await asyncio.sleep(10)
        assert scene.reader.device.stream["keepAliveIntervalSeconds"] == 1
        assert len(scene.of(Alive)) >= 10

    play(test, antennas=[{"port": 1, "portal": "dock-1", "side": "yard"}])


def test_a_preset_is_started_and_what_it_lacks_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.until_streaming()
        assert scene.reader.device.preset == "dock"
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(6)
        assert scene.times == [START + SECOND]
        assert [type(body) for body in scene.link.bodies if not isinstance(body, Alive)] == [Up, Reads]
        assert scene.link.counters["preset"] == 1

    with caplog.at_level(logging.WARNING):
        play(test, Setup("idle", presets=("default", "dock"), reporting_interval=60), preset="dock")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("dock1: preset 'dock': a tag that stays is told once in 60 s only")


def test_a_reader_that_does_not_read_says_so_once_its_backlog_is_through() -> None:
    async def test(scene: Scene) -> None:
        await asyncio.sleep(10)
        (idle,) = scene.of(Idle)
        assert isinstance(idle, Idle)
        assert idle.idle
        assert scene.link.counters["stopped"] == 1

    play(test, Setup("idle"))


def test_orders() -> None:
    async def test(scene: Scene) -> None:
        for order in (SetOutput(2, True), SetOutput(9, True), Stop()):
            scene.link.asked.put_nowait(order)
        await asyncio.sleep(5)
        assert scene.reader.device.gpos == {2: "high"}
        assert scene.link.counters["commands_refused"] == 1
        assert scene.reader.device.status == "idle"
        scene.link.asked.put_nowait(Start())
        await asyncio.sleep(5)
        assert scene.reader.device.status == "running"
        (gap,) = scene.of(Dropped)
        assert isinstance(gap, Dropped)
        assert gap.reason == "its inventory had been stopped"
        assert [idle.idle for idle in scene.of(Idle) if isinstance(idle, Idle)] == [True, False]

    play(test, preset="default")


def test_orders_that_come_too_soon() -> None:
    async def test(scene: Scene) -> None:
        for _ in range(ORDERS + 2):
            scene.link.asked.put_nowait(Start())
        await asyncio.sleep(5)
        assert scene.link.counters["orders_refused"] == ORDERS + 2  # no preset is named, or no room was left

    play(test)


def test_a_backlog_comes_in_order_with_its_own_times() -> None:
    times = [START - 3600 * SECOND + n * SECOND // 100 for n in range(5_000)]

    def before(reader: SimulatedImpinj) -> None:
        for time in times:
            reader.device.see(sighting(time), time)

    async def test(scene: Scene) -> None:
        await asyncio.sleep(30)
        assert scene.times == times
        first = next(n for n, body in enumerate(scene.link.bodies) if isinstance(body, Alive))
        assert not any(isinstance(body, Reads) for body in scene.link.bodies[first:])

    play(test, before=before)


@pytest.mark.parametrize("hours", [-5, 7])
def test_a_backlog_of_a_reader_whose_clock_is_wrong(hours: int) -> None:
    """It comes for longer than offsets are remembered, throttled; the looks at its clock keep the offset known."""
    skew = hours * 3600 * SECOND
    old = [START - 86_400 * SECOND + n * SECOND for n in range(40)]

    async def test(scene: Scene) -> None:
        for time in old:
            await scene.reader.see(sighting(time))
            await asyncio.sleep(60)
        assert len(scene.times) == len(old)
        assert all(abs(found - time) < SECOND for found, time in zip(scene.times, old, strict=True))

    play(test, Setup(skew=skew))


def test_events_that_a_full_buffer_threw_away_are_a_gap() -> None:
    times = [START - (100 - n) * SECOND for n in range(100)]

    def before(reader: SimulatedImpinj) -> None:
        for time in times:
            reader.device.see(sighting(time), time)

    async def test(scene: Scene) -> None:
        await asyncio.sleep(1)
        assert scene.times == times[90:]
        (gap,) = scene.of(Dropped)
        assert isinstance(gap, Dropped)
        assert (gap.since, gap.time) == (times[0], times[89])
        assert scene.link.counters["events_lost"] == scene.reader.device.ledger["purged"] == 90

    play(test, Setup(buffer=10), before=before)


def test_default_presets_do_not_say_when_a_tag_was_seen() -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.see(sighting(), sighting())
        await asyncio.sleep(1)
        assert len(scene.times) == 2
        assert abs(scene.times[0] - (START + 3 * SECOND)) < SECOND
        assert scene.link.tags == [EPC.hex().upper()] * 2
        assert scene.link.counters["unstamped"] == 1

    play(test, Setup(fields=Fields(epc=True, epc_hex=False, last_seen=False, phase=False)))


def test_a_stream_that_is_cut_in_the_middle_of_an_event() -> None:
    async def test(scene: Scene) -> None:
        await scene.reader.see(sighting(START + SECOND))
        scene.reader.cut_in_an_event()
        error = await scene.end()
        assert "the reader closed its stream: another client reads it as 'root'" in str(error)
        assert scene.times == [START + SECOND]
        assert not scene.link.counters["malformed"]

    play(test)


@pytest.mark.parametrize("chunked", [True, False])
def test_another_client_takes_the_stream(chunked: bool) -> None:
    """The reader ends the oldest stream of a user."""

    async def test(scene: Scene) -> None:
        other = ImpinjHttp.model_validate(
            {"id": "b", "url": scene.reader.url, "password": "env:READER_PASSWORD"}
        )
        taking = asyncio.create_task(other.run(FakeLink()))
        assert "another client reads it as 'root'" in str(await scene.end())
        taking.cancel()
        await asyncio.wait({taking})

    play(test, chunked=chunked)


def test_silence_ends_the_stream() -> None:
    async def test(scene: Scene) -> None:
        scene.reader.hold(True)
        began = asyncio.get_running_loop().time()
        assert "nothing heard for 20 s" in str(await scene.end())
        assert 15 < asyncio.get_running_loop().time() - began < 25

    play(test, watchdog=20)


def test_a_daemon_that_is_busy_costs_nothing_but_its_time() -> None:
    """The time for which nobody listened is no silence; what is sent meanwhile waits."""

    async def test(scene: Scene) -> None:
        scene.link.gate.clear()
        for n in range(100):
            await scene.reader.see(sighting(START - n * SECOND))
        await asyncio.sleep(60)
        scene.link.gate.set()
        await asyncio.sleep(1)
        assert scene.times == [START - n * SECOND for n in range(100)]
        assert not scene.running.done()

    play(test, watchdog=90)


def test_a_clean_stop_hands_over_what_was_read() -> None:
    async def test(scene: Scene) -> None:
        scene.link.gate.clear()
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(1)
        scene.running.cancel()
        await asyncio.sleep(0.5)
        scene.link.gate.set()
        await asyncio.wait({scene.running})
        assert scene.running.cancelled()
        assert scene.times == [START + SECOND]

    play(test)


def test_the_gateways_clock_is_set() -> None:
    async def test(scene: Scene) -> None:
        scene.link.offset += 3600 * SECOND
        scene.link.synchronised = True
        await asyncio.sleep(10)
        await scene.reader.see(sighting(START + SECOND))
        await asyncio.sleep(1)
        (seen,) = scene.times
        assert abs(seen - (START + 3601 * SECOND)) < SECOND

    play(test)
