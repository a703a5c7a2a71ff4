"""A journal, a forwarder, and a broker or a web server at its end: everything arrives, whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.events import Event
from gateway.journal import Journal
from gateway.reader import open_read_only
from gateway.sinks.contract import Sink
from gateway.sinks.forwarder import Forwarder
from gateway.sinks.mqtt.standing import journal_look
from gateway.sinks.origin import Origin
from gateway.sinks.webhook.settings import WebhookSettings
from gateway.sinks.webhook.sink import WebhookSink
from tests.fix_daemon import until
from tests.fix_mosquitto import Mosquitto, listening
from tests.mqtt_sinks import NOW, SITE, event, made
from tests.receiver import Receiver, Request, Say, receiving
from tests.relay import relay_to


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Empty."""
    found = Journal.open(tmp_path / "waypost.db", SITE)
    yield found
    found.close()


@asynccontextmanager
async def forwarding(journal: Journal, sink: Sink) -> AsyncIterator[Forwarder]:
    """What the journal gets from now on goes to the sink."""

    async def save() -> None:
        journal.commit(())

    async def dated() -> None:
        return

    async def went_back(reason: str) -> None:
        raise AssertionError(reason)

    origin = Origin(
        path=journal.path,
        site=SITE,
        offsets={},
        notebook=journal.notebook,
        epoch=lambda: journal.epoch,
        now=lambda: NOW,
        dated=dated,
        save=save,
        went_back=went_back,
    )
    forwarder = Forwarder(sink, origin)
    running = asyncio.create_task(forwarder.run())
    try:
        await until(lambda: forwarder.health.even is not None, "the sink is open")
        yield forwarder
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def put(journal: Journal, forwarder: Forwarder, *events: Event) -> None:
    """Commit, and say so."""
    journal.commit([], list(events), [])
    forwarder.wake()


def test_the_row_that_a_receiver_refuses_stays_alone(journal: Journal) -> None:
    """It is found by halves, with the receiver's reason; its neighbours arrive, and what comes after."""

    def rule(request: Request) -> Say:
        bad = any(row["id"] == "id-37" for row in request.json["rows"])
        return Say(422, text='{"error": "place is unknown"}') if bad else Say()

    async def script(receiver: Receiver) -> None:
        sink = WebhookSink(WebhookSettings(url=receiver.url), Path("/"), lambda: NOW, "1.2.3")
        async with forwarding(journal, sink) as forwarder:
            put(journal, forwarder, *(event(number) for number in range(1, 101)))
            await until(lambda: forwarder.health.sent["events"] == 99, "the neighbours are there")
            put(journal, forwarder, event(101))
            await until(lambda: forwarder.health.sent["events"] == 100, "what comes after is there")
            assert forwarder.health.state == "up"

    with receiving() as receiver:
        receiver.rule = rule
        asyncio.run(script(receiver))
    taken = [row["id"] for request in receiver.taken for row in request.json["rows"]]
    assert taken == [f"id-{number}" for number in range(1, 102) if number != 37]
    with open_read_only(journal.path) as past:
        ((place, refusal),) = past.refusals()
    assert (place.sink, place.stream, place.seq) == ("webhook", "events", 37)
    assert "answered 422 Unprocessable Entity: " in refusal.reason
    assert "place is unknown" in refusal.reason


def test_a_connection_that_breaks_while_events_go_on_misses_nothing(
    journal: Journal, mosquitto: Mosquitto
) -> None:
    """Heard twice is what was not acknowledged; the order is that of the journal; the state is right in the end."""
    mosquitto.start("max_queued_messages 0")
    item = f"waypost/{SITE}/item/gen-7"

    async def script() -> list[str]:
        async with (
            relay_to(lambda: mosquitto.port) as relay,
            listening(mosquitto.port, "waypost/#") as heard,
            forwarding(journal, made(relay.port, journal_look(journal.path))) as forwarder,
        ):
            for first in (1, 201):
                relay.limit = 30_000
                put(journal, forwarder, *(event(number) for number in range(first, first + 200)))
                await until(lambda: relay.limit is None, "the connection broke")
            put(journal, forwarder, event(401, "departed"), event(402, place="cage"))
            await until(lambda: forwarder.health.sent["events"] == 402, "everything is acknowledged")
            await heard.until(lambda heard: (heard.last(item) or {}).get("place") == "cage")
            return [body["id"] for body in heard.of("waypost/leeds/event")]

    heard = asyncio.run(script())
    assert list(dict.fromkeys(heard)) == [f"id-{number}" for number in range(1, 403)]
    assert len(heard) > 402
