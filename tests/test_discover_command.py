"""`waypost discover` as a person runs it: tables that `waypost check` takes, and one object for each device."""

import asyncio
import json
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulators.llrp import SimulatedReader
from simulators.m100 import SimulatedM100
from simulators.mercury import SimulatedMercury
from simulators.serial_line import PtyLine
from simulators.zebra import SimulatedZebra
from tests.broker_site import reader, sighting
from tests.fix_certificates import HOST
from tests.fix_daemon import until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import now
from tests.loopback import free_port
from tests.test_cli import ROOT, waypost

SITE = '[site]\nid = "leeds"\n[[zone]]\nid = "hall"\n'


async def discover(*arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.cli", "discover", *arguments,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


@asynccontextmanager
async def dock(folder: Path, mosquitto: Mosquitto) -> AsyncIterator[list[str]]:
    """Devices of every kind that can be found, and the options that lead to them alone."""
    m100, mercury = PtyLine(SimulatedM100(), folder / "a"), PtyLine(SimulatedMercury(), folder / "b")
    async with (
        SimulatedReader() as llrp,
        SimulatedReader() as caller,
        reader(mosquitto.port, "devices") as client,
    ):
        with m100, mercury:
            port = free_port()
            tasks = [asyncio.create_task(publish(mosquitto, client)), asyncio.create_task(call(caller, port))]
            yield [
                "--serial", str(m100.path), "--serial", str(mercury.path), "--network", f"{HOST}/32", "--port",
                str(llrp.port), "--listen", f"{HOST}:{port}", "--seconds", "12",
            ]  # fmt: skip
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def publish(mosquitto: Mosquitto, client: object) -> None:
    await until(lambda: "Sending SUBACK to waypost-discover" in mosquitto.log, "somebody listens")
    await SimulatedZebra("zebra/door1/data").tell(client, [(sighting(), now())])  # type: ignore[arg-type]


async def call(caller: SimulatedReader, port: int) -> None:
    while not caller.client:
        try:
            await caller.call(HOST, port)
        except OSError:
            await asyncio.sleep(0.1)


def test_a_site_is_found_and_its_tables_pass_the_check(tmp_path: Path, mosquitto: Mosquitto) -> None:
    mosquitto.start()
    file = tmp_path / "waypost.toml"
    file.write_text(SITE)

    async def main() -> tuple[int, str, str]:
        async with dock(tmp_path, mosquitto) as options:
            url = f"mqtt://{HOST}:{mosquitto.port}"
            return await discover("--config", str(file), "--broker", url, *options)

    status, out, errors = asyncio.run(main())
    assert (status, "5 findings: 5 new" in errors) == (0, True), errors
    file.write_text(f"{SITE}\n{out}")
    checked = waypost("check", file)
    assert checked.returncode == 0, checked.stdout.decode() + out
    assert b"0 errors, 0 warnings" in checked.stderr
    devices = tomllib.loads(out)["device"]
    assert [one["kind"] for one in devices] == ["zebra", "llrp", "llrp", "m100", "mercury"]
    assert devices[0] == {
        "id": "zebra-zebra-door1-data", "kind": "zebra", "broker": "discovered", "topic": "zebra/door1/data",
        "antennas": [{"port": 1, "zone": "hall"}],
    }  # fmt: skip


def test_what_the_configuration_has_is_not_asked_and_each_device_is_an_object(tmp_path: Path) -> None:
    file = tmp_path / "waypost.toml"
    antennas = 'antennas = [{ port = 1, zone = "hall" }]'
    file.write_text(
        f'{SITE}[[device]]\nid = "shelf"\nkind = "m100"\nurl = "serial:///dev/null"\n{antennas}\n'
    )

    async def main() -> tuple[int, str, str]:
        async with SimulatedReader() as llrp:
            looks = ["--serial", "/dev/null", "--network", f"{HOST}/32", "--port", str(llrp.port)]
            only = ["--only", "serial", "--only", "network", "--seconds", "30"]
            return await discover("--config", str(file), "--json", *looks, *only)

    status, out, errors = asyncio.run(main())
    assert (status, "1 new, 1 known" in errors) == (0, True), errors
    rows = {row["finder"]: row for row in map(json.loads, out.splitlines())}
    assert (rows["serial"]["known"], rows["serial"]["device"]) == ("shelf", None)
    assert rows["network"]["device"]["id"] == "llrp-127-0-0-1"
    assert rows["network"]["device"]["antennas"] == [{"port": port, "zone": "hall"} for port in (1, 2, 3, 4)]


def test_options_that_make_no_sense_are_refused() -> None:
    done = waypost("discover", "--only", "radio")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no such way to look" in done.stderr


def test_when_nothing_can_be_looked_for_it_says_why() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        done = waypost("discover", "--only", "calls", "--listen", f"{HOST}:{port}", "--seconds", "1")
    assert (done.returncode, done.stdout) == (3, b"")
    assert f"calls: nobody can listen on {HOST}:{port}" in done.stderr.decode()
    assert b"0 findings" in done.stderr
