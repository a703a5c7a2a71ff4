"""The simulated LLRP reader on its socket: connections, holding and replaying, keepalives, clocks, networks."""

import asyncio
import dataclasses
import ssl
from pathlib import Path

import pytest

from drivers.codecs.llrp import Parameter
from drivers.codecs.llrp_schema import Bits
from simulators.clock import SECOND, OwnClock, RunningClock, SteppedClock
from simulators.layout import docks
from simulators.llrp import SimulatedReader
from simulators.llrp_device import Setup
from simulators.llrp_outbox import Ledger
from simulators.llrp_reports import Sighting
from simulators.traffic import Scenario
from simulators.world import World
from tests.llrp_client import (
    Client,
    epcs,
    event,
    live,
    notify,
    reader_and_client,
    report_spec,
    rospec,
    stamp,
    tags,
)

EPC = bytes.fromhex("3034257bf7194e4000001a81")
TLS = Path(__file__).parent / "data" / "tls"
HOLD = Parameter("EventsAndReports", {"hold": 1})


def tag(n: int, antenna: int = 1) -> Sighting:
    return Sighting(antenna, n.to_bytes(12, "big"))


async def read_all(client: Client, report: Parameter | None = None) -> None:
    """Start an Immediate ROSpec on all antennas."""
    await client.succeed("ADD_ROSPEC", rospec(report=report))
    await client.succeed("ENABLE_ROSPEC", rospec_id=1)


def balanced(ledger: Ledger) -> bool:
    told: dict[str, int] = dataclasses.asdict(ledger)
    return told.pop("seen") == sum(told.values())


@live
async def test_the_reader_speaks_first_and_says_its_time() -> None:
    clock = SteppedClock()
    async with SimulatedReader(clock=clock) as reader, Client(reader.port) as client:
        greeting = await client.next()
        assert greeting.name == "READER_EVENT_NOTIFICATION"
        assert event(greeting) == Parameter("ConnectionAttemptEvent", {"status": 0})
        assert stamp(greeting) == Parameter("UTCTimestamp", {"microseconds": clock.now()})


@live
async def test_a_second_client_is_refused_and_the_first_is_told() -> None:
    async with reader_and_client() as (reader, first, _), Client(reader.port) as second:
        (refusal,) = await second.until_closed()
        assert event(refusal) == Parameter("ConnectionAttemptEvent", {"status": 2})
        assert event(await first.next()) == Parameter("ConnectionAttemptEvent", {"status": 4})
        await first.succeed("GET_ROSPECS")


@live
async def test_a_client_beside_a_reader_initiated_connection_is_refused_with_1() -> None:
    greeted: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.set_result(await reader.readexactly(32))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    async with server, SimulatedReader() as reader:
        await reader.call("127.0.0.1", server.sockets[0].getsockname()[1])
        assert (await greeted)[:2] == bytes.fromhex("043f")
        async with Client(reader.port) as second:
            (refusal,) = await second.until_closed()
            assert event(refusal) == Parameter("ConnectionAttemptEvent", {"status": 1})


@live
async def test_calling_a_gateway_that_does_not_listen_fails() -> None:
    async with SimulatedReader() as reader:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(OSError, match="Connect call failed"):
            await reader.call("127.0.0.1", port)


@live
async def test_after_a_close_the_next_client_may_come() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("CLOSE_CONNECTION")
        assert await client.until_closed() == []
        async with Client(reader.port) as again:
            assert event(await again.next()).fields == {"status": 0}


@live
async def test_a_reader_that_is_switched_off_says_goodbye() -> None:
    reader = SimulatedReader()
    async with reader:
        client = await Client(reader.port).__aenter__()
        await client.next()
    (goodbye,) = await client.until_closed()
    assert event(goodbye).name == "ConnectionCloseEvent"
    await client.__aexit__(None, None, None)


@live
async def test_garbage_ends_the_connection_and_not_the_reader() -> None:
    async with reader_and_client() as (reader, client, _):
        client.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
        (goodbye,) = await client.until_closed()
        assert event(goodbye).name == "ConnectionCloseEvent"
        assert reader.malformed == 1
        async with Client(reader.port) as again:
            assert event(await again.next()).fields == {"status": 0}


@live
async def test_what_is_read_while_nobody_listens_is_replayed() -> None:
    async with reader_and_client() as (reader, client, _):
        await read_all(client)
        reader.drop_connection()
        await reader.see(*map(tag, range(100)))
        assert (reader.ledger.held, reader.ledger.sent) == (100, 0)
        async with Client(reader.port) as again:
            await again.next()
            found = [epc for _ in range(100) for epc in epcs(await again.expect("RO_ACCESS_REPORT"))]
            assert found == [n.to_bytes(12, "big") for n in range(100)]
        assert balanced(reader.ledger)


@live
async def test_with_hold_nothing_comes_before_64() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", HOLD, notify(1))
        await read_all(client)
        reader.drop_connection()
        await reader.see(tag(1))
        async with Client(reader.port) as again:
            await again.next()
            await reader.see(tag(2))
            answer, before = await again.ask("GET_ROSPECS")
            assert before == []
            (spec,) = answer.every("ROSpec")
            assert (spec.number("rospec_id"), spec.number("current_state")) == (1, 2)
            again.send("ENABLE_EVENTS_AND_REPORTS")
            await reader.see(tag(3))
            found = [epcs(await again.expect("RO_ACCESS_REPORT"))[0][-1] for _ in range(3)]
            assert found == [1, 2, 3]


@live
async def test_64_brings_reports_that_are_not_complete() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", HOLD)
        await read_all(client, report_spec(10))
        reader.drop_connection()
        await reader.see(tag(1), tag(2))
        async with Client(reader.port) as again:
            await again.next()
            again.send("ENABLE_EVENTS_AND_REPORTS")
            assert len(epcs(await again.expect("RO_ACCESS_REPORT"))) == 2


@live
async def test_deleting_the_rospec_loses_what_was_held() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", HOLD)
        await read_all(client, report_spec(2))
        reader.drop_connection()
        await reader.see(*map(tag, range(5)))
        async with Client(reader.port) as again:
            await again.next()
            _, before = await again.ask("DELETE_ROSPEC", rospec_id=0)
            assert before == []
            again.send("ENABLE_EVENTS_AND_REPORTS")
            _, after = await again.ask("GET_ROSPECS")
            assert after == []
        assert reader.ledger.deleted == 5
        assert balanced(reader.ledger)


@live
async def test_the_oldest_is_dropped_when_the_store_is_full_and_the_client_is_told() -> None:
    async with reader_and_client(Setup(capacity=10)) as (reader, client, _):
        await read_all(client)
        reader.drop_connection()
        await reader.see(*map(tag, range(15)))
        assert balanced(reader.ledger)
        async with Client(reader.port) as again:
            await again.next()
            assert event(await again.next()).name == "ReportBufferOverflowErrorEvent"
            assert [epcs(await again.next())[0][-1] for _ in range(10)] == list(range(5, 15))
        assert reader.ledger.overflowed == 5


@live
async def test_a_store_that_fills_up_is_announced() -> None:
    async with reader_and_client(Setup(capacity=10)) as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", notify(3))
        await read_all(client)
        reader.drop_connection()
        await reader.see(*map(tag, range(8)))
        async with Client(reader.port) as again:
            warning = [await again.next() for _ in range(10)][-1]
            assert event(warning) == Parameter("ReportBufferLevelWarningEvent", {"percentage_full": 80})


@live
async def test_a_client_that_does_not_read_loses_nothing() -> None:
    async with reader_and_client() as (reader, client, _):
        await read_all(client)
        client.shrink()
        seen = 0
        while not reader.ledger.held:
            await reader.see(Sighting(1, seen.to_bytes(8000, "big")))
            seen += 1
        for n in range(seen):
            (report,) = tags(await client.expect("RO_ACCESS_REPORT"))
            epc = report.first("EPCData")
            assert epc is not None
            assert epc.fields["epc"] == Bits(64_000, n.to_bytes(8000, "big"))
        assert (reader.ledger.sent, reader.ledger.held) == (seen, 0)


@live
async def test_keepalives_come_and_want_an_answer() -> None:
    async with reader_and_client(Setup(patience=3)) as (reader, client, clock):
        await client.succeed("SET_READER_CONFIG", Parameter("KeepaliveSpec", {"type": 1, "period": 5000}))
        for _ in range(6):
            clock.advance(5)
            keepalive = await client.next()
            assert keepalive.name == "KEEPALIVE"
            client.send("KEEPALIVE_ACK", id=keepalive.id)
            await client.succeed("GET_ROSPECS")
        clock.advance(21)
        assert [message.name for message in await client.until_closed()] == ["KEEPALIVE"] * 4
        assert not reader.client


@live
async def test_a_pulled_cable_is_noticed_by_silence_alone() -> None:
    async with reader_and_client() as (reader, client, _):
        await read_all(client)
        reader.cut_network()
        await reader.see(tag(1))
        client.send("GET_REPORT")
        assert (reader.client, reader.ledger.sent) == (True, 0)
        reader.restore_network()
        assert epcs(await client.expect("RO_ACCESS_REPORT"))[0][-1] == 1


@live
async def test_who_connects_while_the_cable_is_pulled_fails() -> None:
    async with SimulatedReader() as reader:
        reader.cut_network()
        async with Client(reader.port) as client:
            await reader.until(lambda: bool(reader._open))
            reader.restore_network()
            assert await client.until_closed() == []


@live
async def test_a_reader_gives_up_a_client_behind_a_pulled_cable() -> None:
    async with reader_and_client(Setup(patience=2)) as (reader, client, clock):
        await client.succeed("SET_READER_CONFIG", Parameter("KeepaliveSpec", {"type": 1, "period": 1000}))
        await read_all(client)
        reader.cut_network()
        clock.advance(10)
        assert not reader.client
        await reader.see(tag(1))
        reader.restore_network()
        async with Client(reader.port) as again:
            await again.next()
            assert epcs(await again.next())[0][-1] == 1


@live
async def test_a_power_cycle_forgets_everything() -> None:
    async with reader_and_client() as (reader, client, clock):
        await read_all(client)
        reader.drop_connection()
        await reader.see(tag(1))
        clock.advance(60)
        reader.power_cycle()
        async with Client(reader.port) as again:
            await again.next()
            answer = await again.succeed("GET_ROSPECS")
            assert list(answer.every("ROSpec")) == []
        assert reader.ledger.deleted == 1


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (OwnClock(), 1_767_225_600 * SECOND + 90 * SECOND),
        (OwnClock(skew=-3600.0), 1_767_225_600 * SECOND - 3510 * SECOND),
        (OwnClock(set=False), 946_684_800 * SECOND + 90 * SECOND),
        (OwnClock(utc=False), 90 * SECOND),
        (OwnClock(utc=False, ppm=100.0), 90 * SECOND + 9000),
    ],
)
def test_the_reader_tells_its_own_time(own: OwnClock, expected: int) -> None:
    @live
    async def check() -> None:
        async with reader_and_client(Setup(clock=own)) as (reader, client, clock):
            await client.succeed("SET_READER_CONFIG", notify(4))
            await read_all(client)
            clock.advance(90)
            reader.exception("hot")
            name = "UTCTimestamp" if own.utc else "Uptime"
            assert stamp(await client.next()) == Parameter(name, {"microseconds": expected})
            await reader.see(Sighting(1, EPC, clock.now() - SECOND))
            (report,) = tags(await client.next())
            first = report.first(f"FirstSeenTimestamp{'UTC' if own.utc else 'Uptime'}")
            assert first is not None
            assert abs(expected - first.number("microseconds") - SECOND) <= 100

    check()


@live
async def test_a_world_is_played_to_the_last_read() -> None:
    world = World(Scenario(seed=4, seconds=40.0, layout=docks(1, 0), crossings_per_hour=400.0))
    clock = SteppedClock(world.scenario.start)
    seen = world.sightings("door1")
    async with SimulatedReader(clock=clock) as reader, Client(reader.port) as client:
        await client.next()
        await read_all(client)
        playing = asyncio.create_task(reader.play(world.play("door1"), world.epcs))
        found: list[bytes] = []
        while len(found) < len(seen):
            clock.advance(1.0)
            await reader.see()
            while len(found) < reader.ledger.sent:
                found += epcs(await client.expect("RO_ACCESS_REPORT"))
        await playing
        assert found == [world.epcs[tag] for tag in seen.tag]


@live
async def test_a_running_clock_plays_faster_than_life() -> None:
    world = World(Scenario(seed=4, seconds=60.0, layout=docks(1, 0), crossings_per_hour=400.0))
    clock = RunningClock(world.scenario.start, speed=600.0)
    async with SimulatedReader(clock=clock) as reader, Client(reader.port) as client:
        await client.next()
        await read_all(client)
        await reader.play(world.play("door1"), world.epcs)
        await reader.until(lambda: reader.ledger.sent > 0 and reader.ledger.held == 0)
        assert reader.ledger.sent == reader.ledger.seen == len(world.sightings("door1"))
        assert clock.now() > world.scenario.start


@live
async def test_a_reader_with_tls_hears_its_client() -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    trusting = ssl.create_default_context(cafile=TLS / "certificate.pem")
    async with SimulatedReader(tls=server) as reader, Client(reader.port, trusting) as client:
        assert reader.url == f"tls://127.0.0.1:{reader.port}"
        await client.next()
        await read_all(client)
        await reader.see(tag(1))
        assert epcs(await client.next()) == [tag(1).epc]
        await client.succeed("CLOSE_CONNECTION")
        assert await client.until_closed() == []


def test_a_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="speed 0 must be positive"):
        RunningClock(speed=0)
