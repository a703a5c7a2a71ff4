"""Readers that misbehave, and readers that are connected in other ways, at the running daemon."""

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from core.records import Alive
from drivers.codecs.llrp import Message, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from gateway.app import Daemon
from simulators.clock import SECOND, RunningClock
from simulators.layout import docks, site_toml
from simulators.llrp import SimulatedReader
from simulators.llrp_reports import Sighting
from tests.fix_daemon import Answer, ask, reads, until
from tests.fix_site import START, Wall, all_up, daemon
from tests.llrp_bytes import epc, message, report, tag, tlv
from tests.llrp_client import Client
from tests.llrp_peer import Peer, failing, greeting
from tests.virtual_loop import run

TLS = Path(__file__).parent / "data" / "tls"
ATTEMPTS = 5
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(data: bytes) -> Behaviour:
    """It says something and waits."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await reader.read()

    return behave


def says_and_drops(data: bytes) -> Behaviour:
    """It says something and hangs up."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return behave


def conforming(
    change: Callable[[Peer], None] = lambda peer: None, more: bytes = b"", last: bytes | None = None
) -> Behaviour:
    """A reader that reports one tag and says `more`; it stays and shows that it is alive, unless `last` is its last word."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer, frames = Peer(), Frames()
        change(peer)
        writer.write(encode_message(greeting(time=START)))
        alive = asyncio.create_task(_alive(writer))
        while data := await reader.read(1 << 16):
            for frame in frames.feed(data):
                for answer in peer.answer(decode_message(frame)):
                    writer.write(encode_message(answer))
            if peer.names[-1] == "GET_READER_CONFIG":
                writer.write(
                    report(tag(epc(1), last=START + SECOND, first=START + SECOND)) + more + (last or b"")
                )
                if last is not None:
                    break
        alive.cancel()

    return behave


async def _alive(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(encode_message(Message("KEEPALIVE")))
        await asyncio.sleep(1)


def refusing(peer: Peer) -> None:
    peer.answers["ADD_ROSPEC"] = failing(101, "too many antennas")


def dumb(peer: Peer) -> None:
    peer.answers["GET_READER_CAPABILITIES"] = lambda request: []


RANDOM = random.Random(7).randbytes(4000)
GREETING = encode_message(greeting(time=START))
BAD = {
    "garbage": (says(RANDOM), "version 14 is not 1 or 2; is this an LLRP port?"),
    "half a message": (says_and_drops(GREETING[:-5]), "the device closed the connection"),
    "half a report": (conforming(last=report(tag(epc(2)))[:-9]), "the device closed the connection"),
    "oversize": (says(bytes.fromhex("043dffffffff00000001")), "length 4294967295 is not 10 to 16777216"),
    "too short": (says(bytes.fromhex("043d0000000500000001")), "length 5 is not 10 to 16777216"),
    "wrong version": (says(message(63, GREETING[10:], version=5)), "version 5 is not 1 or 2"),
    "drops": (says_and_drops(b""), "the device closed the connection"),
    "silent": (says(b""), "no connection event within 10 s; is LLRP switched on at the reader"),
    "dumb": (conforming(dumb), "the reader did not answer GET_READER_CAPABILITIES within 10 s"),
    "refuses": (
        conforming(refusing),
        "the reader refused ADD_ROSPEC: M_FieldError (101) 'too many antennas'",
    ),
    "taken": (says(encode_message(greeting(status=1, time=START))), "the reader refused the connection"),
}


@asynccontextmanager
async def door(*behaviours: Behaviour) -> AsyncIterator[tuple[int, list[float]]]:
    """A port whose nth connection gets the nth behaviour; the last one goes on. Gives the times of the connections."""
    times: list[float] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        times.append(asyncio.get_running_loop().time())
        try:
            await behaviours[min(len(times), len(behaviours)) - 1](reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], times


def configure(folder: Path, url: str, more: str = "") -> Path:
    """A door with one device."""
    file = folder / "waypost.toml"
    text = site_toml(docks(1, 0), {}, {"door1": url})
    file.write_text(text.replace("antennas = [", more + "antennas = ["))
    return file


@pytest.mark.parametrize("what", BAD)
def test_a_reader_that_misbehaves_is_tried_again_until_it_does_not(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour, reason = BAD[what]
    caplog.set_level(logging.INFO)

    async def main() -> tuple[list[float], Answer, Answer]:
        wall = Wall(RunningClock(START))
        async with (
            door(*[behaviour] * ATTEMPTS, conforming()) as (port, times),
            daemon(configure(tmp_path, f"tcp://127.0.0.1:{port}"), wall.clock()) as one,
        ):
            await until(lambda: one.links["door1"].restarts == ATTEMPTS, "it was tried some times")
            during = await ask(tmp_path / "waypost.db")
            await until(lambda: len(times) > ATTEMPTS and all_up(one), "it is tried once more")
            await (await one.links["door1"].emit(Alive(START)))
            return times, during, await ask(tmp_path / "waypost.db")

    times, during, after = run(main())
    device = during["devices"]["door1"]
    assert (device["state"], device["restarts"]) == ("down", ATTEMPTS)
    assert reason in device["error"]
    assert during["health"] == "door1 is down"
    assert (after["devices"]["door1"]["state"], after["devices"]["door1"]["error"]) == ("up", None)
    assert after["total"]["accepted"] >= 1, "the next good bytes work"
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    if what != "half a report":  # each time it was up before
        assert len(told) == 1
    assert all(line.startswith("door1: down: ") and reason in line for line in told)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == sorted(waits), "the back-off grows"
    assert waits[0] > 0.7


def test_a_reader_that_another_client_holds_is_taken_when_that_one_leaves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        clock = RunningClock(START)
        async with SimulatedReader(clock=clock) as reader, Client(reader.port) as other:
            await other.expect("READER_EVENT_NOTIFICATION")
            async with daemon(configure(tmp_path, reader.url), Wall(clock).clock()) as one:
                await until(lambda: one.links["door1"].restarts == 3, "it was tried some times")
                assert "another client" in str(one.links["door1"].health.error)
                await other.succeed("CLOSE_CONNECTION")
                await heard(reader, one, tmp_path)

    run(main())
    assert len([line for line in caplog.messages if "door1: down:" in line]) == 1


async def heard(reader: SimulatedReader, one: Daemon, folder: Path) -> None:
    """The daemon hears what the reader sees."""
    await until(lambda: all_up(one), "the reader is up")
    time = reader.clock.now()
    await reader.see(Sighting(1, epc(7), time))
    row = ("door1", epc(7).hex().upper(), 1, time)
    await until(lambda: row in reads(folder / "waypost.db"), "what it sees is in the journal")


def test_a_malformed_tag_costs_that_tag_only(tmp_path: Path) -> None:
    bad = report(tag(epc(3)), tlv(0xF0, b"\x8d" + epc(4)[:5]), tag(epc(5)))
    unknown = message(999, b"?")

    async def main() -> Answer:
        wall = Wall(RunningClock(START))
        async with (
            door(conforming(more=bad + unknown)) as (port, _),
            daemon(configure(tmp_path, f"tcp://127.0.0.1:{port}"), wall.clock()) as one,
        ):
            await until(lambda: one.links["door1"].reads_total == 3, "all that can be read was read")
            await (await one.links["door1"].emit(Alive(START)))
            return await ask(tmp_path / "waypost.db")

    status = run(main())
    assert {row[1] for row in reads(tmp_path / "waypost.db")} == {epc(n).hex().upper() for n in (1, 3, 5)}
    assert status["devices"]["door1"]["counters"] == {"malformed": 1, "unknown": 1}
    assert (status["devices"]["door1"]["state"], status["devices"]["door1"]["restarts"]) == ("up", 0)


def test_a_reader_that_calls_is_heard(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    async def main() -> None:
        clock = RunningClock(START)
        file = configure(tmp_path, f"listen://127.0.0.1:{port}")
        async with SimulatedReader(clock=clock) as reader, daemon(file, Wall(clock).clock()) as one:
            await call(reader, port)
            await heard(reader, one, tmp_path)
            reader.drop_connection()
            await until(lambda: one.links["door1"].restarts == 1, "it is lost")
            await call(reader, port)
            await heard(reader, one, tmp_path)

    run(main())


async def call(reader: SimulatedReader, port: int) -> None:
    """The reader calls the daemon until that listens."""
    for _ in range(100):
        try:
            return await reader.call("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)
    raise AssertionError("nobody listens")


def test_a_reader_with_tls_is_heard(tmp_path: Path) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")

    async def main() -> None:
        clock = RunningClock(START)
        async with SimulatedReader(clock=clock, tls=server) as reader:
            trust = f'tls = {{ ca = "{TLS / "certificate.pem"}" }}\n'
            async with daemon(configure(tmp_path, reader.url, trust), Wall(clock).clock()) as one:
                assert reader.url.startswith("tls://")
                await heard(reader, one, tmp_path)

    run(main())
