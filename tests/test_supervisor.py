"""The supervisor tries again, backs off, tells a loss once, and turns a silence into a Down."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Literal

import pytest

from core.records import Alive, Body, Down, Up
from drivers.base import Driver, Fatal, Link, ProtocolError
from gateway.backoff import LONGEST, delays
from gateway.intake import Intake
from gateway.link import NAMED, DeviceLink, OrdersFull
from gateway.supervisor import ABSENT, PATIENCE, STOPPING, supervise, supervise_all
from tests.virtual_loop import run

Script = Callable[[Link], Awaitable[None]]


class Scripted(Driver):
    """A device whose connections go as the test says."""

    kind: Literal["scripted"] = "scripted"
    script: Script

    async def run(self, link: Link) -> None:
        await self.script(link)


class Bench:
    """A supervised device on the running loop."""

    def __init__(self, script: Script) -> None:
        loop = asyncio.get_running_loop()
        self.intake = Intake()
        self.link = DeviceLink("door1", self.intake, lambda: round(loop.time() * 1e6), lambda: True)
        self.task = loop.create_task(
            supervise(Scripted(id="door1", script=script), self.link, random.Random(1))
        )

    def bodies(self) -> list[Body]:
        return [taken.input.body for taken in self.intake.take()]

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def test_the_waits_grow_to_a_bound_and_differ_by_chance() -> None:
    waits = list(islice(delays(random.Random(1)), 50))
    assert 0.75 <= waits[0] <= 1
    assert max(waits) <= LONGEST
    assert min(waits[10:]) >= LONGEST * 0.75
    assert waits != list(islice(delays(random.Random(2)), 50))


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(111, "refused"), EOFError(), TimeoutError(), ProtocolError("x")]
)
def test_a_device_that_is_not_there_is_tried_again_with_one_line(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> tuple[int, str]:
        async def script(link: Link) -> None:
            raise error

        bench = Bench(script)
        await asyncio.sleep(300)
        await bench.end()
        (down,) = bench.bodies()
        assert isinstance(down, Down)
        assert down.time == 0
        return bench.link.restarts, bench.link.health.state

    restarts, state = run(main())
    assert 300 / LONGEST <= restarts <= 40
    assert state == "stopped"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_device_that_never_calls_is_down_since_it_is_awaited() -> None:
    async def main() -> tuple[list[Body], list[Body]]:
        calls = asyncio.Event()

        async def script(link: Link) -> None:
            await calls.wait()
            link.up("R420")
            await link.emit(Up(link.now()))
            await asyncio.Event().wait()

        bench = Bench(script)
        await asyncio.sleep(PATIENCE - 1)
        assert bench.bodies() == []
        await asyncio.sleep(2)
        silent = bench.bodies()
        calls.set()
        await asyncio.sleep(100)
        up = bench.bodies()
        await bench.end()
        return silent, up

    silent, up = run(main())
    assert silent == [Down(0, ABSENT)]
    assert up == [Up(31_000_000)]


def test_a_device_that_is_up_in_time_was_never_down() -> None:
    async def main() -> list[Body]:
        async def script(link: Link) -> None:
            link.up("R420")
            await asyncio.sleep(3)
            await link.emit(Up(link.now()))
            await asyncio.Event().wait()

        bench = Bench(script)
        await asyncio.sleep(100)
        return bench.bodies()

    assert run(main()) == [Up(3_000_000)]


def test_a_lost_link_is_a_down_from_its_last_sign_of_life(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> list[Body]:
        async def script(link: Link) -> None:
            link.up("R420")
            await link.emit(Up(link.now()))
            await link.emit(Alive(link.now()))
            await asyncio.sleep(5)
            raise ConnectionResetError(104, "reset by peer")

        bench = Bench(script)
        await asyncio.sleep(5.5)
        assert bench.link.health.state == "down"
        assert bench.link.health.error == "reset by peer"
        assert bench.link.health.since == 5_000_000
        bodies = bench.bodies()
        await asyncio.sleep(1)
        assert bench.link.health.error is None
        await bench.end()
        return [*bodies, *bench.bodies()]

    bodies = run(main())
    assert bodies[:3] == [Up(0), Alive(0), Down(0, "reset by peer")]
    assert [type(body) for body in bodies[3:]] == [Up, Alive, Down]
    assert isinstance(bodies[-1], Down)
    assert bodies[-1].reason == STOPPING
    assert [record.getMessage() for record in caplog.records] == [
        "door1: up: R420",
        "door1: down: reset by peer; trying again",
        "door1: up: R420",
    ]


def test_what_is_lost_together_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> list[DeviceLink]:
        intake = Intake()
        links = [DeviceLink(f"door{at}", intake, lambda: 0, lambda: True) for at in range(NAMED + 3)]
        links[0].lost("its heartbeat is missing")

        async def refused() -> None:
            raise ConnectionRefusedError(111, "refused")

        task = asyncio.create_task(supervise_all(refused, links, random.Random(1)))
        await asyncio.sleep(60)
        assert {link.health.error for link in links} == {"refused"}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return links

    names = ", ".join(link.device for link in run(main())[1 : NAMED + 1])
    assert [record.getMessage() for record in caplog.records] == [
        f"{names} and 2 more: down: refused; trying again"
    ]


def test_the_wait_begins_anew_only_after_a_steady_minute() -> None:
    async def main(up_for: float, connections: int) -> float:
        begins: list[float] = []
        enough = asyncio.Event()

        async def script(link: Link) -> None:
            begins.append(asyncio.get_running_loop().time())
            if len(begins) == connections:
                enough.set()
            link.up("R420")
            await asyncio.sleep(up_for)
            raise EOFError

        bench = Bench(script)
        await enough.wait()
        await bench.end()
        return begins[-1] - begins[-2] - up_for

    assert run(main(59, 12)) >= LONGEST * 0.75
    assert run(main(61, 12)) <= 1


def test_fatal_stops_this_device_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> list[Body]:
        async def script(link: Link) -> None:
            await link.emit(Up(link.now()))
            raise Fatal("port 9 is not there; remove it")

        bench = Bench(script)
        await bench.task
        assert bench.link.health.state == "failed"
        assert bench.link.health.error == "port 9 is not there; remove it"
        return bench.bodies()

    assert run(main()) == [Up(0), Down(0, "port 9 is not there; remove it")]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_bug_is_told_with_its_traceback_counted_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> tuple[int, int]:
        async def script(link: Link) -> None:
            raise KeyError("oops")

        bench = Bench(script)
        await asyncio.sleep(60)
        await bench.end()
        return bench.link.bugs, bench.link.restarts

    bugs, restarts = run(main())
    assert bugs > 3
    assert bugs == restarts
    assert sum(record.exc_info is not None for record in caplog.records) == 1


def test_orders_are_bounded_and_survive_a_reconnect() -> None:
    async def main() -> list[object]:
        from drivers.base import SetOutput

        link = DeviceLink("door1", Intake(), lambda: 0, lambda: True)
        for port in range(16):
            link.order(SetOutput(port, True))
        with pytest.raises(OrdersFull):
            link.order(SetOutput(99, True))
        assert link.counters["orders_refused"] == 1
        return [await anext(link.orders), await anext(link.orders)]

    assert [getattr(order, "port", None) for order in run(main())] == [0, 1]


def test_taps_and_counters() -> None:
    async def main() -> None:
        link = DeviceLink("door1", Intake(), lambda: 0, lambda: True)
        heard: list[bytes] = []
        link.tap(b"nobody listens")
        link.taps.add(heard.append)
        link.tap(b"abc")
        link.count("malformed", 3)
        assert heard == [b"abc"]
        assert link.counters == {"malformed": 3}

    run(main())


def test_a_driver_is_told_whether_the_gateways_clock_is_right() -> None:
    async def main() -> list[bool]:
        good = [False]
        link = DeviceLink("door1", Intake(), lambda: 0, lambda: good[0])
        before = link.synchronised
        good[0] = True
        return [before, link.synchronised]

    assert run(main()) == [False, True]
