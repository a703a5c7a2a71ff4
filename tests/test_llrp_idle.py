"""A reader that waits for its trigger says so: llrp_idle.py, and the whole way from an input line to events."""

import asyncio

import pytest

from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Idle, Input, Reads
from core.site import Antenna, Portal, Site, Source, Zone
from drivers.codecs.llrp import Message, Parameter
from drivers.codecs.llrp_idle import OVERDUE, longest_run
from drivers.codecs.llrp_session import Said
from drivers.codecs.llrp_setup import GpiTrigger, PeriodicTrigger, Reading
from drivers.llrp import Llrp
from simulators.clock import OwnClock, RunningClock
from simulators.llrp import SimulatedReader
from simulators.llrp_device import Setup
from simulators.llrp_models import FX9600
from simulators.llrp_reports import Sighting
from tests.llrp_bytes import epc, report, tag
from tests.llrp_peer import NOW, Peer, Play, event, greeting, keepalive, our_id
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

TRIGGERED = Reading(trigger=GpiTrigger(1, 10))
START, END, PREEMPTED = 0, 1, 2


def turned(play: Play, type: int, time: int = NOW) -> Message:
    (id,) = play.peer.specs
    return event(Parameter("ROSpecEvent", {"type": type, "rospec_id": id}), time=time)


def seen(time: int) -> bytes:
    return report(tag(epc(1), first=time, last=time))


def idles(heard: list[Said]) -> list[Idle]:
    return [one for one in heard if isinstance(one, Idle)]


def waiting(reading: Reading = TRIGGERED) -> Play:
    """A session whose reader waits for its trigger."""
    peer = Peer()
    peer.answers["ENABLE_ROSPEC"] = lambda request: [peer._fine(request)]
    play = Play(peer, reading)
    play.start()
    return play


def test_it_rests_from_the_beginning() -> None:
    play = waiting()
    assert play.heard[1:] == [Idle(play.now, True), Alive(play.now)]


def test_a_run_is_from_event_to_event() -> None:
    play = waiting()
    assert play.hear(turned(play, START, NOW + 1)) == [Idle(NOW + 1, False)]
    assert play.hear(turned(play, START, NOW + 2)) == []
    assert play.hear(turned(play, END, NOW + 3)) == [Idle(NOW + 3, True)]
    assert play.hear(turned(play, START, NOW + 4), turned(play, PREEMPTED, NOW + 5)) == [
        Idle(NOW + 4, False),
        Idle(NOW + 5, True),
    ]


def test_another_rospecs_events_say_nothing() -> None:
    play = waiting()
    assert play.hear(turned(play, 3)) == []
    other = Parameter("ROSpecEvent", {"type": START, "rospec_id": 77})
    assert play.hear(event(other)) == []


def test_the_last_reads_of_a_run_may_come_after_its_end() -> None:
    play = waiting()
    heard = play.hear(turned(play, START), turned(play, END, NOW + 5), seen(NOW + 4))
    assert idles(heard) == [Idle(NOW, False), Idle(NOW + 5, True)]


def test_a_reader_that_tells_no_starts_is_known_by_its_reads() -> None:
    play = waiting()
    play.pass_time(60)
    heard = play.hear(report(*(tag(epc(1), first=time, last=time) for time in (NOW, play.now - 9, play.now))))
    assert [type(one) for one in heard] == [Idle, Reads]
    assert idles(heard) == [Idle(play.now - 9, False)]
    since = play.now - 9
    play.pass_time(11.9)
    assert idles(play.hear(keepalive())) == []
    play.pass_time(0.2)
    assert play.hear(keepalive()) == [Idle(since + 10 * SECOND, True), Alive(play.now)]
    assert OVERDUE < 3 * SECOND


def test_a_run_that_goes_on_is_found_by_a_new_connection() -> None:
    peer = Peer()
    peer.specs = {our_id(peer, TRIGGERED): 2}
    play = Play(peer, TRIGGERED)
    play.start()
    assert idles(play.heard) == []
    assert play.hear(turned(play, END, NOW + 1)) == [Idle(NOW + 1, True)]


def test_what_the_reader_had_held_is_newer_than_its_list() -> None:
    peer = Peer()
    peer.specs = {our_id(peer, TRIGGERED): 2}
    play = Play(peer, TRIGGERED)
    play.hear(greeting())
    play.hear(turned(play, START, NOW - 30), turned(play, END, NOW - 20))
    play.wait()
    assert idles(play.heard) == [Idle(NOW - 20, True)]


def test_a_reader_that_reads_always_rests_when_it_is_told_to() -> None:
    play = Play(Peer())
    play.start()
    assert idles(play.heard) == []
    play.session.stop(play.at)
    play.exchange()
    assert play.hear(turned(play, END, NOW + 1)) == [Idle(NOW + 1, True)]
    play.session.start(play.at)
    play.exchange()
    assert play.hear(turned(play, START, NOW + 2)) == [Idle(NOW + 2, False)]


def test_the_gateways_clock_is_set_while_it_rests() -> None:
    play = waiting()
    play.session.shift(3600 * SECOND)
    play.now += 3600 * SECOND
    assert idles(play.hear(seen(play.now - 3600 * SECOND))) == []


@pytest.mark.parametrize(
    ("reading", "microseconds"),
    [(TRIGGERED, 10 * SECOND), (Reading(trigger=PeriodicTrigger(60, 0.5)), SECOND // 2), (Reading(), None)],
)
def test_the_longest_run(reading: Reading, microseconds: int | None) -> None:
    peer = Peer()
    play = Play(peer, reading)
    play.start()
    (added,) = [one for one in peer.said if one.name == "ADD_ROSPEC"]
    spec = added.first("ROSpec")
    assert spec is not None
    assert longest_run(spec) == microseconds
    assert longest_run(Parameter("ROSpec", {}, (Parameter("ROBoundarySpec"),))) is None


SITE = Site(
    "leeds",
    (Zone("yard"), Zone("hall"), Zone("cage", silence=5)),
    (Portal("dock", ("yard", "hall"), gap=2),),
    (
        Source(
            "door1",
            (
                Antenna(1, portal="dock", side="yard"),
                Antenna(2, portal="dock", side="hall"),
                Antenna(3, zone="cage"),
            ),
        ),
    ),
)


@pytest.mark.parametrize("clock", [OwnClock(), OwnClock(utc=False)])
def test_from_the_input_line_to_the_events(clock: OwnClock) -> None:
    """A tag passes in a triggered run and is decided soon; one in the cage is heard in every run and stays."""
    events: list[tuple[float, Event]] = []
    pipeline = Pipeline(SITE)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        link = FakeLink()
        reader = SimulatedReader(Setup(FX9600, clock), RunningClock(NOW + round(loop.time() * SECOND)))
        async with reader:
            settings = {
                "id": "door1",
                "url": reader.url,
                "antennas": [
                    {"port": 1, "portal": "dock", "side": "yard"},
                    {"port": 2, "portal": "dock", "side": "hall"},
                    {"port": 3, "zone": "cage"},
                ],
                "trigger": {"gpi": 1, "hold": 4},
            }
            driver = asyncio.create_task(Llrp.model_validate(settings).run(link))
            await reader.until(lambda: len(reader.device.runs) == 1)
            await asyncio.sleep(5)
            done = 0

            def step() -> None:
                nonlocal done
                for body in link.bodies[done:]:
                    decided = pipeline.step(Input("door1", 0, body))
                    assert decided.gaps == []
                    events.extend((loop.time(), one) for one in decided.events)
                done = len(link.bodies)

            for _ in range(3):
                reader.gpi(1, True)
                began = loop.time()
                for number in range(30):
                    port, other = (1, 3) if number < 15 else (2, 3)
                    await reader.see(Sighting(port, epc(1)), Sighting(other, epc(2)))
                    await asyncio.sleep(0.1)
                reader.gpi(1, False)
                while loop.time() < began + 10:
                    await asyncio.sleep(0.5)
                    step()
                assert any(began < when < began + 8 and one.kind == "passed" for when, one in events)
                await asyncio.sleep(600)
                step()
            driver.cancel()
            await asyncio.wait({driver})

    run(main())
    kinds = [(one.kind, one.place) for _, one in events if one.tag == epc(2).hex().upper()]
    assert kinds == [("arrived", "cage")]
    passes = [one.direction for _, one in events if one.kind == "passed"]
    assert passes == ["in"] * 3
