"""The webhook sink against a real web server: what is posted, and what each answer means."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.events import Event, Gap
from core.records import Dictionary, Fix, Flag, Reads, fixes, reads
from gateway.rows import event_row
from gateway.sinks.contract import Batch, Events, Line, Lost, Poisoned, Positions, Readings, Refused
from gateway.sinks.webhook.settings import WebhookSettings
from gateway.sinks.webhook.sink import WebhookSink
from tests.fix_certificates import HOST
from tests.mqtt_sinks import EPOCH, NOW, SITE, batch, event, gap_batch
from tests.receiver import Receiver, Say, receiving, unused_port
from tests.webhook_sinks import made, play, write_three


def test_a_batch_is_one_request_with_every_field() -> None:
    receiver = play(write_three)
    (request,) = receiver.requests
    body = request.json
    assert list(body) == ["site", "epoch", "stream", "first", "last", "rows"]
    assert (body["site"], body["epoch"], body["stream"]) == (SITE, EPOCH, "events")
    assert request.numbers == (7, 9)
    assert [row["id"] for row in body["rows"]] == ["id-7", "id-8", "id-9"]
    assert body["rows"][0] == {
        "id": "id-7", "time": "2025-10-09T08:53:27.000000Z", "detected": "2025-10-09T08:53:27.000001Z",
        "time_error": None, "kind": "arrived", "item": "gen-7", "tag": "E2FF", "place": "yard", "from_place": None,
        "direction": None, "lat": None, "lon": None, "confidence": 0.9, "reads": 0, "late": False, "source": "door1",
        "evidence": {}, "retracts": None, "of": None,
    }  # fmt: skip
    assert request.path == "/hook"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "waypost/1.2.3"
    assert request.headers["Idempotency-Key"] == f"{SITE}/{EPOCH}/events/7-9"
    assert "Waypost-Signature" not in request.headers


def test_gaps_and_reads_have_their_own_bodies() -> None:
    tags = Dictionary(["E2FF", "3034"])
    plain = reads(tags, [NOW, NOW + 1], [0, 1], [1, 2], [-60.3, float("nan")], [1, 5])
    full = replace(
        reads(tags, [NOW + 2], [0], [3], [-48.5]),
        phase=np.array([1.5], np.float32),
        doppler=np.array([np.nan], np.float32),
        channel=np.array([865_700], np.int32),
    )
    assert isinstance(full, Reads)
    readings = Batch(Line(SITE, EPOCH, "reads"), 4, 6, Readings((("door1", plain), ("door2", full))))

    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        await sink.write(gap_batch([Gap("door1", NOW, NOW + 1, "cable out", 2)], first=3))
        await sink.write(readings)

    receiver = play(script)
    gap, read = (request.json for request in receiver.requests)
    assert (gap["stream"], gap["first"], gap["rows"]) == (
        "gaps",
        3,
        [
            {
                "source": "door1",
                "from": "2025-10-09T08:53:20.000000Z",
                "to": "2025-10-09T08:53:20.000001Z",
                "reason": "cable out",
                "filled": 2,
            }
        ],
    )
    names = ("source", "time", "tag", "antenna", "rssi", "phase", "doppler", "channel", "count")
    assert [tuple(row) for row in read["rows"]] == [names] * 3
    assert [tuple(row.values()) for row in read["rows"]] == [
        ("door1", "2025-10-09T08:53:20.000000Z", "E2FF", 1, -60.3, None, None, None, 1),
        ("door1", "2025-10-09T08:53:20.000001Z", "3034", 2, None, None, None, None, 5),
        ("door2", "2025-10-09T08:53:20.000002Z", "E2FF", 3, -48.5, 1.5, None, 865_700, 1),
    ]


def test_fixes_have_their_own_bodies() -> None:
    road = fixes(
        Dictionary(),
        [
            Fix("tracker:7", NOW, 53.8, -1.55, 60.0, 1.5, 271.0, 3.0, 9, Flag.VALID, '{"ignition":true}'),
            Fix("tracker:8", NOW + 1, 0.0, 0.0, flags=Flag.LATE | Flag.COARSE),
        ],
    )
    batch = Batch(Line(SITE, EPOCH, "fixes"), 4, 5, Positions((("road", road),)))

    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        await sink.write(batch)

    (request,) = play(script).requests
    assert request.json["stream"] == "fixes"
    one, two = request.json["rows"]
    assert one == {
        "source": "road",
        "time": "2025-10-09T08:53:20.000000Z",
        "tracker": "tracker:7",
        "lat": 53.8,
        "lon": -1.55,
        "alt": 60.0,
        "speed": 1.5,
        "course": 271.0,
        "accuracy": 3.0,
        "satellites": 9,
        "flags": ["valid"],
        "attributes": {"ignition": True},
    }
    assert (two["tracker"], two["alt"], two["satellites"], two["flags"], two["attributes"]) == (
        "tracker:8",
        None,
        None,
        ["late", "coarse"],
        {},
    )


def test_the_connection_is_kept() -> None:
    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        for _ in range(5):
            await write_three(sink, receiver)

    assert play(script).connections == 1


def test_a_connection_that_the_server_closed_meanwhile_costs_nothing() -> None:
    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        receiver.hang_up_after_each = True
        for _ in range(3):
            await write_three(sink, receiver)

    receiver = play(script)
    assert len(receiver.requests) == 3
    assert receiver.connections == 3


def test_large_batches_go_in_parts_of_a_megabyte() -> None:
    many = [event(number, evidence={"note": "x" * 10_000}) for number in range(1, 301)]

    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        await sink.write(batch(many))
        await sink.write(batch([event(301, evidence={"note": "x" * 2_000_000})], first=301))

    receiver = play(script)
    *parts, single = receiver.requests
    assert max(len(part.body) for part in parts) <= 1 << 20
    assert len(parts) == 3
    rows = [row["id"] for part in parts for row in part.json["rows"]]
    assert rows == [one.id for one in many]
    for part in parts:
        first, last = part.numbers
        assert last - first + 1 == len(part.json["rows"])
        assert part.headers["Idempotency-Key"].endswith(f"/events/{first}-{last}")
    assert single.numbers == (301, 301)


@pytest.mark.parametrize(
    ("say", "error", "says"),
    [
        (Say(400, text="no such\nitem"), Poisoned, "answered 400 Bad Request: no such item"),
        (Say(413), Poisoned, "answered 413"),
        (Say(422, text="\x1b[31mred"), Poisoned, r"422 Unprocessable Entity: \[31mred"),
        (Say(408), Lost, "answered 408"),
        (Say(409), Lost, "answered 409"),
        (Say(425), Lost, "answered 425"),
        (Say(429), Lost, "answered 429"),
        (Say(500), Lost, "answered 500"),
        (Say(503), Lost, "answered 503 Service Unavailable$"),
        (Say(401), Refused, r"does not accept our signature.*correct \[webhook\] secret or url"),
        (Say(403), Refused, r"does not accept our signature"),
        (Say(404), Refused, r"nothing at this address; correct \[webhook\] url"),
        (Say(410), Refused, "gone for good"),
        (Say(405), Refused, "takes no such request"),
        (
            Say(301, {"Location": "https://u:p@new.example/hook?token=hunter2"}),
            Refused,
            "to https://new.example/hook$",
        ),
        (Say(307, {"Location": "/there"}), Refused, rf"not followed: .*to http://{HOST}:\d+/there$"),
        (Say(302), Refused, "does not tell"),
        (Say(302, {"Location": "https://[x"}), Refused, "no URL"),
    ],
)
def test_what_an_answer_means(say: Say, error: type[Exception], says: str) -> None:
    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        with pytest.raises(error, match=says) as caught:
            await write_three(sink, receiver)
        assert str(caught.value).startswith(f"http://{HOST}:{receiver.port} ")
        assert "hunter2" not in str(caught.value)
        receiver.rule = lambda request: Say(201, text="{}")
        await write_three(sink, receiver)

    assert len(play(script, lambda request: say).requests) == 2


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer_is_repeated_with_the_same_key(cut: str) -> None:
    """Whether the receiver has taken the rows or not: nothing is lost, and the key tells a double."""

    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        with pytest.raises(Lost, match="cannot be reached"):
            await write_three(sink, receiver)
        receiver.rule = lambda request: Say()
        await write_three(sink, receiver)

    receiver = play(script, lambda request: Say(cut=cut))
    keys = [request.headers["Idempotency-Key"] for request in receiver.requests]
    assert len(set(keys)) == 1
    assert len({request.body for request in receiver.requests}) == 1
    assert receiver.taken[-1] is receiver.requests[-1]


def test_a_slow_receiver_is_left_and_comes_to_no_harm() -> None:
    hold = threading.Event()

    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        with pytest.raises(Lost, match=r"did not answer within 0\.2 s"):
            await write_three(sink, receiver)
        await sink.close()
        hold.set()
        receiver.rule = lambda request: Say()
        await sink.open()
        await write_three(sink, receiver)

    receiver = play(script, lambda request: Say(hold=hold), timeout=0.2)
    assert len(receiver.requests) == 2


def test_a_receiver_that_wants_to_be_left_alone_is() -> None:
    """Retry-After in seconds and as a date, within a bound."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds))

    async def script(receiver: Receiver) -> None:
        settings = WebhookSettings(url=receiver.url)
        sink = WebhookSink(settings, Path("/"), lambda: NOW, "1.2.3", sleep)
        for after in ("7", "Thu, 09 Oct 2025 08:54:20 GMT", "86400", "soon", "-5"):
            await sink.open()
            receiver.rule = lambda request, after=after: Say(429, {"Retry-After": after})  # type: ignore[misc]
            with pytest.raises(Lost):
                await write_three(sink, receiver)
            await sink.close()
        await sink.open()
        receiver.rule = lambda request: Say()
        await write_three(sink, receiver)
        await sink.close()
        await sink.open()
        await sink.close()

    with receiving() as receiver:
        asyncio.run(script(receiver))
    assert waits == [7, 60, 300]


def test_nobody_there() -> None:
    async def script() -> None:
        sink = made(f"http://{HOST}:{unused_port()}/")
        with pytest.raises(Lost, match=r"http://127\.0\.0\.1:\d+ cannot be reached: Connection refused"):
            await sink.open()
        await sink.close()
        with pytest.raises(Lost, match="not connected"):
            await sink.write(batch([event(1)]))

    asyncio.run(script())


def test_something_else_than_a_web_server() -> None:
    async def script() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"220 mail.example ESMTP\r\n")
            writer.close()

        server = await asyncio.start_server(serve, HOST, 0)
        sink = made(f"http://{HOST}:{server.sockets[0].getsockname()[1]}/")
        await sink.open()
        with pytest.raises(Lost, match=r"does not answer as a web server does|cannot be reached"):
            await sink.write(batch([event(1)]))
        await sink.close()
        server.close()
        await server.wait_closed()

    asyncio.run(script())


def test_a_row_that_json_has_no_word_for_is_refused_by_number() -> None:
    beyond = 253_402_300_800_000_000
    row = event_row(2, Event("x", beyond, beyond, "arrived", "gen-7", "E2", "yard"))

    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        with pytest.raises(Poisoned, match=r"cannot be said in JSON: .*9999"):
            await sink.write(Batch(Line(SITE, EPOCH, "events"), 2, 2, Events((row,))))

    assert play(script).requests == []
