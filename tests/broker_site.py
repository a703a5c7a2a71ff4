"""A site whose readers talk through a broker: its configuration, and readers that are somewhere on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from simulators.llrp_reports import Sighting
from tests.fix_certificates import HOST

EPC = bytes.fromhex("E28011700000020D2A412182")
ROOM = """
[site]
id = "leeds"
[[zone]]
id = "warehouse"
[[zone]]
id = "yard"
"""


def configured(folder: Path, port: int, devices: str, broker: str = "") -> Path:
    """A configuration with one broker, `main`."""
    file = folder / "waypost.toml"
    table = f'[[broker]]\nid = "main"\nurl = "mqtt://{HOST}:{port}"\n{broker}\n'
    file.write_text(f"{ROOM}{table}{devices}")
    return file


def zebra(name: str, more: str = "") -> str:
    """A [[device]]: a Zebra reader whose antenna looks at the warehouse."""
    antennas = 'antennas = [{ port = 1, zone = "warehouse" }]'
    return f'[[device]]\nid = "{name}"\nkind = "zebra"\nbroker = "main"\ntopic = "zebra/{name}/data"\n{antennas}\n{more}'


def sighting(epc: bytes = EPC) -> Sighting:
    """A tag at antenna 1."""
    return Sighting(1, epc)


@asynccontextmanager
async def reader(port: int, name: str) -> AsyncIterator[aiomqtt.Client]:
    """A reader's own connection to the broker."""
    async with aiomqtt.Client(HOST, port, identifier=name) as client:
        yield client
