"""A device on a broker that has been away: what its status says while nobody has heard the device itself again."""

import asyncio
import json
from typing import cast

import pytest
from pydantic import TypeAdapter

from core.records import SECOND
from drivers.catalog import Device
from drivers.codecs.message_session import Message
from drivers.subscriber import Subscriber
from gateway.broker.member import Member
from gateway.intake import Intake
from gateway.link import DeviceLink

NOW = 1_777_636_800 * SECOND


def member(**more: object) -> Member:
    settings = {"id": "vans", "kind": "json-fixes", "broker": "main", "topic": "vans"} | more
    device = TypeAdapter(Device).validate_python(settings | {"places": {"lat": "la", "lon": "lo"}})
    return Member(cast(Subscriber, device), DeviceLink("vans", Intake(), lambda: NOW, lambda: True), "main")


@pytest.mark.parametrize("more", [{"heartbeat": 30}, {"presence": {"topic": "vans/state"}}])
def test_the_brokers_old_error_is_not_told_of_a_silent_device(more: dict[str, object]) -> None:
    one = member(**more)

    async def main() -> None:
        await one.begin()
        assert one.link.health.state == "connecting"
        one.link.lost("connection refused")
        since = one.link.health.since
        await one.begin()
        health = one.link.health
        assert (health.state, health.since) == ("down", since)
        assert health.error == "main is there; the device was not heard since"
        assert not one.came
        payload = json.dumps({"la": 53.8, "lo": -1.5}).encode()
        await one.take([Message("vans", payload, False, NOW)])
        assert (one.link.health.state, one.link.health.error) == ("up", None)

    asyncio.run(main())


def test_a_device_for_which_the_connection_stands_comes_with_it(caplog: pytest.LogCaptureFixture) -> None:
    one = member()

    async def main() -> None:
        await one.begin()
        assert one.came
        await one.begin()
        assert not one.came

    asyncio.run(main())
    assert one.link.health.state == "up"
    assert not caplog.records
