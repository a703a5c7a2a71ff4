"""`waypost capture` of devices on a broker and on serial ports: what it writes is a test, when it stands under tests/data."""

import asyncio
import json
import tomllib
from pathlib import Path

from core.events import rfc3339
from drivers.codecs.message_recording import messages
from gateway.clock import Clock
from simulators.llrp_reports import Sighting
from simulators.m100 import SimulatedM100
from simulators.serial_line import PtyLine
from simulators.zebra import SimulatedZebra
from tests.broker_site import EPC, ROOM, configured, reader, sighting, zebra
from tests.fix_daemon import following, until, waypost
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import daemon, now
from tests.test_captures import device, rows

JSON = """
[[device]]
id = "gate"
kind = "json"
broker = "main"
topic = "gates/{port}/tags"
places = { items = "tags", tag = "epc", time = "at", antenna = "{port}" }
units = { time = "us" }
antennas = [{ port = 1, zone = "warehouse" }]
"""


def lines(folder: Path) -> int:
    return (folder / "capture.jsonl").read_bytes().count(b"\n")


def test_messages_are_recorded_with_topics_and_times(tmp_path: Path, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    file = configured(tmp_path, mosquitto.port, zebra("door1") + JSON)
    at = now() // 1000 * 1000
    simulated = SimulatedZebra("zebra/door1/data")

    async def main() -> None:
        config = ("--config", file)
        async with daemon(file, Clock()) as one, reader(mosquitto.port, "devices") as client:
            await until(lambda: all(link.health.state == "up" for link in one.links.values()), "up")
            async with (
                following("capture", "door1", "--to", tmp_path / "zebra", *config),
                following("capture", "gate", "--to", tmp_path / "json", *config),
            ):
                await until(lambda: all(link.taps for link in one.links.values()), "both are captured")
                await simulated.tell(client, [(sighting(), at + i * 1000) for i in range(3)])
                await client.publish("zebra/door1/data", b"\xff no JSON", 1)
                await client.publish("gates/1/tags", json.dumps({"tags": [{"epc": "E280", "at": at}]}), 1)
                await until(
                    lambda: lines(tmp_path / "zebra") == 4 and lines(tmp_path / "json") == 1, "written"
                )

    asyncio.run(main())
    told = {name: tomllib.loads((tmp_path / name / "about.toml").read_text()) for name in ("zebra", "json")}
    assert [(one["kind"], one["tags"], one["broken"], one["chunks_lost"]) for one in told.values()] == [
        ("zebra", 3, 1, 0),
        ("json", 1, 0, 0),
    ]
    found = messages((tmp_path / "json" / "capture.jsonl").read_bytes())
    assert rows(device(told["json"]).session().receive(list(found))) == [(at, "E280", 1)]
    recorded = [json.loads(line) for line in (tmp_path / "zebra" / "capture.jsonl").read_text().splitlines()]
    assert {line["topic"] for line in recorded} == {"zebra/door1/data"}
    assert all(line["tst"] >= rfc3339(at) for line in recorded)
    code, out, error = asyncio.run(waypost("decode", "zebra", tmp_path / "zebra" / "capture.jsonl"))
    assert (code, [json.loads(line)["tag"] for line in out.splitlines()]) == (2, [EPC.hex().upper()] * 3)
    assert "line 4: no JSON" in error


def test_the_bytes_of_a_serial_module_are_recorded(tmp_path: Path) -> None:
    file, to = tmp_path / "waypost.toml", tmp_path / "desk"
    port = tmp_path / "usb-desk"
    file.write_text(
        f'{ROOM}[[device]]\nid = "desk"\nkind = "m100"\nurl = "serial://{port}"\n'
        'antennas = [{ port = 1, zone = "warehouse" }]\n'
    )

    async def main() -> int:
        with PtyLine(SimulatedM100(), port) as line:
            async with daemon(file, Clock()) as one:
                await until(lambda: line.module.reading, "it reads")
                async with following("capture", "desk", "--to", to, "--config", file):
                    await until(lambda: one.links["desk"].taps, "it is captured")
                    for number in range(1, 6):
                        line.see(Sighting(1, bytes(11) + bytes((number,))))
                    await until(lambda: one.links["desk"].reads_total >= 5, "they were read")
                    await until(lambda: (to / "capture.bin").read_bytes().count(b"\x02\x22") >= 5, "recorded")
            return line.module.ledger["told"]

    told = asyncio.run(main())
    about = tomllib.loads((to / "about.toml").read_text())
    assert (about["kind"], about["tags"], about["chunks_lost"]) == ("m100", told, 0)
    assert about["bytes"] == (to / "capture.bin").stat().st_size
