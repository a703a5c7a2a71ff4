"""Who publishes on a broker: gateway/discover/published.py, and broker_finder.py on a real Mosquitto."""

import asyncio
import json
import socket
from pathlib import Path

import aiomqtt
import pytest

from gateway.broker.settings import BrokerSettings
from gateway.discover.broker_finder import BrokerFinder, client_id
from gateway.discover.known import Known
from gateway.discover.proposal import Proposals
from gateway.discover.published import LONGEST, LOOKS, MOST_TOPICS, Published
from gateway.mqtt.endpoint import Endpoint
from simulators.zebra import SimulatedZebra
from tests.broker_site import EPC, reader, sighting
from tests.discovered import Told
from tests.fix_certificates import HOST
from tests.fix_daemon import until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import now
from tests.loopback import free_port

PROTOCOLS = [5, "3.1.1"]
SPEEDWAY = {
    "antennaPort": 7,
    "epc": "999908290000000000000004",
    "peakRssi": -51,
    "firstSeen": "2026-03-28T12:00:00Z",
}


WINDOW = 600.0
"""Seconds to listen for, which nobody waits for."""


class Skipping(asyncio.SelectorEventLoop):
    """A loop on which seconds can be left out."""

    _skipped = 0.0

    def time(self) -> float:
        return super().time() + self._skipped

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


def finder(port: int, known: Known | None = None, **more: object) -> BrokerFinder:
    fields = {"id": "main", "url": f"mqtt://{HOST}:{port}", "client_id": client_id(), **more}
    settings = BrokerSettings.model_validate(fields)
    return BrokerFinder(
        settings, Endpoint(settings, "leeds", Path(), "", "[[broker]] main"), known or Known()
    )


def zebra_device() -> Known:
    from drivers.zebra import Zebra

    return Known([Zebra(id="door9", broker="main", topic="zebra/door9/data")])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_publishes_is_told_and_the_session_is_forgotten(
    mosquitto: Mosquitto, protocol: int | str
) -> None:
    mosquitto.start()
    device = SimulatedZebra("zebra/door1/data")

    async def main() -> Told:
        told = Told()
        async with reader(mosquitto.port, "devices") as client:
            await client.publish("zebra/door2/data", device_payload(), retain=True)
            look = finder(mosquitto.port, zebra_device(), protocol=protocol)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, Skipping)
            finding = asyncio.create_task(look.find(told, loop.time() + WINDOW))
            await until(lambda: "Sending SUBACK" in mosquitto.log, "it listens")
            await device.tell(client, [(sighting(), now()), (sighting(), now())])
            await device.tell(client, [(sighting(), now())])
            await client.publish("zebra/door1/events", json.dumps(device.heartbeat(now())))
            await client.publish("zebra/door9/data", device_payload())
            await client.publish("zebra/door7/events", json.dumps(device.heartbeat(now())))
            await client.publish("speedway", json.dumps(SPEEDWAY))
            await client.publish(
                "owntracks/me/phone", json.dumps({"_type": "location", "lat": 1, "lon": 2, "tst": 3})
            )
            await client.publish("weather", '{"temperature": 21.5}')
            await client.publish("noise", b"\xff\0", 1)  # acknowledged when all is on its way
            loop.skip(WINDOW)
            await finding
        return told

    with asyncio.Runner(loop_factory=Skipping) as runner:
        told = runner.run(main())
    found = told.findings
    assert set(found) == {
        "main: zebra/door1/data", "main: zebra/door2/data", "main: zebra/door9/data", "main: zebra/door7/events",
        "main: speedway", "main: owntracks/#",
    }  # fmt: skip
    door1 = found["main: zebra/door1/data"]
    assert (door1.kind, door1.ports) == ("zebra", (1,))
    assert door1.settings == {"broker": "main", "topic": "zebra/door1/data", "events": "zebra/door1/events"}
    assert "only a retained message was heard" in found["main: zebra/door2/data"].remarks[0]
    assert found["main: zebra/door9/data"].known == "door9"
    assert (found["main: zebra/door7/events"].state, found["main: zebra/door7/events"].kind) == (
        "unknown",
        None,
    )
    assert found["main: speedway"].settings["places"] == {
        "tag": "epc", "time": "firstSeen", "antenna": "antennaPort", "rssi": "peakRssi",
    }  # fmt: skip
    assert found["main: speedway"].ports == (7,)
    phones = found["main: owntracks/#"]
    assert (phones.kind, phones.ports) == ("owntracks", None)
    assert phones.settings == {"broker": "main", "topic": "owntracks/#"}
    assert phones.remarks == ("heard on owntracks/me/phone",)
    assert "messages on 9 topics" in told.lines[-1]
    mosquitto.stop()
    log = mosquitto.log
    name = next(line for line in log.splitlines() if "as waypost-discover-" in line)
    assert f"p{5 if protocol == 5 else 2}, c1" in name  # a clean start
    assert "Received DISCONNECT from waypost-discover-" in log


def device_payload() -> bytes:
    device = SimulatedZebra("x")
    (payload,) = device.payloads([device.event(sighting(), now())])
    return payload


async def failing(look: BrokerFinder, seconds: float = 5) -> str:
    told = Told()
    with pytest.raises(ConnectionError) as error:
        await look.find(told, asyncio.get_running_loop().time() + seconds)
    assert not told.findings
    return str(error.value)


def test_nobody_there() -> None:
    assert "cannot be reached" in asyncio.run(failing(finder(free_port())))


def test_a_broker_that_lets_nobody_in(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = mosquitto.passwords(waypost="right")
    mosquitto.start("allow_anonymous false", f"password_file {passwords}")
    monkeypatch.setenv("DISCOVER_PASSWORD", "wrong")
    stranger = finder(mosquitto.port, username="waypost", password="env:DISCOVER_PASSWORD")
    assert "the user 'waypost' may not connect" in asyncio.run(failing(stranger))
    assert "somebody without a name may not connect" in asyncio.run(failing(finder(mosquitto.port)))
    monkeypatch.delenv("DISCOVER_PASSWORD")
    assert "DISCOVER_PASSWORD" in asyncio.run(failing(stranger))


def test_one_that_never_answers() -> None:
    with socket.create_server((HOST, 0)) as nobody:
        answer = asyncio.run(failing(finder(nobody.getsockname()[1]), 0.3))
    assert "no answer in time; give it more --seconds" in answer


def test_what_was_heard_before_a_broker_ended_is_told(mosquitto: Mosquitto) -> None:
    mosquitto.start()

    async def ended() -> str:
        told = Told()
        finding = asyncio.create_task(
            finder(mosquitto.port).find(told, asyncio.get_running_loop().time() + 60)
        )
        async with aiomqtt.Client(HOST, mosquitto.port) as client:
            await client.publish("gate", json.dumps({"epc": EPC.hex()}), retain=True)
            await until(lambda: "Sending PUBLISH to waypost-discover" in mosquitto.log, "it was heard")
        mosquitto.kill()
        with pytest.raises(ConnectionError) as error:
            await finding
        assert list(told.findings) == ["main: gate"]
        return str(error.value)

    assert f"mqtt://{HOST}:{mosquitto.port}" in asyncio.run(ended())


def test_memory_is_bounded_by_topics_and_messages() -> None:
    published = Published("broker", "main", Known())
    for number in range(MOST_TOPICS + 7):
        published.see(f"t/{number}", b"{}", False)
    assert (published.topics, published.overlooked, published.messages) == (MOST_TOPICS, 7, MOST_TOPICS + 7)
    assert list(published.findings()) == []
    some = Published("broker", "main", Known())
    some.see("long", b'{"epc": "' + EPC.hex().encode() + b'"' + b" " * LONGEST + b"}", False)
    for _ in range(LOOKS):
        some.see("late", b"off", False)
    some.see("late", json.dumps({"epc": EPC.hex()}).encode(), False)
    assert list(some.findings()) == []
    for antenna in range(200):
        some.see(
            "busy",
            json.dumps([{"epc": EPC.hex(), "antenna": antenna * 3 + n} for n in range(3)]).encode(),
            False,
        )
    (found,) = some.findings()
    assert found.ports == tuple(range(64))


def test_a_message_that_the_codec_does_not_take_is_told() -> None:
    published = Published("broker", "main", Known())
    published.see("zebra", b'{"data": {"idHex": "no hex"}, "type": "CUSTOM"}', False)
    (found,) = published.findings()
    assert "is no EPC in hex" in found.remarks[-1]


def test_many_trackers_are_one_table_each_kind() -> None:
    published = Published("broker", "main", Known())
    location = json.dumps({"_type": "location", "lat": 1, "lon": 2, "tst": 3}).encode()
    for user in range(7):
        published.see(f"fleet/uk/user-{user}/phone", location, True)
    published.see("fleet/uk/user-0/phone/event", b'{"_type": "transition", "event": "enter"}', True)
    published.see("alone", b'{"_type": "encrypted", "data": ""}', False)
    for gateway, kind in (("!aa", "position"), ("!bb", "telemetry")):
        packet = {"from": 7, "to": 1, "channel": 0, "id": 1, "type": kind, "payload": {"latitude_i": 1}}
        published.see(f"msh/US/CA/2/json/LongFast/{gateway}", json.dumps(packet).encode(), False)
    alone, fleet, mesh = sorted(published.findings(), key=lambda one: one.where)
    assert alone.settings == {"broker": "main", "topic": "alone"}
    assert alone.remarks[0] == "heard on alone"
    assert "encrypts what it says" in alone.remarks[1]
    assert (fleet.kind, fleet.settings["topic"], fleet.ports) == ("owntracks", "fleet/uk/#", None)
    assert fleet.remarks[0].endswith("fleet/uk/user-3/phone and 3 more")
    assert fleet.remarks[1] == "only retained messages were heard: they may be long gone"
    assert (mesh.kind, mesh.settings["topic"]) == ("meshtastic", "msh/US/CA/2/json/#")
    tables = [Proposals("yard").proposal(one).table for one in (fleet, mesh)]
    assert tables == [
        {"id": "owntracks-fleet-uk", "kind": "owntracks", "broker": "main", "topic": "fleet/uk/#"},
        {
            "id": "meshtastic-msh-US-CA-2-json",
            "kind": "meshtastic",
            "broker": "main",
            "topic": "msh/US/CA/2/json/#",
        },
    ]


def test_phones_that_the_configuration_has() -> None:
    from drivers.owntracks import OwnTracks

    published = Published(
        "broker", "main", Known([OwnTracks(id="people", broker="main", topic="owntracks/#")])
    )
    published.see("owntracks/me/phone", b'{"_type": "lwt", "tst": 3}', True)
    (found,) = published.findings()
    assert found.known == "people"


def test_a_handheld_with_its_heartbeats() -> None:
    published = Published("broker", "main", Known())
    tags = {"tagData": [{"EPCid": EPC.hex(), "peakRssi": -39, "seenCount": 1}]}
    published.see(
        "t/DATA/clients/data1event/S1",
        json.dumps({"timestamp": "2026-05-19T14:15:22Z", "data": tags}).encode(),
        False,
    )
    beat = {"eventName": "heartbeat", "eventNumber": 3, "upTime": 9, "data": {}}
    published.see("t/MGMT/clients/mevents/S1", json.dumps(beat).encode(), False)
    (found,) = published.findings()
    assert (found.kind, found.ports) == ("rfd", ())
    assert found.settings["events"] == "t/MGMT/clients/mevents/S1"
