"""Trackers on the road: how many records a second one core decodes and makes durable, and what a thousand of them cost."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from core.pipeline import Pipeline
from core.records import Dictionary, Input
from core.site import Site, Source
from drivers.codecs.fix_clock import FixClocks
from drivers.codecs.teltonika import Record, frame, login
from drivers.codecs.teltonika_session import Session
from drivers.codecs.tracker_columns import fixes
from drivers.codecs.tracker_session import Position
from gateway.bench.live import READER_CORE, Failed, Process, gateway, marked
from gateway.bench.machine import free_port, pin
from gateway.bench.rows import Row
from gateway.journal import Journal

RECORDS = 60_000.0
"""Records per second of CPU, decoded and journalled."""
SHARE = 25.0
"""% of a core, for TRACKERS of which each sends once a second."""
MEMORY = 60.0
"""MB, for their connections."""
TRACKERS = 1_000

_PER_FRAME = 20
_FRAMES = 200
"""Of one batch: what a backlog brings between two hand-overs."""
_BEGIN = 1_750_032_000_000
_IMEI = 350_000_000_000_000
_LAST_ANSWERS = 2.0
_LEAST = 2.0


def trackers(seconds: float, folder: Path, count: int = TRACKERS, settle: float = 5.0) -> Iterator[Row]:
    """All rows of this kind; `seconds` for each, `settle` until all of the trackers have called."""
    with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
        rates = _journalled(seconds, Path(made) / "journal.db")
    yield Row(
        "gps teltonika",
        "records decoded and journalled",
        rates["all"],
        "records/s",
        f"{_PER_FRAME} records per frame, 8 IO elements, batches of {_FRAMES * _PER_FRAME:,}, CPU; to columns alone "
        f"{rates['decoded']:,.0f}/s, the pipeline's step alone {rates['stepped']:,.0f}/s",
        RECORDS,
    )
    yield from _connected(seconds, folder, count, settle)


def _journalled(seconds: float, path: Path) -> dict[str, float]:
    """Records per second of CPU: of the whole way, and of its parts."""
    journal, pipeline = Journal.open(path, "bench"), Pipeline(Site("bench", sources=(Source("road"),)))
    session, clocks, ids = Session(tracker=str(_IMEI)), FixClocks(), Dictionary()
    spent: Counter[str] = Counter()
    began, rows, rounds = time.perf_counter(), 0, 0
    while time.perf_counter() - began < seconds or not rounds:
        stream = _backlog(rounds)
        now = (_BEGIN + 1000 * _FRAMES * _PER_FRAME * (rounds + 1)) * 1000
        first = time.process_time_ns()
        several: list[tuple[str, Sequence[Position]]] = []
        for data in stream:
            for report in session.receive(data, now):
                several.append(
                    (report.tracker, clocks.settle(report.tracker, report.positions, now, True)[0])
                )
        batch = fixes(ids, several)
        second = time.process_time_ns()
        input = Input("road", now, batch)
        decided = pipeline.step(input)
        third = time.process_time_ns()
        journal.commit([input], decided.events, decided.gaps)
        journal.tend()
        spent.update(decoded=second - first, stepped=third - second, all=time.process_time_ns() - first)
        rows += len(batch)
        rounds += 1
    journal.close()
    return {name: rows * 1e9 / max(1, ns) for name, ns in spent.items()}


def _backlog(number: int) -> list[bytes]:
    """Frames that follow each other in time."""
    first = number * _FRAMES * _PER_FRAME
    return [
        frame([_record(at) for at in range(start, start + _PER_FRAME)])
        for start in range(first, first + _FRAMES * _PER_FRAME, _PER_FRAME)
    ]


def _record(at: int, time: int | None = None) -> Record:
    io = {
        1: {239: 1, 240: at & 1, 21: at % 6, 69: 1},
        2: {66: 12_000 + at % 500, 67: 4_100, 182: 9},
        4: {16: 1_234_567 + at},
    }
    when = _BEGIN + 1000 * at if time is None else time
    return Record(when, 53.8 + 1e-6 * (at % 1000), -1.55, 50, at % 360, 9, 30, io=io)


# A thousand of them


@dataclass(frozen=True, slots=True)
class Calls:
    """Records that were sent, and acknowledged."""

    sent: int
    acknowledged: int


def _connected(seconds: float, folder: Path, count: int, settle: float) -> Iterator[Row]:
    with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
        port = free_port()
        running = gateway(_site(Path(made), port, count), False)
        try:
            empty = marked(running)
            callers = _callers(port, count)
            try:
                time.sleep(settle)
                before = marked(running)
                time.sleep(max(seconds, _LEAST))
                after = marked(running)
            finally:
                callers.link.send("end")
                calls = callers.receive()
                callers.end()
        finally:
            running.end()
    if not isinstance(calls, Calls):
        raise Failed(f"the trackers answered {calls!r}")
    share = 100 * (after.cpu - before.cpu) / (after.at - before.at)
    text = f"{count:,} connections, a record a second each; {calls.acknowledged:,} of {calls.sent:,} acknowledged at the end"
    yield Row("gps trackers: CPU", "share of one core", share, "%", text, SHARE, "lower")
    more = after.rss - empty.rss
    yield Row(
        "gps trackers: memory",
        "more than without them",
        more,
        "MB",
        f"VmRSS; {after.rss:.0f} MB in all",
        MEMORY,
        "lower",
    )


def _site(folder: Path, port: int, count: int) -> Path:
    file = folder / "waypost.toml"
    file.write_text(
        f'[site]\nid = "bench"\n[[device]]\nid = "road"\nkind = "teltonika"\nurl = "listen://127.0.0.1:{port}"\n'
        f"connections = {count}\nper_address = {count}\n"
    )
    return file


def _callers(port: int, count: int) -> Process:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=call, args=(port, count, theirs), daemon=True)
    child.start()
    return Process("trackers", child, ours)


def call(port: int, count: int, link: Connection) -> None:
    """The process of the trackers, until there is a sentence on `link`; tells it the Calls then."""
    pin(READER_CORE)
    link.send(asyncio.run(_call(port, count, link)))


class _Tracker(asyncio.Protocol):
    """One connection; the first byte that it hears is the answer to its login."""

    def __init__(self) -> None:
        self.heard = 0

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)


async def _call(port: int, count: int, link: Connection) -> Calls:
    loop = asyncio.get_running_loop()
    called: list[tuple[asyncio.Transport, _Tracker]] = []
    for number in range(count):
        transport, tracker = await loop.create_connection(_Tracker, "127.0.0.1", port)
        transport.write(login(str(_IMEI + number)))
        called.append((transport, tracker))
    sent, ends = 0, loop.time()
    while not link.poll():
        for number, (transport, _) in enumerate(called):
            ends += 1 / count
            await asyncio.sleep(ends - loop.time())
            transport.write(frame([_record(number, time.time_ns() // 1_000_000)]))
            sent += 1
    await asyncio.sleep(_LAST_ANSWERS)
    heard = sum((tracker.heard - 1) // 4 for _, tracker in called)
    for transport, _ in called:
        transport.close()
    return Calls(sent, heard)
