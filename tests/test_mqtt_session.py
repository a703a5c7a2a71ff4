"""The session with a real Mosquitto: birth and death, outages, copies of a card, also while nothing is sent."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from gateway.sinks.contract import Lost, Refused
from gateway.sinks.mqtt.session import REFUSED
from gateway.sinks.mqtt.sink import MqttSink
from gateway.sinks.mqtt.standing import Found
from tests.fix_daemon import until
from tests.fix_mosquitto import Heard, Mosquitto, listening
from tests.mqtt_sinks import SITE, batch, event, made, opened
from tests.relay import relay_to

STATUS = f"waypost/{SITE}/status"


ONLINE = {"state": "online", "time": "2025-10-09T08:53:20.000000Z", "version": "1.2.3", "reason": None}


def states(heard: Heard) -> list[tuple[str, str | None]]:
    return [(body["state"], body["reason"]) for body in heard.of(STATUS)]


async def looked_after(sink: MqttSink) -> None:
    """Until it complains."""
    while True:
        await sink.tend()
        await asyncio.sleep(0)


def test_birth_and_death(mosquitto: Mosquitto) -> None:
    """A connection that breaks is told by the broker, one that is closed by the gateway; after a break it is born anew."""
    mosquitto.start()

    async def script() -> None:
        async with (
            relay_to(lambda: mosquitto.port) as relay,
            listening(mosquitto.port, STATUS) as heard,
        ):
            async with opened(made(relay.port)):
                await heard.until(lambda heard: states(heard) == [("online", None)])
                assert heard.last(STATUS) == ONLINE
                relay.cut()
                await heard.until(lambda heard: len(states(heard)) == 3)
            await heard.until(lambda heard: len(states(heard)) == 4)
        assert states(heard) == [
            ("online", None),
            ("offline", "connection lost"),
            ("online", None),
            ("offline", "stopped"),
        ]
        async with listening(mosquitto.port, STATUS) as later:
            await later.until(lambda later: later.messages[-1:] != [])
            assert later.messages[0][2]

    asyncio.run(script())


def test_two_with_one_client_id_are_told_so(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    """A card and its copy throw each other out; after some rounds both say what it is, and wait for somebody."""
    mosquitto.start()

    async def script() -> None:
        waits: list[float] = []
        enough = asyncio.Event()

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            if seconds == REFUSED:
                enough.set()
                await asyncio.Event().wait()

        card, copy = made(mosquitto.port, sleep=sleep), made(mosquitto.port, sleep=sleep)
        async with opened(card), opened(copy):
            async with asyncio.timeout(60):
                await enough.wait()
            assert "the client id 'waypost-leeds-" in caplog.text
            assert len(waits) <= 11
            said = await asyncio.gather(
                card.write(batch([event(1)])), copy.write(batch([event(1)])), return_exceptions=True
            )
            assert [
                str(one) for one in said if isinstance(one, Refused) and "is this card a copy" in str(one)
            ]

    asyncio.run(script())


def test_a_birth_that_is_refused_is_no_session(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Not at the second attempt either, and not beside the events."""
    acl = tmp_path / "acl"
    acl.write_text("topic write waypost/leeds/event/#\n")
    acl.chmod(0o600)
    mosquitto.start(f"acl_file {acl}")

    async def script() -> None:
        sink = made(mosquitto.port)
        for _ in range(2):
            with pytest.raises(Refused, match="waypost/leeds/status"):
                await sink.open()
        with pytest.raises(Refused, match="waypost/leeds/status"):
            await sink.write(batch([event(1)]))
        await sink.close()

    asyncio.run(script())


def test_a_session_that_is_lost_is_said_when_somebody_looks(mosquitto: Mosquitto) -> None:
    mosquitto.start()

    async def script() -> None:
        forever = asyncio.Event()
        async with opened(made(mosquitto.port, sleep=lambda seconds: forever.wait())) as sink:
            assert await sink.tend() is False
            await asyncio.to_thread(mosquitto.kill)
            with pytest.raises(Lost, match="closed the connection without giving a reason"):
                await looked_after(sink)

    asyncio.run(script())


def test_a_broker_that_hangs_is_left_also_while_nothing_is_sent(mosquitto: Mosquitto) -> None:
    mosquitto.start()

    async def script() -> None:
        forever = asyncio.Event()
        sink = made(mosquitto.port, sleep=lambda seconds: forever.wait(), keepalive=1)
        async with opened(sink):
            mosquitto.pause()
            with pytest.raises(Lost, match="gave no sign of life"):
                await looked_after(sink)

    asyncio.run(script())


def test_an_outage_is_one_line_and_its_end_another(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it was tried in between."""
    caplog.set_level("INFO", "gateway.sinks.mqtt")
    mosquitto.start()

    async def script() -> None:
        tries = 0

        async def sleep(seconds: float) -> None:
            nonlocal tries
            tries += 1
            if tries == 5:
                await asyncio.to_thread(mosquitto.start)

        async with opened(made(mosquitto.port, sleep=sleep)):
            await asyncio.to_thread(mosquitto.kill)
            await until(lambda: "mqtt: up again" in caplog.text, "it is up again")

    asyncio.run(script())
    said = [one.message.partition(f":{mosquitto.port}: ")[::2] for one in caplog.records]
    assert said == [
        ("mqtt: lost: mqtt://127.0.0.1", "the broker closed the connection without giving a reason"),
        (
            "mqtt: still lost: mqtt://127.0.0.1",
            "cannot be reached: Connection refused; is the broker running, and is that its address and port?",
        ),
        ("mqtt: up again", ""),
    ]


def test_a_fault_beside_the_events_is_no_secret(mosquitto: Mosquitto) -> None:
    mosquitto.start()

    async def broken(items: Collection[str]) -> Found:
        raise ZeroDivisionError("a fault")

    async def script() -> None:
        async with opened(made(mosquitto.port, broken)) as sink:
            with pytest.raises(ZeroDivisionError):
                await looked_after(sink)

    asyncio.run(script())
