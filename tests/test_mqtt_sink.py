"""The MQTT sink against a real Mosquitto: what arrives, in which order, and what is said of what does not."""

import asyncio
import json
from pathlib import Path

import pytest

from core.events import Gap
from gateway.sinks.contract import Lost, Poisoned, Refused
from tests.fix_mosquitto import Mosquitto, listening
from tests.mqtt_sinks import NOW, SITE, batch, event, gap_batch, made, opened
from tests.relay import relay_to

EVENT = {
    "id": "id-1",
    "time": "2025-10-09T08:53:21.000000Z",
    "detected": "2025-10-09T08:53:21.000001Z",
    "time_error": None,
    "kind": "arrived",
    "item": "gen-7",
    "tag": "E2FF",
    "place": "yard",
    "from_place": None,
    "direction": None,
    "lat": None,
    "lon": None,
    "confidence": 0.9,
    "reads": 0,
    "late": False,
    "source": "door1",
    "evidence": {"k": [1]},
    "retracts": None,
    "of": None,
}


STATUS = f"waypost/{SITE}/status"


def test_an_event_has_its_topic_and_every_field(mosquitto: Mosquitto) -> None:
    mosquitto.start()

    async def script() -> None:
        async with listening(mosquitto.port) as heard, opened(made(mosquitto.port)) as sink:
            await sink.write(batch([event(1, evidence={"k": [1]})]))
            await sink.write(gap_batch([Gap("door1", NOW, NOW + 2_500_000, "cable out", 3)]))
            await heard.until(lambda heard: bool(heard.of("waypost/leeds/gap")))
            assert heard.of("waypost/leeds/event/arrived") == [EVENT]
            assert heard.of("waypost/leeds/gap") == [
                {
                    "source": "door1",
                    "from": "2025-10-09T08:53:20.000000Z",
                    "to": "2025-10-09T08:53:22.500000Z",
                    "reason": "cable out",
                    "filled": 3,
                }
            ]
            assert not any(retained for _, _, retained in heard.messages)
        async with listening(mosquitto.port) as later:
            await later.until(lambda later: bool(later.of(STATUS)))
            assert not later.of("waypost/leeds/event")
            assert not later.of("waypost/leeds/gap")

    asyncio.run(script())


@pytest.mark.parametrize("settings", [(), ("max_inflight_messages 3",)])
def test_many_arrive_in_order(mosquitto: Mosquitto, settings: tuple[str, ...]) -> None:
    mosquitto.start("max_queued_messages 0", *settings)
    kinds = ("arrived", "departed", "passed")

    async def script() -> None:
        async with listening(mosquitto.port, "waypost/leeds/event/+") as heard:
            async with opened(made(mosquitto.port)) as sink:
                for first in (1, 401):
                    many = [event(number, kinds[number % 3]) for number in range(first, first + 400)]
                    await sink.write(batch(many, first))
            await heard.until(lambda heard: len(heard.messages) >= 800)
        assert [body["id"] for _, body, _ in heard.messages] == [f"id-{n}" for n in range(1, 801)]
        assert {topic for topic, _, _ in heard.messages} == {f"waypost/leeds/event/{kind}" for kind in kinds}

    asyncio.run(script())


def test_a_broker_that_restarts_in_the_middle_gets_everything(mosquitto: Mosquitto) -> None:
    """What was not acknowledged is sent again: in order, nothing missing, doubles with the same id."""
    mosquitto.start("max_queued_messages 0")
    events = [event(number) for number in range(1, 301)]

    async def script() -> list[str]:
        found: list[str] = []
        async with relay_to(lambda: mosquitto.port) as relay:
            sink = made(relay.port)
            await sink.open()
            relay.limit = 20_000  # then the broker ends, and comes back
            async with listening(mosquitto.port, "waypost/leeds/event/#") as heard:
                with pytest.raises(Lost, match="mqtt://"):
                    await sink.write(batch(events))
                await sink.close()
                await heard.until(lambda heard: len(heard.messages) > 10)
            found += [body["id"] for _, body, _ in heard.messages]
            await asyncio.to_thread(mosquitto.kill)
            with pytest.raises(Lost, match=r"mqtt://.*: "):
                await sink.open()
            await asyncio.to_thread(mosquitto.start, "max_queued_messages 0")
            async with listening(mosquitto.port, "waypost/leeds/event/#") as heard:
                async with opened(sink):
                    await sink.write(batch(events))
                await heard.until(lambda heard: len(heard.messages) >= 300)
            found += [body["id"] for _, body, _ in heard.messages]
        return found

    found = asyncio.run(script())
    whole = [one.id for one in events]
    half = len(found) - 300
    assert 0 < half < 300
    assert found[:half] == whole[:half]
    assert found[half:] == whole


def test_a_wrong_password_stops_the_sink(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    mosquitto.start("allow_anonymous false", f"password_file {mosquitto.passwords(gateway='right')}")
    monkeypatch.setenv("BROKER_PASSWORD", "hunter2")

    async def script() -> None:
        sink = made(mosquitto.port, username="gateway", password="env:BROKER_PASSWORD")
        with pytest.raises(Refused, match=r"'gateway'.*set|'gateway'.*correct") as caught:
            await sink.open()
        assert "hunter2" not in str(caught.value)
        await sink.close()
        with pytest.raises(Refused, match="somebody without a name"):
            await made(mosquitto.port).open()
        monkeypatch.setenv("BROKER_PASSWORD", "right")
        async with opened(sink):
            await sink.write(batch([event(1)]))
        monkeypatch.delenv("BROKER_PASSWORD")
        with pytest.raises(Refused, match="BROKER_PASSWORD is not set"):
            await sink.open()

    asyncio.run(script())


def test_a_topic_that_is_not_allowed_is_named(mosquitto: Mosquitto, tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic write waypost/leeds/status\ntopic write waypost/leeds/event/passed\n")
    acl.chmod(0o600)
    mosquitto.start(f"acl_file {acl}")

    async def script() -> None:
        async with opened(made(mosquitto.port)) as sink:
            await sink.write(batch([event(1, "passed", item=None)]))
            with pytest.raises(
                Refused, match=r"waypost/leeds/event/arrived; allow it to write to waypost/leeds/#"
            ):
                await sink.write(batch([event(1, "passed"), event(2), event(3)]))
        with pytest.raises(Refused, match=r"may not publish to elsewhere/leeds/status"):
            async with opened(made(mosquitto.port, prefix="elsewhere")):
                pass

    asyncio.run(script())


@pytest.mark.parametrize(
    "settings", [("message_size_limit 2000",), ("max_packet_size 2000",)], ids=["PUBACK", "CONNACK"]
)
def test_a_message_that_is_too_large_is_poisoned(mosquitto: Mosquitto, settings: tuple[str, ...]) -> None:
    mosquitto.start(*settings)
    large = event(2, evidence={"note": "x" * 3000})

    async def script() -> None:
        async with (
            opened(made(mosquitto.port)) as sink,
            listening(mosquitto.port, "waypost/leeds/event/#") as heard,
        ):
            with pytest.raises(Poisoned, match="bytes"):
                await sink.write(batch([event(1), large, event(3)]))
            await sink.write(batch([event(4)]))
            await heard.until(
                lambda heard: heard.messages[-1:] != [] and heard.messages[-1][1]["id"] == "id-4"
            )
            assert "id-2" not in {body["id"] for _, body, _ in heard.messages}

    asyncio.run(script())


def test_bodies_are_json_that_anybody_can_read(mosquitto: Mosquitto) -> None:
    """Also with characters that a topic cannot hold, or that UTF-8 has no bytes for."""
    mosquitto.start()

    async def script() -> None:
        async with opened(made(mosquitto.port)) as sink, listening(mosquitto.port) as heard:
            await sink.write(batch([event(1, tag="barcode:+\ud800é", place="a")]))
            await heard.until(lambda heard: bool(heard.of("waypost/leeds/event")))
            assert heard.of("waypost/leeds/event")[0]["tag"] == json.loads('"barcode:+\\ud800é"')

    asyncio.run(script())
