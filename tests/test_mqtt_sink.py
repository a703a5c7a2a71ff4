"""The MQTT sink against a real Mosquitto: what arrives, in which order, and what the broker keeps."""

import asyncio
import json
from collections.abc import Collection
from pathlib import Path

import pytest

from core.events import Gap
from gateway.journal import Journal
from gateway.link import Health
from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.mqtt.session import REFUSED
from gateway.sinks.mqtt.sink import MqttSink
from gateway.sinks.mqtt.standing import Found, journal_look
from tests.fix_daemon import until
from tests.fix_mosquitto import Heard, Mosquitto, listening
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
FOUND = {
    "item": "gen-7",
    "place": "yard",
    "since": "2025-10-09T08:53:21.000000Z",
    "last_place": "yard",
    "last_seen": "2025-10-09T08:53:21.000000Z",
    "lat": None,
    "lon": None,
    "accuracy": None,
    "position_time": None,
    "confidence": 0.9,
    "source": "door1",
}
STATUS = f"waypost/{SITE}/status"
ITEM = f"waypost/{SITE}/item/gen-7"
ONLINE = {"state": "online", "time": "2025-10-09T08:53:20.000000Z", "version": "1.2.3", "reason": None}


def states(heard: Heard) -> list[tuple[str, str | None]]:
    return [(body["state"], body["reason"]) for body in heard.of(STATUS)]


def journal_with(path: Path, *events: object) -> Journal:
    journal = Journal.open(path, SITE)
    journal.commit([], list(events), [])  # type: ignore[arg-type]
    return journal


async def looked_after(sink: MqttSink) -> None:
    """Until it complains."""
    while True:
        await sink.tend()
        await asyncio.sleep(0)


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


def test_the_broker_knows_where_an_item_is(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The state is that of all events: also of those before the sink was there, retracted ones, and late ones."""
    mosquitto.start()
    path = tmp_path / "waypost.db"
    journal = journal_with(path, event(1))

    async def script() -> None:
        async with opened(made(mosquitto.port, journal_look(path))) as sink:

            async def told(*events: object) -> object:
                journal.commit([], list(events), [])  # type: ignore[arg-type]
                head = journal.head.events
                await sink.write(batch(events, head - len(events) + 1))  # type: ignore[arg-type]
                async with listening(mosquitto.port, ITEM) as heard:
                    await heard.until(lambda heard: bool(heard.messages))
                return heard.messages[0][1]

            async with listening(mosquitto.port, ITEM) as heard:
                await heard.until(lambda heard: heard.last(ITEM) == FOUND)
            cage = await told(event(5, place="cage"))
            assert isinstance(cage, dict)
            assert (cage["place"], cage["since"]) == ("cage", "2025-10-09T08:53:25.000000Z")
            back = await told(event(6, "retracted", "cage", retracts="id-5", of="arrived"))
            assert back == FOUND
            late = await told(event(0, place="cage", late=True), event(2, "departed", "cage"))
            assert isinstance(late, dict)
            assert (late["place"], late["last_seen"]) == ("yard", "2025-10-09T08:53:22.000000Z")
            gone = await told(event(9, "departed"))
            assert isinstance(gone, dict)
            assert (gone["place"], gone["last_place"]) == (None, "yard")

    try:
        asyncio.run(script())
    finally:
        journal.close()


def test_what_the_broker_has_lost_it_is_told_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Although nothing happens: Mosquitto without persistence forgets everything when it is restarted."""
    mosquitto.start()
    path = tmp_path / "waypost.db"
    journal = journal_with(path, event(1))
    devices = {"door1": Health("up", NOW, None, "a reader")}

    async def script() -> None:
        async with opened(made(mosquitto.port, journal_look(path), devices)):
            async with listening(mosquitto.port) as heard:
                await heard.until(lambda heard: ITEM in {topic for topic, _, _ in heard.messages})
            await asyncio.to_thread(mosquitto.kill)
            await asyncio.to_thread(mosquitto.start)
            async with listening(mosquitto.port) as heard:
                await heard.until(lambda heard: heard.last(ITEM) == FOUND)
                assert heard.last("waypost/leeds/device/door1") == {
                    "device": "door1",
                    "state": "up",
                    "since": "2025-10-09T08:53:20.000000Z",
                    "info": "a reader",
                    "error": None,
                }

    try:
        asyncio.run(script())
    finally:
        journal.close()


def test_a_device_that_changes_is_told(mosquitto: Mosquitto) -> None:
    mosquitto.start()
    devices = {"door1": Health("connecting", NOW, None, None)}
    topic = "waypost/leeds/device/door1"

    async def script() -> None:
        async with opened(made(mosquitto.port, devices=devices)) as sink, listening(mosquitto.port) as heard:
            await heard.until(lambda heard: heard.last(topic) is not None)
            devices["door1"] = Health("down", NOW + 1, "cable out", None)
            sink.device_changed("door1")
            sink.device_changed("removed")
            await heard.until(lambda heard: (heard.last(topic) or {}).get("error") == "cable out")
        async with listening(mosquitto.port, topic) as later:
            await later.until(lambda later: bool(later.messages))
            assert later.messages[0][2]

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


def test_states_that_are_not_allowed_are_said_and_hold_up_nothing(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    acl = tmp_path / "acl"
    acl.write_text(
        "topic write waypost/leeds/status\ntopic write waypost/leeds/event/#\n"
        "topic write waypost/leeds/item/#\n"
    )
    acl.chmod(0o600)
    mosquitto.start(f"acl_file {acl}")

    async def script() -> None:
        async with opened(made(mosquitto.port, devices={"door1": Health("up", NOW, None, None)})) as sink:
            await sink.write(batch([event(1)]))
            await until(lambda: "are not told" in caplog.text, "a line of the log")
        assert "waypost/leeds/device/door1" in caplog.text

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
        ("mqtt: still lost: mqtt://127.0.0.1", "cannot be reached: Connection refused"),
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


def test_bodies_are_json_that_anybody_can_read(mosquitto: Mosquitto) -> None:
    """Also with characters that a topic cannot hold, or that UTF-8 has no bytes for."""
    mosquitto.start()

    async def script() -> None:
        async with opened(made(mosquitto.port)) as sink, listening(mosquitto.port) as heard:
            await sink.write(batch([event(1, tag="barcode:+\ud800é", place="a")]))
            await heard.until(lambda heard: bool(heard.of("waypost/leeds/event")))
            assert heard.of("waypost/leeds/event")[0]["tag"] == json.loads('"barcode:+\\ud800é"')

    asyncio.run(script())
