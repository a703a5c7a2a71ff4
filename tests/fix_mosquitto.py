"""A real Mosquitto, one per test, and somebody who listens to it."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests.fix_certificates import HOST
from tests.loopback import free_port

PATIENCE = 60.0
"""Seconds that a broker gets to start or to stop: for one that hangs."""


class Mosquitto:
    """A broker with its files in a directory of its own, on a free loopback port; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._had_port = False
        self._process: subprocess.Popen[bytes] | None = None
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        assert program, "Mosquitto is missing; run: sudo apt-get install mosquitto"
        self._program = program

    @property
    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text()

    def start(self, *settings: str) -> None:
        """With lines of mosquitto.conf(5); anonymous clients may do all, if no line says otherwise."""
        ends = time.monotonic() + PATIENCE
        while not self._started(settings, ends):
            assert time.monotonic() < ends, f"mosquitto finds no port:\n{self.log}"
            if not self._had_port:  # somebody else has taken it meanwhile
                self.port = free_port()
            time.sleep(0.01)
        self._had_port = True

    def _started(self, settings: tuple[str, ...], ends: float) -> bool:
        """False if the port is not free. That it listens its log says: on the port somebody else may answer."""
        lines = [
            f"listener {self.port} {HOST}",
            f"persistence_location {self.folder}/",
            *(("user root",) if os.geteuid() == 0 else ()),
            *(
                ()
                if any(line.startswith("allow_anonymous") for line in settings)
                else ("allow_anonymous true",)
            ),
            *settings,
        ]
        file, log = self.folder / "mosquitto.conf", self.folder / "mosquitto.log"
        file.write_text("\n".join(lines) + "\n")
        with log.open("ab") as out:
            before = out.tell()
            self._process = subprocess.Popen([self._program, "-c", file, "-v"], stdout=out, stderr=out)
        while b" running" not in (said := log.read_bytes()[before:]):
            if self._process.poll() is not None and b"Address already in use" in log.read_bytes()[before:]:
                return False
            assert self._process.poll() is None, f"mosquitto ended:\n{self.log}"
            assert time.monotonic() < ends, f"mosquitto does not start:\n{said.decode()}"
            time.sleep(0.01)
        return True

    def stop(self) -> None:
        """Cleanly."""
        self._end(terminate=True)

    def kill(self) -> None:
        """As a power cut."""
        self._end(terminate=False)

    def pause(self) -> None:
        """It neither answers nor hangs up any more; `kill` ends that."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def passwords(self, **users: str) -> Path:
        """A password file."""
        path = self.folder / "passwords"
        path.touch(0o600)
        for user, password in users.items():
            subprocess.run(["mosquitto_passwd", "-b", path, user, password], check=True, capture_output=True)
        return path

    def _end(self, terminate: bool) -> None:
        if self._process is not None:
            self._process.terminate() if terminate else self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """Not started yet."""
    broker = Mosquitto(tmp_path)
    try:
        yield broker
    finally:
        broker.kill()


@dataclass(slots=True)
class Heard:
    """What a subscriber was sent: topic, body, and whether it was retained from before.

    ended  the broker is gone
    """

    messages: list[tuple[str, dict[str, Any], bool]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, topic: str, body: dict[str, Any], retained: bool) -> None:
        self.messages.append((topic, body, retained))
        self._news.set()

    def of(self, topic: str) -> list[dict[str, Any]]:
        """The bodies on topics that begin so."""
        return [body for name, body, _ in self.messages if name.startswith(topic)]

    def last(self, topic: str) -> dict[str, Any] | None:
        """The newest body on this topic."""
        return next((body for name, body, _ in reversed(self.messages) if name == topic), None)

    async def until(self, holds: Callable[["Heard"], bool]) -> None:
        """Waits for messages until it holds; AssertionError with what was heard if it never does."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds(self):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"never heard; only {self.messages}") from None


@asynccontextmanager
async def listening(port: int, topic: str = "#", **how: Any) -> AsyncIterator[Heard]:
    """Somebody who has subscribed; what is retained comes first. `how` is for aiomqtt's Client."""
    heard = Heard()

    async def listen(client: aiomqtt.Client) -> None:
        try:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.add(str(message.topic), json.loads(message.payload), bool(message.retain))
        except aiomqtt.MqttError:
            heard.ended.set()

    async with aiomqtt.Client(HOST, port, protocol=aiomqtt.ProtocolVersion.V5, **how) as client:
        await client.subscribe(topic, qos=1)
        task = asyncio.create_task(listen(client))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
