"""The daemon as a whole, with recorded devices that the test speaks for: journal, restart, control socket."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.decider import Decided
from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Down, Input, Reads, Up, reads
from gateway.app import NOT_RUNNING, Daemon
from gateway.clock import Clock
from gateway.configuration import load
from gateway.control import socket_path
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.notify import Notifier
from gateway.reader import open_read_only
from gateway.writer import Writer

SITE = """\
[site]
id = "test"
[[zone]]
id = "yard"
[[zone]]
id = "warehouse"
[[portal]]
id = "dock-1"
between = ["yard", "warehouse"]
[[device]]
id = "door1"
kind = "recorded"
antennas = [ { port = 1, portal = "dock-1", side = "yard" }, { port = 2, portal = "dock-1", side = "warehouse" } ]
[[item]]
id = "pallet-1"
tags = ["E200"]
"""
START = 1_800_000_000 * SECOND
TAGS = Dictionary(["E200", "E201"])


class Wall:
    """A clock that the test moves."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def clock(self) -> Clock:
        return Clock(lambda: self.now * 1000, lambda: 0, lambda: True)


def configure(folder: Path, site: str = SITE) -> Path:
    path = folder / "waypost.toml"
    path.write_text(site)
    return path


@asynccontextmanager
async def running(folder: Path, now: int = START, site: str = SITE) -> AsyncIterator[Daemon]:
    """A daemon that is ready, and stopped cleanly after."""
    daemon = Daemon(load(configure(folder, site)), Notifier({}), Wall(now).clock())
    task = asyncio.create_task(daemon.run())
    ready = asyncio.create_task(daemon.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield daemon
    daemon.stop()
    await task


def passing(time: int) -> Reads:
    """The pallet goes from the yard's side to the warehouse's within three seconds: 30 reads, both sides in turn."""
    steps = [(n / 10, 1 + n % 2) for n in range(30)]
    power = [-45 - 12 * abs(second - (1.0 if port == 1 else 2.0)) for second, port in steps]
    times = [time + round(second * SECOND) for second, _ in steps]
    return reads(TAGS, times, [0] * 30, [port for _, port in steps], power)


async def ask(daemon: Daemon, request: bytes) -> list[dict[str, Any]]:
    """One request to the control socket, and all of its answers."""
    path = socket_path(daemon.configuration.journal)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(request)
    answers = [json.loads(line) async for line in reader]
    writer.close()
    return answers


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something that it does makes the condition true."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0)


def play(main: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await main()

    asyncio.run(run())


def test_a_pass_stands_in_the_journal_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as daemon:
            link = daemon.links["door1"]
            await link.emit(Up(START))
            await link.emit(Alive(START))
            await (await link.emit(passing(START + SECOND)))
            await (await link.emit(Alive(START + 10 * SECOND)))
        async with running(tmp_path, START + 60 * SECOND) as daemon:
            await (await daemon.links["door1"].emit(Up(START + 60 * SECOND)))

    play(main)
    with open_read_only(tmp_path / "waypost.db") as journal:
        passes = [event for _, event in journal.events() if event.kind == "passed"]
    assert [(one.item, one.place, one.direction) for one in passes] == [("pallet-1", "dock-1", "in")]


def test_a_restart_is_a_gap_from_the_last_sign_of_life(tmp_path: Path) -> None:
    async def crash() -> None:
        daemon = Daemon(load(configure(tmp_path)), Notifier({}), Wall().clock())
        task = asyncio.create_task(daemon.run())
        await daemon.ready.wait()
        await daemon.links["door1"].emit(Up(START))
        await (await daemon.links["door1"].emit(Alive(START + 5 * SECOND)))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def main() -> None:
        await crash()
        async with running(tmp_path, START + 60 * SECOND) as daemon:
            await daemon.links["door1"].emit(Up(START + 61 * SECOND))
            await (await daemon.links["door1"].emit(Alive(START + 62 * SECOND)))

    play(main)
    with open_read_only(tmp_path / "waypost.db") as journal:
        downs = [one.body for _, one in journal.inputs() if isinstance(one.body, Down)]
        gaps = [gap for _, gap in journal.gaps()]
    assert downs[0] == Down(START + 5 * SECOND, NOT_RUNNING)
    assert [(gap.source, gap.since, gap.to) for gap in gaps] == [
        ("door1", START + 5 * SECOND, START + 61 * SECOND)
    ]


def test_a_device_that_never_answered_is_down_from_the_first_start_and_told_once(tmp_path: Path) -> None:
    def downs() -> list[Event]:
        with open_read_only(tmp_path / "waypost.db") as journal:
            return [event for _, event in journal.events() if event.kind == "device_down"]

    async def main(port: int) -> None:
        url = f'kind = "llrp"\nurl = "tcp://127.0.0.1:{port}"'
        site = SITE.replace('kind = "recorded"', url)
        async with running(tmp_path, site=site):
            await until(lambda: len(downs()) == 1)
        async with running(tmp_path, START + 60 * SECOND, site) as daemon:
            link = daemon.links["door1"]
            await until(lambda: link.health.state == "down")
            await link.emit(Up(START + 61 * SECOND))
            await (await link.emit(Alive(START + 62 * SECOND)))
            assert len(downs()) == 1

    with socket.socket() as closed:  # nobody listens there, and nobody else can
        closed.bind(("127.0.0.1", 0))
        play(lambda: main(closed.getsockname()[1]))
    with open_read_only(tmp_path / "waypost.db") as journal:
        gaps = [(gap.source, gap.since, gap.to) for _, gap in journal.gaps()]
    assert gaps[0] == ("door1", START, START + 61 * SECOND)


def test_a_damaged_journal_is_put_aside_and_the_state_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as daemon:
            link = daemon.links["door1"]
            await link.emit(Up(START))
            await link.emit(passing(START))
            await (await link.emit(Alive(START + 10 * SECOND)))
        file = tmp_path / "waypost.db"
        data = bytearray(file.read_bytes())
        at = data.rindex(b"passed")
        data[at : at + 6] = b"pa55ed"
        file.write_bytes(data)
        with file.open("r+b") as damaged:  # and the schema, so that it cannot be overlooked
            damaged.seek(100)
            damaged.write(b"\xff" * 200)
        async with running(tmp_path, START + 60 * SECOND) as daemon:
            assert any("quarantine" in name for name in os.listdir(tmp_path))
            link = daemon.links["door1"]
            await link.emit(Up(START + 60 * SECOND))
            await (await link.emit(Alive(START + 61 * SECOND)))
            assert await ask(daemon, b'{"command": "status"}\n')

    play(main)
    with open_read_only(tmp_path / "waypost.db") as journal:
        assert [event.kind for _, event in journal.events() if event.kind == "passed"] == []


def test_poison_is_kept_with_its_bytes_in_the_journal(tmp_path: Path) -> None:
    class Fragile(Pipeline):
        """A pipeline with a bug: one tag is too much for it."""

        def step(self, input: Input) -> Decided:
            if isinstance(input.body, Reads) and "BAD0" in [
                input.body.tags.ids[code] for code in input.body.tag
            ]:
                super().step(input)
                raise ZeroDivisionError("a bug")
            return super().step(input)

    class Fragiles:
        """How they come to be."""

        site = load(configure(tmp_path)).site

        def fresh(self) -> Fragile:
            return Fragile(self.site)

        def restore(self, data: bytes) -> Fragile:
            return Fragile(self.site, Pipeline.restore(self.site, data).state)

    async def main() -> None:
        with ThreadPoolExecutor(1) as thread:
            loop, intake = asyncio.get_running_loop(), Intake()
            journal = await loop.run_in_executor(thread, Journal.open, tmp_path / "waypost.db", "test")
            writer = Writer(intake, journal, Fragiles(), frozenset({"door1"}), thread)
            await writer.recover()
            running = asyncio.create_task(writer.run())
            bad = reads(Dictionary(["BAD0"]), [START], [0], [1], [-50.0])
            first = await intake.put(Input("door1", START, passing(START)))
            poison = await intake.put(Input("door1", START, bad))
            last = await intake.put(Input("door1", START, Alive(START + 10 * SECOND)))
            await asyncio.gather(first, poison, last)
            assert writer.set_aside == 1
            assert writer.pipeline.counts["door1"]["accepted"] == 30
            writer.stop()
            await running
            await loop.run_in_executor(thread, journal.close)

    play(main)
    with open_read_only(tmp_path / "waypost.db") as journal:
        assert [event.kind for _, event in journal.events()] == ["passed", "arrived"]
        ((_, kept),) = journal.poison()
        assert "ZeroDivisionError: a bug" in kept.error


def test_the_numbers_of_the_status_add_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as daemon:
            link = daemon.links["door1"]
            await link.emit(Up(START))
            await link.emit(passing(START))
            await link.emit(passing(START))
            noise = reads(Dictionary(["", "0000"]), [START, START], [0, 1], [1, 1], [-50.0, -50.0])
            await link.emit(noise)
            await (await link.emit(Alive(START + 20 * SECOND)))
            (answer,) = await ask(daemon, b'{"command": "status"}\n')
        total, device = answer["total"], answer["devices"]["door1"]
        assert total["reads"] == device["reads_total"] == 62
        for counts in (total, device["reads"]):
            parts = (counts["noise"], counts["duplicates"], counts["filtered"], counts["accepted"])
            assert sum(parts) == 62
            assert counts["noise"] == 2
            assert counts["duplicates"] == 30
        assert total["events"] >= 1
        assert total["journal_bytes"] > 0
        assert total["commit_p99_ms"] >= total["commit_p50_ms"] > 0
        assert device["last_read"] == "2027-01-15T08:00:02.900000Z"
        assert {"state", "since", "restarts", "error"} <= set(device)

    play(main)


def test_watch_and_capture_stream_until_the_client_leaves(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as daemon:
            link = daemon.links["door1"]
            path = socket_path(daemon.configuration.journal)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"command": "watch"}\n')
            capture, out = await asyncio.open_unix_connection(path)
            out.write(b'{"command": "capture", "device": "door1"}\n')
            await until(lambda: bool(link.watchers and link.taps))
            await link.emit(passing(START))
            link.tap(b"\x04\x3d")
            row = json.loads(await reader.readline())["antennas"]
            assert [(one["antenna"], one["tags"], one["rssi"]) for one in row] == [
                (1, 1, -54.6),
                (2, 1, -55.0),
            ]
            assert json.loads(await capture.readline())["data"] == "BD0="
            writer.close()
            out.close()
            await until(lambda: not link.watchers and not link.taps)

    play(main)


def test_a_bad_request_gets_a_clear_answer(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as daemon:
            for request in (b"garbage\n", b"[]\n", b'{"command": "x"}\n', b"x" * 10_000 + b"\n"):
                (answer,) = await ask(daemon, request)
                assert "bad request" in answer["error"]
            (answer,) = await ask(daemon, b'{"command": "capture", "device": "x"}\n')
            assert "known: door1" in answer["error"]
            assert await ask(daemon, b'{"command": "status"}\n')

    play(main)


def test_a_second_daemon_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path):
            second = Daemon(load(configure(tmp_path)), Notifier({}), Wall().clock())
            with pytest.raises(OSError, match=r"another|lock"):
                await second.run()

    play(main)


def test_the_clock_is_anchored_once_more_when_it_is_synchronised() -> None:
    wall, boot, good = [1_000_000_000_000], [0], [False]
    clock = Clock(lambda: wall[0], lambda: boot[0], lambda: good[0])
    assert clock.now() == 1_000_000_000
    boot[0] += 5_000_000
    wall[0] += 3_600_000_000_000  # somebody sets the clock: nothing happens
    assert clock.now() == 1_000_005_000
    assert clock.reanchor() is None
    good[0] = True
    assert clock.reanchor() == 3_600_000_000 - 5_000
    assert clock.now() == wall[0] // 1000
    assert clock.reanchor() is None
    wall[0] -= 3_600_000_000_000
    assert clock.now() == 4_600_000_000
