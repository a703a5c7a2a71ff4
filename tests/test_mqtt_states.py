"""What a real Mosquitto keeps of items and devices: right after retractions, late events, restarts of either."""

import asyncio
from pathlib import Path

import pytest

from gateway.journal import Journal
from gateway.link import Health
from gateway.sinks.mqtt.standing import journal_look
from tests.fix_daemon import until
from tests.fix_mosquitto import Mosquitto, listening
from tests.mqtt_sinks import NOW, SITE, batch, event, made, opened

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


ITEM = f"waypost/{SITE}/item/gen-7"


def journal_with(path: Path, *events: object) -> Journal:
    journal = Journal.open(path, SITE)
    journal.commit([], list(events), [])  # type: ignore[arg-type]
    return journal


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
