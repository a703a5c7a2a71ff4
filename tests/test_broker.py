"""Devices on a real broker through the running daemon: gateway/broker, drivers/zebra.py."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from core.records import SECOND
from gateway.broker.connection import IN_FLIGHT
from gateway.clock import Clock
from simulators.zebra import SimulatedZebra
from tests.broker_site import EPC, configured, reader, sighting, zebra
from tests.delivering import stored
from tests.fix_daemon import events, gaps, reads, running, until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import daemon, now

PROTOCOLS = ["protocol = 5", 'protocol = "3.1.1"']
MILLISECOND = 1000
KEEPS = ("persistence true", "max_inflight_messages 2000", "max_queued_messages 5000")


def times(start: int, n: int) -> list[int]:
    """As a reader tells them, in whole milliseconds."""
    return [start // MILLISECOND * MILLISECOND + i * SECOND // 100 for i in range(n)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_killed_between_receipt_and_commit_the_broker_sends_again_and_the_event_stands_once(
    tmp_path: Path, mosquitto: Mosquitto, protocol: str
) -> None:
    """The journal is locked by somebody else meanwhile, so that nothing can be committed."""
    mosquitto.start()
    file = configured(tmp_path, mosquitto.port, zebra("door1"), protocol)
    device = SimulatedZebra("zebra/door1/data")
    at = times(now(), 5)

    async def main() -> None:
        async with reader(mosquitto.port, "door1") as client:
            async with running(file) as first:
                await first.up("door1")
                with sqlite3.connect(first.journal) as lock:
                    lock.execute("BEGIN IMMEDIATE")
                    await device.tell(client, [(sighting(), time) for time in at])
                    await first.until(
                        lambda status: status["devices"]["door1"]["reads_total"] == len(at),
                        "all were received",
                    )
                    await first.kill()
                lock.close()
            assert "Received PUBACK" not in mosquitto.log
            assert not reads(first.journal)
            async with running(file) as second:
                await until(lambda: sum(reads(second.journal).values()) == len(at), "they came again")
                await until(lambda: events(second.journal, "arrived"), "the event")
                await second.stop()

    asyncio.run(main())
    journal = tmp_path / "waypost.db"
    assert reads(journal) == {("door1", EPC.hex().upper(), 1, time): 1 for time in at}
    (arrived,) = events(journal, "arrived")
    assert (arrived.place, arrived.tag, arrived.time) == ("warehouse", EPC.hex().upper(), at[0])
    assert "d1, q1" in mosquitto.log  # DUP: the same messages once more


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_backlog_of_the_broker_keeps_its_times_and_a_restart_of_the_broker_is_a_gap(
    tmp_path: Path, mosquitto: Mosquitto, protocol: str
) -> None:
    mosquitto.start(*KEEPS)
    file = configured(tmp_path, mosquitto.port, zebra("door1") + zebra("door2"), protocol)
    one, two = SimulatedZebra("zebra/door1/data"), SimulatedZebra("zebra/door2/data", as_array=True)
    first, kept, last = (
        times(now() - 600 * SECOND, 10),
        times(now() - 300 * SECOND, IN_FLIGHT + 200),
        times(now(), 10),
    )

    async def main() -> None:
        async with daemon(file, Clock()) as site:
            health = site.links["door1"]
            await until(lambda: health.health.state == "up", "the reader is up")
            async with reader(mosquitto.port, "readers") as client:
                await one.tell(client, [(sighting(), time) for time in first])
                await two.tell(client, [(sighting(), time) for time in first])
            await until(lambda: health.reads_total == 10, "the first reads")
        async with reader(mosquitto.port, "readers") as client:
            await one.tell(client, [(sighting(), time) for time in kept])
        async with daemon(file, Clock()) as site:
            health = site.links["door1"]
            await until(lambda: health.last_read == kept[-1], "what the broker had kept")
            mosquitto.stop()
            await until(lambda: health.health.state == "down", "the broker is missed")
            mosquitto.start(*KEEPS)
            await until(lambda: health.health.state == "up", "and is back")
            async with reader(mosquitto.port, "readers") as client:
                await one.tell(client, [(sighting(), time) for time in last])
            await until(lambda: health.last_read == last[-1], "the last reads")
            assert health.restarts == 1
            await until(
                lambda: {gap.source for gap in gaps(file.parent / "waypost.db")} == {"door1", "door2"}, "gaps"
            )

    asyncio.run(main())
    journal = tmp_path / "waypost.db"
    found = reads(journal)
    assert {time for device, _, _, time in found if device == "door1"} == {*first, *kept, *last}
    assert {time for device, _, _, time in found if device == "door2"} == set(first)


def test_retained_is_not_seen_wills_are_states_and_lost_events_are_gaps(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    mosquitto.start()
    more = (
        'presence = { topic = "zebra/door1/state", down = "offline", up = "online" }\n'
        'commands = "zebra/door1/ctrl/cmd"\nresponses = "zebra/door1/ctrl/res"\nevents = "zebra/door1/events"\n'
    )
    file = configured(tmp_path, mosquitto.port, zebra("door1", more))
    device = SimulatedZebra("zebra/door1/data")
    commands: list[dict[str, object]] = []

    async def main() -> None:
        async with reader(mosquitto.port, "door1") as client:
            old = json.dumps(device.event(sighting(), now() - 3600 * SECOND))
            await client.publish("zebra/door1/data", old, 1, retain=True)
            await client.publish("zebra/door1/state", "offline", 1, retain=True)
            await client.subscribe("zebra/door1/ctrl/cmd", 1)
            async with daemon(file, Clock()) as site:
                link = site.links["door1"]
                message = await anext(client.messages)
                assert isinstance(message.payload, bytes)
                commands.append(json.loads(message.payload))
                answer = {"command": "start", "response": "failure", "payload": "start currently ongoing"}
                await client.publish("zebra/door1/ctrl/res", json.dumps(answer), 1)
                await until(lambda: link.health.state == "down", "its will is known")
                assert link.health.error == "its will says that it has gone"
                await client.publish("zebra/door1/state", "online", 1, retain=True)
                await until(lambda: link.health.state == "up", "it is back")
                await device.tell(client, [(sighting(), now() - 5 * SECOND)])
                device.lose(7)
                await device.tell(client, [(sighting(), now())])
                await client.publish("zebra/door1/data", b"\xff{", 1)
                await client.publish("zebra/door1/data", b'{"data": {"idHex": "00"}}', 1)
                await until(lambda: link.counters["zero_epc"] == 1, "all was read")
                assert link.reads_total == 2
                assert link.counters["retained"] == link.counters["malformed"] == 1
                assert link.counters["events_lost"] == 7
                assert not link.counters["commands_refused"]

    asyncio.run(main())
    assert commands == [
        {"command": "start", "command_id": "waypost-start", "payload": {"doNotPersistState": True}}
    ]
    assert any("skip 7" in gap.reason for gap in gaps(tmp_path / "waypost.db"))


def test_an_unknown_device_needs_no_code(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The snippet of drivers/README.md."""
    mosquitto.start()
    readme = (Path(__file__).parent.parent / "drivers" / "README.md").read_text(encoding="utf-8")
    snippet, said = readme.split("### Any device that publishes JSON")[1].split("The snippet reads `")
    device = snippet.split("```toml")[1].split("```")[0]
    file = configured(tmp_path, mosquitto.port, device)

    async def main() -> None:
        async with reader(mosquitto.port, "gate") as client, daemon(file, Clock()) as site:
            link = site.links["gate"]
            await until(lambda: link.health.state == "up", "the broker has let us in")
            await client.publish("gates/a/1/tags", said.split("`")[0], 1)
            await until(lambda: link.reads_total == 1, "it is read")

    asyncio.run(main())
    assert reads(tmp_path / "waypost.db") == {("gate", EPC.hex().upper(), 1, 1_774_682_420 * SECOND): 1}


def test_positions_and_scans_of_unknown_devices(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The snippet of drivers/README.md."""
    mosquitto.start()
    readme = (Path(__file__).parent.parent / "drivers" / "README.md").read_text(encoding="utf-8")
    snippet = readme.split("#### Positions and scans in JSON")[1].split("```toml")[1].split("```")[0]
    file = configured(tmp_path, mosquitto.port, snippet)
    fix = {"ts": 1_774_682_420, "gps": {"lat": 53.8, "lon": -1.5, "v": 36}, "bat": 3700}
    scan = {"code": "]C100095201234567891235", "at": "2026-03-28T07:20:20Z", "user": "ann"}

    async def main() -> None:
        async with reader(mosquitto.port, "van") as client, daemon(file, Clock()) as site:
            vans, packing = site.links["vans"], site.links["packing"]
            await until(
                lambda: {vans.health.state, packing.health.state} == {"up"}, "the broker has let us in"
            )
            for _ in range(2):  # the same fix, and the same scan, again
                await client.publish("vans/van-1/up", json.dumps(fix), 1)
                await client.publish("packing/scans", json.dumps(scan), 1)
            await until(lambda: (vans.fixes_total, packing.reads_total) == (2, 2), "all is heard")
            await until(lambda: bool(events(tmp_path / "waypost.db", "arrived")), "it is there")

    asyncio.run(main())
    (arrived,) = events(tmp_path / "waypost.db", "arrived")
    assert (arrived.tag, arrived.place) == ("barcode:/00/095201234567891235", "warehouse")
    assert arrived.time == 1_774_682_420 * SECOND
    one, *_ = stored(tmp_path / "waypost.db")
    assert (one.tracker, one.time, one.lat, one.lon, one.speed) == (
        "tracker:van-1",
        arrived.time,
        53.8,
        -1.5,
        10,
    )


@pytest.mark.parametrize(
    ("settings", "table", "says"),
    [
        (["allow_anonymous false"], "", "somebody without a name may not connect; allow it on the broker"),
        ([], "", ""),
    ],
)
def test_what_a_broker_refuses_is_said(
    tmp_path: Path, mosquitto: Mosquitto, settings: list[str], table: str, says: str
) -> None:
    if says:
        mosquitto.start(*settings)
    file = configured(tmp_path, mosquitto.port, zebra("door1"), table)

    async def main() -> str:
        async with daemon(file, Clock()) as site:
            link = site.links["door1"]
            await until(lambda: link.health.state == "down", "it is refused")
            return str(link.health.error)

    error = asyncio.run(main())
    assert f"mqtt://127.0.0.1:{mosquitto.port}: " in error
    assert (says or "onnect") in error
