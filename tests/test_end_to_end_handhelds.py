"""People on their rounds with handhelds, into the running daemon: its events are the truth, whoever had what in hand.

A TSL handheld on a real pseudo-terminal, as rfcomm makes one, and a Zebra RFD40 on a real Mosquitto, each in a zone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import aiomqtt

from drivers.base import SetOutput, Start, Stop
from gateway.app import Daemon
from gateway.clock import Clock
from simulators.clock import SECOND, RunningClock, sleep_until
from simulators.lasting import QOS
from simulators.rfd import DOWN, UP, SimulatedRfd
from simulators.rounds import APART, Move, Pull, Thing, moves, rounds, things
from simulators.serial_line import PtyLine, TcpLine
from simulators.tsl import SimulatedTsl
from tests.fix_certificates import HOST
from tests.fix_daemon import events, gaps, until
from tests.fix_mosquitto import Mosquitto
from tests.fix_site import START, Wall, daemon
from tests.virtual_loop import run

ZONES = {"wand": "goods-in", "gun": "stock"}
SPEED = 8.0
TOPICS = "zebra/{}/clients/{}/RFD40-1"
DATA, EVENTS, WILL = (
    TOPICS.format("DATA", "data1event"),
    TOPICS.format("CTRL", "event"),
    TOPICS.format("CTRL", "rfid"),
)

Say = Callable[[Pull], Awaitable[None]]


def configuration(among: tuple[Thing, ...], devices: str) -> str:
    text = (
        '[site]\nid = "leeds"\n' + "".join(f'[[zone]]\nid = "{zone}"\n' for zone in ZONES.values()) + devices
    )
    for thing in among:
        tags = f'["{thing.epc.hex().upper()}", "barcode:{thing.code}"]'
        text += f'[[item]]\nid = "{thing.id}"\nkind = "asset"\ntags = {tags}\n'
    return text


def wand(url: str) -> str:
    return (
        f'[[device]]\nid = "wand"\nkind = "tsl"\nurl = "{url}"\nbadge = "EMP-"\n'
        f'antennas = [{{ port = 0, zone = "{ZONES["wand"]}" }}]\n'
    )


def gun(port: int) -> str:
    presence = f'presence = {{ topic = "{WILL}", down = "{DOWN}", up = "{UP}" }}\n'
    return (
        f'[[broker]]\nid = "main"\nurl = "mqtt://{HOST}:{port}"\n[[device]]\nid = "gun"\nkind = "rfd"\nbroker = "main"\n'
        f'topic = "{DATA}"\nevents = "{EVENTS}"\n{presence}badge = "EMP-"\n'
        f'antennas = [{{ port = 0, zone = "{ZONES["gun"]}" }}]\n'
    )


def said_by(module: SimulatedTsl, pull: Pull) -> bytes:
    return module.scan(pull.code.encode()) if pull.code is not None else module.pull(pull.sightings)


async def work(clock: RunningClock, one: Daemon, pulls: tuple[Pull, ...], say: Mapping[str, Say]) -> None:
    """One pull after the other, each when the one before was taken, and far enough from it on a slow machine too."""
    for pull in pulls:
        await sleep_until(clock, max(pull.time, clock.now() + APART[0]))
        link = one.links[pull.handheld]
        before = link.reads_total
        await say[pull.handheld](pull)
        await until(lambda link=link, before=before: link.reads_total > before, f"{pull} is taken")  # type: ignore[misc]


async def decided(journal: Path, pulls: tuple[Pull, ...]) -> None:
    """Until all that the pulls mean is told."""
    wanted = len(moves(pulls, ZONES))
    await until(lambda: len(told(journal)) >= wanted, "all is decided")


def told(journal: Path) -> list[Move]:
    """The arrivals of things, in order."""
    return [
        Move(
            str(event.item),
            str(event.place),
            event.from_place,
            str(event.evidence.get("operator")).removeprefix("badge:"),
        )
        for event in events(journal, "arrived")
        if event.item is not None
    ]


def by_thing(found: list[Move]) -> dict[str, list[Move]]:
    return {
        thing: [one for one in found if one.thing == thing] for thing in sorted({one.thing for one in found})
    }


def test_two_handhelds_and_what_may_happen_to_them(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Bluetooth is lost in the middle of a line; a message is delivered twice; badges come first."""
    mosquitto.start()
    among = things(6)
    pulls = rounds(7, START + 2 * SECOND, list(ZONES), among, 30)
    module, device = SimulatedTsl(), SimulatedRfd(DATA)
    file, journal = tmp_path / "waypost.toml", tmp_path / "waypost.db"

    async def main() -> None:
        clock = RunningClock(START, SPEED)
        with PtyLine(module, tmp_path / "rfcomm0", clock) as line:
            file.write_text(configuration(among, wand(line.url) + gun(mosquitto.port)))
            will = aiomqtt.Will(WILL, device.connection(DOWN), QOS)
            async with (
                daemon(file, Wall(clock).clock()) as one,
                aiomqtt.Client(HOST, mosquitto.port, identifier="RFD40-1", will=will) as client,
            ):

                async def with_wand(pull: Pull) -> None:
                    line.send(said_by(module, pull))

                async def with_gun(pull: Pull) -> None:
                    said = device.data(clock.now(), pull.sightings, pull.code)
                    for _ in range(2):
                        await client.publish(DATA, said, QOS)

                links = one.links
                await until(lambda: module.reading and links["wand"].health.state == "up", "the wand is up")
                await client.publish(WILL, device.connection(UP), QOS, retain=True)
                await until(lambda: links["gun"].health.state == "up", "the gun is up")
                await client.publish(EVENTS, device.heartbeat(clock.now()), QOS)
                say = {"wand": with_wand, "gun": with_gun}
                middle = len(pulls) // 2
                for number, pull in enumerate(pulls, 1):
                    await work(clock, one, (pull,), say)
                    await decided(journal, pulls[:number])
                    if number == middle:
                        await lose_bluetooth(line, module, one)
                        device.lose(3)
                await client.publish(WILL, device.connection(DOWN), QOS)
                await until(lambda: links["gun"].health.state == "down", "the gun has gone")
                assert links["gun"].counters["events_lost"] == 3

    asyncio.run(main())
    assert by_thing(told(journal)) == by_thing(moves(pulls, ZONES))
    assert {one.reads for one in events(journal, "arrived")} == {1}  # no message counts twice
    assert {event.kind for event in events(journal)} == {"device_down", "device_up", "arrived", "departed"}
    assert {gap.source for gap in gaps(journal)} == {"wand", "gun"}


def test_orders_start_and_stop_a_gun(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Its trigger does without them: nothing is said to it when a connection begins."""
    mosquitto.start()
    commands, responses = TOPICS.format("CTRL", "cmnd"), TOPICS.format("CTRL", "resp")
    file = tmp_path / "waypost.toml"
    more = f'commands = "{commands}"\nresponses = "{responses}"\n'
    file.write_text(configuration((), gun(mosquitto.port) + more))
    heard: list[object] = []

    async def main() -> None:
        async with aiomqtt.Client(HOST, mosquitto.port, identifier="RFD40-1") as client:
            await client.subscribe(commands, QOS)
            async with daemon(file, Clock()) as one:
                link = one.links["gun"]
                await client.publish(WILL, SimulatedRfd(DATA).connection(UP), QOS, retain=True)
                await until(lambda: link.health.state == "up", "it is up")
                for order in (SetOutput(1, True), Start(), Stop()):
                    link.order(order)
                for code in (11, 6):
                    message = await anext(client.messages)
                    assert isinstance(message.payload, bytes)
                    heard.append(json.loads(message.payload)["ctrlOprPayload"])
                    answer = {"command": "control_operation", "response": {"code": code, "description": "x"}}
                    await client.publish(responses, json.dumps(answer), QOS)
                await until(lambda: link.counters["commands_refused"] == 1, "its refusal is counted")
                assert link.counters["orders_refused"] == 1

    asyncio.run(main())
    assert heard == [
        {"controlType": "RFID", "operation": "START"},
        {"controlType": "RFID", "operation": "STOP"},
    ]


async def lose_bluetooth(line: PtyLine, module: SimulatedTsl, one: Daemon) -> None:
    """The tag whose line breaks off is not seen; the port goes, and comes back."""
    half = module.pull(Pull(0, "wand", None, tags=things(1)).sightings)
    line.send(half[: half.index(b"EP: ") + 10])
    line.unplug()
    await until(lambda: one.links["wand"].health.state == "down", "the daemon misses it")
    line.plug()
    await until(lambda: module.reading and one.links["wand"].health.state == "up", "it is back")


def test_a_shift_with_one_of_them_and_a_cable_in_between(tmp_path: Path) -> None:
    """In virtual time: while a cable silences its Bluetooth nothing is told, and a gap says from when to when."""
    among = things(8)
    module = SimulatedTsl()
    pulls = rounds(3, START + 10 * SECOND, ["wand"], among, 60)
    silent: list[int] = []
    later = tuple(
        Pull(pull.time + 240 * SECOND, pull.handheld, pull.who, pull.badge, pull.label, pull.tags)
        for pull in pulls[31:]
    )
    file, journal = tmp_path / "waypost.toml", tmp_path / "waypost.db"

    async def main() -> None:
        clock = RunningClock(START)
        async with TcpLine(module, clock).served() as line:
            file.write_text(configuration(among, wand(line.url)))
            async with daemon(file, Wall(clock).clock()) as one:
                health = one.links["wand"]

                async def say(pull: Pull) -> None:
                    line.send(said_by(module, pull))

                await until(lambda: module.reading and health.health.state == "up", "it is up")
                await work(clock, one, pulls[:31], {"wand": say})
                module.mute = True
                silent.append(clock.now())
                assert said_by(module, pulls[31]) == b""
                await asyncio.sleep(120)
                silent.append(clock.now())
                assert health.health.state == "down"
                module.mute = False
                await until(lambda: health.health.state == "up", "it is back")
                await work(clock, one, later, {"wand": say})
                await asyncio.sleep(5)

    run(main())
    assert by_thing(told(journal)) == by_thing(moves((*pulls[:31], *later), ZONES))
    (gap,) = [one for one in gaps(journal) if one.since > START + 10 * SECOND]
    assert gap.since <= silent[0] < silent[1] <= gap.to
    assert "a cable at its USB" in gap.reason
