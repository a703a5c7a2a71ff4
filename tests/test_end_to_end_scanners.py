"""Somebody at work with three scanners, through real ptys and a pipe into the running daemon: its events are the truth.

A serial scanner, one that speaks SSI and a keyboard, each in a zone of its own. On the loop of `tests.virtual_loop`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.events import Event
from drivers.codecs import ssi
from gateway.app import Daemon
from simulators.clock import RunningClock, sleep_until
from simulators.labels import Act, Printed, Thing, things, work
from simulators.scanner import SimulatedScanner
from simulators.serial_line import PtyLine, TcpLine
from simulators.ssi import SimulatedSsi
from simulators.wedge import SimulatedWedge
from tests.fix_daemon import events, gaps, until
from tests.fix_site import START, Wall, daemon
from tests.virtual_loop import run

ZONES = {"dock": "goods-in", "desk": "packing", "shelf": "stock"}
LATEST = 300_000
"""Microseconds from the last byte of a code to its record, at most."""

SPEED = 100.0

SPECIAL = Printed("SPECIAL", "C0")
NOISE = bytes.fromhex("f8 00 80 fe f0") * 3


class Bench:
    """The scanners of a site."""

    def __init__(self, folder: Path, clock: RunningClock) -> None:
        self.clock = clock
        self.scanner = SimulatedScanner()
        self.ssi = SimulatedSsi(most=20)
        self.serial: PtyLine | TcpLine = PtyLine(self.scanner, folder / "usb-scanner")
        self.packets: PtyLine | TcpLine = PtyLine(self.ssi, folder / "usb-ssi")
        self.keys = SimulatedWedge(folder / "event-kbd")

    def read(self, scanner: str, label: Printed) -> None:
        match scanner:
            case "dock":
                self.serial.send(self.scanner.read(label))
            case "desk":
                self.packets.say(self.ssi.read(label, self.packets.clock.now()))
            case _:
                self.keys.read(label)

    def toml(self, known: Iterable[Thing]) -> str:
        text = '[site]\nid = "leeds"\n'
        text += "".join(f'[[zone]]\nid = "{zone}"\n' for zone in ZONES.values())
        urls = {
            "dock": ("scanner", self.serial.url),
            "desk": ("ssi", self.packets.url),
            "shelf": ("wedge", self.keys.url),
        }
        for device, (kind, url) in urls.items():
            text += (
                f'[[device]]\nid = "{device}"\nkind = "{kind}"\nurl = "{url}"\nbadge = "EMP-"\n'
                f'antennas = [ {{ port = 0, zone = "{ZONES[device]}" }} ]\n'
            )
        for thing in known:
            kind = "person" if thing.tag.startswith("badge") else "stock"
            text += f'[[item]]\nid = "{thing.id}"\nkind = "{kind}"\ntags = ["{thing.tag}"]\n'
        return text


Fact = tuple[str, str | None, str | None, str | None, object]


@dataclass(frozen=True, slots=True)
class Done:
    """An act, and between which times its record has to lie, microseconds UTC."""

    act: Act
    sent: int
    taken: int


def truth(done: Iterable[Done]) -> list[tuple[Fact, Done]]:
    """What has to be told of the work: who was where from when on, by whose hand."""
    where: dict[str, str] = {}
    told: list[tuple[Fact, Done]] = []
    for one in done:
        act = one.act
        zone, was = ZONES[act.scanner], where.get(act.thing.id)
        if zone == was:
            continue
        if was is not None:
            told.append((("departed", act.thing.id, was, None, None), one))
        told.append((("arrived", act.thing.id, zone, was, act.operator), one))
        where[act.thing.id] = zone
    return told


def facts(journal: Path) -> list[tuple[Fact, int]]:
    def fact(event: Event) -> Fact:
        operator = event.evidence.get("operator") if event.kind == "arrived" else None
        return event.kind, event.item, event.place, event.from_place, operator

    return [(fact(event), event.time) for event in events(journal) if event.item is not None]


Fault = Callable[[Bench, Daemon], Coroutine[None, None, None]]


async def nothing(bench: Bench, one: Daemon) -> None:
    """All goes well."""


async def play(
    folder: Path, acts: tuple[Act, ...], known: Iterable[Thing], bench: Bench, fault: Fault = nothing
) -> list[Done]:
    """All acts, each after the one before was taken; the fault in the middle."""
    done: list[Done] = []
    file = folder / "waypost.toml"
    file.write_text(bench.toml(known))
    async with daemon(file, Wall(bench.clock).clock()) as one:
        await until(lambda: all(link.health.state == "up" for link in one.links.values()), "all are up")
        await until(lambda: bench.ssi.reading, "the SSI scanner is set up")
        for number, act in enumerate(acts):
            if number == len(acts) // 2:
                await fault(bench, one)
            await sleep_until(bench.clock, act.time)
            done.append(await taken(bench, one, act))
    return done


async def taken(bench: Bench, one: Daemon, act: Act) -> Done:
    """The act, done."""
    link = one.links[act.scanner]
    before, sent = link.reads_total, bench.clock.now()
    bench.read(act.scanner, act.label)
    await until(lambda: link.reads_total > before, "it is taken")
    return Done(act, sent, bench.clock.now())


def compare(journal: Path, done: Iterable[Done]) -> None:
    """Per item and in order: what is told at one instant has no order among items."""
    expected, found = truth(done), facts(journal)
    assert len(found) == len(expected)
    for id in {one.act.thing.id for one in done}:
        wanted = [(fact, when) for fact, when in expected if fact[1] == id]
        told = [(fact, time) for fact, time in found if fact[1] == id]
        assert [fact for fact, _ in told] == [fact for fact, _ in wanted]
        for (_, time), (_, when) in zip(told, wanted, strict=True):
            assert when.sent <= time <= when.taken


def job(seed: int, scans: int) -> tuple[tuple[Act, ...], list[Thing]]:
    known = things(seed, 9)
    acts = work(seed, START, list(ZONES), known, scans)
    people = {act.thing.id: act.thing for act in acts if act.thing.tag.startswith("badge")}
    return acts, [*known, *people.values()]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_scanned_is_where_it_was_scanned(tmp_path: Path, seed: int) -> None:
    """Through device servers, a shift of an hour in virtual time."""
    acts, known = job(seed, 60)

    async def main() -> list[Done]:
        bench = Bench(tmp_path, RunningClock(START))
        with bench.keys:
            async with (
                TcpLine(bench.scanner, bench.clock).served() as bench.serial,
                TcpLine(bench.ssi, bench.clock).served() as bench.packets,
            ):
                return await play(tmp_path, acts, known, bench)

    done = run(main())
    compare(tmp_path / "waypost.db", done)
    assert max(one.taken - one.sent for one in done) < LATEST
    decided = [
        event.detected - event.time for event in events(tmp_path / "waypost.db") if event.item is not None
    ]
    assert max(decided) < LATEST


def test_noise_half_codes_repeated_packets_and_lost_cables(tmp_path: Path) -> None:
    """On real pseudo-terminals and a pipe, with the world's time running faster."""
    acts, known = job(3, 30)

    async def main() -> list[Done]:
        with ExitStack() as plugged:
            bench = Bench(tmp_path, RunningClock(START, SPEED))
            for one in (bench.serial, bench.packets, bench.keys):
                assert not isinstance(one, TcpLine)
                plugged.enter_context(one)
            return await play(tmp_path, acts, known, bench, disturbed)

    done = asyncio.run(main())
    compare(tmp_path / "waypost.db", done)
    of = [event for event in events(tmp_path / "waypost.db") if event.tag == "barcode:SPECIAL"]
    assert [(event.kind, event.place) for event in of] == [("arrived", "packing")]
    assert {gap.source for gap in gaps(tmp_path / "waypost.db") if gap.since > done[0].sent} == {
        "dock",
        "shelf",
    }


async def disturbed(bench: Bench, one: Daemon) -> None:
    """Nothing of it is a scan but SPECIAL, once."""
    assert isinstance(bench.serial, PtyLine)
    counters = {device: link.counters for device, link in one.links.items()}
    bench.serial.send(NOISE + b"\r\n")
    await until(lambda: counters["dock"]["garbled"] == 1, "the noise is told")
    assert counters["dock"]["noise"] == len(NOISE)
    before = one.links["desk"].reads_total
    packet = bench.ssi.read(SPECIAL, bench.packets.clock.now())
    bench.packets.send(packet[:-3] + b"?" + packet[-2:])
    await until(lambda: one.links["desk"].reads_total == before + 1, "it is asked for again")
    assert counters["desk"]["noise"] == len(packet)
    bench.packets.send(ssi.codes(SPECIAL.text.encode(), 0x03, ssi.RETRANSMIT)[0])
    await until(lambda: counters["desk"]["repeated"], "the one whose acknowledgement was lost is told")
    bench.keys.write(bench.keys.typed("SPEC"))
    await until(lambda: counters["shelf"]["cut_codes"] == 1, "what is typed no further is told")
    bench.serial.send(bench.scanner.read(SPECIAL)[:6])
    bench.serial.unplug()
    bench.keys.unplug()
    links = [one.links[device] for device in ("dock", "shelf")]
    await until(lambda: all(link.health.state == "down" for link in links), "both are missed")
    bench.serial.plug()
    bench.keys.plug()
    await until(lambda: all(link.health.state == "up" for link in links), "both are back")
