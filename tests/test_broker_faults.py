"""What brokers refuse, and who throws us out: gateway/broker on a real Mosquitto, in the running daemon."""

import asyncio
import json
import logging
import socket
import struct
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from core.records import SECOND, Down, Up
from drivers.base import SetOutput, Start, Stop
from gateway.broker import attendance
from gateway.broker.connection import connect
from gateway.broker.settings import BrokerSettings
from gateway.clock import Clock
from gateway.mqtt.endpoint import Endpoint
from gateway.mqtt.reasons import CLOSED, TAKEN_OVER, Ended, Reasons
from gateway.mqtt.takeovers import Takeovers
from gateway.sinks.contract import Lost, Refused
from simulators.zebra import SimulatedZebra
from tests.broker_site import configured, reader, sighting, zebra
from tests.fix_certificates import HOST, Certificates
from tests.fix_daemon import gaps, inputs, reads, until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import daemon, now
from tests.mqtt_peer import CONNACK, packet

PROTOCOLS = ["protocol = 5", 'protocol = "3.1.1"']


def restricted(mosquitto: Mosquitto, *topics: str) -> tuple[str, ...]:
    """Settings with which nobody may subscribe to anything else (mosquitto_dynamic_security)."""
    rules: list[dict[str, Any]] = [
        {"acltype": "subscribeLiteral", "topic": topic, "priority": 0, "allow": True} for topic in topics
    ]
    rights = ("publishClientSend", "publishClientReceive", "unsubscribe")
    file = mosquitto.folder / "security.json"
    file.write_text(
        json.dumps(
            {
                "defaultACLAccess": {**dict.fromkeys(rights, True), "subscribe": False},
                "clients": [],
                "groups": [{"groupname": "all", "roles": [{"rolename": "readers"}], "clients": []}],
                "roles": [{"rolename": "readers", "acls": rules}],
                "anonymousGroup": "all",
            }
        )
    )
    file.chmod(0o644)
    (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
    return (f"plugin {plugin}", f"plugin_opt_config_file {file}")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_topic_that_is_refused_stops_its_device_and_no_other(
    tmp_path: Path,
    mosquitto: Mosquitto,
    protocol: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line with the remedy; it is asked for again, and goes on when the operator has mended it."""
    monkeypatch.setattr(attendance, "AGAIN", 0.3)
    mosquitto.start(*restricted(mosquitto, "zebra/door2/data"))
    file = configured(tmp_path, mosquitto.port, zebra("door1") + zebra("door2"), protocol)
    told = SimulatedZebra("zebra/door2/data")

    async def main() -> None:
        async with daemon(file, Clock()) as site, reader(mosquitto.port, "readers") as client:
            one, two = site.links["door1"], site.links["door2"]
            with caplog.at_level(logging.INFO):
                await until(lambda: one.health.state == "down", "it may not listen")
                await told.tell(client, [(sighting(), now())])
                await until(lambda: two.reads_total == 1, "the other one goes on")
                await until(lambda: mosquitto.log.count("zebra/door1/data (QoS") > 2, "it is asked for again")
            said = str(one.health.error)
            assert "somebody without a name may not listen to zebra/door1/data" in said
            assert said.endswith("allow it to read that in the broker's access list")
            assert [entry.message for entry in caplog.records if "may not listen" in entry.message] == [
                f"door1: down: {said}; trying again"
            ]
            assert (two.health.state, two.restarts, one.restarts) == ("up", 0, 0)
            assert site.brokers["main"].json()["state"] == "up"

    asyncio.run(main())


def test_what_was_refused_is_asked_for_again_when_the_operator_has_mended_it(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker is another one then: with the same session, since both are on one port."""
    mosquitto.start("persistence true", *restricted(mosquitto))
    file = configured(tmp_path, mosquitto.port, zebra("door1"))

    async def main() -> None:
        async with daemon(file, Clock()) as site:
            link = site.links["door1"]
            await until(lambda: "may not listen" in str(link.health.error), "it may not listen")
            mosquitto.stop()
            mosquitto.start("persistence true")
            await until(lambda: link.health.state == "up", "it may listen now")

    asyncio.run(main())
    assert {gap.source for gap in gaps(tmp_path / "waypost.db")} <= {"door1"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_that_takes_over_is_one_line_and_no_storm(
    tmp_path: Path, mosquitto: Mosquitto, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.start()
    file = configured(tmp_path, mosquitto.port, zebra("door1"), f'client_id = "gateway"\n{protocol}')

    async def main() -> None:
        async with daemon(file, Clock()) as site:
            link = site.links["door1"]
            await until(lambda: link.health.state == "up", "it is up")
            with caplog.at_level(logging.WARNING):
                async with aiomqtt.Client(HOST, mosquitto.port, identifier="gateway") as other:
                    await until(lambda: link.health.state == "down", "it is thrown out")
                    with pytest.raises(aiomqtt.MqttError):  # it is thrown out itself
                        await anext(other.messages)
                    await until(lambda: link.health.state == "up", "it is back")
            assert link.restarts == 1
            (line,) = [one.message for one in caplog.records if one.message.startswith("door1: down")]
            assert "the broker closed the connection without giving a reason" in line or "taken over" in line

    asyncio.run(main())
    assert mosquitto.log.count("as gateway") == 3


def test_a_client_id_that_is_taken_over_again_and_again_is_for_an_operator() -> None:
    reasons = Reasons("mqtt://there", None, "gateway", "", "[[broker]] main")
    for code, often in ((TAKEN_OVER, 3), (CLOSED, 5)):
        takeovers = Takeovers(reasons)
        for n in range(1, often + 1):
            ended = Ended(code, Lost("over"))
            meant = takeovers.meant(ended, float(n))
            assert isinstance(meant, Refused) == (n == often)
            assert takeovers.meant(ended, float(n)) is meant  # whoever else sees it
        assert "each its own client_id in [[broker]] main" in str(meant)
        assert isinstance(takeovers.meant(Ended(None, Lost("over")), 9.0), Lost)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_with_a_client_certificate_and_a_password(
    tmp_path: Path,
    mosquitto: Mosquitto,
    certificates: Certificates,
    protocol: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = certificates.server
    mosquitto.start(
        f"cafile {certificates.ca}", f"certfile {server.cert}", f"keyfile {server.key}",
        "require_certificate true", "allow_anonymous false",
        f"password_file {mosquitto.passwords(waypost='open sesame', door1='reader')}",
    )  # fmt: skip
    monkeypatch.setenv("BROKER_PASSWORD", "open sesame")
    client = certificates.client
    table = (
        f'username = "waypost"\npassword = "env:BROKER_PASSWORD"\nca = "{certificates.ca}"\n'
        f'cert = "{client.cert}"\nkey = "{client.key}"\n{protocol}\n'
    )
    file = configured(tmp_path, mosquitto.port, zebra("door1"), table)
    file.write_text(file.read_text().replace("mqtt://", "mqtts://"))
    told = SimulatedZebra("zebra/door1/data")
    tls = aiomqtt.TLSParameters(str(certificates.ca), str(client.cert), str(client.key))

    async def main() -> None:
        async with daemon(file, Clock()) as site:
            link = site.links["door1"]
            await until(lambda: link.health.state == "up", "it is up")
            async with aiomqtt.Client(
                HOST, mosquitto.port, identifier="door1", username="door1", password="reader", tls_params=tls
            ) as other:
                await told.tell(other, [(sighting(), now())])
            await until(lambda: link.reads_total == 1, "it is read")

    asyncio.run(main())
    assert sum(reads(tmp_path / "waypost.db").values()) == 1


def test_a_wrong_password_names_its_remedy(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    mosquitto.start("allow_anonymous false", f"password_file {mosquitto.passwords(waypost='open sesame')}")
    monkeypatch.setenv("BROKER_PASSWORD", "guess")
    table = 'username = "waypost"\npassword = "env:BROKER_PASSWORD"'
    file = configured(tmp_path, mosquitto.port, zebra("door1"), table)

    async def main() -> dict[str, object]:
        async with daemon(file, Clock()) as site:
            await until(lambda: site.links["door1"].health.state == "down", "it is not let in")
            return site.brokers["main"].json()

    found = asyncio.run(main())
    assert found["state"] == "down"
    assert "behind [[broker]] main password" in str(found["error"]) or "may not connect" in str(
        found["error"]
    )


def test_orders_are_published_and_their_refusal_is_told(tmp_path: Path, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    more = 'commands = "zebra/door1/cmd"\nresponses = "zebra/door1/res"\n'
    file = configured(tmp_path, mosquitto.port, zebra("door1", more))
    commands: list[str] = []

    async def main() -> None:
        async with reader(mosquitto.port, "door1") as client:
            await client.subscribe("zebra/door1/cmd", 1)
            async with daemon(file, Clock()) as site:
                link = site.links["door1"]
                await until(lambda: link.health.state == "up", "it is up")
                for order in (Stop(), SetOutput(1, True), Start()):
                    link.order(order)
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    commands.append(json.loads(message.payload)["command"])
                    if len(commands) == 3:
                        break
                answer = {"command": "start", "response": "failure", "payload": "no antenna"}
                await client.publish("zebra/door1/res", json.dumps(answer), 1)
                await until(lambda: link.counters["commands_refused"] == 1, "the refusal is counted")
                assert link.counters["orders_refused"] == 1  # it has no output that we know of

    asyncio.run(main())
    assert commands == ["start", "stop", "start"]


def test_two_heartbeats_that_are_missing_are_its_end_and_the_next_its_return(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    mosquitto.start()
    more = 'events = "zebra/door1/events"\nheartbeat = 0.2\n'
    file = configured(tmp_path, mosquitto.port, zebra("door1", more))
    device = SimulatedZebra("zebra/door1/data")

    async def main() -> None:
        async with reader(mosquitto.port, "door1") as client, daemon(file, Clock()) as site:
            link = site.links["door1"]
            beat = json.dumps(device.heartbeat(now()))
            await until(lambda: "Sending SUBACK to waypost-leeds-" in mosquitto.log, "it listens")
            await client.publish("zebra/door1/events", beat, 1)
            await until(lambda: link.health.state == "up", "its heartbeat is heard")
            await until(lambda: link.health.state == "down", "no other comes")
            assert link.health.error == "silent for 0.4 s; look at its power and its network"
            await client.publish("zebra/door1/events", beat, 1)
            await until(lambda: link.health.state == "up", "it beats again")
            assert link.restarts == 0

    asyncio.run(main())
    bodies = [input.body for input in inputs(tmp_path / "waypost.db")]
    assert [body.reason.startswith("silent") for body in bodies if isinstance(body, Down)][:1] == [True]
    assert [type(body) for body in bodies if isinstance(body, Up | Down)][:3] == [Up, Down, Up]


def test_the_status_has_a_row_for_each_broker(tmp_path: Path, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    file = configured(tmp_path, mosquitto.port, zebra("door1") + zebra("door2"))
    file.write_text(f'{file.read_text()}[[broker]]\nid = "spare"\nurl = "mqtt://127.0.0.1:1"\n')
    device = SimulatedZebra("zebra/door1/data")
    began = now()

    async def main() -> dict[str, Any]:
        async with daemon(file, Clock()) as site, reader(mosquitto.port, "door1") as client:
            await until(lambda: site.brokers["main"].json()["state"] == "up", "it is up")
            await device.tell(client, [(sighting(), began - SECOND), (sighting(), began)])
            rows: dict[str, Any] = {}

            def acknowledged() -> bool:
                rows.update(site.status()["brokers"])  # type: ignore[call-overload]
                return rows["main"]["messages"] == 2 and not rows["main"]["unacknowledged"]

            await until(acknowledged, "both are durable")
            return rows

    rows = asyncio.run(main())
    main_row = rows["main"]
    assert main_row.pop("since") >= "2026"
    assert main_row == {
        "state": "up", "error": None, "messages": 2, "unacknowledged": 0, "devices": ["door1", "door2"],
    }  # fmt: skip
    assert (rows["spare"]["state"], rows["spare"]["devices"]) == ("unused", [])


def test_a_connection_that_breaks_is_no_second_client() -> None:
    """The system tells once that it was reset; what it says when it is asked again looks like a client thrown out."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(packet(CONNACK, b"\0\0\0"))
        await reader.read(1024)  # what it subscribes to: it was let in
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def main() -> None:
        server = await asyncio.start_server(serve, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        settings = BrokerSettings(id="main", url=f"mqtt://{HOST}:{port}")
        endpoint = Endpoint(settings, "site", Path(), "", "[[broker]] main", "main")
        connection = await connect(endpoint, settings, ["gates/#"], now)
        ended = await connection.end()
        assert (ended.code, str(ended)) == (
            None,
            f"mqtt://{HOST}:{port}: the connection broke: Connection reset by peer",
        )
        server.close()
        await server.wait_closed()

    asyncio.run(main())
