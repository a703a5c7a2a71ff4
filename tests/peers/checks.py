"""Other people's software against ours: four clients read our simulators, our driver reads another emulator.

    python tests/peers/run.py [--seconds 5]

The peers live in a virtual environment of their own (.peers) and run as separate processes; nothing of Waypost
imports them. One line per peer with tags/s; exit code 1 if one failed.
"""

import argparse
import asyncio
import json
import ssl
import subprocess
import time
import venv
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import TypedDict

from core.records import Body, Reads
from drivers.base import Order
from drivers.llrp import Llrp
from gateway.discover.known import Known
from gateway.discover.network_finder import NetworkFinder
from simulators.impinj import SimulatedImpinj
from simulators.impinj_device import Setup
from simulators.impinj_events import Fields
from simulators.llrp import SimulatedReader
from simulators.llrp_reports import Sighting
from tests.discovered import Told
from tests.peers.tap import Tap

ROOT = Path(__file__).resolve().parents[2]
TLS = ROOT / "tests" / "data" / "tls"
PEERS = ROOT / ".peers"
PYTHON = PEERS / "bin" / "python"
PACKAGES = ("llrpkit==0.3.0", "sllurp==3.0.5", "pyllrp==3.1.1", "bitstring<5", "impinj-iot==0.4.0")
TAGS = [(0x3034257BF7194E4000000000 + n).to_bytes(12, "big") for n in range(20)]


class Received(TypedDict):
    """What a peer's script prints."""

    reads: int
    epcs: list[str]
    seconds: float


class Failed(Exception):
    """A peer and ours did not understand each other; the text says how."""


def install() -> None:
    """Make .peers with the pinned peers, once."""
    ready = PEERS / ".ready"
    if ready.exists() and ready.read_text() == " ".join(PACKAGES):
        return
    venv.create(PEERS, with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    ready.write_text(" ".join(PACKAGES))


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Other people's software against ours.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each peer runs (default 5)")
    seconds = parser.parse_args().seconds
    install()
    return asyncio.run(check_all(seconds))


async def check_all(seconds: float) -> int:
    """Run every check one after the other; 1 if one failed."""
    failures = 0
    for peer in ("llrpkit", "sllurp", "pyllrp"):
        failures += not await told(f"{peer} reads our simulator", client(peer, seconds))
    failures += not await told("impinj-iot reads our simulator", stream_client(seconds))
    failures += not await told("our driver reads llrpkit's emulator", driver(seconds))
    failures += not await told("waypost discover finds llrpkit's emulator", found(seconds))
    return 1 if failures else 0


async def told(what: str, check: Awaitable[str]) -> bool:
    """Print how a check went."""
    try:
        print(f"ok      {what}: {await check}")
    except (Failed, OSError, TimeoutError, json.JSONDecodeError) as error:
        print(f"FAILED  {what}: {error or type(error).__name__}")
        return False
    return True


async def client(peer: str, seconds: float) -> str:
    """A peer's client on our simulator, which sees each of 20 tags 25 times a second on four antennas."""
    async with SimulatedReader() as reader:
        feeding = asyncio.create_task(feed(reader.see))
        result = await received(peer, reader.port, seconds)
        feeding.cancel()
        return judged(result, reader.ledger.sent)


async def stream_client(seconds: float) -> str:
    """The same on our simulator of Impinj's event stream, over HTTPS, with a preset as it comes."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    setup = Setup("idle", preset=None, fields=Fields(epc=True, epc_hex=False, last_seen=False, phase=False))
    async with SimulatedImpinj(setup, tls=context) as reader:
        feeding = asyncio.create_task(feed(reader.see))
        result = await received("impinj", reader.port, seconds)
        feeding.cancel()
        if reader.device.status != "idle":
            raise Failed("it did not stop its inventory")
        return judged(result, reader.device.ledger["sent"])


async def received(peer: str, port: int, seconds: float) -> Received:
    """What a peer's script says that it received."""
    script = Path(__file__).with_name(f"{peer}_client.py")
    process = await asyncio.create_subprocess_exec(
        PYTHON, script, str(port), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(seconds + 60):
        output, _ = await process.communicate()
    if process.returncode:
        raise Failed(f"it ended with exit code {process.returncode}")
    result: Received = json.loads(output.splitlines()[-1])
    return result


def judged(result: Received, sent: int) -> str:
    """A line for the operator, if the peer received all tags and no reads that were not sent."""
    missing = {tag.hex() for tag in TAGS} ^ set(result["epcs"])
    if missing:
        raise Failed(f"tags that were sent and not received, or the other way round: {sorted(missing)}")
    if not 0 < result["reads"] <= sent:
        raise Failed(f"it received {result['reads']} reads, {sent} were sent")
    return f"{result['reads'] / result['seconds']:.0f} tags/s, {result['reads']} of {sent} reads"


async def feed(see: Callable[..., Awaitable[None]]) -> None:
    number = 0
    while True:
        await see(*(Sighting(1 + (number + n) % 4, TAGS[(number + n) % 20]) for n in range(10)))
        number += 10
        await asyncio.sleep(0.02)


class CountingLink:
    """A Link that counts reads and takes everything at once."""

    synchronised = True

    def __init__(self) -> None:
        self.reads = 0
        self.tags: set[str] = set()

    async def emit(self, body: Body) -> Awaitable[None]:
        if isinstance(body, Reads):
            self.reads += int(body.count.sum())
            self.tags |= {body.tags.ids[code] for code in body.tag.tolist()}
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def up(self, info: str) -> None:
        """Nobody is told."""

    def tap(self, data: bytes) -> None:
        """Nobody listens."""

    def count(self, name: str, n: int = 1) -> None:
        """Nobody counts."""

    def connected(self, tracker: str, n: int = 1) -> None:
        """Nobody counts."""

    def now(self) -> int:
        return time.time_ns() // 1000

    @property
    def orders(self) -> AsyncIterator[Order]:
        return self._orders()

    async def _orders(self) -> AsyncIterator[Order]:
        await asyncio.Event().wait()
        orders: tuple[Order, ...] = ()
        for order in orders:
            yield order


async def driver(seconds: float) -> str:
    """Our driver on the emulator at 2,000 reads/s, through a tap that counts the tag reports on the wire."""
    async with emulator() as port, Tap(port) as tap:
        link = CountingLink()
        running = asyncio.create_task(Llrp(id="peer", url=f"tcp://127.0.0.1:{tap.port}").run(link))
        async with asyncio.timeout(30):
            await tap.first_report.wait()
        await asyncio.sleep(seconds)
        tap.close_reader_side()
        with suppress(Exception):  # the driver ends as it pleases when the connection is lost
            async with asyncio.timeout(10):
                await running
    if link.reads != tap.tags:
        raise Failed(f"{tap.tags} tag reports came over the wire, the driver emitted {link.reads} reads")
    if tap.tags < 1000 * seconds:
        raise Failed(f"only {tap.tags} tag reports in {seconds} s: is the machine too busy?")
    return f"{tap.tags / seconds:.0f} tags/s, {link.reads} of {tap.tags} reads, {len(link.tags)} tags"


async def found(seconds: float) -> str:
    """What `waypost discover` says of the emulator, which then takes another client."""
    async with emulator() as port:
        told = Told()
        finder = NetworkFinder(Known(), (ip_network("127.0.0.1/32"),), (port,))
        await finder.find(told, asyncio.get_running_loop().time() + seconds)
        one = told.findings.get(f"127.0.0.1:{port}")
        if one is None or one.state != "ready" or "llrpkit" not in one.model or one.ports != (1, 2, 3, 4):
            raise Failed(f"it was told as {one}")
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    return one.model


@asynccontextmanager
async def emulator() -> AsyncIterator[int]:
    """llrpkit's reader emulator on a free port."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    arguments = f"emulate --port {port} --tags 50 --rate 2000 --antennas 4 --seed 7".split()
    process = await asyncio.create_subprocess_exec(
        PEERS / "bin" / "llrpkit", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            await process.stdout.readline()
        yield port
    finally:
        process.terminate()
        await process.wait()
