"""The daemon as a process of its own, and how tests wait for it: by looking at its socket and its journal."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from core.events import Event, Gap
from core.records import Input, Reads
from gateway.reader import open_read_only

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds after which a condition is given up: for a daemon that hangs, far beyond what a slow machine takes."""
POLL = 0.02

T = TypeVar("T")
Answer = dict[str, Any]
Row = tuple[str, str, int, int]
"""A read of the journal: device, tag, antenna, time."""


async def until(look: Callable[[], T | None], about: str) -> T:
    """What `look` sees, as soon as that is neither None nor False; AssertionError with `about` if it never is."""
    ends = asyncio.get_running_loop().time() + PATIENCE
    while not (found := look()):
        assert asyncio.get_running_loop().time() < ends, f"never came true: {about}"
        await asyncio.sleep(POLL)
    return found


async def ask(journal: Path, command: str = "status", **more: str | int) -> Answer:
    """The first answer of the daemon that owns `journal`. Raises OSError if none listens."""
    reader, writer = await asyncio.open_unix_connection(f"{journal}.sock", limit=1 << 22)
    try:
        writer.write(json.dumps({"command": command, **more}).encode() + b"\n")
        line = await reader.readline()
    finally:
        writer.close()
    if not line:
        raise ConnectionResetError("the daemon closed its socket")
    answer: Answer = json.loads(line)
    return answer


class Daemon:
    """A running `waypost run FILE`; `log` is what it said on stderr."""

    def __init__(self, file: Path, process: asyncio.subprocess.Process, said: Path) -> None:
        self.file = file
        self.journal = file.parent / "waypost.db"
        self.process = process
        self._said = said

    @property
    def log(self) -> str:
        return self._said.read_text()

    def lines(self, *words: str) -> list[str]:
        """The lines of the log in which all the words stand."""
        return [line for line in self.log.splitlines() if all(word in line for word in words)]

    async def status(self) -> Answer:
        return await ask(self.journal)

    async def answers(self) -> Answer:
        """Its status, as soon as it has one."""
        return await self.until(lambda status: True, "the daemon answers")

    async def until(self, holds: Callable[[Answer], bool], about: str) -> Answer:
        """The first status for which `holds` is true; AssertionError with the log if the daemon ends before."""
        ends = asyncio.get_running_loop().time() + PATIENCE
        status: Answer = {}
        while asyncio.get_running_loop().time() < ends:
            assert self.process.returncode is None, f"the daemon ended before {about}:\n{self.log}"
            try:
                status = await self.status()
            except OSError:
                status = {}
            if status and holds(status):
                return status
            await asyncio.sleep(POLL)
        raise AssertionError(f"never came true: {about}\n{json.dumps(status, indent=1)}\n{self.log}")

    async def up(self, *devices: str) -> Answer:
        """Its status, as soon as the devices are up."""
        return await self.until(
            lambda status: all(status["devices"][name]["state"] == "up" for name in devices),
            f"{devices} are up",
        )

    async def kill(self) -> None:
        """A power cut, as far as a process can feel it."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """A clean stop; returns the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def running(file: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[Daemon]:
    """`waypost run FILE` with the journal waypost.db beside it; killed at the end if it still runs."""
    said = file.parent / f"daemon-{len(list(file.parent.glob('daemon-*.log')))}.log"
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway.cli",
            "run",
            str(file),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stderr=log,
        )
    daemon = Daemon(file, process, said)
    try:
        yield daemon
    finally:
        await daemon.kill()


async def waypost(*arguments: str | Path) -> tuple[int, str, str]:
    """Run a command to its end: exit status, stdout, stderr."""
    command = (sys.executable, "-m", "gateway.cli", *map(str, arguments))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE):
        out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


@asynccontextmanager
async def following(*arguments: str | Path) -> AsyncIterator[list[str]]:
    """A command that goes on until Ctrl-C, which comes at the end; the list gets the lines of its stdout, as they come."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", *map(str, arguments)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    lines: list[str] = []

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            lines.append(line.decode())

    reading = asyncio.create_task(read())
    try:
        yield lines
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            await reading
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


# What stands in a journal, also while a daemon writes to it


def events(journal: Path, *kinds: str) -> list[Event]:
    """All events in order, or those of some kinds."""
    with open_read_only(journal) as past:
        return [event for _, event in past.events() if not kinds or event.kind in kinds]


def passes(journal: Path) -> list[Event]:
    """Every `passed`."""
    return events(journal, "passed")


def gaps(journal: Path) -> list[Gap]:
    """All gaps in order."""
    with open_read_only(journal) as past:
        return [gap for _, gap in past.gaps()]


def inputs(journal: Path) -> list[Input]:
    """All inputs in order."""
    with open_read_only(journal) as past:
        return [input for _, input in past.inputs()]


def reads(journal: Path) -> Counter[Row]:
    """Every read that was journalled, and how often."""
    found: Counter[Row] = Counter()
    for input in inputs(journal):
        if isinstance(input.body, Reads):
            found.update(rows(input.source, input.body))
    return found


def rows(source: str, body: Reads) -> list[Row]:
    """A batch's reads."""
    columns = zip(body.tag.tolist(), body.antenna.tolist(), body.time.tolist(), strict=True)
    return [(source, body.tags.ids[tag], antenna, time) for tag, antenna, time in columns]
