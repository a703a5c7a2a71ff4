"""A gateway and its readers, each in a process of its own, watched from a third."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.bench.host import Mark, host
from gateway.bench.script import Script, play
from gateway.bench.site import configuration

GATEWAY_CORE, READER_CORE = 0, 1
PATIENCE = 60.0
"""Seconds after which a process that says nothing has failed."""


QUIET = 5
"""Seconds on end with few events, after which first sights are over."""


class Failed(Exception):
    """A measurement could not be made; the text says why."""


@dataclass(slots=True)
class Process:
    """A child and the line to it."""

    name: str
    process: BaseProcess
    link: Connection

    def receive(self) -> object:
        """What it says next. Raises Failed if it says nothing."""
        if not self.link.poll(PATIENCE):
            raise Failed(f"the {self.name} says nothing for {PATIENCE:g} s")
        try:
            return self.link.recv()
        except EOFError:
            raise Failed(f"the {self.name} ended with exit code {self.process.exitcode}") from None

    def end(self) -> None:
        """Ask it to end, and make sure that it does."""
        if self.process.is_alive():
            self.link.send("end")
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@dataclass(slots=True)
class Live:
    """A running gateway of the site at `path`."""

    path: Path
    timed: bool
    gateway: Process

    def restart(self) -> None:
        """A clean stop, and a new process on the same journal."""
        self.gateway.end()
        self.gateway = gateway(self.path, self.timed)

    def mark(self) -> Mark:
        """What is durable by now."""
        return marked(self.gateway)

    def settled(self, least: float, most: float, events: float) -> Mark:
        """The mark from which on fewer than `events` per second are decided, within least..most seconds of the first read.

        For some seconds on end: a gateway that is busy with first sights may commit nothing for a while.
        """
        while not self.mark().reads:
            time.sleep(0.1)
        began, before, quiet = time.monotonic(), self.mark(), 0
        while True:
            time.sleep(1.0)
            now, waited = self.mark(), time.monotonic() - began
            few = now.events - before.events < events * (now.at - before.at)
            quiet = quiet + 1 if few and now.reads > before.reads else 0
            if waited >= most or (waited >= least and quiet >= min(QUIET, least)):
                return now
            before = now


@contextmanager
def live(
    script: Script, folder: Path, zones: bool = True, timed: bool = False, silence: float = 5.0
) -> Iterator[Live]:
    """The gateway of a site whose readers follow `script`; its journal is on the filesystem of `folder`."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=play, args=(script, READER_CORE, theirs), daemon=True)
    child.start()
    readers = Process("readers", child, ours)
    with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
        try:
            path = configuration(Path(made), ports_of(readers), zones, silence)
            running = Live(path, timed, gateway(path, timed))
            try:
                yield running
            finally:
                running.gateway.end()
        finally:
            readers.end()


def ports_of(readers: Process) -> list[int]:
    """Where each of them listens, which is the first thing that they say."""
    ports = readers.receive()
    if not isinstance(ports, list):
        raise Failed(f"the readers answered {ports!r}")
    return ports


def gateway(path: Path, timed: bool, core: int | None = GATEWAY_CORE) -> Process:
    """The process of the gateway of the site at `path`; None = on any core."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=host, args=(path, core, timed, theirs), daemon=True)
    child.start()
    return Process("gateway", child, ours)


def marked(gateway: Process) -> Mark:
    """What is durable by now."""
    gateway.link.send("mark")
    answer = gateway.receive()
    if not isinstance(answer, Mark):
        raise Failed(f"the gateway answered {answer!r}")
    return answer
