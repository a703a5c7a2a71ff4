"""Power cuts of a daemon whose devices acknowledge: `python -m tests.fix_receipts FOLDER ROUNDS`.

A device of this kind (MQTT, Teltonika) gives up a record when it is acknowledged, and sends again what was not. Each
round is a child of this process, which is killed at a random moment; the last one comes to the end. What was seen is
printed as one JSON object.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from core.records import SECOND, Alive, Body, Dictionary, Reads, Up
from gateway.clock import Clock
from simulators.layout import docks, site_toml
from simulators.traffic import Scenario
from simulators.world import Sightings, World
from tests.fix_daemon import reads, rows
from tests.fix_site import START, daemon

WORLD = World(Scenario(9, START, 180.0, docks(2, 0), 120.0, 20.0, 20.0, tags=(2, 6)))
PIECE = 0.2
"""Seconds of reads in a message."""
WINDOW = 8
"""Messages that may be on their way without an acknowledgement."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a device sends: its reads, and when it sends them."""

    device: str
    reads: Reads
    time: int


@cache
def messages() -> list[Message]:
    """All that the devices of the world have to say, in order."""
    tags = Dictionary(epc.hex().upper() for epc in WORLD.epcs)
    every = [one for id in WORLD.scenario.layout.readers for one in _of(id, WORLD.sightings(id), tags)]
    return sorted(every, key=lambda one: one.time)


def _of(device: str, seen: Sightings, tags: Dictionary) -> Iterator[Message]:
    ends = np.arange(START, int(seen.sent[-1]) + 2 * SECOND, round(PIECE * SECOND))
    for begin, end in pairwise(np.searchsorted(seen.sent, ends).tolist()):
        one = seen.pick(slice(begin, end))
        if len(one):
            body = Reads(tags, one.time, one.tag, one.antenna, one.rssi, np.ones(len(one), np.int32))
            yield Message(device, body, int(one.sent[-1]))


class Life:
    """A daemon and its devices, from message `first` on. Acknowledgements go to the file descriptor `told`."""

    def __init__(self, folder: Path, first: int, told: int) -> None:
        self._file = folder / "waypost.toml"
        self._left = list(enumerate(messages()))[first:]
        sent = [message.time for _, message in self._left[: WINDOW + 1]]
        self._now = max(sent, default=WORLD.truth.end) + SECOND
        self._told = told

    async def run(self) -> None:
        """To the end of the world, if nothing comes between."""
        async with daemon(
            self._file, Clock(lambda: self._now * 1000, lambda: 0, lambda: True)
        ) as self._daemon:
            for device in WORLD.scenario.layout.readers:
                await self._emit(device, Up(self._now))
            window = asyncio.Semaphore(WINDOW)
            async with asyncio.TaskGroup() as group:
                for number, message in self._left:
                    await window.acquire()
                    self._now = max(self._now, message.time)
                    group.create_task(self._send(number, message, window))
                    await asyncio.sleep(0)
            self._now = max(self._now, WORLD.truth.end)
            for device in WORLD.scenario.layout.readers:
                await self._emit(device, Alive(self._now))

    async def _send(self, number: int, message: Message, window: asyncio.Semaphore) -> None:
        await self._emit(message.device, message.reads)
        os.write(self._told, f"{number}\n".encode())
        window.release()

    async def _emit(self, device: str, body: Body) -> None:
        await (await self._daemon.links[device].emit(body))


def lives(folder: Path, rounds: int) -> dict[str, object]:
    """All rounds, and one to the end; returns which of them had lost what was acknowledged."""
    chance = random.Random(9)
    sent = messages()
    acknowledged: set[int] = set()
    broken = []
    for number in range(rounds):
        first = min(set(range(len(sent) + 1)) - acknowledged)
        acknowledged |= _life(folder, first, chance.randrange(len(sent) // rounds), chance)
        found = reads(folder / "waypost.db")
        promised = {row for one in acknowledged for row in rows(sent[one].device, sent[one].reads)}
        if not promised <= set(found):
            broken.append(number)
    first = min(set(range(len(sent) + 1)) - acknowledged)
    acknowledged |= _life(folder, first, len(sent) + 1, chance)
    return {"broken": broken, "last": len(sent) - first, "unacknowledged": len(sent) - len(acknowledged)}


def _life(folder: Path, first: int, acknowledgements: int, chance: random.Random) -> set[int]:
    """One child, killed after so many acknowledgements; returns those that reached the devices: the cut loses the last."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        asyncio.run(Life(folder, first, writing).run())
        os._exit(0)
    os.close(writing)
    acknowledged: list[int] = []
    with os.fdopen(reading) as told:
        for line in told:
            if len(acknowledged) >= acknowledgements:
                for _ in range(chance.choice((0, chance.randrange(100_000)))):  # the moment is to be any
                    pass
                os.kill(child, signal.SIGKILL)
            if line.endswith("\n"):
                acknowledged.append(int(line))
    _, ended = os.waitpid(child, 0)
    return set(acknowledged if ended == 0 else acknowledged[:-1])


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (place / "waypost.toml").write_text(site_toml(WORLD.scenario.layout, WORLD.truth.items))
    print(json.dumps(lives(place, int(sys.argv[2]))))
