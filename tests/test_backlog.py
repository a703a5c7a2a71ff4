"""300,000 reads that a reader, or its broker, kept while nobody listened: they come in order, each with its own time,
and nothing that was read hours ago has "arrived now".
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.events import Event, rfc3339
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Body, Reads
from core.site import Antenna, Site, Source, Zone
from drivers.codecs.llrp import Message, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.message_session import Message as Published
from drivers.zebra import Zebra
from gateway.broker.connection import IN_FLIGHT
from gateway.broker.member import Member
from gateway.intake import Intake
from gateway.link import DeviceLink
from simulators.clock import RunningClock
from tests.fix_daemon import events, inputs, until
from tests.fix_site import START, Wall, daemon
from tests.llrp_bytes import epc, report, tag
from tests.llrp_peer import Peer, greeting
from tests.virtual_loop import run

READS = 300_000
AT_ONCE = 100
"""Tags that are read at one moment, and stand in one report."""

EVERY = 10 * SECOND
"""Between two moments: the backlog is of more than eight hours."""

STAY = 500
"""Moments for which tags are there; then others come."""

MOMENTS = READS // AT_ONCE
OLDEST = START - (MOMENTS + 60) * EVERY
SILENCE = 30
Times = NDArray[np.int64]


def moments() -> Times:
    """Microseconds UTC."""
    return OLDEST + np.arange(MOMENTS, dtype=np.int64) * EVERY


def number(moment: int, place: int) -> int:
    """Of the tag that is in that place then."""
    return (moment // STAY) * AT_ONCE + place + 1


def times() -> list[int]:
    """Of all reads."""
    return np.repeat(moments(), AT_ONCE).tolist()


def check(found: Sequence[Event]) -> None:
    """Each tag has arrived when it was read first, has departed when it was read last, and was never late."""
    first = {
        epc(number(moment, place)).hex().upper(): OLDEST + moment * EVERY
        for moment in range(0, MOMENTS, STAY)
        for place in range(AT_ONCE)
    }
    arrived = [event for event in found if event.kind == "arrived"]
    departed = [event for event in found if event.kind == "departed"]
    assert {event.tag: event.time for event in arrived} == first
    assert len(arrived) == len(first)
    assert [event.time for event in arrived] == sorted(event.time for event in arrived)
    gone = {tag: time + (STAY - 1) * EVERY for tag, time in first.items()}
    assert all(gone[str(event.tag)] == event.time for event in departed)
    assert len(departed) >= len(first) - AT_ONCE
    assert not [event.kind for event in found if event.late or event.kind == "retracted"]


class Holder(asyncio.Protocol):
    """A reader that was left reading, and holds `backlog` until it is asked for what it has."""

    def __init__(self, backlog: bytes) -> None:
        self.peer = Peer()
        self.backlog = backlog
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(encode_message(greeting(time=START)))

    def data_received(self, data: bytes) -> None:
        for request in map(decode_message, self._frames.feed(data)):
            self.transport.write(b"".join(encode_message(answer) for answer in self.peer.answer(request)))
            if request.name == "ENABLE_EVENTS_AND_REPORTS":
                self.transport.write(self.backlog)
                self.backlog = encode_message(Message("KEEPALIVE"))


def held_reports() -> bytes:
    """One report a moment, written as one and then changed in its places."""
    mark = 0x0102030405060708
    one = report(*(tag(epc(place + 1), first=None, last=mark) for place in range(AT_ONCE)))
    many = np.frombuffer(one * MOMENTS, np.uint8).reshape(MOMENTS, len(one)).copy()
    stamps = moments().astype(">i8").view(np.uint8).reshape(MOMENTS, 8)
    at = 0
    for place in range(AT_ONCE):
        name = one.index(epc(place + 1), at)
        at = one.index(mark.to_bytes(8), name)
        many[:, at : at + 8] = stamps
        names = np.array([number(moment, place) for moment in range(MOMENTS)], ">i8")
        many[:, name + 4 : name + 12] = names.view(np.uint8).reshape(MOMENTS, 8)
    return many.tobytes()


def test_what_an_llrp_reader_held_comes_in_order_and_with_its_own_times(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Holder(held_reports()), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        file = tmp_path / "waypost.toml"
        file.write_text(
            f'[site]\nid = "leeds"\n[[zone]]\nid = "hall"\nleave = "silence"\nsilence = {SILENCE}\n'
            f'[[device]]\nid = "door1"\nkind = "llrp"\nurl = "tcp://127.0.0.1:{port}"\n'
            'antennas = [{ port = 1, zone = "hall" }]\n'
        )
        async with server, daemon(file, Wall(RunningClock(START)).clock()) as one:
            await until(lambda: one.links["door1"].reads_total == READS, "all has come")
            await (await one.links["door1"].emit(Alive(START)))

    run(main())
    journal = tmp_path / "waypost.db"
    bodies = [one.body for one in inputs(journal) if isinstance(one.body, Reads)]
    assert [time for body in bodies for time in body.time.tolist()] == times()
    check(events(journal))


def published() -> Iterator[Published]:
    """As a Zebra reader batches them: half a moment in each message; delivered now."""
    event = 0
    for moment, time in enumerate(moments().tolist()):
        stamp = rfc3339(time)[:-4] + "+0000"
        for start in range(0, AT_ONCE, AT_ONCE // 2):
            tags = []
            for place in range(start, start + AT_ONCE // 2):
                event += 1
                data = {"eventNum": event, "idHex": epc(number(moment, place)).hex(), "antenna": 1}
                tags.append({"data": data, "timestamp": stamp, "type": "CUSTOM"})
            yield Published("zebra/door1/data", json.dumps(tags).encode(), False, START)


def test_what_a_broker_kept_comes_in_order_and_with_its_own_times() -> None:
    """As its connection hands it over; signs of life between, as once a second."""
    device = Zebra(id="door1", broker="main", topic="zebra/door1/data")
    site = Site(
        "leeds",
        (Zone("hall", leave="silence", silence=SILENCE),),
        sources=(Source("door1", (Antenna(1, zone="hall"),)),),
    )

    async def main() -> tuple[list[Body], list[Event]]:
        intake, pipeline = Intake(1 << 40), Pipeline(site)
        member = Member(device, DeviceLink("door1", intake, lambda: START, lambda: True), "main")
        told: list[Event] = []
        bodies: list[Body] = []
        await member.begin()
        waiting = deque(published())
        while waiting:
            await member.take([waiting.popleft() for _ in range(min(IN_FLIGHT, len(waiting)))])
            await member.tick()
            while taken := intake.take():
                bodies += [one.input.body for one in taken]
                told += [event for one in taken for event in pipeline.step(one.input).events]
        return bodies, told

    bodies, told = run(main())
    assert [time for one in bodies if isinstance(one, Reads) for time in one.time.tolist()] == times()
    assert not [one for one in bodies if isinstance(one, Alive)], (
        "it has not caught up: its silence means nothing"
    )
    check(told)
