"""JSON reads over MQTT into the journal, against a bare paho subscriber that merely counts: same broker, same messages.

Both have a session with the broker and are away while the messages are published, so that each drains the same queue
as fast as it can; the gateway acknowledges a message when it is durable, the bare one when it has come. A read has the
time of its publication, as from a device whose clock is right: what came while the gateway was away is not late.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.bench.host import Mark
from gateway.bench.live import Failed, Process, gateway, marked
from gateway.bench.machine import free_port
from gateway.bench.rows import Row

WANTED = {"3.1.1": 0.6, "5": 0.5}
HOST, TOPIC, IN_FLIGHT = "127.0.0.1", "bench/reads", 1000
TURNS = 3
_PATIENCE = 120.0
_VERSIONS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
_LINES = (
    "allow_anonymous true", "persistence false", "max_queued_messages 0", f"max_inflight_messages {IN_FLIGHT}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drained:
    """messages in seconds; cpu seconds of the process that took them."""

    messages: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of CPU per message."""
        return self.cpu / self.messages * 1e6


def broker(folder: Path, messages: int, turns: int = TURNS) -> Iterator[Row]:
    """A row for each version and size of message; `messages` of one read, half as many of fifty."""
    for version, wanted in WANTED.items():
        for size in (1, 50):
            n = messages if size == 1 else max(messages // 2, 1)
            with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
                drained = list(_drained(Path(made), version, size, n // turns, turns))
            ours, bare = sorted(drained, key=_ratio)[turns // 2]
            text = (
                f"{ours.rate:,.0f} messages/s, {ours.rate * size:,.0f} reads/s durable; bare {bare.rate:,.0f} messages/s; "
                f"CPU {ours.cost:.0f} and {bare.cost:.0f} us/message; Mosquitto on loopback, QoS 1, {n // turns:,} "
                f"messages, median of {turns}"
            )
            what = f"JSON reads acknowledged after the commit, {size} per message, against a bare subscriber"
            yield Row(f"devices mqtt {version} x{size}", what, _ratio((ours, bare)), "x bare", text, wanted)


def _ratio(drained: tuple[Drained, Drained]) -> float:
    return drained[0].rate / drained[1].rate


def _drained(folder: Path, version: str, size: int, n: int, turns: int) -> Iterator[tuple[Drained, Drained]]:
    """The gateway and the bare one, `n` messages each, in turns."""
    with _mosquitto(folder) as port:
        file = _configured(folder, port, version)
        with _gateway(file) as running:
            _until(lambda: b"SUBSCRIBE" in (folder / "mosquitto.log").read_bytes())
            marked(running)
        _bare(port, version, 0)
        for _ in range(turns):
            _publish(port, size, n)
            bare = _bare(port, version, n)
            yield _ours(file, size, n), bare


def _ours(file: Path, size: int, n: int) -> Drained:
    ends = time.monotonic() + _PATIENCE
    with _gateway(file) as running:
        first: Mark | None = None
        while (mark := marked(running)).reads < n * size:
            if time.monotonic() > ends:
                raise Failed(f"{mark.reads} of {n * size} reads were durable after {_PATIENCE:g} s")
            first = mark if first is None and mark.reads else first
            time.sleep(0.01)
    if first is None:
        raise Failed(f"{n} messages were one commit; measure longer")
    return Drained((mark.reads - first.reads) // size, mark.at - first.at, mark.cpu - first.cpu)


def _configured(folder: Path, port: int, version: str) -> Path:
    protocol = "5" if version == "5" else f'"{version}"'
    file = folder / "waypost.toml"
    file.write_text(f"""
[site]
id = "bench"
[[zone]]
id = "warehouse"
[[broker]]
id = "main"
url = "mqtt://{HOST}:{port}"
protocol = {protocol}
[[device]]
id = "gate"
kind = "json"
broker = "main"
topic = "{TOPIC}"
places = {{ items = "tags", tag = "epc", time = "at", antenna = "port", rssi = "rssi" }}
units = {{ time = "us" }}
antennas = [ {{ port = 1, zone = "warehouse" }} ]
""")
    return file


def _payload(number: int, size: int, at: int) -> bytes:
    """`size` reads, a microsecond apart from `at` on."""
    tags = [
        {
            "epc": f"{0xE280 << 80 | (number + i) % 500 + 1:024X}",
            "at": at + i,
            "port": 1,
            "rssi": -55,
        }
        for i in range(size)
    ]
    return json.dumps({"tags": tags}, separators=(",", ":")).encode()


@contextmanager
def _mosquitto(folder: Path) -> Iterator[int]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise Failed("Mosquitto is missing; run: sudo apt-get install mosquitto")
    port = free_port()
    file, log = folder / "mosquitto.conf", folder / "mosquitto.log"
    file.write_text(
        "\n".join((f"listener {port} {HOST}", "log_type subscribe", "log_type information", *_LINES)) + "\n"
    )
    with log.open("wb") as out:
        process = subprocess.Popen([program, "-v", "-c", file], stdout=out, stderr=out)
    try:
        _until(lambda: b" running" in log.read_bytes())
        yield port
    finally:
        process.terminate()
        process.wait(_PATIENCE)


@contextmanager
def _gateway(file: Path) -> Iterator[Process]:
    running = gateway(file, False, None)  # on any core, as the bare one
    try:
        yield running
    finally:
        running.end()


def _client(name: str, version: str) -> Client:
    found = _VERSIONS[version]
    clean = None if version == "5" else False
    return Client(CallbackAPIVersion.VERSION2, name, clean_session=clean, protocol=found)


def _connect(client: Client, port: int, version: str) -> None:
    if version != "5":
        client.connect(HOST, port)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval, properties.ReceiveMaximum = 3600, IN_FLIGHT
    client.connect(HOST, port, clean_start=False, properties=properties)


def _bare(port: int, version: str, n: int) -> Drained:
    """Subscribe, and count `n` messages."""
    client, done = _client("bare", version), Event()
    seen, cpu = [0.0, 0.0], [0.0, 0.0]
    count = 0

    def on_message(client: Client, _: object, message: MQTTMessage) -> None:
        nonlocal count
        count += 1
        if count == 1:
            seen[0], cpu[0] = time.perf_counter(), time.process_time()
        if count == n:
            seen[1], cpu[1] = time.perf_counter(), time.process_time()
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: done.set() if n == 0 else None
    client.on_connect = lambda *_: _subscribe(client)
    _connect(client, port, version)
    client.loop_start()
    if not done.wait(_PATIENCE):
        raise Failed(f"the bare subscriber saw {count} of {n} messages")
    client.disconnect()
    client.loop_stop()
    return Drained(max(n, 1), max(seen[1] - seen[0], 1e-3), cpu[1] - cpu[0])


def _subscribe(client: Client) -> None:
    client.subscribe(TOPIC, 1)


def _publish(port: int, size: int, n: int) -> None:
    client = Client(CallbackAPIVersion.VERSION2, "publisher", protocol=MQTTProtocolVersion.MQTTv311)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.connect(HOST, port)
    client.loop_start()
    infos, at = [], 0
    for number in range(n):
        at = max(at + size, time.time_ns() // 1000)
        infos.append(client.publish(TOPIC, _payload(number, size, at), 1))
    for info in infos:
        info.wait_for_publish(_PATIENCE)
    client.disconnect()
    client.loop_stop()


def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > ends:
            raise Failed("the broker does not answer")
        time.sleep(0.02)
