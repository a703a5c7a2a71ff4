"""A simulated device whose broker is killed: it waits, says that it is there again, and tells what it has noted meanwhile."""

import asyncio

import aiomqtt

from simulators.clock import RunningClock, sleep_until
from simulators.declared import Declared
from simulators.json_tracker import SimulatedJsonTracker
from simulators.lasting import LastingClient, Sign
from simulators.logbook import Faults, Logbook
from simulators.reporting import report
from simulators.track import Track
from tests.fix_certificates import HOST
from tests.fix_daemon import until
from tests.fix_mosquitto import Mosquitto, listening

SIGN = Sign("carts/state", b'{"is":"here"}', b'{"is":"gone"}')
PLACES = {"lat": "at.0.lat", "lon": "at.0.lon", "time": "ts", "items": None}


def client(mosquitto: Mosquitto) -> LastingClient:
    def connect(will: aiomqtt.Will | None) -> aiomqtt.Client:
        return aiomqtt.Client(HOST, mosquitto.port, identifier="cart", will=will)

    return LastingClient(connect, SIGN)


def test_what_falls_due_while_the_broker_is_away_is_told_when_it_is_back(mosquitto: Mosquitto) -> None:
    mosquitto.start()
    tracker = SimulatedJsonTracker("cart", Declared("carts/gps", PLACES), {"time": "us"})

    async def main() -> None:
        clock = RunningClock()
        logbook = Logbook(Track(1, clock.now()), clock.now(), 0.1, Faults(lost=4, repeated=3))
        async with client(mosquitto) as lasting:
            task = asyncio.create_task(report(logbook, tracker.message, lasting, clock))
            await until(lambda: len(logbook.acknowledged) >= 3, "it tells")
            mosquitto.kill()
            away = clock.now()
            await sleep_until(clock, away + 500_000)
            mosquitto.start()
            async with listening(mosquitto.port, "carts/#") as heard:
                await heard.until(lambda one: one.of("carts/state") == [{"is": "here"}])
                await heard.until(
                    lambda one: any(body["ts"] > away + 500_000 for body in one.of("carts/gps"))
                )
                task.cancel()
                await asyncio.wait([task])
                noted = {body["ts"] for body in heard.of("carts/gps")}
        meant = {time for time, _ in logbook.made}
        assert noted <= meant
        told = sorted(time for time, _ in logbook.acknowledged)
        assert told == [time for time, _ in logbook.made][: len(told)]
        assert len(told) >= 8

    asyncio.run(main())


def test_it_takes_its_leave(mosquitto: Mosquitto) -> None:
    mosquitto.start()

    async def main() -> None:
        async with client(mosquitto):
            pass
        async with listening(mosquitto.port, "carts/#") as heard:
            await heard.until(lambda one: one.of("carts/state") == [{"is": "gone"}])

    asyncio.run(main())
